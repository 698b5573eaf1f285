// How much of a long list or file has been gone through, drawn over itself on a terminal.

import type { Terminal } from './terminal.ts';

/** Progress over the bytes of one list or file. */
export interface Progress {
  advance(bytes: number): void;
  /** Wipes what was drawn. */
  end(): void;
}

/** Draws progress on standard error where that is a terminal; short lists show none. `done` says
 *  what was done with the bytes. */
export function showProgress(terminal: Terminal, done = 'of the list read'): Progress {
  let readBytes = 0;
  let shownMiB = 0;
  return {
    advance(bytes) {
      readBytes += bytes;
      const mebibytes = Math.floor(readBytes / MIB);
      if (!terminal.progress || mebibytes < shownMiB + STEP_MIB) return;
      shownMiB = mebibytes;
      terminal.err(`\r${mebibytes} MiB ${done}`);
    },
    end() {
      if (shownMiB > 0) terminal.err('\r\u001b[K');
    },
  };
}

const MIB = 1_048_576;
const STEP_MIB = 8;

// Where a command writes: two streams, colours only for people, nothing that an attester could use
// to steer a terminal.

import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** The two streams of a command and what may be done on them. */
export interface Terminal {
  /** Writes text to standard output and waits while the reader is slower than we are. */
  out(text: string): Promise<void>;
  /** Writes text to standard error. */
  err(text: string): void;
  /** Paints standard output; without colours every function gives its text back. */
  readonly paint: Paint;
  /** Whether passing progress may be drawn over itself on standard error. */
  readonly progress: boolean;
}

/** The few colours that output uses, by what they say. */
export interface Paint {
  good(text: string): string;
  doubtful(text: string): string;
  bad(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
}

/** A stream that may be a terminal. */
type MaybeTty = Writable & { readonly isTTY?: boolean };

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The terminal of a process. `NO_COLOR` (any non-empty value) turns colours off. */
export function terminalOf(
  streams: { readonly stdout: MaybeTty; readonly stderr: MaybeTty },
  environment: Environment,
): Terminal {
  const colours = streams.stdout.isTTY === true && !environment['NO_COLOR'];
  return {
    async out(text) {
      if (!streams.stdout.write(text)) await once(streams.stdout, 'drain');
    },
    err(text) {
      streams.stderr.write(text);
    },
    paint: colours ? COLOURS : PLAIN,
    progress: streams.stderr.isTTY === true,
  };
}

/** `text` with every character escaped that could move a cursor, hide or reorder what is shown:
 *  controls, and the marks that change the direction of text. */
export function printable(text: string): string {
  return text.replace(STEERING, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

// Controls (C0, DEL, C1), line and paragraph separators, bidirectional and zero-width marks.
const STEERING = /[\p{Cc}\u2028\u2029\p{Bidi_Control}\u200b-\u200d\ufeff]/gu;

function sgr(code: number): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}

const COLOURS: Paint = {
  good: sgr(32),
  doubtful: sgr(33),
  bad: sgr(31),
  strong: sgr(1),
  faint: sgr(2),
};

const asIs = (text: string): string => text;
const PLAIN: Paint = { good: asIs, doubtful: asIs, bad: asIs, strong: asIs, faint: asIs };

// Peak resident memory of a verification, by length of the list: each in a process of its own
// (bench/stream-list.ts), which reads the list from a file in windows of 1 MiB.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { MadeList } from './list-maker.ts';

/** Memory of one process. */
export interface MemoryFigures {
  /** Before the list, with the program loaded. */
  readonly idleBytes: number;
  /** The most after any window. */
  readonly peakBytes: number;
}

/** Verifies the first `records` of `list`. */
export function peakMemory(list: MadeList, records: number): MemoryFigures {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  try {
    const file = join(folder, 'list');
    writeFileSync(file, list.records(0, records));
    const value = Buffer.from(list.pcr10(records)).toString('hex');
    const printed = execFileSync(
      process.execPath,
      [...process.execArgv, PROGRAM, file, String(records), value],
      { encoding: 'utf8' },
    );
    return figures.parse(JSON.parse(printed));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const figures = z.object({ idleBytes: z.number(), peakBytes: z.number() });
// Beside this file, whether that is the source or what was built from it.
const PROGRAM = fileURLToPath(import.meta.url).replace(/peak-memory(\.[jt]s)$/, 'stream-list$1');

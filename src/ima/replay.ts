// The replay of framed records: digests of their template data, the check of the digest column, and
// the extends. Rows in, registers moved on; by the kernel where that is faster.
// FORMATS 4; docs/decisions/0005-replay-over-windows.md

import { equalBytes, viewBytes } from '../bytes/encoding.ts';
import { digest, type HashName } from '../crypto/digest.ts';
import { coveredData } from './covered-data.ts';
import { kernelFor } from './kernel/available-kernel.ts';
import { canReplay, replayByKernel } from './kernel/kernel-replay.ts';
import { RECORD_FLAGS, type TableRows } from './record-table.ts';
import type { RecordDigests, Registers } from './registers.ts';

/** Rows of one window, in the order of the list. */
export interface Rows extends TableRows {
  /** Algorithm of the digest column. */
  readonly columnHash: HashName;
  /** Absolute index of row `from`. */
  readonly firstIndex: number;
}

/** Checks the column of each row and extends the registers by it, up to and with the first row at
 *  which the match changes. Gives the row behind the last that it took. */
export function replayRows(registers: Registers, rows: Rows): number {
  const kernel = canReplay(registers, rows.columnHash) ? kernelFor(rows.to - rows.from) : undefined;
  if (kernel === undefined) return replayPlainly(registers, rows);
  const matchBefore = registers.match;
  let from = rows.from;
  while (from < rows.to && registers.match === matchBefore) {
    const left = { ...rows, from, firstIndex: rows.firstIndex + from - rows.from };
    const taken = replayByKernel(kernel, registers, left);
    // A record that the kernel has no room for goes the plain way, by itself.
    from = taken > from ? taken : replayPlainly(registers, { ...left, to: from + 1 });
  }
  return from;
}

function replayPlainly(registers: Registers, rows: Rows): number {
  const matchBefore = registers.match;
  for (let row = rows.from; row < rows.to; row += 1) {
    const digests = digestsOfRow(rows, row);
    registers.extend(rows.table.pcr[row] ?? 0, digests, rows.firstIndex + row - rows.from);
    if (registers.match !== matchBefore) return row + 1;
  }
  return rows.to;
}

/** Digests of one row, computed when asked for; flags the row when its column is not the digest of
 *  its data. A column that cannot be recomputed is not flagged: whoever judges the list says so. */
export function digestsOfRow(
  rows: Pick<Rows, 'window' | 'table' | 'columnHash'>,
  row: number,
): RecordDigests {
  const { window, table, columnHash } = rows;
  const violation = table.has(row, RECORD_FLAGS.violation);
  // Taken now: the table's rows are written anew for the next window, and digests may be kept.
  const data = coveredData(window, table, row);
  const known = new Map<HashName, Uint8Array | undefined>();
  const digests: RecordDigests = {
    violation,
    of(hash) {
      if (violation) return undefined;
      if (!known.has(hash)) known.set(hash, digest(hash, data));
      return known.get(hash);
    },
  };
  const recomputed = digests.of(columnHash);
  const columnAt = table.columnAt[row] ?? 0;
  if (recomputed !== undefined) {
    const column = viewBytes(window, columnAt, columnAt + recomputed.byteLength);
    const isEqual = equalBytes(recomputed, column);
    table.flags[row] = (table.flags[row] ?? 0) | (isEqual ? 0 : RECORD_FLAGS.columnMismatch);
  }
  return digests;
}

/** Builds what the first long list of this thread would otherwise wait for: some ten milliseconds,
 *  once, where the kernel can run at all. */
export function prepareReplay(): void {
  kernelFor(ANY_LONG_LIST);
}

const ANY_LONG_LIST = 1_000_000;

// The replay of framed records: digests of their template data, the check of the digest column, and
// the extends. Rows in, registers moved on; a compiled kernel may take the place of `replayRows`
// behind the same face. FORMATS 4; docs/decisions/0005-replay-over-windows.md

import { equalBytes, viewBytes } from '../bytes/encoding.ts';
import { digest, type HashName } from '../crypto/digest.ts';
import { RECORD_FLAGS, type RecordTable } from './record-table.ts';
import type { RecordDigests, Registers } from './registers.ts';

/** Rows of one window, in the order of the list. */
export interface Rows {
  readonly window: Uint8Array;
  readonly table: RecordTable;
  /** Algorithm of the digest column. */
  readonly columnHash: HashName;
  /** First row, and the row behind the last. */
  readonly from: number;
  readonly to: number;
  /** Absolute index of row `from`. */
  readonly firstIndex: number;
}

/** Checks the column of each row and extends the registers by it, up to and with the first row at
 *  which the match changes. Gives the row behind the last that it took. */
export function replayRows(registers: Registers, rows: Rows): number {
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
  const isLegacy = table.has(row, RECORD_FLAGS.legacy);
  // Taken now: the table's rows are written anew for the next window, and digests may be kept.
  const data = dataOfRow(window, table, row);
  const known = new Map<HashName, Uint8Array | undefined>();
  const digests: RecordDigests = {
    violation,
    of(hash) {
      if (violation) return undefined;
      if (!known.has(hash)) known.set(hash, digest(hash, isLegacy ? padLegacy(data) : data));
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

function dataOfRow(window: Uint8Array, table: RecordTable, row: number): Uint8Array {
  const dataAt = table.dataAt[row] ?? 0;
  return viewBytes(window, dataAt, dataAt + (table.dataBytes[row] ?? 0));
}

/** What the digest of template `ima` covers: the file digest and the name padded with zeros to 256
 *  bytes, without the length between them. */
function padLegacy(data: Uint8Array): Uint8Array {
  const padded = new Uint8Array(LEGACY_DIGEST_BYTES + LEGACY_NAME_BYTES);
  const nameAt = LEGACY_DIGEST_BYTES + LEGACY_LENGTH_BYTES;
  padded.set(viewBytes(data, 0, LEGACY_DIGEST_BYTES));
  padded.set(viewBytes(data, nameAt, data.byteLength), LEGACY_DIGEST_BYTES);
  return padded;
}

const LEGACY_DIGEST_BYTES = 20;
const LEGACY_LENGTH_BYTES = 4;
const LEGACY_NAME_BYTES = 256;

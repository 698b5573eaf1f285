// What the digest of a record covers: its template data, but for template `ima`. FORMATS 1.3, 4.1

import { viewBytes } from '../bytes/encoding.ts';
import { RECORD_FLAGS, type RecordTable } from './record-table.ts';

/** The bytes that the template digest of the record in row `row` is computed over. */
export function coveredData(window: Uint8Array, table: RecordTable, row: number): Uint8Array {
  const dataAt = table.dataAt[row] ?? 0;
  const data = viewBytes(window, dataAt, dataAt + (table.dataBytes[row] ?? 0));
  return table.has(row, RECORD_FLAGS.legacy) ? padLegacy(data) : data;
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

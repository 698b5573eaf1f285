// Frames the records of a window: a function over (state, window of bytes) that writes where each
// record lies and holds no list. FORMATS 1; docs/decisions/0005-replay-over-windows.md

import { asciiBytes, equalBytes, isAllZero } from '../bytes/encoding.ts';
import { IMA_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Malformed, MalformedError } from '../bytes/reader.ts';
import { type HashName, hashByName } from '../crypto/digest.ts';
import { kernelFor } from './kernel/available-kernel.ts';
import { RECORD_FLAGS, type RecordTable } from './record-table.ts';

/** What goes on from window to window. */
export interface FrameState {
  /** Algorithm of the digest column of the segment at hand. */
  column: HashName;
  /** Decided by the first record and never changed inside a list (FORMATS 1.4). */
  byteOrder: 'little' | 'big' | undefined;
  /** Offset of the next record in its segment. */
  offsetBytes: number;
}

export interface WindowOutcome {
  /** Bytes of whole records; the caller keeps the rest for the next window. */
  readonly consumedBytes: number;
  /** Why it stopped: the window ends (perhaps inside a record), the table or `maxRecords` is full,
   *  or a record cannot be read. */
  readonly stopped: 'window-end' | 'table-full' | 'malformed';
  /** The unreadable or unfinished record: with `window-end`, what is missing if no more comes. */
  readonly malformed?: Malformed;
}

/** Frames the records of `window` and writes their places to `table` (cleared first), at most
 *  `maxRecords` of them. Advances `state` by the records it consumed. */
export function frameWindow(
  state: FrameState,
  window: Uint8Array,
  into: { readonly table: RecordTable; readonly maxRecords?: number },
): WindowOutcome {
  const { table } = into;
  table.count = 0;
  const limit = Math.min(table.capacity, into.maxRecords ?? table.capacity);
  const baseBytes = state.offsetBytes;
  let consumedBytes = 0;
  try {
    const reader = orderedReader(state, window);
    consumedBytes = frameByKernel(state, window, { table, limit });
    state.offsetBytes += consumedBytes;
    reader?.take(consumedBytes, 'records');
    while (reader !== undefined && reader.leftBytes > 0) {
      if (table.count >= limit) return { consumedBytes, stopped: 'table-full' };
      const recordBytes = frameRecord(state, { reader, table, baseBytes });
      consumedBytes += recordBytes;
      state.offsetBytes += recordBytes;
    }
    return { consumedBytes, stopped: 'window-end' };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    const unfinished = error.malformed.kind === 'cut-short';
    return {
      consumedBytes,
      stopped: unfinished ? 'window-end' : 'malformed',
      malformed: error.malformed,
    };
  }
}

/** Frames the ordinary records that the window begins with, where a kernel does that faster. Gives
 *  the bytes of what it framed; what follows is framed, or refused, one by one. */
function frameByKernel(
  state: FrameState,
  window: Uint8Array,
  { table, limit }: { readonly table: RecordTable; readonly limit: number },
): number {
  const columnBytes = hashByName(state.column)?.sizeBytes ?? 0;
  const kernel = kernelFor(Math.min(limit, window.byteLength / USUAL_RECORD_BYTES));
  let at = 0;
  if (kernel === undefined || state.byteOrder !== 'little') return at;
  for (let isFramed = true; isFramed && table.count < limit; ) {
    const behind = kernel.frame(window, at, { table, columnBytes, maxRows: limit - table.count });
    isFramed = behind > at;
    at = behind;
  }
  return at;
}

/** A reader in the list's byte order. The order is decided by the first PCR word of the list: it
 *  must be 8–14, the PCRs that IMA can be built for, in exactly one order. */
function orderedReader(state: FrameState, window: Uint8Array): ByteReader | undefined {
  const origin = { baseBytes: state.offsetBytes };
  if (window.byteLength === 0) return undefined;
  state.byteOrder ??= (['little', 'big'] as const).find((order) => {
    const pcr = new ByteReader(window, order, origin).u32('pcr');
    return pcr >= FIRST_IMA_PCR && pcr <= LAST_IMA_PCR;
  });
  const reader = new ByteReader(window, state.byteOrder ?? 'little', origin);
  if (state.byteOrder === undefined) {
    reader.fail('bad-value', 'pcr', {
      expected: `PCR ${FIRST_IMA_PCR} to ${LAST_IMA_PCR} in one byte order`,
      actual: `${reader.u32('pcr')}`,
      offsetBytes: state.offsetBytes,
    });
  }
  return reader;
}

interface RecordPlace {
  readonly reader: ByteReader;
  readonly table: RecordTable;
  /** Offset of the window in the segment. */
  readonly baseBytes: number;
}

/** Frames one record; gives its length in bytes.
 *
 *  | field           | size                  |
 *  | --------------- | --------------------- |
 *  | pcr             | u32                   |
 *  | template digest | size of the column    |
 *  | name length     | u32, 1 to 255         |
 *  | template name   | name length           |
 *  | data length     | u32 (not in `ima`)    |
 *  | template data   | data length           |
 */
function frameRecord(state: FrameState, place: RecordPlace): number {
  const { reader, table, baseBytes } = place;
  const startBytes = reader.offsetBytes;
  const columnBytes = hashByName(state.column)?.sizeBytes ?? 0;
  const pcr = reader.u32('pcr');
  const column = reader.take(columnBytes, 'template_digest');
  const name = takeName(reader);
  const nameAt = reader.offsetBytes - name.byteLength - baseBytes;
  const isLegacy = equalBytes(name, LEGACY_NAME);
  const data = isLegacy
    ? takeLegacyData(reader)
    : reader.sized32('template_data', IMA_LIMITS.dataBytes);
  const row = table.count;
  table.start[row] = startBytes - baseBytes;
  table.end[row] = reader.offsetBytes - baseBytes;
  table.pcr[row] = pcr;
  table.columnAt[row] = startBytes + 4 - baseBytes;
  table.nameAt[row] = nameAt;
  table.nameBytes[row] = name.byteLength;
  table.dataAt[row] = reader.offsetBytes - data.byteLength - baseBytes;
  table.dataBytes[row] = data.byteLength;
  table.flags[row] =
    (isAllZero(column) ? RECORD_FLAGS.violation : 0) | (isLegacy ? RECORD_FLAGS.legacy : 0);
  table.count = row + 1;
  return reader.offsetBytes - startBytes;
}

function takeName(reader: ByteReader): Uint8Array {
  const nameBytes = reader.u32('template_name.length');
  if (nameBytes === 0 || nameBytes > IMA_LIMITS.templateNameBytes) {
    reader.fail('over-cap', 'template_name.length', {
      expected: `1 to ${IMA_LIMITS.templateNameBytes}`,
      actual: `${nameBytes}`,
      offsetBytes: reader.offsetBytes - 4,
    });
  }
  return reader.take(nameBytes, 'template_name');
}

/** Template `ima`: 20 digest bytes without a length, then a name behind its length, and no length
 *  of the whole (FORMATS 1.3). */
function takeLegacyData(reader: ByteReader): Uint8Array {
  const startBytes = reader.offsetBytes;
  reader.take(LEGACY_DIGEST_BYTES, 'd');
  reader.sized32('n', IMA_LIMITS.legacyNameBytes);
  return reader.since(startBytes);
}

const USUAL_RECORD_BYTES = 128;
const FIRST_IMA_PCR = 8;
const LAST_IMA_PCR = 14;
const LEGACY_NAME = asciiBytes('ima');
const LEGACY_DIGEST_BYTES = 20;

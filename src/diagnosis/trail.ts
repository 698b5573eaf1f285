// The newest records of a list as they were read, kept so that a failed replay can be explained.
// Keeping costs one copy of their bytes; digests are computed only when a diagnosis asks.
// docs/formats/diagnosis.md

import { viewBytes } from '../bytes/encoding.ts';
import { DIAGNOSIS_LIMITS } from '../bytes/limits.ts';
import type { HashName } from '../crypto/digest.ts';
import { frameWindow } from '../ima/frame-window.ts';
import type { RowOrigin } from '../ima/record.ts';
import { RECORD_FLAGS, RecordTable } from '../ima/record-table.ts';
import type { RecordDigests, SavedRegister } from '../ima/registers.ts';
import { digestsOfRow } from '../ima/replay.ts';

/** A point of a replay. */
export interface TrailPoint {
  /** Absolute index of the next record. */
  readonly index: number;
  readonly registers: readonly SavedRegister[];
}

/** A kept record with what it extends. */
export interface TrailRecord {
  /** Absolute index, as the list was read. */
  readonly index: number;
  readonly segment: number;
  readonly pcr: number;
  readonly digests: RecordDigests;
  /** Of a violation: what its data would extend if they were not marked as one. */
  readonly unmarked: RecordDigests | undefined;
  readonly column: Uint8Array;
  readonly columnHash: HashName;
  /** Template data, and whether they are those of template `ima` (FORMATS 1.3). */
  readonly data: Uint8Array;
  readonly isLegacy: boolean;
  readonly byteOrder: 'little' | 'big';
}

/** The records of a trail, and the point before the first of them. */
export interface OpenTrail {
  readonly start: TrailPoint;
  readonly records: readonly TrailRecord[];
  /** Whether the trail holds every record that was taken. */
  readonly isWhole: boolean;
}

/** Records that came in one window. */
interface Part {
  readonly start: TrailPoint;
  readonly bytes: Uint8Array;
  readonly recordCount: number;
  readonly origin: Pick<RowOrigin, 'segment' | 'columnHash' | 'byteOrder'>;
}

/** The newest records of one list, filled window by window. Bounded by DIAGNOSIS_LIMITS, at most
 *  twice over. */
export class Trail {
  readonly #parts: Part[] = [];
  #recordCount = 0;
  #bytes = 0;
  #isWhole = true;

  /** Keeps the rows of a window from row `from` on; `start` is where the replay stands before
   *  them. Older windows are forgotten when the newer ones alone fill the limits. */
  keep(
    rows: { readonly table: RecordTable; readonly from: number; readonly origin: RowOrigin },
    start: TrailPoint,
  ): void {
    const { table, from, origin } = rows;
    const { window, segment, columnHash, byteOrder } = origin;
    const view = viewBytes(window, table.start[from] ?? 0, table.end[table.count - 1] ?? 0);
    const recordCount = table.count - from;
    this.#parts.push({
      start,
      bytes: new Uint8Array(view),
      recordCount,
      origin: { segment, columnHash, byteOrder },
    });
    this.#recordCount += recordCount;
    this.#bytes += view.byteLength;
    const isTooLarge = view.byteLength > DIAGNOSIS_LIMITS.bytes;
    while (this.#parts.length > 0 && (isTooLarge || this.#isFullWithoutOldest())) this.#forget();
  }

  /** Frames the kept records again; undefined when there are none. */
  open(): OpenTrail | undefined {
    const start = this.#parts[0]?.start;
    if (start === undefined) return undefined;
    return { start, records: this.#parts.flatMap(recordsOf), isWhole: this.#isWhole };
  }

  #isFullWithoutOldest(): boolean {
    const oldest = this.#parts[0];
    const records = this.#recordCount - (oldest?.recordCount ?? 0);
    const bytes = this.#bytes - (oldest?.bytes.byteLength ?? 0);
    return records >= DIAGNOSIS_LIMITS.records || bytes >= DIAGNOSIS_LIMITS.bytes;
  }

  #forget(): void {
    const oldest = this.#parts.shift();
    this.#recordCount -= oldest?.recordCount ?? 0;
    this.#bytes -= oldest?.bytes.byteLength ?? 0;
    this.#isWhole = false;
  }
}

function recordsOf({ start, bytes, recordCount, origin }: Part): readonly TrailRecord[] {
  const { columnHash, byteOrder, segment } = origin;
  const table = new RecordTable(recordCount);
  frameWindow({ column: columnHash, byteOrder, offsetBytes: 0 }, bytes, { table });
  const rows = { window: bytes, table, columnHash };
  return Array.from({ length: table.count }, (_, row) => {
    const columnAt = table.columnAt[row] ?? 0;
    const columnEnd = (table.nameAt[row] ?? 0) - NAME_LENGTH_BYTES;
    const dataAt = table.dataAt[row] ?? 0;
    return {
      index: start.index + row,
      segment,
      pcr: table.pcr[row] ?? 0,
      digests: digestsOfRow(rows, row),
      unmarked: unmarkedDigests(rows, row),
      column: viewBytes(bytes, columnAt, columnEnd),
      columnHash,
      data: viewBytes(bytes, dataAt, dataAt + (table.dataBytes[row] ?? 0)),
      isLegacy: table.has(row, RECORD_FLAGS.legacy),
      byteOrder,
    };
  });
}

function unmarkedDigests(
  rows: { readonly window: Uint8Array; readonly table: RecordTable; readonly columnHash: HashName },
  row: number,
): RecordDigests | undefined {
  const { flags } = rows.table;
  if (!rows.table.has(row, RECORD_FLAGS.violation)) return undefined;
  flags[row] = (flags[row] ?? 0) & ~RECORD_FLAGS.violation;
  return digestsOfRow(rows, row);
}

const NAME_LENGTH_BYTES = 4;

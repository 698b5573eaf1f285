// Walks a measurement list, segment by segment, as its bytes arrive: keeps what is unfinished,
// turns text into records, frames them and shows each once. Memory is bounded by the largest
// record, whatever the length of the list. FORMATS 1.6, 8.4.

import { ByteCollector } from '../bytes/byte-collector.ts';
import { viewBytes } from '../bytes/encoding.ts';
import { IMA_LIMITS } from '../bytes/limits.ts';
import type { Malformed } from '../bytes/reader.ts';
import { orderOfLine, recordFromLine } from './ascii-list.ts';
import { type FrameState, frameWindow } from './frame-window.ts';
import type { RowOrigin } from './record.ts';
import { RecordTable } from './record-table.ts';
import type { SegmentClaim } from './segment.ts';

/** Sees every record once, in order. `origin` says where the rows of `table` stand. */
export type RowVisitor = (table: RecordTable, origin: RowOrigin) => void;

/** Why a walk ended before the list did. */
export interface BrokenSegment {
  readonly segment: number;
  /** Absolute index of the record that broke. */
  readonly index: number;
  readonly malformed: Malformed;
}

/** A segment with fewer records than claimed. */
export interface ShortSegment {
  readonly segment: number;
  readonly claimedRecords: number;
  readonly foundRecords: number;
}

export interface WalkInput {
  readonly segments: readonly SegmentClaim[];
  /** Absolute index of the first record. */
  readonly fromIndex: number;
}

/** A walk in progress. */
export class ListWalk {
  readonly #input: WalkInput;
  readonly #visit: RowVisitor;
  #table = new RecordTable(0);
  readonly #state: FrameState;
  #nextIndex: number;
  #segment = -1;
  #segmentRecords = 0;
  readonly #collected = new ByteCollector();
  #carryBytes = 0;
  #lineOffset = 0;
  #doneBytes = 0;
  #broken: BrokenSegment | undefined;
  readonly #short: ShortSegment[] = [];

  constructor(input: WalkInput, visit: RowVisitor) {
    this.#input = input;
    this.#visit = visit;
    this.#nextIndex = input.fromIndex;
    this.#state = {
      column: input.segments[0]?.digestColumn ?? 'sha1',
      byteOrder: undefined,
      offsetBytes: 0,
    };
  }

  /** Absolute index behind the last record seen. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  get broken(): BrokenSegment | undefined {
    return this.#broken;
  }

  get shortSegments(): readonly ShortSegment[] {
    return this.#short;
  }

  /** Takes bytes of segment `segment`. Going on to a later segment ends the earlier ones. A broken
   *  list is read no further. */
  push(segment: number, bytes: Uint8Array): void {
    while (this.#segment < segment) this.#beginNext();
    if (this.#broken !== undefined || this.#isFull()) return;
    this.#collected.add(bytes);
    // Waiting for as much as is carried keeps the copying linear, however small the pieces are.
    const newBytes = this.#collected.sizeBytes - this.#carryBytes;
    if (newBytes >= Math.max(MIN_WINDOW_BYTES, this.#carryBytes)) {
      this.#process(false);
    }
  }

  /** Ends the last segment, and segments that were claimed but never came. */
  end(): void {
    while (this.#segment < this.#input.segments.length) this.#beginNext();
  }

  #claim(): SegmentClaim | undefined {
    return this.#input.segments[this.#segment];
  }

  #beginNext(): void {
    this.#endSegment();
    this.#doneBytes +=
      this.#claim()?.encoding === 'ascii' ? this.#lineOffset : this.#state.offsetBytes;
    this.#segment += 1;
    this.#segmentRecords = 0;
    this.#collected.take();
    this.#carryBytes = 0;
    this.#lineOffset = 0;
    this.#state.offsetBytes = 0;
    this.#state.column = this.#claim()?.digestColumn ?? this.#state.column;
  }

  #endSegment(): void {
    const claim = this.#claim();
    if (claim === undefined || this.#broken !== undefined) return;
    this.#process(true);
    if (claim.records !== undefined && this.#segmentRecords < claim.records) {
      this.#short.push({
        segment: this.#segment,
        claimedRecords: claim.records,
        foundRecords: this.#segmentRecords,
      });
    }
  }

  /** Whether the segment has given all the records that count. */
  #isFull(): boolean {
    const claimed = this.#claim()?.records;
    return claimed !== undefined && this.#segmentRecords >= claimed;
  }

  #process(isLast: boolean): void {
    const window = this.#collected.take();
    const consumed =
      this.#claim()?.encoding === 'ascii'
        ? this.#processText(window, isLast)
        : this.#processBinary(window, isLast);
    const rest = viewBytes(window, consumed, window.byteLength);
    this.#collected.add(rest);
    this.#carryBytes = rest.byteLength;
  }

  #processBinary(window: Uint8Array, isLast: boolean): number {
    const base = this.#state.offsetBytes;
    return this.#frame(window, {
      isLast,
      recordOffset: (recordStart) => base + recordStart,
      recordEnd: (_recordStart, recordEnd) => base + recordEnd,
      byteOffset: (windowAt) => base + windowAt,
    });
  }

  /** Rebuilds whole lines and frames them. Every byte of a record is placed at its line, because
   *  text has no byte that stands for one byte of the record. */
  #processText(window: Uint8Array, isLast: boolean): number {
    const column = this.#state.column;
    const records = new ByteCollector();
    const lines = new Map<number, { readonly start: number; readonly end: number }>();
    let at = 0;
    let broken: Malformed | undefined;
    for (const line of linesOf(window, isLast)) {
      this.#state.byteOrder ??= orderOfLine(line.bytes, column);
      const form = { column, order: this.#state.byteOrder };
      const record = recordFromLine(line.bytes, form, this.#lineOffset + line.start);
      if (!record.ok) {
        broken = record.malformed;
        break;
      }
      lines.set(records.sizeBytes, {
        start: this.#lineOffset + line.start,
        end: this.#lineOffset + line.end,
      });
      records.add(record.value);
      at = line.end;
    }
    const lineStart = (recordStart: number) => lines.get(recordStart)?.start ?? 0;
    this.#frame(records.take(), {
      isLast,
      recordOffset: lineStart,
      recordEnd: (recordStart) => lines.get(recordStart)?.end ?? 0,
      byteOffset: (_windowAt, recordStart) => lineStart(recordStart),
    });
    this.#lineOffset += at;
    if (broken !== undefined && !this.#isFull()) this.#break(broken);
    return at;
  }

  /** Frames a window in as many calls as the table needs; gives the bytes it consumed. */
  #frame(window: Uint8Array, source: WindowSource): number {
    let consumed = 0;
    this.#makeRoom(window.byteLength);
    while (!this.#isFull()) {
      const part = viewBytes(window, consumed, window.byteLength);
      const outcome = frameWindow(this.#state, part, {
        table: this.#table,
        maxRecords: (this.#claim()?.records ?? Number.MAX_SAFE_INTEGER) - this.#segmentRecords,
      });
      this.#show(part, { ...source, shift: consumed });
      consumed += outcome.consumedBytes;
      if (outcome.stopped === 'table-full') continue;
      const isCut = source.isLast && outcome.malformed !== undefined;
      if (outcome.malformed && (isCut || outcome.stopped === 'malformed')) {
        this.#break(outcome.malformed);
      }
      break;
    }
    return consumed;
  }

  /** A table with rows for the window, up to a cap: small lists need no large one. */
  #makeRoom(windowBytes: number): void {
    const rows = Math.min(TABLE_ROWS, 1 + Math.ceil(windowBytes / SMALLEST_RECORD_BYTES));
    if (this.#table.capacity < rows) this.#table = new RecordTable(rows);
  }

  #show(window: Uint8Array, source: ShownWindow): void {
    const table = this.#table;
    const { shift } = source;
    if (table.count === 0) return;
    const origin: RowOrigin = {
      window,
      segment: this.#segment,
      firstIndex: this.#nextIndex,
      byteOrder: this.#state.byteOrder ?? 'little',
      columnHash: this.#state.column,
      doneBytes: this.#doneBytes,
      recordOffset: (row) => source.recordOffset(shift + (table.start[row] ?? 0)),
      recordEnd: (row) =>
        source.recordEnd(shift + (table.start[row] ?? 0), shift + (table.end[row] ?? 0)),
      byteOffset: (at, row) => source.byteOffset(shift + at, shift + (table.start[row] ?? 0)),
    };
    this.#segmentRecords += table.count;
    this.#nextIndex += table.count;
    this.#visit(table, origin);
  }

  #break(malformed: Malformed): void {
    this.#broken = { segment: this.#segment, index: this.#nextIndex, malformed };
  }
}

interface WindowSource {
  /** No more bytes of this segment follow. */
  readonly isLast: boolean;
  /** Offset in the segment of the record that starts at `recordStart`, and behind it. */
  readonly recordOffset: (recordStart: number) => number;
  readonly recordEnd: (recordStart: number, recordEnd: number) => number;
  /** Offset in the segment of byte `windowAt` of the record that starts at `recordStart`. */
  readonly byteOffset: (windowAt: number, recordStart: number) => number;
}

interface ShownWindow extends WindowSource {
  /** Where the shown part starts in the window. */
  readonly shift: number;
}

interface Line {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Behind the newline. */
  readonly end: number;
}

/** Whole lines of a window; with `isLast` also an unfinished last one. An unfinished line longer
 *  than any record is given too, so that it fails where it stands. */
function* linesOf(window: Uint8Array, isLast: boolean): Generator<Line> {
  let start = 0;
  while (start < window.byteLength) {
    const newline = window.indexOf(NEWLINE, start);
    const isWhole = newline !== -1;
    const end = isWhole ? newline : window.byteLength;
    if (!isWhole && !isLast && end - start <= IMA_LIMITS.asciiLineBytes) return;
    yield { bytes: viewBytes(window, start, end), start, end: end + (isWhole ? 1 : 0) };
    start = end + 1;
  }
}

const TABLE_ROWS = 4096;
/** PCR, SHA-1 column, name of one letter, and no data: no record is shorter. */
const SMALLEST_RECORD_BYTES = 4 + 20 + 4 + 1 + 4;
const MIN_WINDOW_BYTES = 65_536;
const NEWLINE = 0x0a;

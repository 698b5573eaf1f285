// Sorts fixed-size records into shared memory: each goes to the bucket of its leading bits, buckets
// are sorted in place, and repeats fall out. In steps, and in no more memory than the result.
// docs/policy.md, "Reference sets"

import type { Steps } from './steps.ts';

/** Records and their index, as they lie in memory. A structured clone of it in another thread
 *  shares the memory of both arrays. */
export interface IndexedRecords {
  /** All records in ascending byte order, each `recordBytes` long, none twice. */
  readonly bytes: Uint8Array;
  readonly recordBytes: number;
  /** Bucket b, of the records that begin with the bits of b, holds the records from `starts[b]` to
   *  before `starts[b + 1]`. */
  readonly starts: Uint32Array;
  /** Leading bits that choose the bucket. */
  readonly bits: number;
}

/** Fills `into`, whose arrays are of the right size and zero, with the records of `blocks`. Gives
 *  how many there are without repeats; `starts` speaks of those, and what lies behind them in
 *  `bytes` means nothing. */
export function* sortBuckets(blocks: readonly Uint8Array[], into: IndexedRecords): Steps<number> {
  yield* countBuckets(blocks, into);
  yield* scatter(blocks, into);
  return yield* settle(into);
}

/** The first `bits` bits of the record at `at`, as a number. */
export function bucketOfRecord(bytes: Uint8Array, at: number, bits: number): number {
  const word =
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0);
  return word >>> (32 - bits);
}

/** Leaves in `starts[b + 1]` where bucket b begins: `scatter` moves it to where it ends. */
function* countBuckets(
  blocks: readonly Uint8Array[],
  { starts, recordBytes, bits }: IndexedRecords,
): Steps<void> {
  for (const block of blocks) {
    for (let at = 0; at < block.byteLength; at += recordBytes) {
      const after = bucketOfRecord(block, at, bits) + 1;
      starts[after] = (starts[after] ?? 0) + 1;
    }
    yield;
  }
  let before = 0;
  for (let bucket = 1; bucket < starts.length; bucket += 1) {
    const count = starts[bucket] ?? 0;
    starts[bucket] = before;
    before += count;
    if (bucket % STEP_BUCKETS === 0) yield;
  }
}

/** Copies each record to the next free place of its bucket. */
function* scatter(
  blocks: readonly Uint8Array[],
  { bytes, starts, recordBytes, bits }: IndexedRecords,
): Steps<void> {
  let sinceStep = 0;
  for (const block of blocks) {
    for (let at = 0; at < block.byteLength; at += recordBytes) {
      const after = bucketOfRecord(block, at, bits) + 1;
      const place = starts[after] ?? 0;
      starts[after] = place + 1;
      const to = place * recordBytes;
      for (let byte = 0; byte < recordBytes; byte += 1) bytes[to + byte] = block[at + byte] ?? 0;
      sinceStep += 1;
      if (sinceStep % STEP_RECORDS === 0) yield;
    }
  }
}

/** Sorts each bucket and moves it down over the repeats before it; gives what is left. */
function* settle(records: IndexedRecords): Steps<number> {
  const { starts } = records;
  let left = 0;
  let sinceStep = 0;
  let start = 0;
  for (let bucket = 0; bucket + 1 < starts.length; bucket += 1) {
    const end = starts[bucket + 1] ?? 0;
    if (end - start > FEW) yield* sortMany(records, start, end);
    else sortFew(records, start, end);
    starts[bucket] = left;
    left = keepDistinct(records, { start, end, left });
    start = end;
    sinceStep += 1;
    if (sinceStep % STEP_RECORDS === 0) yield;
  }
  starts[starts.length - 1] = left;
  return left;
}

/** Copies the sorted records from `start` to `end` down to `left`, each once; gives their end.
 *  Equal records are in one bucket. */
function keepDistinct(
  records: IndexedRecords,
  { start, end, left }: Record<'start' | 'end' | 'left', number>,
): number {
  const { bytes, recordBytes } = records;
  let kept = left;
  for (let record = start; record < end; record += 1) {
    if (kept > left && compare(records, kept - 1, record) === 0) continue;
    const at = record * recordBytes;
    if (kept !== record) bytes.copyWithin(kept * recordBytes, at, at + recordBytes);
    kept += 1;
  }
  return kept;
}

/** Insertion sort, by exchanges: a bucket has about one record. */
function sortFew(records: IndexedRecords, start: number, end: number): void {
  for (let record = start + 1; record < end; record += 1) {
    for (let at = record; at > start && compare(records, at - 1, at) > 0; at -= 1) {
      exchange(records, at - 1, at);
    }
  }
}

/** Heap sort, which needs no memory and is quick on any records: many that begin alike are either
 *  one digest with many paths or chosen to slow us down. */
function* sortMany(records: IndexedRecords, start: number, end: number): Steps<void> {
  const heap = { records, start };
  const count = end - start;
  for (let root = (count >>> 1) - 1; root >= 0; root -= 1) {
    sink(heap, root, count);
    if (root % STEP_SINKS === 0) yield;
  }
  for (let last = count - 1; last > 0; last -= 1) {
    exchange(records, start, start + last);
    sink(heap, 0, last);
    if (last % STEP_SINKS === 0) yield;
  }
}

interface Heap {
  readonly records: IndexedRecords;
  /** Record of its root. */
  readonly start: number;
}

/** Moves the record at `root` down to where both below it are smaller; the heap has `count`. */
function sink({ records, start }: Heap, root: number, count: number): void {
  let at = root;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= count) return;
    const right = left + 1;
    const isRight = right < count && compare(records, start + left, start + right) < 0;
    const larger = isRight ? right : left;
    if (compare(records, start + at, start + larger) >= 0) return;
    exchange(records, start + at, start + larger);
    at = larger;
  }
}

function compare({ bytes, recordBytes }: IndexedRecords, left: number, right: number): number {
  const leftAt = left * recordBytes;
  const rightAt = right * recordBytes;
  for (let index = 0; index < recordBytes; index += 1) {
    const difference = (bytes[leftAt + index] ?? 0) - (bytes[rightAt + index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function exchange({ bytes, recordBytes }: IndexedRecords, left: number, right: number): void {
  const leftAt = left * recordBytes;
  const rightAt = right * recordBytes;
  for (let index = 0; index < recordBytes; index += 1) {
    const kept = bytes[leftAt + index] ?? 0;
    bytes[leftAt + index] = bytes[rightAt + index] ?? 0;
    bytes[rightAt + index] = kept;
  }
}

/** Records of a bucket that insertion sort is for. */
const FEW = 16;
/** A step of each kind takes some milliseconds. */
const STEP_RECORDS = 32_768;
const STEP_BUCKETS = 1_048_576;
const STEP_SINKS = 2048;

// Sets of fixed-size byte records: sorted, without repeats, with an index over the leading bits.
// A look-up compares about two digests, and on no choice of records does more than a binary search;
// the sorted bytes are the canonical form anyway. Both arrays are shared memory, for many threads.
// docs/policy.md, "Reference sets"

import { viewBytes } from '../bytes/encoding.ts';
import { bucketOfRecord, type IndexedRecords, sortBuckets } from './sort-buckets.ts';
import type { Steps } from './steps.ts';

/** Gathers records of one size, in any order. */
export class SortedRecordsBuilder {
  readonly #recordBytes: number;
  /** Full blocks, and the one that is being filled: growing never copies what is there. */
  readonly #blocks: Uint8Array[] = [];
  #block = new Uint8Array();
  #usedBytes = 0;
  #count = 0;

  /** Records of `recordBytes` bytes, at least 4. */
  constructor(recordBytes: number) {
    this.#recordBytes = recordBytes;
  }

  /** Adds a copy of a record. */
  add(record: Uint8Array): void {
    if (this.#usedBytes === this.#block.byteLength) this.#nextBlock();
    this.#block.set(record, this.#usedBytes);
    this.#usedBytes += this.#recordBytes;
    this.#count += 1;
  }

  /** Sorts what was added. Call once. */
  *build(): Steps<SortedRecords> {
    const count = this.#count;
    const recordBytes = this.#recordBytes;
    const bits = indexBits(count);
    const sorted = {
      bytes: new Uint8Array(new SharedArrayBuffer(count * recordBytes)),
      recordBytes,
      starts: new Uint32Array(new SharedArrayBuffer(4 * ((1 << bits) + 1))),
      bits,
    };
    const blocks = [...this.#blocks, viewBytes(this.#block, 0, this.#usedBytes)];
    const left = yield* sortBuckets(blocks, sorted);
    return left === count ? new SortedRecords(sorted) : yield* shrunk(sorted, left);
  }

  /** Blocks double while the set is small, and are of one size from then on. */
  #nextBlock(): void {
    if (this.#usedBytes > 0) this.#blocks.push(this.#block);
    const records = Math.min(Math.max(this.#count, FIRST_RECORDS), BLOCK_RECORDS);
    this.#block = new Uint8Array(records * this.#recordBytes);
    this.#usedBytes = 0;
  }
}

/** An immutable set of records. */
export class SortedRecords {
  readonly #starts: Uint32Array;
  readonly #bits: number;
  readonly recordBytes: number;
  /** How many different records there are. */
  readonly count: number;
  /** All records in ascending byte order: the set's canonical form. */
  readonly bytes: Uint8Array;

  /** Takes what a builder or `indexed` gave, and believes it. */
  constructor({ bytes, recordBytes, starts, bits }: IndexedRecords) {
    this.bytes = bytes;
    this.recordBytes = recordBytes;
    this.count = bytes.byteLength / recordBytes;
    this.#starts = starts;
    this.#bits = bits;
  }

  /** The memory of this set, without a copy: to open it in another thread. */
  get indexed(): IndexedRecords {
    const { bytes, recordBytes } = this;
    return { bytes, recordBytes, starts: this.#starts, bits: this.#bits };
  }

  /** Bytes of memory, records and index. */
  get sizeBytes(): number {
    return this.bytes.byteLength + this.#starts.byteLength;
  }

  /** Whether a record begins with `prefix` (4 bytes at least): with a whole one, membership. */
  has(prefix: Uint8Array): boolean {
    const bucket = bucketOfRecord(prefix, 0, this.#bits);
    let low = this.#starts[bucket] ?? 0;
    let high = this.#starts[bucket + 1] ?? 0;
    const { bytes, recordBytes } = this;
    // Only records that were chosen to begin alike leave more than a few to look at.
    while (high - low > FEW) {
      const middle = (low + high) >>> 1;
      const at = middle * recordBytes;
      const alike = alikeBytes(bytes, at, prefix);
      const isBelow = alike < prefix.byteLength && (bytes[at + alike] ?? 0) < (prefix[alike] ?? 0);
      if (isBelow) low = middle + 1;
      else high = middle + 1;
    }
    for (let record = low; record < high; record += 1) {
      if (alikeBytes(bytes, record * recordBytes, prefix) === prefix.length) return true;
    }
    return false;
  }
}

/** How many bytes at the start of `prefix` are those at `at`. */
function alikeBytes(bytes: Uint8Array, at: number, prefix: Uint8Array): number {
  const lengthBytes = prefix.length;
  let index = 0;
  while (index < lengthBytes && bytes[at + index] === prefix[index]) index += 1;
  return index;
}

/** Bits of the index: one to two buckets a record, at most 2^24 buckets. */
function indexBits(count: number): number {
  return Math.min(24, Math.max(1, 32 - Math.clz32(count)));
}

/** The first `count` records in memory of their own, with an index of their size. */
function* shrunk(records: IndexedRecords, count: number): Steps<SortedRecords> {
  const { recordBytes } = records;
  const bits = indexBits(count);
  const bytes = new Uint8Array(new SharedArrayBuffer(count * recordBytes));
  for (let start = 0; start < bytes.byteLength; start += COPY_BYTES) {
    const end = Math.min(start + COPY_BYTES, bytes.byteLength);
    bytes.set(viewBytes(records.bytes, start, end), start);
    yield;
  }
  const starts = new Uint32Array(new SharedArrayBuffer(4 * ((1 << bits) + 1)));
  // A bucket of fewer bits begins where the first of those that it unites begins.
  for (let bucket = 0; bucket < starts.length; bucket += 1) {
    starts[bucket] = records.starts[bucket << (records.bits - bits)] ?? 0;
  }
  return new SortedRecords({ bytes, recordBytes, starts, bits });
}

/** Records of a bucket that are looked at one after the other. */
const FEW = 8;
const FIRST_RECORDS = 64;
const BLOCK_RECORDS = 65_536;
/** Some milliseconds of copying. */
const COPY_BYTES = 8_388_608;

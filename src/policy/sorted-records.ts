// Sets of fixed-size byte records: sorted, without repeats, with an index over the leading bits.
// A look-up costs about two comparisons on digests, and on no choice of records more than a binary
// search; the sorted bytes are the canonical form anyway. docs/policy.md, "Reference sets"

/** Gathers records of one size, in any order. */
export class SortedRecordsBuilder {
  readonly #recordBytes: number;
  #bytes: Uint8Array;
  #count = 0;

  /** Records of `recordBytes` bytes, at least 4. */
  constructor(recordBytes: number) {
    this.#recordBytes = recordBytes;
    this.#bytes = new Uint8Array(recordBytes * 64);
  }

  /** Adds a record. */
  add(record: Uint8Array): void {
    const at = this.#count * this.#recordBytes;
    if (at + this.#recordBytes > this.#bytes.byteLength) {
      const grown = new Uint8Array(this.#bytes.byteLength * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(record, at);
    this.#count += 1;
  }

  /** Sorts what was added. */
  build(): SortedRecords {
    const source = { bytes: this.#bytes, recordBytes: this.#recordBytes };
    const bits = indexBits(this.#count);
    const starts = bucketStarts(source, this.#count, bits);
    const order = bucketOrder(source, starts, bits);
    for (let bucket = 0; bucket + 1 < starts.length; bucket += 1) {
      sortRange(source, order, [starts[bucket] ?? 0, starts[bucket + 1] ?? 0]);
    }
    return new SortedRecords(withoutRepeats(source, order));
  }
}

/** Records in one array, each `recordBytes` long. */
interface RecordArray {
  readonly bytes: Uint8Array;
  readonly recordBytes: number;
}

/** An immutable set of records. */
export class SortedRecords {
  readonly #recordBytes: number;
  readonly #bits: number;
  /** Bucket b holds the records from `starts[b]` to before `starts[b + 1]`. */
  readonly #starts: Uint32Array;
  /** How many different records there are. */
  readonly count: number;
  /** All records in ascending byte order: the set's canonical form. */
  readonly bytes: Uint8Array;

  /** Takes records that are sorted and free of repeats. */
  constructor(records: RecordArray) {
    this.bytes = records.bytes;
    this.#recordBytes = records.recordBytes;
    this.count = records.bytes.byteLength / records.recordBytes;
    this.#bits = indexBits(this.count);
    this.#starts = bucketStarts(records, this.count, this.#bits);
  }

  /** Whether a record begins with `prefix` (4 bytes at least): with a whole one, membership. */
  has(prefix: Uint8Array): boolean {
    const bucket = leadingBits(prefix, 0, this.#bits);
    let low = this.#starts[bucket] ?? 0;
    let high = this.#starts[bucket + 1] ?? 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareAt(this.bytes, middle * this.#recordBytes, prefix);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }
}

/** Byte order of the record at `at`, as far as `prefix` goes, against `prefix`. */
function compareAt(bytes: Uint8Array, at: number, prefix: Uint8Array): number {
  for (let index = 0; index < prefix.byteLength; index += 1) {
    const difference = (bytes[at + index] ?? 0) - (prefix[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Bits of the index: about one record a bucket, at most 2^24 buckets. */
function indexBits(count: number): number {
  return Math.min(24, Math.max(1, 32 - Math.clz32(count)));
}

/** The first `bits` bits of the record at `at`, as a number. */
function leadingBits(bytes: Uint8Array, at: number, bits: number): number {
  const word =
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0);
  return word >>> (32 - bits);
}

function bucketStarts(source: RecordArray, count: number, bits: number): Uint32Array {
  const starts = new Uint32Array((1 << bits) + 1);
  for (let record = 0; record < count; record += 1) {
    const after = leadingBits(source.bytes, record * source.recordBytes, bits) + 1;
    starts[after] = (starts[after] ?? 0) + 1;
  }
  for (let bucket = 1; bucket < starts.length; bucket += 1) {
    starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
  }
  return starts;
}

/** Record numbers, bucket by bucket. */
function bucketOrder(source: RecordArray, starts: Uint32Array, bits: number): Uint32Array {
  const next = Uint32Array.from(starts);
  const count = starts[starts.length - 1] ?? 0;
  const order = new Uint32Array(count);
  for (let record = 0; record < count; record += 1) {
    const bucket = leadingBits(source.bytes, record * source.recordBytes, bits);
    const at = next[bucket] ?? 0;
    order[at] = record;
    next[bucket] = at + 1;
  }
  return order;
}

function sortRange(
  source: RecordArray,
  order: Uint32Array,
  [start, end]: readonly [number, number],
): void {
  if (end - start < 2) return;
  const records = Array.from({ length: end - start }, (_, index) => order[start + index] ?? 0);
  records.sort((left, right) => compareRecords(source, left, right));
  order.set(records, start);
}

function compareRecords(source: RecordArray, left: number, right: number): number {
  const leftAt = left * source.recordBytes;
  const rightAt = right * source.recordBytes;
  for (let index = 0; index < source.recordBytes; index += 1) {
    const difference = (source.bytes[leftAt + index] ?? 0) - (source.bytes[rightAt + index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function withoutRepeats(source: RecordArray, order: Uint32Array): RecordArray {
  const kept = order.filter((record, index) => {
    const before = order[index - 1];
    return before === undefined || compareRecords(source, before, record) !== 0;
  });
  const { recordBytes } = source;
  const bytes = new Uint8Array(kept.length * recordBytes);
  for (const [index, record] of kept.entries()) {
    for (let byte = 0; byte < recordBytes; byte += 1) {
      bytes[index * recordBytes + byte] = source.bytes[record * recordBytes + byte] ?? 0;
    }
  }
  return { bytes, recordBytes };
}

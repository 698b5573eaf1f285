// Sets of byte values as ranges: what one place of a path pattern takes.
// docs/policy.md, "Path patterns"

/** Byte values from `low` to `high`, both included. */
export interface ByteRange {
  readonly low: number;
  readonly high: number;
}

/** Ranges in ascending order with a gap between each two. */
export type ByteSet = readonly ByteRange[];

/** Highest value of a byte. */
const LAST_BYTE = 255;

/** The set that holds every byte of `ranges`, which may come in any order and overlap. */
export function byteSet(ranges: readonly ByteRange[]): ByteSet {
  const ascending = [...ranges].sort((left, right) => left.low - right.low);
  const merged: ByteRange[] = [];
  for (const range of ascending) {
    const last = merged.at(-1);
    if (last === undefined || range.low > last.high + 1) merged.push(range);
    else if (range.high > last.high) merged[merged.length - 1] = { ...last, high: range.high };
  }
  return merged;
}

/** Every byte that `set` does not hold. */
export function complement(set: ByteSet): ByteSet {
  const gaps: ByteRange[] = [];
  let next = 0;
  for (const { low, high } of set) {
    if (low > next) gaps.push({ low: next, high: low - 1 });
    next = high + 1;
  }
  if (next <= LAST_BYTE) gaps.push({ low: next, high: LAST_BYTE });
  return gaps;
}

/** `set` without one byte. */
export function without(set: ByteSet, byte: number): ByteSet {
  if (!holds(set, byte)) return set;
  return complement(byteSet([...complement(set), { low: byte, high: byte }]));
}

/** Whether `set` holds `byte`. */
export function holds(set: ByteSet, byte: number): boolean {
  return set.some(({ low, high }) => low <= byte && byte <= high);
}

// A claimed order of extends, for hosts whose extends overtake each other. An untrusted hint behind
// a policy switch: if the replay in that order reaches the quote, the quote proves it. FORMATS
// 12.3.

/** The hint, checked for form. */
export type OrderReading =
  | { readonly ok: true; readonly order: ExtendOrder }
  | { readonly ok: false; readonly expected: string; readonly actual: string };

/** A permutation of one contiguous range of list positions. */
export interface ExtendOrder {
  readonly fromIndex: number;
  /** List position of the record that is extended at each position of the range. */
  readonly positions: readonly number[];
}

/** Checks that `claimed` is a permutation of one contiguous range in which no record moves farther
 *  than `window` positions. */
export function readExtendOrder(claimed: readonly number[], window: number): OrderReading {
  const fromIndex = claimed.reduce(
    (least, index) => Math.min(least, index),
    Number.MAX_SAFE_INTEGER,
  );
  const seen = new Set<number>();
  for (const [at, index] of claimed.entries()) {
    const isInRange = index >= fromIndex && index < fromIndex + claimed.length;
    if (!isInRange || seen.has(index)) {
      return { ok: false, expected: 'each index of one range once', actual: `index ${index}` };
    }
    seen.add(index);
    const moved = Math.abs(index - fromIndex - at);
    if (moved > window) {
      return { ok: false, expected: `at most ${window} places`, actual: `${moved} places` };
    }
  }
  return { ok: true, order: { fromIndex, positions: claimed } };
}

/** Puts records into the claimed order of extends. Holds at most as many as the window. */
export class OrderedRelease<T> {
  readonly #order: ExtendOrder;
  readonly #held = new Map<number, T>();
  #next = 0;

  constructor(order: ExtendOrder) {
    this.#order = order;
  }

  /** Whether every record given so far was also released. */
  get isLevel(): boolean {
    return this.#held.size === 0;
  }

  /** Takes the record at list position `index`; gives those whose turn has come, in order. */
  take(index: number, record: T): readonly T[] {
    const { fromIndex, positions } = this.#order;
    if (index < fromIndex || index >= fromIndex + positions.length) return [record];
    this.#held.set(index, record);
    const released: T[] = [];
    for (;;) {
      const position = positions[this.#next];
      const ready = position === undefined ? undefined : this.#held.get(position);
      if (position === undefined || ready === undefined) return released;
      this.#held.delete(position);
      released.push(ready);
      this.#next += 1;
    }
  }
}

// A small cache of things that are costly to make and never change once made.

/** Keeps the `capacity` values that were asked for last. Two who ask at once share one making; a
 *  making that fails is forgotten. */
export class BoundedCache<T> {
  readonly #capacity: number;
  readonly #values = new Map<string, Promise<T>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The value of `key`, made now if it is not kept. */
  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#values.get(key);
    const value = known ?? make();
    // A map iterates in order of insertion: moved to its end, a value is the last to go.
    this.#values.delete(key);
    this.#values.set(key, value);
    if (known === undefined) this.#bound(key, value);
    return value;
  }

  #bound(key: string, value: Promise<T>): void {
    value.catch(() => {
      if (this.#values.get(key) === value) this.#values.delete(key);
    });
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#capacity) return;
      this.#values.delete(oldest);
    }
  }
}

// Work on many items, a few at a time.

/** Gives the results as they come, with at most `places` pieces of work at once. Who stops reading
 *  lets the work that runs end by itself and begins no more. Rejects when a piece of work does. */
export async function* inParallel<Item, Result>(
  items: readonly Item[],
  places: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running = new Map<number, Promise<{ readonly at: number; readonly result: Result }>>();
  const waiting = items.entries();
  const begin = () => {
    const next = waiting.next();
    if (next.done === true) return;
    const [at, item] = next.value;
    running.set(
      at,
      work(item).then((result) => ({ at, result })),
    );
  };
  for (let place = 0; place < places; place += 1) begin();
  try {
    while (running.size > 0) {
      const { at, result } = await Promise.race(running.values());
      running.delete(at);
      begin();
      yield result;
    }
  } finally {
    for (const left of running.values()) left.catch(() => {});
  }
}

// The histories that rounds are measured after, and how they came about.

/** New records of a measured round. */
export const NEW_RECORDS = 20;

/** Records before it, shortest first. */
export const HISTORIES = [1_000, 10_000, 100_000, 1_000_000] as const;

/** Where each round of a history of `records` ends. A history is told in rounds of 100 records, or
 *  in 1,000 rounds where that would be more of them. */
export function historyRounds(records: number): readonly number[] {
  const each = Math.max(100, records / 1000);
  return Array.from({ length: records / each }, (_, round) => (round + 1) * each);
}

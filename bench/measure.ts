// How time is measured here: processor time of this process, many samples, and their median, so
// that other work on the machine moves a figure little. docs/performance.md

import type { VerdictBody } from '../src/verify/verdict.ts';

/** The middle one of `values`. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('no values');
  return middle;
}

/** Median processor time of one call of each of `works`, in microseconds: of all threads of this
 *  process, user and system. A sample is so many calls; the first `warmUp` samples do not count.
 *  The works take turns, so that what disturbs one disturbs all. */
export async function cpuMicrosOfEach(
  works: readonly (() => void | Promise<void>)[],
  { warmUp, samples, calls }: Record<'warmUp' | 'samples' | 'calls', number>,
): Promise<readonly number[]> {
  const found = works.map((): number[] => []);
  for (let sample = 0; sample < warmUp + samples; sample += 1) {
    for (const [at, work] of works.entries()) {
      const before = process.cpuUsage();
      for (let call = 0; call < calls; call += 1) await work();
      const { user, system } = process.cpuUsage(before);
      if (sample >= warmUp) found[at]?.push((user + system) / calls);
    }
  }
  return found.map(median);
}

/** Throws for any other verdict: it takes another way through the code, and its figure would mean
 *  nothing. */
export function requireAffirming({ status, findings }: VerdictBody): void {
  if (status === 'affirming') return;
  const codes = findings.map(({ code }) => code).join(', ');
  throw new Error(`a measured round is ${status}: ${codes}`);
}

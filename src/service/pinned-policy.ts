// A policy version with the versions of everything that it names: what a challenge pins, and what a
// timeline was appraised under. docs/api.md, "Policies"

import type { Challenge } from './ports.ts';

/** A policy version with the versions of the sets that it names. */
export type PinnedPolicy = Pick<Challenge, 'policy' | 'referenceSets'>;

/** Text that is equal for equal pins: names and versions. */
export function pinsKey({ policy, referenceSets }: PinnedPolicy): string {
  const sets = Object.entries(referenceSets).sort(([a], [b]) => (a < b ? -1 : 1));
  return [[policy.name, policy.version], ...sets].map((pin) => pin.join('@')).join(' ');
}

// A policy version with the versions of everything that it names: what a challenge pins, and what a
// timeline was appraised under. docs/api.md, "Policies"

/** Version by name of each reference set that an appraisal uses. */
export type SetVersions = Readonly<Record<string, number>>;

/** A policy version with the versions of the sets that it names. */
export interface PinnedPolicy {
  readonly policy: { readonly name: string; readonly version: number };
  readonly referenceSets: SetVersions;
}

/** Text that is equal for equal pins: names and versions. */
export function pinsKey({ policy, referenceSets }: PinnedPolicy): string {
  const sets = Object.entries(referenceSets).sort(([a], [b]) => (a < b ? -1 : 1));
  return [[policy.name, policy.version], ...sets].map((pin) => pin.join('@')).join(' ');
}

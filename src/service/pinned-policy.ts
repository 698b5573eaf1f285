// A policy version with the versions of everything that it names: what a challenge pins, and what a
// timeline was appraised under. docs/api.md, "Policies"

/** Version by name of each reference set, or keyring, that an appraisal uses. */
export type SetVersions = Readonly<Record<string, number>>;

/** A policy version with the versions of the sets and keyrings that it names. */
export interface PinnedPolicy {
  readonly policy: { readonly name: string; readonly version: number };
  readonly referenceSets: SetVersions;
  readonly keyrings: SetVersions;
}

/** Text that is equal for equal pins: names and versions. */
export function pinsKey({ policy, referenceSets, keyrings }: PinnedPolicy): string {
  return [`${policy.name}@${policy.version}`, keyOf(referenceSets), keyOf(keyrings)].join('; ');
}

function keyOf(versions: SetVersions): string {
  const sorted = Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map((pin) => pin.join('@')).join(' ');
}

// Which policy speaks for an attester, and why: the same choice as a challenge makes, with every
// active policy told. docs/api.md, "Policies"

import { findAttester } from './enroll-attester.ts';
import type { Labels } from './new-attester.ts';
import type { PinnedPolicy } from './pinned-policy.ts';
import {
  choosePolicies,
  fits,
  specificity,
  unknownPolicy,
  wantedLabels,
} from './policy-catalog.ts';
import type { Service } from './service.ts';

/** An active policy as it was considered. */
export interface ConsideredPolicy {
  readonly name: string;
  readonly version: number;
  /** What it wants. */
  readonly labels: Labels;
  /** Whether the attester has all of that. */
  readonly fits: boolean;
  /** How many labels it wants: of those that fit the most specific one is chosen. */
  readonly specificity: number;
}

/** `chosen`: it speaks. `labels_missing`: the attester lacks a label that it wants.
 *  `less_specific`: another one that fits wants more. `ambiguous`: another one that fits wants as
 *  many. `not_active`: no version of it is active. */
export const EFFECTS = [
  'chosen',
  'labels_missing',
  'less_specific',
  'ambiguous',
  'not_active',
] as const;
export type PolicyEffect = (typeof EFFECTS)[number];

export interface EffectivePolicy {
  readonly attester: { readonly id: string; readonly labels: Labels };
  /** What a challenge would pin now; null where it would be refused. */
  readonly effective: PinnedPolicy | null;
  /** Why the policy that was asked for is, or is not, the effective one. */
  readonly effect: PolicyEffect;
  /** Every active policy, by name. */
  readonly considered: readonly ConsideredPolicy[];
}

/** Explains the choice, seen from the policy `name`. Problems: `attester.unknown`,
 *  `policy.unknown`. */
export async function effectivePolicy(
  { ports, policies }: Pick<Service, 'ports' | 'policies'>,
  name: string,
  attesterId: string,
): Promise<EffectivePolicy> {
  const { id, labels } = await findAttester(ports, attesterId);
  if ((await ports.policies.versions(name)).length === 0) throw unknownPolicy();
  const active = await policies.activeDocuments();
  const chosen = choosePolicies(active, labels);
  const [only] = chosen;
  const considered = active.map(({ policy, document }) => ({
    ...policy,
    labels: wantedLabels(document),
    fits: fits(document, labels),
    specificity: specificity(document),
  }));
  const isOne = only !== undefined && chosen.length === 1;
  return {
    attester: { id, labels },
    effective: isOne ? await policies.pin(only.policy) : null,
    effect: effectOf(
      considered.find((policy) => policy.name === name),
      chosen.map(({ policy }) => policy.name),
    ),
    considered,
  };
}

function effectOf(asked: ConsideredPolicy | undefined, chosen: readonly string[]): PolicyEffect {
  if (asked === undefined) return 'not_active';
  if (!asked.fits) return 'labels_missing';
  if (!chosen.includes(asked.name)) return 'less_specific';
  return chosen.length === 1 ? 'chosen' : 'ambiguous';
}

// The condition `digestIn`: whether one of some reference sets has the digest of a measurement, and
// was in force for it. docs/policy.md, "Reference sets"

import type { Measurement } from './acceptance.ts';
import type { ReferenceSet } from './reference-set.ts';
import { isInForce } from './reference-set-terms.ts';

/** A set by the name under which a rule knows it. */
export interface NamedSet {
  readonly name: string;
  readonly set: ReferenceSet;
}

/** What the sets of a rule say of a measurement, with the name of the set that decided. */
export type ReferenceAnswer =
  /** `trusted`: nobody vouches for the value, it was seen on a host and believed. */
  | { readonly outcome: 'known' | 'trusted' | 'not-in-force'; readonly set: string }
  | { readonly outcome: 'unknown' };

/** The reference sets of one rule. */
export class ReferenceCondition {
  readonly #sets: readonly NamedSet[];
  /** Algorithms in which a digest may speak for a measurement; `any` where it speaks against. */
  readonly #algorithms: 'any' | ReadonlySet<string>;

  constructor(sets: readonly NamedSet[], algorithms: 'any' | ReadonlySet<string>) {
    this.#sets = sets;
    this.#algorithms = algorithms;
  }

  /** Asks every set until one in force has the digest for which somebody vouches. */
  judge(measurement: Measurement): ReferenceAnswer {
    const { algorithm, digest, name } = measurement;
    let answer: ReferenceAnswer = UNKNOWN;
    if (this.#algorithms !== 'any' && !this.#algorithms.has(algorithm)) return answer;
    for (const { name: set, set: values } of this.#sets) {
      if (!values.has(algorithm, digest, name)) continue;
      const counts = this.#counts(values, measurement.provenAtMs);
      if (counts && values.basis === undefined) return { outcome: 'known', set };
      if (counts) answer = { outcome: 'trusted', set };
      else if (answer.outcome === 'unknown') answer = { outcome: 'not-in-force', set };
    }
    return answer;
  }

  /** Where nobody told the time, a value with limits speaks against a file but not for it. */
  #counts(values: ReferenceSet, atMs: number | undefined): boolean {
    const speaksAgainst = this.#algorithms === 'any';
    return isInForce(values, atMs) || (speaksAgainst && atMs === undefined);
  }
}

const UNKNOWN: ReferenceAnswer = { outcome: 'unknown' };

// What is said of a whole version of a reference set: when its values count, and who vouches for
// them. docs/policy.md, "Reference sets"

import { z } from 'zod';

/** Terms of one version; they belong to its identity. */
export interface SetTerms {
  readonly validity: SetValidity;
  /** Absent where somebody vouches for the values. */
  readonly basis?: SetBasis;
}

/** When values count, in milliseconds since 1970: from `validFromMs` to before `retireAtMs`. See
 *  `isInForce`. */
export interface SetValidity {
  readonly validFromMs?: number;
  readonly retireAtMs?: number;
}

/** `trusted-on-first-use`: the values were seen on a host and believed. */
export type SetBasis = (typeof SET_BASES)[number];

/** Every basis that can be said. */
export const SET_BASES = ['trusted-on-first-use'] as const;

/** Whether the values of a set count for a record that had been measured by `atMs`, milliseconds
 *  since 1970. A retired value goes on counting for what was measured before it retired. Where
 *  nobody told the time only a set without limits is in force: for a rule that accepts that is the
 *  safe answer. A rule that refuses must count it without a time too, or it would let pass. */
export function isInForce({ validity }: SetTerms, atMs: number | undefined): boolean {
  const { validFromMs, retireAtMs } = validity;
  if (validFromMs === undefined && retireAtMs === undefined) return true;
  if (atMs === undefined) return false;
  return atMs >= (validFromMs ?? atMs) && (retireAtMs === undefined || atMs < retireAtMs);
}

/** Terms said in two places as one, or what is wrong with them, in words. */
export function unitedTerms(one: SetTerms, other: SetTerms): SetTerms | string {
  const [{ validity: a }, { validity: b }] = [one, other];
  if (differ(a.validFromMs, b.validFromMs)) return 'validFrom is said twice, and differently';
  if (differ(a.retireAtMs, b.retireAtMs)) return 'retireAt is said twice, and differently';
  const basis = one.basis ?? other.basis;
  const terms = { validity: { ...a, ...b }, ...(basis && { basis }) };
  return termsRefusal(terms) ?? terms;
}

/** Milliseconds since 1970 of a moment as RFC 3339 writes it in UTC; undefined for other text. */
export function momentMs(text: string): number | undefined {
  return moment.safeParse(text).success ? Date.parse(text) : undefined;
}

function termsRefusal({ validity: { validFromMs, retireAtMs } }: SetTerms): string | undefined {
  const isNever =
    validFromMs !== undefined && retireAtMs !== undefined && validFromMs >= retireAtMs;
  return isNever ? 'retireAt is not behind validFrom' : undefined;
}

function differ(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

const moment = z.iso.datetime();

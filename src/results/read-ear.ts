// Reads the claims of a result that others sign and send, and holds them to the rules of its
// profile. draft-ietf-rats-ear-03 3; draft-ietf-rats-ar4si 2.3; docs/results.md

import type { VerdictStatus } from '../verify/verdict.ts';
import { CLAIM_NAMES, type ClaimNames, EAR_PROFILES, type EarProfile } from './ear.ts';

/** A result whose claims keep the rules; who signed it is another question. */
export interface Ear {
  readonly profile: EarProfile;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly nonce: string | undefined;
  readonly appraisals: readonly Appraisal[];
}

/** What it says about one attester. */
export interface Appraisal {
  readonly attesterId: string;
  readonly status: VerdictStatus;
  readonly trustVector: Readonly<Record<string, number>>;
  readonly policies: readonly string[];
}

/** Reads a claims set. `problem` names the first rule that it breaks. */
export function readEar(
  claims: unknown,
): { readonly ok: true; readonly ear: Ear } | { readonly ok: false; readonly problem: string } {
  try {
    return { ok: true, ear: earOf(claims) };
  } catch (error) {
    if (error instanceof BrokenRule) return { ok: false, problem: error.message };
    throw error;
  }
}

/** Whether a status claims more trust than a value of the vector leaves (the rule of `ear_status`).
 *  `none` is graver than a warning, as in verdicts. */
export function isBetterThan(status: VerdictStatus, value: number): boolean {
  return GRAVITY[status] < GRAVITY[tierOf(value)] && tierOf(value) !== 'none';
}

/** The tier of a claim's value: draft-ietf-rats-ar4si 2.3.2. */
export function tierOf(value: number): VerdictStatus {
  if (value >= -1 && value <= 1) return 'none';
  const rank = value < 0 ? -value - 1 : value;
  if (rank < 32) return 'affirming';
  return rank < 96 ? 'warning' : 'contraindicated';
}

function earOf(claims: unknown): Ear {
  const { eat_profile, iat, exp, eat_nonce, submods, ...rest } = objectOf(claims, 'the claims');
  const profile = EAR_PROFILES.find((known) => known === eat_profile);
  if (profile === undefined) throw new BrokenRule('eat_profile is not one that is known');
  const names = CLAIM_NAMES[profile];
  const verifier = objectOf(rest[names.verifierId], names.verifierId);
  for (const key of ['developer', 'build']) textOf(verifier[key], `${names.verifierId}.${key}`);
  const appraisals = Object.entries(objectOf(submods, 'submods')).map(([attesterId, appraisal]) => {
    return { attesterId, ...appraisalOf(objectOf(appraisal, `submods.${attesterId}`), names) };
  });
  if (appraisals.length === 0) throw new BrokenRule('submods is empty');
  return {
    profile,
    issuedAt: secondsOf(iat, 'iat'),
    expiresAt: secondsOf(exp, 'exp'),
    nonce: eat_nonce === undefined ? undefined : textOf(eat_nonce, 'eat_nonce'),
    appraisals,
  };
}

function appraisalOf(
  appraisal: Readonly<Record<string, unknown>>,
  names: ClaimNames,
): Omit<Appraisal, 'attesterId'> {
  const status = STATUSES.find((word) => word === appraisal[names.status]);
  if (status === undefined) throw new BrokenRule(`${names.status} is not a tier`);
  const vector = Object.entries(objectOf(appraisal[names.trustVector], names.trustVector));
  if (vector.length === 0) throw new BrokenRule(`${names.trustVector} is empty`);
  const trustVector = vector.map(([claim, value]) => {
    if (!AR4SI_CLAIMS.includes(claim)) throw new BrokenRule(`${names.trustVector} has ${claim}`);
    if (!isInt8(value)) throw new BrokenRule(`${claim} is not a number from -128 to 127`);
    if (isBetterThan(status, value)) {
      throw new BrokenRule(`${names.status} is ${status}, better than ${claim} ${value}`);
    }
    return [claim, value] as const;
  });
  const policy = appraisal[names.policy] ?? [];
  const policies = Array.isArray(policy) ? policy : [policy];
  return {
    status,
    trustVector: Object.fromEntries(trustVector),
    policies: policies.map((id) => textOf(id, names.policy)),
  };
}

function objectOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BrokenRule(`${name} is not an object`);
  }
  return Object.fromEntries(Object.entries(value));
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw new BrokenRule(`${name} is not text`);
  return value;
}

function secondsOf(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new BrokenRule(`${name} is not a whole number of seconds`);
}

function isInt8(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= -128 && value <= 127;
}

/** Thrown and caught in this file. */
class BrokenRule extends Error {}

const GRAVITY: Readonly<Record<VerdictStatus, number>> = {
  affirming: 0,
  warning: 1,
  none: 2,
  contraindicated: 3,
};
const STATUSES: readonly VerdictStatus[] = ['affirming', 'warning', 'none', 'contraindicated'];
const AR4SI_CLAIMS: readonly string[] = [
  'instance-identity',
  'configuration',
  'executables',
  'file-system',
  'hardware',
  'runtime-opaque',
  'storage-opaque',
  'sourced-data',
];

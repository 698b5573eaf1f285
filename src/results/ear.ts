// The claims of an EAT Attestation Result (EAR) about one attester, in the two profiles that
// relying parties read. draft-ietf-rats-ear-03 3; docs/results.md

import type { PolicyIdentity } from '../policy/acceptance.ts';
import type { VerdictStatus } from '../verify/verdict.ts';
import type { TrustVector } from './trust-vector.ts';

/** The draft of the IETF, and the profile that the Veraison project's libraries read. */
export const EAR_PROFILES = [
  'tag:ietf.org,2026:rats/ear#03',
  'tag:github.com,2023:veraison/ear',
] as const;
export type EarProfile = (typeof EAR_PROFILES)[number];

/** How a profile spells the claims of its own. */
export interface ClaimNames {
  readonly verifierId: string;
  readonly status: string;
  readonly trustVector: string;
  readonly policy: string;
}

/** The names of each profile. */
export const CLAIM_NAMES: Readonly<Record<EarProfile, ClaimNames>> = {
  'tag:ietf.org,2026:rats/ear#03': {
    verifierId: 'ear_verifier_id',
    status: 'ear_status',
    trustVector: 'ear_trustworthiness_vector',
    policy: 'ear_appraisal_policy_ids',
  },
  'tag:github.com,2023:veraison/ear': {
    verifierId: 'ear.verifier-id',
    status: 'ear.status',
    trustVector: 'ear.trustworthiness-vector',
    policy: 'ear.appraisal-policy-id',
  },
};

/** What a result says. */
export interface ResultFacts {
  /** Names the one submodule. */
  readonly attesterId: string;
  readonly status: VerdictStatus;
  readonly trustVector: TrustVector;
  readonly policy: PolicyIdentity;
  readonly issuedAt: Date;
  /** When the verdict ends: the result does not outlive it. */
  readonly expiresAt: Date;
  /** Version of the verifier. */
  readonly build: string;
  /** Who signs, where that has a name. */
  readonly issuer?: string | undefined;
  /** Whom it is for, if it is for somebody. */
  readonly audience?: string | undefined;
  /** The relying party's own, echoed. */
  readonly nonce?: string | undefined;
}

/** The claims set of a result. Times are whole seconds, rounded down. */
export function earClaims(profile: EarProfile, facts: ResultFacts): Record<string, unknown> {
  const names = CLAIM_NAMES[profile];
  const { issuer, audience, nonce } = facts;
  const policy = policyId(facts.policy);
  const appraisal = {
    [names.status]: facts.status,
    [names.trustVector]: facts.trustVector,
    // A list in the draft, one text in the deployed profile.
    [names.policy]: profile === 'tag:ietf.org,2026:rats/ear#03' ? [policy] : policy,
  };
  return {
    eat_profile: profile,
    iat: secondsOf(facts.issuedAt),
    exp: secondsOf(facts.expiresAt),
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(audience === undefined ? {} : { aud: audience }),
    ...(nonce === undefined ? {} : { eat_nonce: nonce }),
    [names.verifierId]: { developer: DEVELOPER, build: `plumbline ${facts.build}` },
    submods: { [facts.attesterId]: appraisal },
  };
}

/** A policy as results name it: one version, and by its digest exactly this content. */
function policyId({ name, version, digest }: PolicyIdentity): string {
  return ['urn:plumbline:policy', name, version ?? '-', digest ?? '-'].join(':');
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

const DEVELOPER = 'Plumbline';

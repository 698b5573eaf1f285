// The signed result for relying parties: the newest verdict of an attester as an EAR, while it is
// good. draft-ietf-rats-ear-03; RFC 7519; docs/results.md

import { importJWK, SignJWT } from 'jose';
import { z } from 'zod';
import type { AkBinding } from '../enroll/ak-binding.ts';
import { type EarProfile, earClaims } from '../results/ear.ts';
import { trustVector } from '../results/trust-vector.ts';
import { findAttester } from './enroll-attester.ts';
import { type Attester, type Ports, STATUSES } from './ports.ts';
import { Problem } from './problem.ts';
import { verdictDocument } from './query-verdicts.ts';
import { ALGORITHM, currentSigner } from './result-keys.ts';

/** What a relying party asks for. */
export interface WantedResult {
  readonly attesterId: string;
  readonly profile: EarProfile;
  readonly nonce?: string | undefined;
  readonly audience?: string | undefined;
}

/** Who answers. */
export interface ResultIssuer {
  readonly issuer?: string | undefined;
  /** Version of the program. */
  readonly build: string;
}

/** A signed result (JWS, compact). Problems: `attester.unknown`, `result.unknown`,
 *  `result.stale`. */
export async function issueResult(
  ports: Ports,
  wanted: WantedResult,
  from: ResultIssuer,
): Promise<string> {
  const attester = await findAttester(ports, wanted.attesterId);
  const { latest } = attester;
  if (latest === null) {
    throw new Problem('result.unknown', 'Nothing was appraised yet: the attester must attest.');
  }
  const now = ports.clock.now();
  if (secondsOf(latest.expiresAt) <= secondsOf(now)) {
    const [at, until] = [latest.at, latest.expiresAt].map((time) => time.toISOString());
    const why = `The newest verdict is of ${at} and counted until ${until}: attest again.`;
    throw new Problem('result.stale', why);
  }
  const verdict = StoredVerdict.parse(JSON.parse(await verdictDocument(ports, latest.id)));
  const claims = earClaims(wanted.profile, {
    ...wanted,
    ...from,
    status: verdict.status,
    trustVector: trustVector(verdict, bindingOf(attester)),
    policy: verdict.policy,
    issuedAt: now,
    expiresAt: latest.expiresAt,
  });
  const { kid, privateJwk } = await currentSigner(ports);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, kid, typ: RESULT_TYPE })
    .sign(await importJWK(privateJwk, ALGORITHM));
}

/** An endorsement key that no certificate speaks for shows no TPM: somebody said so. */
function bindingOf({ binding, ek }: Attester): AkBinding {
  return binding === 'activated' && ek?.certificate == null ? 'asserted' : binding;
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

/** `typ` of a result: the media type `application/eat+jwt` (RFC 9782) without `application/`. */
export const RESULT_TYPE = 'eat+jwt';

const StoredVerdict = z.object({
  status: z.enum(STATUSES),
  checks: z.array(z.object({ check: z.string(), outcome: z.string() })),
  findings: z.array(
    z.object({
      code: z.string(),
      severity: z.enum(['contraindicated', 'none', 'warning', 'info']),
    }),
  ),
  findingCounts: z.record(z.string(), z.number()),
  policy: z.object({
    name: z.string(),
    version: z.number().nullable(),
    digest: z.string().nullable(),
  }),
});

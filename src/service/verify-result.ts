// Checks a signed result as a relying party must: key, signature, times, profile, and every rule of
// its claims. RFC 7519 7.2; RFC 8725; draft-ietf-rats-ear-03; docs/results.md

import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { z } from 'zod';
import type { EarProfile } from '../results/ear.ts';
import { type Ear, readEar } from '../results/read-ear.ts';
import { RESULT_TYPE } from './attestation-result.ts';
import { ALGORITHM } from './result-keys.ts';

/** What the relying party knows. */
export interface Expected {
  /** The key set of the issuer, as JSON text. */
  readonly keySet: string;
  readonly now: Date;
  /** Absent: either profile. */
  readonly profile?: EarProfile | undefined;
  /** What it asked with; a result without it is not good. */
  readonly nonce?: string | undefined;
  /** Who it is. A result for somebody else, or for somebody when this is absent, is not good. */
  readonly audience?: string | undefined;
  readonly issuer?: string | undefined;
  /** Whom it asked about. Absent: whoever the result is about. */
  readonly attesterId?: string | undefined;
}

/** Whether a result is good, and if not, the first reason. */
export type ResultReading =
  | { readonly ok: true; readonly ear: Ear; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly reason: string };

/** Verifies a result. Nothing in it is believed before its signature. */
export async function verifyResult(token: string, expected: Expected): Promise<ResultReading> {
  const { audience, issuer, now } = expected;
  let claims: Readonly<Record<string, unknown>>;
  try {
    const verified = await jwtVerify(token, createLocalJWKSet(keySetOf(expected.keySet)), {
      algorithms: [ALGORITHM],
      typ: RESULT_TYPE,
      currentDate: now,
      clockTolerance: CLOCKS_DIFFER_SECONDS,
      requiredClaims: ['iat', 'exp'],
      ...(audience === undefined ? {} : { audience }),
      ...(issuer === undefined ? {} : { issuer }),
    });
    claims = verified.payload;
  } catch (error) {
    // Strangers write results and keys: whatever goes wrong with one, it is not good.
    return { ok: false, reason: error instanceof Error ? error.message : 'it cannot be read' };
  }
  const read = readEar(claims);
  if (!read.ok) return { ok: false, reason: read.problem };
  const reason = mismatch(read.ear, claims, expected);
  return reason === undefined ? { ok: true, ear: read.ear, claims } : { ok: false, reason };
}

function mismatch(
  ear: Ear,
  { aud }: Readonly<Record<string, unknown>>,
  { profile, nonce, audience, attesterId, now }: Expected,
): string | undefined {
  if (profile !== undefined && ear.profile !== profile) return 'it has another profile';
  if (nonce !== undefined && ear.nonce !== nonce) return 'it has another nonce, or none';
  // RFC 7519 4.1.3: who does not find itself in `aud` must refuse.
  if (audience === undefined && aud !== undefined) return 'it is for somebody: say who you are';
  if (ear.issuedAt > now.getTime() / 1000 + CLOCKS_DIFFER_SECONDS) return 'it is of the future';
  const isAbout = ear.appraisals.some((appraisal) => appraisal.attesterId === attesterId);
  return attesterId === undefined || isAbout ? undefined : 'it is about another attester';
}

function keySetOf(text: string): JSONWebKeySet {
  try {
    return KeySet.parse(JSON.parse(text));
  } catch {
    throw new errors.JWKSInvalid('the key set is not one (RFC 7517 5)');
  }
}

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });
const CLOCKS_DIFFER_SECONDS = 60;

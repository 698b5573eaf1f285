// A small fleet for store tests: an attester, a policy, a challenge and a verdict, made by hand.

import { randomUUID } from 'node:crypto';
import type { NewAttester } from '../../src/service/new-attester.ts';
import type { PolicyStore } from '../../src/service/policy-store.ts';
import type { Attester, Challenge, Decision } from '../../src/service/ports.ts';
import type { Verdict } from '../../src/verify/verdict.ts';

/** The moment from which these tests count. */
export const NOON = new Date('2031-05-03T12:00:00.000Z');

/** `seconds` after noon. */
export function after(seconds: number): Date {
  return new Date(NOON.getTime() + seconds * 1000);
}

/** An attester that is not kept yet. */
export function someAttester(at: Date = NOON): NewAttester {
  const identity = `sha256:${randomUUID()}`;
  return {
    id: randomUUID(),
    identity,
    akIdentity: identity,
    binding: 'asserted',
    ek: null,
    codes: ['ak.asserted'],
    ak: { bytes: new Uint8Array([0, 1, 2, 0xff]), encoding: 'tpmt-public' },
    labels: { env: 'prod' },
    enrolledAt: at,
  };
}

/** A challenge for it, issued at `at` and good for two minutes. */
export function someChallenge(attester: Pick<Attester, 'id'>, at: Date = NOON): Challenge {
  return {
    id: randomUUID(),
    attesterId: attester.id,
    nonce: new Uint8Array(32).fill(7),
    policy: { name: 'prod', version: 1 },
    referenceSets: { 'debian-12': 3 },
    keyrings: { vendor: 2 },
    timelineVersion: 0,
    fromIndex: 0,
    fromOffset: 0,
    issuedAt: at,
    expiresAt: new Date(at.getTime() + 120_000),
  };
}

/** A policy as a use case hands it to its store. */
export function published(policy: {
  readonly name: string;
  readonly digest: string;
  readonly document: string;
  readonly at: Date;
}): Parameters<PolicyStore['publish']>[0] {
  const entry = { at: policy.at, actor: AUTHOR.id, action: 'policy.publish', subject: policy.name };
  return { ...policy, by: AUTHOR, audit: (version) => ({ ...entry, detail: { version } }) };
}

/** Who uploads and activates in these tests. */
export const AUTHOR = { id: '7c9e6679-7425-40de-944b-e07fc1f90ae7', name: 'ada' };

/** What a verifier could have decided about it. */
export function someDecision(challenge: Challenge, overrides: Partial<Verdict> = {}): Decision {
  return {
    challenge,
    verdict: {
      id: randomUUID(),
      attesterId: challenge.attesterId,
      at: challenge.issuedAt.toISOString(),
      expiresAt: challenge.expiresAt.toISOString(),
      status: 'contraindicated',
      checks: [],
      findings: [],
      findingCounts: { 'quote.signature_invalid': 1, 'ima.truncated': 2 },
      coverage: { ima: null, boot: null },
      timeline: null,
      diagnosis: [],
      policy: { name: 'prod', version: 1, digest: 'sha256:00' },
      next: { fromIndex: 0, afterSeconds: 60 },
      ...overrides,
    },
    stateAfter: undefined,
    receivedAt: challenge.issuedAt,
    document: '{"z":1,"a":2}',
  };
}

// A made host whose quotes tests forge, and what must hold of a verdict over an attack.

import assert from 'node:assert/strict';
import type { FindingCode } from '../../src/findings/codes.ts';
import type { Finding } from '../../src/findings/finding.ts';
import type { AcceptancePolicy } from '../../src/policy/acceptance.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { SignatureScheme } from '../../src/quote/signature.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import type { VerdictBody, VerdictStatus } from '../../src/verify/verdict.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import type { Capture } from '../captures/load-capture.ts';
import {
  aggregateRecord,
  type DraftRecord,
  fileRecord,
  hash,
  join,
  replayRecords,
  writeList,
} from '../property/list-writer.ts';
import { BINARY_SEGMENT } from '../property/made-quote.ts';
import { MINIMAL_POLICY, parsed } from '../unit/policy-documents.ts';
import {
  type AttestFields,
  type MadeKey,
  makeEccKey,
  NONCE,
  signTpmt,
  writeAttest,
  writeEccPublic,
} from '../unit/tpm-writer.ts';

/** The attestation key of the made host. */
export const KEY = makeEccKey('P-256');
/** Its TPMT_PUBLIC. */
export const AK = writeEccPublic(KEY, { curve: '0003' });

/** What an honest host measured. */
export const RECORDS: readonly DraftRecord[] = [
  aggregateRecord(),
  fileRecord('/usr/bin/true', 'true'),
  fileRecord('/usr/bin/false', 'false'),
];

/** What differs from an honest quote over PCR 10 of bank SHA-256. */
export interface Forgery {
  /** What the TPM saw. */
  readonly records?: readonly DraftRecord[];
  /** What is sent as the list. */
  readonly sent?: readonly DraftRecord[];
  readonly attest?: AttestFields;
  readonly key?: MadeKey;
  readonly how?: { readonly scheme: SignatureScheme; readonly hash: 'sha1' | 'sha256' };
  readonly evidence?: Partial<Evidence>;
}

/** A quote and a list of the made host. */
export function madeCapture(forgery: Forgery = {}): Capture {
  const { records = RECORDS, sent = records, key = KEY } = forgery;
  const value = pcrAfter(records, 10);
  const attest = writeAttest({ pcrDigest: hash('sha256', value), ...forgery.attest });
  const how = forgery.how ?? { scheme: 'ecdsa', hash: 'sha256' };
  const evidence: Evidence = {
    ak: { bytes: AK, encoding: 'tpmt-public' },
    nonce: NONCE,
    quote: { attest, signature: { encoding: 'tpmt', bytes: signTpmt(key, attest, how) } },
    pcrValues: new Map([['sha256', new Map([[10, value]])]]),
    ima: { segments: [BINARY_SEGMENT], fromIndex: 0 },
    ...forgery.evidence,
  };
  return { evidence, segments: [writeList(sent)] };
}

/** A quote over several PCRs of bank SHA-256 at once, as they stand after `records`. */
export function quotedTogether(
  records: readonly DraftRecord[],
  pcrs: readonly number[],
  { sent = records }: { readonly sent?: readonly DraftRecord[] } = {},
): Capture {
  const values = pcrs.map((pcr) => [pcr, pcrAfter(records, pcr)] as const);
  const bitmap = pcrs.reduce((bits, pcr) => bits | (1 << pcr), 0);
  const bytes = [bitmap & 0xff, (bitmap >> 8) & 0xff, (bitmap >> 16) & 0xff];
  const selection = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const pcrDigest = hash('sha256', join(...values.map(([, value]) => value)));
  return madeCapture({
    records,
    sent,
    attest: { selections: [`000b03${selection}`], pcrDigest },
    evidence: { pcrValues: new Map([['sha256', new Map(values)]]) },
  });
}

/** SHA-256 bank of one PCR after `records`. */
export function pcrAfter(records: readonly DraftRecord[], pcr: number): Uint8Array {
  return replayRecords(records, { pcr, bank: 'sha256', extended: 'own-hash' });
}

/** The capture with other evidence in some places. */
export function withEvidence(capture: Capture, change: Partial<Evidence>): Capture {
  return { ...capture, evidence: { ...capture.evidence, ...change } };
}

/** The verdict; under the structural policy if none is given. */
export function verdictOf(
  { evidence, segments }: Capture,
  policy: AcceptancePolicy = STRUCTURAL_POLICY,
): VerdictBody {
  return verifyEvidence(evidence, segments, policy);
}

/** A policy as operators write it: PCR 10 of SHA-256, an asserted AK, no firmware log, and any file
 *  below /usr, unless `document` says otherwise. */
export function policyOf(document: object = {}): AcceptancePolicy {
  const compiled = compilePolicy(
    parsed({
      ...MINIMAL_POLICY,
      quote: { pcrs: [10] },
      attester: { asserted: 'accept' },
      boot: {
        eventLog: 'optional',
        secureBoot: 'optional',
        bootAggregate: { coverage: '0-7' },
      },
      ima: { measurements: [{ id: 'usr', path: '/usr/**', then: 'accept' }] },
      ...document,
    }),
    { sets: new Map(), version: null },
  );
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return compiled.policy;
}

/** What a verdict has to say. */
export interface Refusal {
  readonly code: FindingCode;
  /** contraindicated, unless said otherwise. */
  readonly status?: VerdictStatus;
  /** Every place that is named here is the place of the finding. */
  readonly where: Partial<Finding['where']>;
}

/** Fails unless the verdict has this status and a finding that bears it, with this code and
 *  place. */
export function assertRefused(verdict: VerdictBody, refusal: Refusal, what = ''): Finding {
  const { code, status = 'contraindicated', where } = refusal;
  const told = verdict.findings.map((one) => `${one.code} ${JSON.stringify(one.where)}`);
  const shown = `${what}: ${told.join('\n')}`;
  assert.equal(verdict.status, status, shown);
  const found = verdict.findings.find(
    (one) =>
      one.code === code &&
      Object.entries(where).every(([key, value]) => Object(one.where)[key] === value),
  );
  assert.ok(found, `${code} ${JSON.stringify(where)} is not in ${shown}`);
  assert.equal(found.severity, status, shown);
  return found;
}

/** Fails unless the verdict is affirming: what follows fails for the attack in it. */
export function assertAccepted(verdict: VerdictBody, status: VerdictStatus = 'affirming'): void {
  const told = verdict.findings.map(({ code, severity }) => `${code} ${severity}`);
  assert.equal(verdict.status, status, told.join('\n'));
}

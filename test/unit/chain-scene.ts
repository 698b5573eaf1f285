// A root, an intermediate and the certificate of an EK, for tests of paths between them.

import assert from 'node:assert/strict';
import type { Certificate } from '../../src/enroll/certificate.ts';
import { findChain } from '../../src/enroll/chain.ts';
import type { PathRules } from '../../src/enroll/judge-path.ts';
import { readRevocationList } from '../../src/enroll/revocation-list.ts';
import { TrustMaterial } from '../../src/enroll/trust-material.ts';
import {
  authority,
  type CertificateFields,
  EK_PURPOSE,
  extension,
  makeCertificate,
  type RevocationListFields,
  usage,
  writeRevocationList,
} from './certificate-writer.ts';
import { hex, makeEccKey } from './tpm-writer.ts';

/** Keys of the usual scene. */
export const ROOT_KEY = makeEccKey('P-384');
export const CA_KEY = makeEccKey('P-256');
export const OTHER_KEY = makeEccKey('P-256');
export const EK_KEY = makeEccKey('P-256');
export const RULES: PathRules = {
  part: 'ek',
  atMs: Date.parse('2026-06-01'),
  usageUnstated: 'info',
  weakSignature: 'warning',
};

/** The usual root, intermediate and leaf; a test replaces what it is about. */
export function root(fields: Partial<CertificateFields> = {}): Certificate {
  const extensions = [authority(), usage('06')];
  return makeCertificate({ subject: 'root', key: ROOT_KEY, extensions, ...fields });
}

export function ca(fields: Partial<CertificateFields> = {}): Certificate {
  const usual = { subject: 'ca', issuer: 'root', key: CA_KEY, signer: ROOT_KEY, serial: '07' };
  return makeCertificate({ ...usual, extensions: [authority(0), usage('06')], ...fields });
}

export function leaf(fields: Partial<CertificateFields> = {}): Certificate {
  const usual = { subject: 'ek', issuer: 'ca', key: EK_KEY, signer: CA_KEY, serial: '00ff' };
  return makeCertificate({ ...usual, extensions: [EK_PURPOSE, usage('08')], ...fields });
}

export interface Uploaded {
  readonly anchors?: readonly Certificate[];
  readonly intermediates?: readonly Certificate[];
  readonly lists?: readonly RevocationListFields[];
}

export function outcomeOf(certificate: Certificate, uploaded: Uploaded = {}, rules = RULES) {
  const { anchors = [root()], intermediates = [ca()], lists = [] } = uploaded;
  const revocationLists = lists.map((fields) => {
    const reading = readRevocationList(writeRevocationList(fields));
    assert.ok(reading.ok);
    return reading.value;
  });
  const material = new TrustMaterial({ anchors, intermediates, revocationLists });
  const outcome = findChain(certificate, material, rules);
  const refusals = outcome.findings.filter(({ severity }) => severity === 'contraindicated');
  assert.equal(outcome.trusted, refusals.length === 0);
  return outcome;
}

/** Code and field of each finding. */
export function findingsOf(
  certificate: Certificate,
  uploaded: Uploaded = {},
  rules = RULES,
): string[] {
  const { findings } = outcomeOf(certificate, uploaded, rules);
  return findings.map(({ code, where }) => `${code} ${where.field}`);
}

export const UNTRUSTED = 'ek.chain_untrusted path';

/** A critical extension that nobody knows. */
export const UNKNOWN = extension('2b060104018f65', hex('0500'));

// Every certificate of the evidence, against the table of what becomes of it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { type Certificate, readCertificate } from '../../src/enroll/certificate.ts';
import { type ChainOutcome, findChain } from '../../src/enroll/chain.ts';
import { type EndorsementKey, readEk } from '../../src/enroll/ek.ts';
import { judgeEndorsement } from '../../src/enroll/endorse.ts';
import type { PathRules } from '../../src/enroll/judge-path.ts';
import { readPemBundle } from '../../src/enroll/pem.ts';
import { TrustMaterial } from '../../src/enroll/trust-material.ts';
import { type Row, TABLE, type Uploaded, VENDOR_BUNDLE } from './certificate-table.ts';
import { evidenceFolders } from './load-capture.ts';

const IS_CERTIFICATE =
  /(?:\.cer|\.crt(?:\.pem|\.der)?|cert\.pem|cert\.der|imakey\.der|-certificates\.pem)$|\/ek-cert-/;

for (const folder of evidenceFolders()) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const certificates = files.filter((file) => IS_CERTIFICATE.test(file));

  describe(`certificates below ${path.basename(folder)}`, () => {
    test('each file stands in the table', () => {
      assert.ok(certificates.length > 60);
      const named = new Set([
        ...TABLE.flatMap(({ file }) => matching(certificates, file)),
        ...VENDOR_BUNDLE.uploaded.anchors,
        ...VENDOR_BUNDLE.uploaded.intermediates,
      ]);
      assert.deepEqual(
        certificates.filter((file) => !named.has(file)),
        [],
      );
    });

    for (const row of TABLE) {
      const verdict = row.codes.join(', ') || 'trusted';
      test(`${row.file} as ${row.as} on ${row.on}: ${verdict}`, () => {
        const found = matching(certificates, row.file);
        assert.ok(found.length > 0);
        for (const file of found) judgeFile(folder, file, row);
      });
    }

    test('intermediates of all vendors lead to their roots', () => judgeVendors(folder));
    test('an EK certificate is for one EK of its TPM', () => judgeEks(folder, certificates));
  });
}

function judgeFile(folder: string, file: string, row: Row): void {
  const [certificate] = read(path.join(folder, file));
  assert.ok(certificate);
  const outcome = chain(folder, certificate, { ...row, file });
  // An authority is no certificate of a key of a TPM; what counts is that nothing else is wrong.
  const own = row.as === 'authority' ? ['usage_unsuitable', 'usage_unstated'] : [];
  const codes = codesOf(outcome).filter((code) => !own.includes(code));
  assert.deepEqual(codes, row.codes, file);
  assert.equal(outcome.trusted ? outcome.path.length : undefined, row.path, file);
}

function judgeVendors(folder: string): void {
  const { uploaded, on } = VENDOR_BUNDLE;
  const material = materialOf(folder, uploaded, '');
  const intermediates = uploaded.intermediates.flatMap((file) => read(path.join(folder, file)));
  const anchors = uploaded.anchors.flatMap((file) => read(path.join(folder, file)));
  assert.equal(anchors.length, VENDOR_BUNDLE.anchors);
  assert.equal(intermediates.length, VENDOR_BUNDLE.intermediates);
  const lost = intermediates.filter((certificate) => {
    const outcome = findChain(certificate, material, rules('ek', on));
    return codesOf(outcome).includes('chain_untrusted');
  });
  assert.equal(intermediates.length - lost.length, VENDOR_BUNDLE.trusted);
  assert.deepEqual([...new Set(lost.map(({ issuer }) => issuer))], [VENDOR_BUNDLE.missing]);
}

/** The certificates of a capture are for its RSA and its P-384 EK; the P-256 EK has none. */
function judgeEks(folder: string, certificates: readonly string[]): void {
  for (const name of ['rsa2048', 'p384'] as const) {
    for (const file of matching(certificates, `NN/boot1/keys/ek-cert-${name}.der`)) {
      const uploaded = TABLE[0]?.uploaded ?? { anchors: [], intermediates: [] };
      const material = materialOf(folder, uploaded, file);
      const certificate = bytesOf(path.join(folder, file));
      const judge = (ek: EndorsementKey) =>
        judgeEndorsement({ certificate, key: ek.key }, material, rules('ek', '2027-01-01'));
      const keys = path.join(folder, path.dirname(file));
      const own = judge(ekOf(path.join(keys, name === 'p384' ? 'ek-p384.pub' : 'ek-rsa.pub')));
      assert.ok(own.endorsed, file);
      const foreign = judge(ekOf(path.join(keys, 'ek-ecc.pub')));
      assert.deepEqual(
        [foreign.endorsed, ...foreign.findings.map(({ code, actual }) => `${code}: ${actual}`)],
        [false, `ek.certificate_mismatch: ${name === 'p384' ? 'ECC P-384' : 'RSA 2048'}`],
      );
    }
  }
}

function chain(folder: string, certificate: Certificate, row: Row): ChainOutcome {
  const part = row.as === 'ak' ? 'ak' : 'ek';
  const material = materialOf(folder, row.uploaded, row.file);
  return findChain(certificate, material, rules(part, row.on));
}

function rules(part: 'ek' | 'ak', on: string): PathRules {
  return { part, atMs: Date.parse(on), usageUnstated: 'info', weakSignature: 'warning' };
}

/** Uploaded files, `NN` being the scenario of `file`. */
function materialOf(folder: string, { anchors, intermediates }: Uploaded, file: string) {
  const scenario = file.split('/')[0] ?? '';
  const all = (names: readonly string[]) =>
    names.flatMap((name) => read(path.join(folder, name.replace('NN', scenario))));
  const parts = { anchors: all(anchors), intermediates: all(intermediates) };
  return new TrustMaterial({ ...parts, revocationLists: [] });
}

function read(file: string): Certificate[] {
  const bytes = bytesOf(file);
  const isDer = bytes[0] === 0x30;
  const bundle = isDer
    ? { ok: true as const, value: [bytes] }
    : readPemBundle(bytes, 'CERTIFICATE');
  assert.ok(bundle.ok, file);
  return bundle.value.map((der) => {
    const reading = readCertificate(der);
    assert.ok(reading.ok, file);
    return reading.value;
  });
}

function ekOf(file: string): EndorsementKey {
  const reading = readEk(bytesOf(file), 'tpm2b-public');
  assert.ok(reading.ok, file);
  return reading.ek;
}

function codesOf({ findings }: ChainOutcome): string[] {
  return findings.map(({ code }) => code.replace(/^[ea]k\./, ''));
}

function matching(files: readonly string[], pattern: string): string[] {
  const scenario = pattern.replace(/^(?:NN|IMA)\//, '');
  if (scenario === pattern) return files.filter((file) => file === pattern);
  return files.filter((file) => /^\d\d-/.test(file) && file.endsWith(`/${scenario}`));
}

function bytesOf(file: string): Uint8Array {
  return new Uint8Array(readFileSync(file));
}

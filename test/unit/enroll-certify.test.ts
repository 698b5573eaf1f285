// TPM2_Certify: the captured statement of one AK about another, and each change that refuses it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concatBytes } from '../../src/bytes/encoding.ts';
import { readSpki } from '../../src/crypto/public-key.ts';
import { prepareKey } from '../../src/crypto/signature.ts';
import { readAk } from '../../src/enroll/ak.ts';
import { type Certification, judgeCertification } from '../../src/enroll/certify.ts';
import { testFile } from './evidence-files.ts';
import { hex, makeEccKey, signTpmt } from './tpm-writer.ts';

const KEYS = 'evidence/01-ima-ng-tcb/boot1/keys';
const ATTEST = testFile(`${KEYS}/certify-ecdsa-by-rsassa.attest`);
const SIGNATURE = testFile(`${KEYS}/certify-ecdsa-by-rsassa.sig`);

function ak(name: string) {
  const reading = readAk({ bytes: testFile(`${KEYS}/ak-${name}.pub`), encoding: 'tpm2b-public' });
  assert.ok(reading.ok);
  return reading.ak;
}

const CERTIFICATION: Certification = {
  attest: ATTEST,
  signature: { encoding: 'tpmt', bytes: SIGNATURE },
  by: ak('rsassa'),
  name: testFile('vectors/keys/ak-ecdsa.name'),
  nonce: hex('00ff55aa'),
};

function codes(changes: Partial<Certification> = {}): string[] {
  const findings = judgeCertification({ ...CERTIFICATION, ...changes });
  assert.ok(findings.every(({ severity }) => severity === 'contraindicated'));
  return findings.map(({ code }) => code);
}

/** `bytes` with one bit of the byte at `at` changed. */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}

test('the captured certification holds', () => assert.deepEqual(codes(), []));

describe('refused: ', () => {
  const cases: readonly (readonly [string, Partial<Certification>, readonly string[]])[] = [
    [
      'another key certified',
      { name: testFile('vectors/keys/ak-rsapss.name') },
      ['ak.certify_name_mismatch'],
    ],
    ['another nonce', { nonce: hex('00ff55ab') }, ['ak.certify_nonce_mismatch']],
    ['a nonce cut short', { nonce: hex('00ff55') }, ['ak.certify_nonce_mismatch']],
    ['another signer', { by: ak('rsapss') }, ['ak.certify_signature_invalid']],
    ['a signer of another kind', { by: ak('ecdsa') }, ['ak.certify_signature_invalid']],
    [
      'a quote',
      { attest: testFile('evidence/01-ima-ng-tcb/q01-rsassa-pcr10/quote.msg') },
      ['ak.certify_type_wrong'],
    ],
    ['foreign bytes', { attest: flipped(ATTEST, 0) }, ['ak.certify_type_wrong']],
    ['a statement cut short', { attest: ATTEST.slice(0, -1) }, ['ak.certify_malformed']],
    ['a statement of nothing', { attest: new Uint8Array() }, ['ak.certify_malformed']],
    [
      'bytes behind the statement',
      { attest: concatBytes(ATTEST, hex('00')) },
      ['ak.certify_malformed'],
    ],
    [
      'a broken signature',
      { signature: { encoding: 'tpmt', bytes: SIGNATURE.slice(1) } },
      ['ak.certify_signature_invalid'],
    ],
    [
      'a signature cut short',
      { signature: { encoding: 'tpmt', bytes: SIGNATURE.slice(0, 9) } },
      ['ak.certify_malformed'],
    ],
  ];
  for (const [what, changes, expected] of cases) {
    test(what, () => assert.deepEqual(codes(changes), expected));
  }

  test('any bit changed', () => {
    for (let at = 0; at < ATTEST.byteLength; at += 1) {
      assert.notDeepEqual(codes({ attest: flipped(ATTEST, at) }), [], `${at}`);
    }
    for (let at = 0; at < SIGNATURE.byteLength; at += 1) {
      const signature = { encoding: 'tpmt', bytes: flipped(SIGNATURE, at) } as const;
      assert.notDeepEqual(codes({ signature }), [], `${at}`);
    }
  });

  test('a signature over SHA-1, though it is one', () => {
    const made = makeEccKey('P-256');
    const der = new Uint8Array(made.publicKey.export({ type: 'spki', format: 'der' }));
    const spki = readSpki(der);
    const key = spki.state === 'key' ? prepareKey(spki.key) : undefined;
    assert.ok(key);
    const sign = (hash: 'sha1' | 'sha256') =>
      ({ encoding: 'tpmt', bytes: signTpmt(made, ATTEST, { scheme: 'ecdsa', hash }) }) as const;
    assert.deepEqual(codes({ by: { key }, signature: sign('sha256') }), []);
    assert.deepEqual(codes({ by: { key }, signature: sign('sha1') }), ['ak.certify_hash_refused']);
  });
});

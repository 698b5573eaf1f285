// Attempts to pass for another machine: keys of other TPMs, certificates that prove nothing, and
// statements about other keys. FORMATS 14.3 to 14.5, 17. What the service makes of them is in
// service.test.ts and activation.test.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { concatBytes } from '../../src/bytes/encoding.ts';
import { digest } from '../../src/crypto/digest.ts';
import { readAk } from '../../src/enroll/ak.ts';
import { judgeCertification } from '../../src/enroll/certify.ts';
import { judgeEk, readEk } from '../../src/enroll/ek.ts';
import { judgeEndorsement } from '../../src/enroll/endorse.ts';
import { TrustMaterial } from '../../src/enroll/trust-material.ts';
import { loadCapture } from '../captures/load-capture.ts';
import { flipByte } from '../tamper/tampering.ts';
import { authority, usage } from '../unit/certificate-writer.ts';
import {
  ca,
  EK_KEY,
  findingsOf,
  leaf,
  OTHER_KEY,
  outcomeOf,
  RULES,
  root,
  UNKNOWN,
} from '../unit/chain-scene.ts';
import { testFile } from '../unit/evidence-files.ts';
import { hex, makeEccKey, writeEccPublic } from '../unit/tpm-writer.ts';
import { AK, assertAccepted, assertRefused, verdictOf, withEvidence } from './scene.ts';

const UNTRUSTED = 'ek.chain_untrusted path';
const KEYS = 'evidence/01-ima-ng-tcb/boot1/keys';

describe('attacks on identity', () => {
  it('the attestation key of another TPM', async () => {
    const capture = await loadCapture('01-ima-ng-tcb/q01-rsassa-pcr10');
    assertAccepted(verdictOf(capture));
    const { ak } = (await loadCapture('03-ima-buf/q01-rsassa-pcr10')).evidence;
    assertRefused(verdictOf(withEvidence(capture, { ak })), {
      code: 'quote.signature_invalid',
      where: { part: 'quote', field: 'signature' },
    });
  });

  it('another attestation key of the same TPM than the one that was enrolled', async () => {
    const capture = await loadCapture('01-ima-ng-tcb/q01-rsassa-pcr10');
    assertAccepted(verdictOf(capture));
    const { ak } = (await loadCapture('01-ima-ng-tcb/q02-ecdsa-pcr10')).evidence;
    assertRefused(verdictOf(withEvidence(capture, { ak })), {
      code: 'quote.scheme_mismatch',
      where: { part: 'quote', field: 'signature.sigAlg' },
    });
  });

  it('a certificate chain without an anchor', () => {
    assert.deepEqual(findingsOf(leaf()), []);
    assert.deepEqual(findingsOf(leaf(), { anchors: [] }), [
      'ek.issuer_missing path[1].issuer',
      UNTRUSTED,
    ]);
    assert.ok(!outcomeOf(leaf(), { anchors: [] }).trusted);
  });

  it('a certificate out of date', () => {
    assert.deepEqual(findingsOf(leaf({ notAfter: '2026-06-02' })), []);
    assert.deepEqual(findingsOf(leaf({ notAfter: '2026-05-31' })), ['ek.expired path[0].notAfter']);
    assert.deepEqual(findingsOf(leaf({ notBefore: '2026-06-02' })), [
      'ek.not_yet_valid path[0].notBefore',
    ]);
  });

  it('an issuer without the CA flag', () => {
    const bare = { intermediates: [ca({ extensions: [usage('06')] })] };
    assert.deepEqual(findingsOf(leaf(), { intermediates: [ca()] }), []);
    assert.deepEqual(findingsOf(leaf(), bare), [
      'ek.issuer_unsuitable path[1].basicConstraints',
      UNTRUSTED,
    ]);
  });

  it('an unknown critical extension', () => {
    const critical = { intermediates: [ca({ extensions: [authority(0), usage('06'), UNKNOWN] })] };
    assert.deepEqual(findingsOf(leaf(), { intermediates: [ca()] }), []);
    assert.deepEqual(findingsOf(leaf(), critical), [
      'ek.extension_not_understood path[1].extensions',
      UNTRUSTED,
    ]);
  });

  it('a false authority of the same name', () => {
    assert.deepEqual(findingsOf(leaf()), []);
    const fake = { intermediates: [ca({ key: OTHER_KEY, signer: OTHER_KEY })] };
    assert.deepEqual(findingsOf(leaf({ signer: OTHER_KEY }), fake), [
      'ek.chain_signature_invalid path[1].signature',
      UNTRUSTED,
    ]);
    assert.deepEqual(findingsOf(leaf({ signer: OTHER_KEY })), [
      'ek.chain_signature_invalid path[0].signature',
      UNTRUSTED,
    ]);
  });

  it('the certificate of another EK', () => {
    const material = new TrustMaterial({
      anchors: [root()],
      intermediates: [ca()],
      revocationLists: [],
    });
    const keyOf = (made: typeof EK_KEY) => {
      const reading = readAk({
        bytes: writeEccPublic(made, { curve: '0003' }),
        encoding: 'tpmt-public',
      });
      assert.ok(reading.ok);
      return reading.ak.key.publicKey;
    };
    const endorsed = (made: typeof EK_KEY) =>
      judgeEndorsement({ certificate: leaf().der, key: keyOf(made), sent: [] }, material, RULES);
    assert.ok(endorsed(EK_KEY).endorsed);
    const refused = endorsed(OTHER_KEY);
    assert.ok(!refused.endorsed);
    assert.deepEqual(
      refused.findings.map(({ code, where }) => `${code} ${where.field}`),
      ['ek.certificate_mismatch path[0].subjectPublicKeyInfo'],
    );
  });

  it('an EK that is none: it signs, or leaves its TPM', () => {
    const area = testFile(`${KEYS}/ek-ecc.pub`);
    const judged = (attributes: string) => {
      const changed = area.map((byte, index) => hex(attributes)[index - 6] ?? byte);
      const reading = readEk(changed, 'tpm2b-public');
      assert.ok(reading.ok, JSON.stringify(reading));
      return judgeEk(reading.ek).map(({ code, where }) => `${code} ${where.field}`);
    };
    assert.deepEqual(judged('000300b2'), []);
    for (const attributes of ['000700b2', '000300b0', '000300a2', '000200b2', '00030092']) {
      const expected = ['ek.attributes_unsuitable objectAttributes'];
      assert.deepEqual(judged(attributes), expected, attributes);
    }
  });

  it('a statement about another key, presented for this one', () => {
    const reading = readAk({ bytes: testFile(`${KEYS}/ak-rsassa.pub`), encoding: 'tpm2b-public' });
    assert.ok(reading.ok);
    const statement = {
      attest: testFile(`${KEYS}/certify-ecdsa-by-rsassa.attest`),
      signature: {
        encoding: 'tpmt',
        bytes: testFile(`${KEYS}/certify-ecdsa-by-rsassa.sig`),
      },
      by: reading.ak,
      name: testFile('vectors/keys/ak-ecdsa.name'),
    } as const;
    assert.deepEqual(judgeCertification(statement), []);
    const foreign = concatBytes(hex('000b'), digest('sha256', AK) ?? hex(''));
    const told = (change: object) =>
      judgeCertification({ ...statement, ...change }).map(({ code }) => code);
    assert.deepEqual(told({ name: foreign }), ['ak.certify_name_mismatch']);
    assert.deepEqual(told({ attest: flipByte(statement.attest, 40) }).slice(-1), [
      'ak.certify_signature_invalid',
    ]);
    assert.deepEqual(told({ by: otherAk() }), ['ak.certify_signature_invalid']);
  });
});

function otherAk() {
  const bytes = writeEccPublic(makeEccKey('P-256'), { curve: '0003' });
  const reading = readAk({ bytes, encoding: 'tpmt-public' });
  assert.ok(reading.ok);
  return reading.ak;
}

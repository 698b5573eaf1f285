// Signatures of certificates by the names that X.509 has for their algorithms.

import assert from 'node:assert/strict';
import { constants, type KeyObject, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { asciiBytes, concatBytes } from '../../src/bytes/encoding.ts';
import { certificateAlgorithm, isSignedBy } from '../../src/crypto/certificate-signature.ts';
import { readSpki } from '../../src/crypto/public-key.ts';
import { prepareKey } from '../../src/crypto/signature.ts';
import { hex, type MadeKey, makeEccKey, makeRsaKey } from './tpm-writer.ts';

const RSA = makeRsaKey(2048);
const ECC = makeEccKey('P-256');
const TBS = asciiBytes('to be signed');
const PSS = '06092a864886f70d01010a';
/** hashAlgorithm SHA-256, MGF1 with SHA-256, salt of 32 bytes. */
const PSS_SHA256 =
  `3041${PSS}3034a00f300d06096086480165030402010500` +
  'a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120';

function verifying(made: MadeKey) {
  const spki = readSpki(new Uint8Array(made.publicKey.export({ type: 'spki', format: 'der' })));
  const key = spki.state === 'key' ? prepareKey(spki.key) : undefined;
  assert.ok(key);
  return key;
}

function signPss(key: KeyObject, hash: string): Uint8Array {
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return new Uint8Array(sign(hash, TBS, { key, padding, saltLength: 32 }));
}

describe('RSASSA-PSS', () => {
  test('takes its hash from the parameters', () => {
    const algorithm = hex(PSS_SHA256);
    assert.deepEqual(certificateAlgorithm(algorithm), { scheme: 'rsapss', hash: 'sha256' });
    const signature = signPss(RSA.privateKey, 'sha256');
    assert.ok(isSignedBy(verifying(RSA), { tbs: TBS, algorithm, signature }));
    const other = { tbs: concatBytes(TBS, hex('00')), algorithm, signature };
    assert.ok(!isSignedBy(verifying(RSA), other));
    assert.ok(!isSignedBy(verifying(ECC), { tbs: TBS, algorithm, signature }));
  });

  test('means SHA-1 where it names no hash', () => {
    const expected = { scheme: 'rsapss', hash: 'sha1' };
    assert.deepEqual(certificateAlgorithm(hex(`300d${PSS}3000`)), expected);
    assert.deepEqual(certificateAlgorithm(hex(`300b${PSS}`)), expected);
  });

  test('is not checked with a hash that is not known', () => {
    const algorithm = hex(PSS_SHA256.replace('608648016503040201', '608648016503040209'));
    assert.equal(certificateAlgorithm(algorithm), undefined);
  });
});

describe('refused: ', () => {
  const good = {
    tbs: TBS,
    algorithm: hex('300a06082a8648ce3d040302'),
    signature: new Uint8Array(sign('sha256', TBS, ECC.privateKey)),
  };

  test('nothing of a good ECDSA signature', () => assert.ok(isSignedBy(verifying(ECC), good)));

  for (const [what, changes] of [
    ['another hash', { algorithm: hex('300a06082a8648ce3d040303') }],
    ['an algorithm that is not known', { algorithm: hex('300506032b6570') }],
    ['MD5 with RSA', { algorithm: hex('300d06092a864886f70d0101040500') }],
    ['no algorithm', { algorithm: hex('0500') }],
    ['a signature that is no Ecdsa-Sig-Value', { signature: hex('3000') }],
    ['bytes behind the signature', { signature: concatBytes(good.signature, hex('00')) }],
    ['no signature', { signature: new Uint8Array() }],
  ] as const) {
    test(what, () => assert.ok(!isSignedBy(verifying(ECC), { ...good, ...changes })));
  }
});

// Credentials: the vectors of the formats, and what another TPM or a changed Name would see.

import assert from 'node:assert/strict';
import { constants, createECDH, privateDecrypt } from 'node:crypto';
import { describe, test } from 'node:test';
import { asciiBytes, concatBytes, toHex } from '../../src/bytes/encoding.ts';
import { digest } from '../../src/crypto/digest.ts';
import { encryptOaep } from '../../src/crypto/encrypt.ts';
import { kdfa, kdfe } from '../../src/crypto/key-derivation.ts';
import { readSpki } from '../../src/crypto/public-key.ts';
import {
  CREDENTIAL_ENTROPY_BYTES,
  credentialFile,
  makeCredential,
  protect,
} from '../../src/enroll/credential.ts';
import { type EndorsementKey, readEk } from '../../src/enroll/ek.ts';
import { isSecretOf, secretDigest } from '../../src/enroll/fingerprint.ts';
import { testFile } from './evidence-files.ts';
import { hex, makeEccKey, makeRsaKey } from './tpm-writer.ts';

const KEYS = 'evidence/01-ima-ng-tcb/boot1/keys';
const AK_NAME = concatBytes(hex('000b'), digest('sha256', asciiBytes('example-ak')) ?? hex(''));
const CREDENTIAL = Uint8Array.from({ length: 16 }, (_, index) => 0xc0 + index);
const SEED = Uint8Array.from({ length: 32 }, (_, index) => index);
const ENTROPY = Uint8Array.from({ length: CREDENTIAL_ENTROPY_BYTES }, (_, index) => index);
const LABEL = asciiBytes('IDENTITY\0');

function ek(name: string): EndorsementKey {
  const reading = readEk(testFile(`${KEYS}/ek-${name}.pub`), 'tpm2b-public');
  assert.ok(reading.ok);
  return reading.ek;
}

test('the inner part is the vector of FORMATS 18.5', () => {
  const what = { akName: AK_NAME, credential: CREDENTIAL };
  const idObject = protect({ hash: 'sha256', symmetricBits: 128 }, SEED, what);
  assert.equal(
    toHex(idObject),
    '00340020' +
      '4f9f74a74d36e293f3790cfaa2aa21cfcfb88c30a40f2f7d8a7571c7e314a14e' +
      '0cd7f8e9fd44a1c228cbf9866b338be5f9c9',
  );
});

test('KDFa gives the keys of FORMATS 18.5', () => {
  const none = new Uint8Array();
  const storage = { label: 'STORAGE', u: AK_NAME, v: none, bits: 128 };
  assert.equal(toHex(kdfa('sha256', SEED, storage)), 'a72dc84c26b77afc7c88cd07c9f87b6a');
  const integrity = { label: 'INTEGRITY', u: none, v: none, bits: 256 };
  assert.equal(
    toHex(kdfa('sha256', SEED, integrity)),
    'bacf689f634ece301e1f1b15b072d9c87db6a69585db42b1a0cb8f73ebe2692e',
  );
});

test('OAEP opens with the private key and the label of TPMs alone', () => {
  for (const bits of [2048, 3072]) {
    const made = makeRsaKey(bits);
    const spki = readSpki(new Uint8Array(made.publicKey.export({ type: 'spki', format: 'der' })));
    assert.ok(spki.state === 'key' && spki.key.kind === 'rsa');
    const sealed = encryptOaep(spki.key, SEED, { hash: 'sha256', label: LABEL, seed: SEED });
    assert.ok(sealed);
    const open = (oaepLabel: Uint8Array) => {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const key = { key: made.privateKey, padding, oaepHash: 'sha256', oaepLabel };
      return new Uint8Array(privateDecrypt(key, sealed));
    };
    assert.deepEqual(open(LABEL), SEED);
    assert.throws(() => open(asciiBytes('IDENTITY')));
    const tooLong = new Uint8Array(bits / 8);
    const how = { hash: 'sha256', label: LABEL, seed: SEED } as const;
    assert.equal(encryptOaep(spki.key, tooLong, how), undefined);
  }
});

for (const [name, curve, hash] of [
  ['P-256', 'prime256v1', 'sha256'],
  ['P-384', 'secp384r1', 'sha384'],
] as const) {
  test(`the holder of an EK on ${name} comes to the same seed`, () => {
    const made = makeEccKey(name);
    const { x = '', y = '', d = '' } = made.privateKey.export({ format: 'jwk' });
    const [ekX, ekY] = [x, y].map((text) => new Uint8Array(Buffer.from(text, 'base64url')));
    assert.ok(ekX && ekY);
    const key = { kind: 'ecc', curve: name === 'P-256' ? 'p256' : 'p384', x: ekX, y: ekY } as const;
    const holder = { ...ek('ecc'), key, hash };
    const request = { ek: holder, akName: AK_NAME, credential: CREDENTIAL, entropy: ENTROPY };
    const credential = makeCredential(request);
    assert.ok(credential);
    const size = ekX.byteLength;
    const point = credential.encryptedSecret.slice(2);
    const [sentX, sentY] = [point.slice(2, 2 + size), point.slice(4 + size)];
    const ecdh = createECDH(curve);
    ecdh.setPrivateKey(d, 'base64url');
    const z = new Uint8Array(ecdh.computeSecret(concatBytes(hex('04'), sentX, sentY)));
    const bits = hash === 'sha256' ? 256 : 384;
    const seed = kdfe(hash, z, { label: 'IDENTITY', u: sentX, v: ekX, bits });
    const what = { akName: AK_NAME, credential: CREDENTIAL };
    assert.deepEqual(credential.idObject, protect(holder, seed, what));
  });
}

describe('a credential', () => {
  const request = { akName: AK_NAME, credential: CREDENTIAL, entropy: ENTROPY };

  test('has the sizes that a TPM made for the same EKs', () => {
    for (const [name, file] of [
      ['rsa', 'activation-rsa-rsassa'],
      ['ecc', 'activation-ecc-ecdsa'],
    ] as const) {
      const captured = testFile(`${KEYS}/${file}-credential.bin`);
      const credential = testFile(`${KEYS}/activation-${name}-secret.bin`);
      const made = makeCredential({ ...request, ek: ek(name), credential });
      assert.ok(made);
      const bytes = credentialFile(made);
      assert.equal(bytes.byteLength, captured.byteLength);
      assert.deepEqual(bytes.slice(0, 12), captured.slice(0, 12));
    }
  });

  test('is the same for the same randomness, and another for another Name or randomness', () => {
    const made = (changes: Partial<typeof request>) =>
      toHex(
        credentialFile(makeCredential({ ek: ek('rsa'), ...request, ...changes }) ?? assert.fail()),
      );
    assert.equal(made({}), made({}));
    assert.notEqual(made({ akName: concatBytes(AK_NAME.slice(0, 33), hex('00')) }), made({}));
    assert.notEqual(made({ entropy: new Uint8Array(CREDENTIAL_ENTROPY_BYTES) }), made({}));
  });

  test('cannot be asked for with too little randomness or a short secret', () => {
    for (const change of [
      { entropy: ENTROPY.slice(1) },
      { credential: CREDENTIAL.slice(1) },
      { credential: new Uint8Array(33) },
      { akName: new Uint8Array() },
    ]) {
      assert.throws(() => makeCredential({ ek: ek('rsa'), ...request, ...change }), RangeError);
    }
  });

  test('is answered by itself alone', () => {
    const kept = secretDigest(CREDENTIAL);
    assert.ok(isSecretOf(CREDENTIAL.slice(), kept));
    for (const answer of [
      CREDENTIAL.slice(1),
      new Uint8Array(),
      concatBytes(CREDENTIAL, hex('00')),
      CREDENTIAL.map((byte, index) => (index === 15 ? byte ^ 1 : byte)),
    ]) {
      assert.ok(!isSecretOf(answer, kept));
    }
    assert.ok(!isSecretOf(new Uint8Array(), new Uint8Array()));
  });
});

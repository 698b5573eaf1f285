// SubjectPublicKeyInfo: which keys are read, which are unsupported, which are malformed.

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../../src/bytes/encoding.ts';
import { coordinateBytes, jwkOf, readSpki } from '../../src/crypto/public-key.ts';
import { makeEccKey } from './tpm-writer.ts';

function der(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

/** A key of any odd number as its modulus: nobody has to sign with it. */
function rsaKey(modulusBytes: number, e: string): KeyObject {
  const n = Buffer.alloc(modulusBytes, 0xff).toString('base64url');
  return createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
}

describe('keys that are read', () => {
  for (const [name, curve] of [
    ['P-256', 'p256'],
    ['P-384', 'p384'],
    ['P-521', 'p521'],
  ] as const) {
    test(name, () => {
      const { publicKey } = makeEccKey(name);
      const reading = readSpki(der(publicKey));
      assert.ok(reading.state === 'key' && reading.key.kind === 'ecc');
      assert.equal(reading.key.curve, curve);
      assert.equal(reading.key.x.byteLength, coordinateBytes(curve));
      assert.equal(reading.key.y.byteLength, coordinateBytes(curve));
      assert.deepEqual(jwkOf(reading.key), publicKey.export({ format: 'jwk' }));
    });
  }

  for (const publicExponent of [3, 65_537]) {
    test(`RSA with exponent ${publicExponent}`, () => {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent });
      const reading = readSpki(der(publicKey));
      assert.ok(reading.state === 'key' && reading.key.kind === 'rsa');
      assert.deepEqual([reading.key.bits, reading.key.exponent], [2048, publicExponent]);
      assert.deepEqual(jwkOf(reading.key), publicKey.export({ format: 'jwk' }));
    });
  }
});

describe('keys that are not supported', () => {
  const made: readonly (readonly [string, KeyObject])[] = [
    ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey],
    ['brainpool', generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).publicKey],
    ['Ed25519', generateKeyPairSync('ed25519').publicKey],
    ['rsa-pss', generateKeyPairSync('rsa-pss', { modulusLength: 1024 }).publicKey],
    ['RSA of more than 4096 bits', rsaKey(513, 'AQAB')],
    ['RSA with an exponent of 33 bits', rsaKey(128, 'AQAAAAE')],
  ];
  for (const [name, publicKey] of made) {
    test(name, () => assert.equal(readSpki(der(publicKey)).state, 'unsupported'));
  }
});

describe('bytes that are no key', () => {
  const good = der(makeEccKey('P-256').publicKey);

  test('any cut', () => {
    for (let size = 0; size < good.byteLength; size += 1) {
      assert.equal(readSpki(good.slice(0, size)).state, 'malformed', `${size}`);
    }
  });

  test('a byte behind it', () => {
    const reading = readSpki(concatBytes(good, new Uint8Array(1)));
    assert.ok(reading.state === 'malformed');
    assert.deepEqual(
      [reading.malformed.kind, reading.malformed.offsetBytes],
      ['left-over', good.byteLength],
    );
  });

  test('a point off its curve', () => {
    const bad = new Uint8Array(good);
    bad[bad.byteLength - 1] = (bad[bad.byteLength - 1] ?? 0) ^ 1;
    assert.equal(readSpki(bad).state, 'malformed');
  });

  test('any bytes return', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => void readSpki(bytes)));
    const at = fc.nat({ max: good.byteLength - 1 });
    fc.assert(
      fc.property(at, fc.nat({ max: 255 }), (index, byte) => {
        const bytes = new Uint8Array(good);
        bytes[index] = byte;
        readSpki(bytes);
      }),
    );
  });
});

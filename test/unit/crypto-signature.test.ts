// Signatures of every scheme and curve, made here; each acceptance beside its refusals.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concatBytes, leftPadded } from '../../src/bytes/encoding.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import { type PublicKey, readSpki, rsaPublicKey } from '../../src/crypto/public-key.ts';
import { prepareKey, type Signature, type VerifyingKey } from '../../src/crypto/signature.ts';
import { type EccName, type MadeKey, makeEccKey, makeRsaKey, signBare } from './tpm-writer.ts';

const MESSAGE = new Uint8Array([1, 2, 3]);
const OTHER = new Uint8Array([1, 2, 4]);

function publicKeyOf(key: MadeKey): PublicKey {
  const spki = readSpki(new Uint8Array(key.publicKey.export({ type: 'spki', format: 'der' })));
  assert.equal(spki.state, 'key');
  return spki.key;
}

function prepared(key: MadeKey): VerifyingKey {
  const verifying = prepareKey(publicKeyOf(key));
  assert.ok(verifying);
  return verifying;
}

function rsaSignature(
  key: MadeKey,
  how: { readonly scheme: 'rsassa' | 'rsapss'; readonly hash: HashName; saltLength?: number },
): Signature {
  return { scheme: how.scheme, hash: how.hash, value: signBare(key, MESSAGE, how) };
}

function ecdsaSignature(key: MadeKey, hash: HashName) {
  const bare = signBare(key, MESSAGE, { scheme: 'ecdsa', hash });
  const half = bare.byteLength / 2;
  return { scheme: 'ecdsa', hash, r: bare.slice(0, half), s: bare.slice(half) } as const;
}

describe('RSA', () => {
  const made = makeRsaKey(2048);
  const key = prepared(made);

  for (const scheme of ['rsassa', 'rsapss'] as const) {
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512', 'sha3-256'] as const) {
      test(`${scheme} with ${hash} verifies over its message only`, () => {
        const signature = rsaSignature(made, { scheme, hash });
        assert.equal(key.verifies(signature, MESSAGE), true);
        assert.equal(key.verifies(signature, OTHER), false);
      });
    }
  }

  for (const saltLength of [0, 20, 32, 222]) {
    test(`rsapss with a salt of ${saltLength} bytes verifies`, () => {
      const signature = rsaSignature(made, { scheme: 'rsapss', hash: 'sha256', saltLength });
      assert.equal(key.verifies(signature, MESSAGE), true);
    });
  }

  test('scheme and hash are part of what is checked', () => {
    const signature = rsaSignature(made, { scheme: 'rsassa', hash: 'sha256' });
    assert.equal(key.verifies({ ...signature, scheme: 'rsapss' } as Signature, MESSAGE), false);
    assert.equal(key.verifies({ ...signature, hash: 'sha384' } as Signature, MESSAGE), false);
    assert.equal(key.verifies({ ...signature, hash: 'sm3' } as Signature, MESSAGE), false);
  });

  test('a signature as long as the modulus verifies, a longer or shorter one does not', () => {
    const value = signBare(made, MESSAGE, { scheme: 'rsassa', hash: 'sha256' });
    const zero = new Uint8Array(1);
    const of = (bytes: Uint8Array): Signature => ({
      scheme: 'rsassa',
      hash: 'sha256',
      value: bytes,
    });
    assert.equal(key.verifies(of(value), MESSAGE), true);
    assert.equal(key.verifies(of(concatBytes(zero, value)), MESSAGE), false);
    assert.equal(key.verifies(of(concatBytes(value, zero)), MESSAGE), false);
    assert.equal(key.verifies(of(value.slice(1)), MESSAGE), false);
    assert.equal(key.verifies(of(new Uint8Array()), MESSAGE), false);
  });

  test('no ECDSA signature verifies with it', () => {
    const [r, s] = [new Uint8Array([1]), new Uint8Array([1])];
    assert.equal(key.verifies({ scheme: 'ecdsa', hash: 'sha256', r, s }, MESSAGE), false);
  });
});

describe('ECDSA', () => {
  for (const curve of ['P-256', 'P-384', 'P-521'] as const satisfies readonly EccName[]) {
    for (const hash of ['sha256', 'sha512'] as const) {
      test(`${curve} with ${hash} verifies over its message only`, () => {
        const made = makeEccKey(curve);
        const key = prepared(made);
        const signature = ecdsaSignature(made, hash);
        assert.equal(key.verifies(signature, MESSAGE), true);
        assert.equal(key.verifies(signature, OTHER), false);
        assert.equal(
          key.verifies({ ...signature, r: signature.s, s: signature.r }, MESSAGE),
          false,
        );
      });
    }
  }

  test('halves without their leading zeros verify, longer ones do not', () => {
    const made = makeEccKey('P-256');
    const key = prepared(made);
    let signature = ecdsaSignature(made, 'sha256');
    while (signature.r[0] !== 0) signature = ecdsaSignature(made, 'sha256');
    assert.equal(key.verifies({ ...signature, r: signature.r.slice(1) }, MESSAGE), true);
    const long = leftPadded(signature.r, 33) ?? signature.r;
    assert.equal(key.verifies({ ...signature, r: long }, MESSAGE), false);
  });

  test('zero and empty halves do not verify', () => {
    const key = prepared(makeEccKey('P-256'));
    for (const half of [new Uint8Array(), new Uint8Array(32)]) {
      const signature = { scheme: 'ecdsa', hash: 'sha256', r: half, s: half } as const;
      assert.equal(key.verifies(signature, MESSAGE), false);
    }
  });

  test('no RSA signature verifies with it', () => {
    const key = prepared(makeEccKey('P-256'));
    const value = new Uint8Array(64);
    assert.equal(key.verifies({ scheme: 'rsassa', hash: 'sha256', value }, MESSAGE), false);
  });
});

describe('keys that are none', () => {
  test('a point off its curve', () => {
    const key = publicKeyOf(makeEccKey('P-256'));
    assert.equal(key.kind, 'ecc');
    const x = new Uint8Array(key.x);
    x[31] = (x[31] ?? 0) ^ 1;
    assert.ok(prepareKey(key));
    assert.equal(prepareKey({ ...key, x }), undefined);
    assert.equal(prepareKey({ ...key, x: new Uint8Array(32), y: new Uint8Array(32) }), undefined);
    assert.equal(prepareKey({ ...key, curve: 'p384' }), undefined);
  });

  test('an even or empty modulus', () => {
    const { modulus, exponent } = rsaParts();
    const even = new Uint8Array(modulus);
    even[even.byteLength - 1] = 2;
    assert.ok(prepareKey(rsaPublicKey(modulus, exponent)));
    assert.equal(prepareKey(rsaPublicKey(even, exponent)), undefined);
    assert.equal(prepareKey(rsaPublicKey(new Uint8Array(), exponent)), undefined);
  });

  test('exponents with which everybody or nobody could sign', () => {
    const { modulus } = rsaParts();
    for (const exponent of [0, 1, 2, 65_536]) {
      assert.equal(prepareKey(rsaPublicKey(modulus, exponent)), undefined, `${exponent}`);
    }
    for (const exponent of [3, 17, 65_537, 2 ** 32 - 1]) {
      assert.ok(prepareKey(rsaPublicKey(modulus, exponent)), `${exponent}`);
    }
  });

  test('a tiny modulus is a key that verifies nothing', () => {
    const key = prepareKey(rsaPublicKey(new Uint8Array([0x0f, 0xff]), 3));
    const value = new Uint8Array([1, 1]);
    assert.equal(key?.verifies({ scheme: 'rsassa', hash: 'sha512', value }, MESSAGE), false);
    assert.equal(key?.verifies({ scheme: 'rsapss', hash: 'sha512', value }, MESSAGE), false);
  });

  function rsaParts() {
    const key = publicKeyOf(makeRsaKey(1024));
    assert.equal(key.kind, 'rsa');
    return key;
  }
});

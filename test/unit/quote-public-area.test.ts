// Reading public areas: real keys with the Names their TPM computed, and what is no key of ours.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, toHex } from '../../src/bytes/encoding.ts';
import { jwkOf } from '../../src/crypto/public-key.ts';
import { attestationKeyOf } from '../../src/quote/attestation-key.ts';
import { readTpm2bPublic, readTpmtPublic } from '../../src/quote/public-area.ts';
import { testFile } from './evidence-files.ts';
import { hex, makeEccKey, sized, writeEccPublic } from './tpm-writer.ts';

const KEYS = 'evidence/01-ima-ng-tcb/boot1/keys';
const ECDSA = testFile(`${KEYS}/ak-ecdsa.pub`);

function areaOf(bytes: Uint8Array) {
  const reading = readTpmtPublic(bytes);
  assert.ok(reading.ok);
  return reading.value;
}

function malformedOf(bytes: Uint8Array) {
  const reading = readTpmtPublic(bytes);
  assert.ok(!reading.ok);
  return reading.malformed;
}

describe('captured attestation keys', () => {
  for (const [name, kind, scheme, hash] of [
    ['rsassa', 'rsa', 'rsassa', 'sha256'],
    ['rsapss', 'rsa', 'rsapss', 'sha256'],
    ['ecdsa', 'ecc', 'ecdsa', 'sha256'],
    ['ecdsa384', 'ecc', 'ecdsa', 'sha384'],
  ] as const) {
    test(`${name}: Name, scheme and attributes`, () => {
      const bytes = testFile(`${KEYS}/ak-${name}.pub`);
      const reading = readTpm2bPublic(bytes);
      assert.ok(reading.ok);
      const outcome = attestationKeyOf(reading.value);
      assert.ok(outcome.state === 'key');
      assert.deepEqual(outcome.ak.name, testFile(`vectors/keys/ak-${name}.name`));
      assert.deepEqual(outcome.ak.scheme, { scheme, hash });
      assert.equal(outcome.ak.attributes, 0x00050072);
      assert.equal(outcome.ak.key.publicKey.kind, kind);
      const inner = readTpmtPublic(bytes.slice(2));
      assert.deepEqual(inner.ok && inner.value.name, reading.value.name);
    });
  }

  test('cut at any byte is malformed, with an offset inside the file', () => {
    for (let size = 0; size < ECDSA.byteLength; size += 1) {
      const reading = readTpm2bPublic(ECDSA.slice(0, size));
      assert.ok(!reading.ok);
      assert.ok(reading.malformed.offsetBytes <= size);
    }
  });

  test('nothing may be left over, inside or outside the size', () => {
    const zero = new Uint8Array(1);
    const outside = readTpm2bPublic(concatBytes(ECDSA, zero));
    assert.ok(!outside.ok && outside.malformed.kind === 'left-over');
    const inside = readTpm2bPublic(sized(concatBytes(ECDSA.slice(2), zero)));
    assert.ok(!inside.ok && inside.malformed.kind === 'left-over');
    assert.equal(inside.malformed.offsetBytes, ECDSA.byteLength);
  });
});

test('an endorsement key has a symmetric part and no scheme', () => {
  const reading = readTpm2bPublic(testFile('vectors/keys/ek-rsa.pub'));
  assert.ok(reading.ok && reading.value.detail.state === 'readable');
  assert.deepEqual(reading.value.detail.scheme, { scheme: 0x0010 });
  assert.equal(reading.value.authPolicy.byteLength, 32);
  const { key } = reading.value.detail;
  assert.ok(key.kind === 'rsa');
  assert.deepEqual([key.bits, key.exponent], [2048, 65_537]);
});

describe('ECC', () => {
  const made = makeEccKey('P-521');

  test('on P-521, with the padding that a TPM may leave out', () => {
    const area = areaOf(writeEccPublic(made, { curve: '0005' }));
    assert.ok(area.detail.state === 'readable');
    assert.deepEqual(jwkOf(area.detail.key), made.publicKey.export({ format: 'jwk' }));
    assert.equal(attestationKeyOf(area).state, 'key');

    const [x, y] = [hex('01'), hex('0203')];
    const short = areaOf(concatBytes(ECC_HEAD, sized(x), sized(y)));
    assert.ok(short.detail.state === 'readable' && short.detail.key.kind === 'ecc');
    assert.equal(toHex(short.detail.key.x), `${'00'.repeat(31)}01`);
    assert.equal(toHex(short.detail.key.y), `${'00'.repeat(30)}0203`);
    assert.deepEqual(attestationKeyOf(short), { state: 'invalid' });
  });

  test('with a key derivation, which has a hash of its own', () => {
    const withKdf = `${toHex(ECC_HEAD).slice(0, -4)} 0020 000b`;
    const area = areaOf(concatBytes(hex(withKdf), sized(hex('01')), sized(hex('02'))));
    assert.equal(area.detail.state, 'readable');
  });

  test('with a coordinate longer than its curve is malformed', () => {
    const malformed = malformedOf(
      concatBytes(ECC_HEAD, sized(new Uint8Array(33)), sized(hex('01'))),
    );
    assert.deepEqual([malformed.kind, malformed.field], ['over-cap', 'unique.x.size']);
  });

  test('on another curve is read whole and not supported', () => {
    const p256 = writeEccPublic(makeEccKey('P-256'), { curve: '0010' });
    const area = areaOf(p256);
    assert.deepEqual(area.detail, { state: 'curve-unsupported', curve: 0x0010 });
    assert.deepEqual(attestationKeyOf(area), {
      state: 'unsupported',
      field: 'parameters.curveID',
      actual: '0x0010',
    });
    assert.equal(malformedOf(concatBytes(p256, new Uint8Array(1))).kind, 'left-over');
  });
});

describe('schemes', () => {
  const made = makeEccKey('P-256');

  function outcomeWith(scheme: string) {
    return attestationKeyOf(areaOf(writeEccPublic(made, { curve: '0003', scheme })));
  }

  test('NULL leaves the scheme open', () => {
    const outcome = outcomeWith('0010');
    assert.ok(outcome.state === 'key');
    assert.equal(outcome.ak.scheme, undefined);
  });

  for (const [what, scheme] of [
    ['ECDAA, which has a count', '001a 000b 0001'],
    ['SM2', '001b 0012'],
    ['ECDH', '0019 000b'],
    ['an RSA scheme', '0014 000b'],
    ['ECDSA with an unlisted hash', '0018 7fff'],
  ] as const) {
    test(`${what} is not supported`, () => {
      const outcome = outcomeWith(scheme);
      assert.ok(outcome.state === 'unsupported');
      assert.equal(outcome.field, 'parameters.scheme');
    });
  }

  test('a number that is no scheme is malformed', () => {
    const malformed = malformedOf(writeEccPublic(made, { curve: '0003', scheme: '7777 000b' }));
    assert.deepEqual(
      [malformed.kind, malformed.field, malformed.offsetBytes],
      ['bad-value', 'parameters.scheme.scheme', 12],
    );
  });
});

describe('RSA', () => {
  function rsa(keyBits: string, modulus: Uint8Array, scheme = '0014 000b'): Uint8Array {
    const head = `0001 000b 00050072 0000 0010 ${scheme} ${keyBits} 00000000`;
    return concatBytes(hex(head), sized(modulus));
  }
  const modulus = new Uint8Array(128).fill(0xff);

  test('exponent 0 stands for 65537', () => {
    const { detail } = areaOf(rsa('0400', modulus));
    assert.ok(detail.state === 'readable' && detail.key.kind === 'rsa');
    assert.equal(detail.key.exponent, 65_537);
  });

  test('a scheme that encrypts is not supported, with a hash or without one', () => {
    for (const scheme of ['0015', '0017 000b']) {
      const outcome = attestationKeyOf(areaOf(rsa('0400', modulus, scheme)));
      assert.ok(outcome.state === 'unsupported');
      assert.equal(outcome.field, 'parameters.scheme');
    }
  });

  test('keyBits and modulus say the same', () => {
    assert.equal(malformedOf(rsa('0800', modulus)).field, 'unique');
    assert.equal(malformedOf(rsa('0400', new Uint8Array())).field, 'unique');
    const zero = new Uint8Array(modulus);
    zero[0] = 0x7f;
    assert.equal(malformedOf(rsa('0400', zero)).field, 'unique');
  });
});

describe('Name', () => {
  test('is absent where its hash cannot be computed', () => {
    const bytes = writeEccPublic(makeEccKey('P-256'), { curve: '0003' });
    bytes[3] = 0x12;
    assert.equal(areaOf(bytes).name, undefined);
  });

  test('and key are absent for another type, of which only the head is read', () => {
    const area = areaOf(hex('0008 000b 00050072 0000 0010 ffff'));
    assert.deepEqual([area.name, area.detail], [undefined, { state: 'type-unsupported' }]);
    assert.equal(attestationKeyOf(area).state, 'unsupported');
  });
});

test('reading any bytes returns', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 99 }), (bytes, at) => {
      readTpmtPublic(bytes);
      readTpm2bPublic(sized(bytes));
      const changed = new Uint8Array(ECDSA);
      changed.set(bytes.slice(0, 2), Math.min(at, changed.byteLength - 2));
      const reading = readTpm2bPublic(changed);
      if (reading.ok) attestationKeyOf(reading.value);
    }),
  );
});

/** A P-256 key up to its point. */
const ECC_HEAD = hex('0023 000b 00050072 0000 0010 0018 000b 0003 0010');

// Signatures over a digest that is given: what node:crypto made over a message verifies over the
// message's digest, and nothing near it does.

import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  sign,
} from 'node:crypto';
import { describe, test } from 'node:test';
import type { HashName } from '../../src/crypto/digest.ts';
import { readSpki } from '../../src/crypto/public-key.ts';
import { prepareKey, type VerifyingKey } from '../../src/crypto/signature.ts';

const MESSAGE = new Uint8Array([1, 2, 3]);

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function verifying({ publicKey }: Pair): VerifyingKey {
  const spki = readSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
  assert.equal(spki.state, 'key');
  const key = prepareKey(spki.key);
  assert.ok(key);
  return key;
}

function digestOf(hash: HashName, message = MESSAGE): Uint8Array {
  return new Uint8Array(createHash(hash).update(message).digest());
}

function signatureOf({ privateKey }: Pair, hash: HashName, message = MESSAGE): Uint8Array {
  return new Uint8Array(sign(hash, message, privateKey));
}

/** What the private key makes of a block of its own length: any padding, right or wrong. */
function rawRsa({ privateKey }: Pair, block: Uint8Array): Uint8Array {
  const padding = constants.RSA_NO_PADDING;
  return new Uint8Array(privateEncrypt({ key: privateKey, padding }, block));
}

const SHA256_INFO = '3031300d060960864801650304020105000420';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaKey = verifying(rsa);

describe('RSA over a digest', () => {
  for (const hash of ['sha1', 'sha256', 'sha384', 'sha512', 'sha3-256'] as const) {
    test(`verifies with ${hash}, over that digest only`, () => {
      const value = signatureOf(rsa, hash);
      const digest = digestOf(hash);
      assert.equal(rsaKey.verifiesDigest({ hash, digest, value }), true);
      const other = digestOf(hash, new Uint8Array([9]));
      assert.equal(rsaKey.verifiesDigest({ hash, digest: other, value }), false);
    });
  }

  test('names the hash: a digest of the same length in another algorithm is another one', () => {
    const [digest, value] = [digestOf('sha256'), signatureOf(rsa, 'sha256')];
    assert.equal(rsaKey.verifiesDigest({ hash: 'sha3-256', digest, value }), false);
    assert.equal(rsaKey.verifiesDigest({ hash: 'sha384', digest, value }), false);
    assert.equal(rsaKey.verifiesDigest({ hash: 'sm3', digest, value }), false);
  });

  test('is no RSASSA-PSS signature', () => {
    const how = { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING };
    const value = new Uint8Array(sign('sha256', MESSAGE, how));
    const digest = digestOf('sha256');
    assert.equal(rsaKey.verifiesDigest({ hash: 'sha256', digest, value }), false);
  });

  const info = Buffer.concat([Buffer.from(SHA256_INFO, 'hex'), digestOf('sha256')]);
  const blocks: readonly (readonly [string, boolean, Buffer])[] = [
    ['the padding that was made here by hand', true, padded(info, 256)],
    ['garbage behind the digest', false, padded(Buffer.concat([info, Buffer.alloc(8)]), 256)],
    ['a short fill and garbage', false, shortFill(info, 256)],
    ['another byte than FF in the fill', false, padded(info, 256).fill(0xfe, 20, 21)],
    ['another block type', false, padded(info, 256).fill(2, 1, 2)],
  ];
  for (const [what, expected, block] of blocks) {
    test(`compares the whole encoded message: ${what}`, () => {
      const value = rawRsa(rsa, new Uint8Array(block));
      const signature = { hash: 'sha256', digest: digestOf('sha256'), value } as const;
      assert.equal(rsaKey.verifiesDigest(signature), expected);
    });
  }

  test('takes no other length and no number from the modulus on', () => {
    const digest = digestOf('sha256');
    const value = signatureOf(rsa, 'sha256');
    const longer = new Uint8Array([0, ...value]);
    assert.equal(rsaKey.verifiesDigest({ hash: 'sha256', digest, value: longer }), false);
    const largest = new Uint8Array(256).fill(0xff);
    assert.equal(rsaKey.verifiesDigest({ hash: 'sha256', digest, value: largest }), false);
    const none = new Uint8Array();
    assert.equal(rsaKey.verifiesDigest({ hash: 'sha256', digest, value: none }), false);
  });
});

describe('ECDSA over a digest', () => {
  for (const namedCurve of ['P-256', 'P-384', 'P-521']) {
    const pair = generateKeyPairSync('ec', { namedCurve });
    const key = verifying(pair);
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      test(`verifies on ${namedCurve} with ${hash}, over that digest only`, () => {
        const digest = digestOf(hash);
        // Every other signature has the larger s: both kinds verify.
        for (let round = 0; round < 4; round += 1) {
          assert.equal(key.verifiesDigest({ hash, digest, value: signatureOf(pair, hash) }), true);
        }
        const value = signatureOf(pair, hash);
        const other = digestOf(hash, new Uint8Array([9]));
        assert.equal(key.verifiesDigest({ hash, digest: other, value }), false);
      });
    }
  }

  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = verifying(pair);
  const [hash, digest] = ['sha256', digestOf('sha256')] as const;
  const value = signatureOf(pair, 'sha256');

  test('takes DER only, and all of it', () => {
    for (const other of [value.slice(0, -1), new Uint8Array([...value, 0]), new Uint8Array()]) {
      assert.equal(key.verifiesDigest({ hash, digest, value: other }), false);
    }
    const how = { key: pair.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    const bare = new Uint8Array(sign('sha256', MESSAGE, how));
    assert.equal(key.verifiesDigest({ hash, digest, value: bare }), false);
  });

  test('takes no zero halves', () => {
    const zeros = new Uint8Array([0x30, 6, 2, 1, 0, 2, 1, 0]);
    assert.equal(key.verifiesDigest({ hash, digest, value: zeros }), false);
  });

  test('is made by that key only, of that kind', () => {
    const other = verifying(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    assert.equal(other.verifiesDigest({ hash, digest, value }), false);
    assert.equal(rsaKey.verifiesDigest({ hash, digest, value }), false);
  });

  test('of a flipped bit never verifies', () => {
    for (let at = 0; at < value.byteLength; at += 1) {
      const flipped = value.map((byte, index) => (index === at ? byte ^ 1 : byte));
      assert.equal(key.verifiesDigest({ hash, digest, value: flipped }), false, `byte ${at}`);
    }
  });
});

function padded(info: Uint8Array, sizeBytes: number): Buffer {
  const fill = Buffer.alloc(sizeBytes - info.byteLength - 3, 0xff);
  return Buffer.concat([Buffer.from([0, 1]), fill, Buffer.from([0]), info]);
}

/** The block of the classic forgery: eight bytes of fill, then the digest, then anything. */
function shortFill(info: Uint8Array, sizeBytes: number): Buffer {
  const block = Buffer.alloc(sizeBytes, 0x55);
  padded(info, info.byteLength + 11).copy(block);
  return block;
}

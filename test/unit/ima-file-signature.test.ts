// Signature headers byte for byte, and the digest that each kind of signature covers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toHex } from '../../src/bytes/encoding.ts';
import {
  type FileSignature,
  readFileSignature,
  signedContent,
  signedDigest,
} from '../../src/ima/file-signature.ts';
import type { FileDigest } from '../../src/ima/template-fields.ts';
import { join, unhex } from '../property/list-writer.ts';
import { type HeaderFields, withHeader } from './signed-files.ts';

const VALUE = new Uint8Array(256).fill(7);
const COUNTING = new Uint8Array(32).map((_, index) => index);

function signatureOf(fields: HeaderFields = {}): FileSignature {
  const reading = readFileSignature(withHeader(VALUE, fields));
  assert.equal(reading.state, 'signature');
  return reading.signature;
}

function measured(of: FileDigest['of'] = 'untold', algorithm = 'sha256'): FileDigest {
  return { algorithm, bytes: COUNTING, of, offsetBytes: 0 };
}

describe('readFileSignature', () => {
  it('reads every field of the header', () => {
    const signature = signatureOf({ keyid: unhex('0eeaada8'), hashId: 6, version: 3 });
    assert.deepEqual(signature, {
      subject: 'content',
      version: 3,
      hashId: 6,
      algorithm: 'sha512',
      keyid: 0x0eeaada8,
      value: VALUE,
    });
  });

  it('tells content, metadata and fs-verity apart', () => {
    assert.equal(signatureOf({ type: 5 }).subject, 'metadata');
    assert.equal(signatureOf({ type: 6, version: 3 }).subject, 'verity');
  });

  const malformed: readonly (readonly [string, Uint8Array, string, number])[] = [
    ['nothing', new Uint8Array(), 'type', 0],
    ['a plain digest', join(unhex('01'), new Uint8Array(20)), 'type', 0],
    ['an HMAC', join(unhex('02'), new Uint8Array(20)), 'type', 0],
    ['a digest with its algorithm', join(unhex('0404'), COUNTING), 'type', 0],
    ['an unknown type', withHeader(VALUE, { type: 7 }), 'type', 0],
    ['version 0', withHeader(VALUE, { version: 0 }), 'version', 1],
    ['version 4', withHeader(VALUE, { version: 4 }), 'version', 1],
    ['fs-verity in version 2', withHeader(VALUE, { type: 6 }), 'version', 1],
    ['an unknown hash', withHeader(VALUE, { hashId: 23 }), 'hash_algo', 2],
    ['a cut header', withHeader(VALUE).slice(0, 6), 'keyid', 3],
    ['a header alone', withHeader(new Uint8Array()), 'sig_size', 8],
    ['a size above what is there', withHeader(VALUE, { sizeBytes: 257 }), 'sig', 9],
    ['a size below what is there', withHeader(VALUE, { sizeBytes: 255 }), 'signature', 264],
  ];
  for (const [what, bytes, field, offsetBytes] of malformed) {
    it(`refuses ${what}, with the place`, () => {
      const reading = readFileSignature(bytes);
      assert.equal(reading.state, 'malformed');
      assert.equal(reading.malformed.field, field);
      assert.equal(reading.malformed.offsetBytes, offsetBytes);
    });
  }

  it('names what it cannot check', () => {
    const obsolete = readFileSignature(unhex('0301000000000000'));
    assert.equal(obsolete.state, 'unsupported');
    for (const [sizeBytes, name] of [
      [2420, /ML-DSA-44/],
      [3309, /ML-DSA-65/],
      [4627, /ML-DSA-87/],
    ] as const) {
      const value = new Uint8Array(sizeBytes);
      const reading = readFileSignature(withHeader(value, { version: 3 }));
      assert.equal(reading.state, 'unsupported');
      assert.match(reading.actual, name);
      assert.equal(readFileSignature(withHeader(value)).state, 'signature');
    }
  });

  it('never throws, whatever byte is flipped or cut', () => {
    const bytes = withHeader(new Uint8Array(64));
    for (let at = 0; at < bytes.byteLength; at += 1) {
      readFileSignature(bytes.slice(0, at));
      for (const mask of [1, 0x80, 0xff]) {
        const flipped = bytes.map((byte, index) => (index === at ? byte ^ mask : byte));
        readFileSignature(flipped);
      }
    }
  });
});

describe('the digest that a signature covers', () => {
  it('is the measured one in version 2', () => {
    const covered = signedContent(signatureOf(), measured());
    assert.deepEqual(covered, { state: 'digest', hash: 'sha256', digest: COUNTING });
  });

  const vectors = [
    ['6', 'verity', '9b303486322dd28c2f7f7d80cf811cec14b75d19edd59d261cc4cf0dc644a8ee'],
    ['3', 'content', 'e4393cafdcd03620aaeff5bf32448458faefb243a54d0dc14da945aa66c37785'],
    ['3', 'untold', 'e4393cafdcd03620aaeff5bf32448458faefb243a54d0dc14da945aa66c37785'],
  ] as const;
  for (const [type, of, expected] of vectors) {
    it(`is hashed with type ${type} and algorithm in version 3 (${of})`, () => {
      const covered = signedContent(signatureOf({ type: Number(type), version: 3 }), measured(of));
      assert.equal(covered.state, 'digest');
      assert.equal(toHex(covered.digest), expected);
    });
  }

  const untold: readonly (readonly [string, HeaderFields, FileDigest])[] = [
    ['metadata is not content', { type: 5 }, measured()],
    ['fs-verity needs a digest that says so', { type: 6, version: 3 }, measured('untold')],
    ['fs-verity is not content', { type: 6, version: 3 }, measured('content')],
    ['content is not fs-verity', { type: 3 }, measured('verity')],
    ['content is not fs-verity in version 3', { type: 3, version: 3 }, measured('verity')],
    ['the digest is in another algorithm', { hashId: 5 }, measured()],
    ['the same in version 3', { hashId: 5, version: 3 }, measured()],
    ['nobody computes that algorithm', { hashId: 18 }, measured('untold', 'streebog256')],
  ];
  for (const [what, fields, digest] of untold) {
    it(`is untold where ${what}`, () => {
      assert.equal(signedContent(signatureOf(fields), digest).state, 'untold');
    });
  }

  it('differs between kinds in version 3', () => {
    const kinds = [3, 5, 6].map((type) => signatureOf({ type, version: 3 }));
    const digests = kinds.map((kind) => {
      const covered = signedDigest(kind, COUNTING);
      assert.equal(covered.state, 'digest');
      return toHex(covered.digest);
    });
    assert.equal(new Set(digests).size, 3);
  });
});

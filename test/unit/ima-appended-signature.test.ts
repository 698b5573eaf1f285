// Appended signatures as OpenSSL writes them, and what is refused of them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { TrustedKey } from '../../src/crypto/trusted-key.ts';
import { readKeyring } from '../../src/enroll/keyring-file.ts';
import {
  type AppendedSignature,
  readAppendedSignature,
  signedWithoutTail,
} from '../../src/ima/appended-signature.ts';
import type { FileDigest } from '../../src/ima/template-fields.ts';
import { join, unhex } from '../property/list-writer.ts';
import { type AppendedFields, appendedSignature } from './signed-files.ts';

function vector(name: string): Uint8Array {
  return new Uint8Array(
    readFileSync(new URL(`../vectors/appended-signature/${name}`, import.meta.url)),
  );
}

function keyOf(name: string): TrustedKey {
  const reading = readKeyring(vector(`${name}.crt.pem`));
  assert.ok(reading.ok);
  const [key] = reading.keyring.keys;
  assert.ok(key);
  return key;
}

function read(der: Uint8Array): AppendedSignature {
  const reading = readAppendedSignature(der);
  assert.equal(reading.state, 'signature');
  return reading.signature;
}

function recorded(algorithm: string, content = vector('content.bin')): FileDigest {
  const bytes = new Uint8Array(createHash(algorithm).update(content).digest());
  return { algorithm, bytes, of: 'untold', offsetBytes: 0 };
}

function verifies(name: string, key: TrustedKey, digest: FileDigest): boolean {
  const signature = read(vector(`${name}.p7s`));
  const covered = signedWithoutTail(signature, digest);
  assert.equal(covered.state, 'digest');
  return key.key.verifiesDigest({ ...covered, value: signature.value });
}

const VALUE = new Uint8Array(256).fill(3);

describe('readAppendedSignature', () => {
  const written = [
    ['rsa', 'rsa', 'sha256'],
    ['ec', 'ec', 'sha256'],
    ['rsa-keyid', 'rsa', 'sha512'],
    ['ec-keyid', 'ec', 'sha512'],
    ['rsa-certificate', 'rsa', 'sha256'],
  ] as const;
  for (const [name, key, hash] of written) {
    it(`reads ${name}, which verifies over its content only`, () => {
      assert.equal(verifies(name, keyOf(key), recorded(hash)), true);
      assert.equal(verifies(name, keyOf(key), recorded(hash, VALUE)), false);
      assert.equal(verifies(name, keyOf(key === 'rsa' ? 'ec' : 'rsa'), recorded(hash)), false);
    });
  }

  it('gives the hint that the signer gave', () => {
    for (const name of ['rsa', 'ec']) {
      const byIssuer = read(vector(`${name}.p7s`)).signer;
      assert.equal(
        byIssuer.by === 'issuer-and-serial' && byIssuer.hex,
        keyOf(name).issuerAndSerial,
      );
      const byId = read(vector(`${name}-keyid.p7s`)).signer;
      assert.ok(byId.by === 'key-identifier' && keyOf(name).keyids.includes(byId.keyid));
    }
  });

  const unsupported: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['signed attributes', vector('rsa-attributes.p7s'), /attributes/],
    ['attributes of our own', made({ signedAttributes: unhex('3000') }), /attributes/],
    ['RSASSA-PSS', made({ schemeOid: '2a864886f70d01010a' }), /PSS/],
    ['ML-DSA', made({ schemeOid: '608648016503040312' }), /ML-DSA-65/],
    ['an unknown scheme', made({ schemeOid: '2a03' }), /2a03/],
    ['an unknown digest', made({ digestOid: '2a03' }), /2a03/],
    ['a scheme of another hash', made({ schemeOid: '2a864886f70d01010c' }), /sha384 and sha256/],
    ['content inside', made({ content: VALUE }), /detached/],
    ['several signers', made({ signers: 2 }), /several/],
  ];
  for (const [what, der, actual] of unsupported) {
    it(`names ${what} as unsupported`, () => {
      const reading = readAppendedSignature(der);
      assert.equal(reading.state, 'unsupported');
      assert.match(reading.actual, actual);
    });
  }

  const malformed: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', new Uint8Array()],
    ['bytes behind it', join(vector('rsa.p7s'), new Uint8Array(1))],
    ['an indefinite length', join(unhex('3080'), vector('rsa.p7s').slice(4), unhex('0000'))],
    ['no signer', made({ signers: 0 })],
    ['a short key identifier', made({ sid: unhex('80020102') })],
    ['another name of a signer', made({ sid: unhex('0400') })],
  ];
  for (const [what, der] of malformed) {
    it(`refuses ${what}`, () => assert.equal(readAppendedSignature(der).state, 'malformed'));
  }

  it('neither throws nor verifies when a byte is changed, and refuses every cut', () => {
    const whole = vector('rsa.p7s');
    const { value } = read(whole);
    for (let at = 0; at < whole.byteLength; at += 1) {
      assert.equal(readAppendedSignature(whole.slice(0, at)).state, 'malformed', `cut at ${at}`);
      const flipped = whole.map((byte, index) => (index === at ? byte ^ 0x21 : byte));
      const reading = readAppendedSignature(flipped);
      if (reading.state !== 'signature' || Buffer.compare(reading.signature.value, value) === 0) {
        continue;
      }
      const covered = signedWithoutTail(reading.signature, recorded('sha256'));
      if (covered.state !== 'digest') continue;
      const { key } = keyOf('rsa');
      assert.equal(key.verifiesDigest({ ...covered, value: reading.signature.value }), false);
    }
  });
});

describe('signedWithoutTail', () => {
  it('needs the digest in the algorithm of the signer', () => {
    const signature = read(vector('rsa.p7s'));
    assert.equal(signedWithoutTail(signature, recorded('sha256')).state, 'digest');
    assert.equal(signedWithoutTail(signature, recorded('sha512')).state, 'untold');
    assert.equal(signedWithoutTail(signature, undefined).state, 'untold');
  });
});

function made(fields: Partial<AppendedFields>): Uint8Array {
  return appendedSignature({ signature: VALUE, ...fields });
}

// Keys on keyrings: which records these are, and which keys they hold, over captured certificates.
// test/evidence/03-ima-buf; docs/policy.md, "Events and keys"

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readSpki } from '../../src/crypto/public-key.ts';
import { prepareKey } from '../../src/crypto/signature.ts';
import type { TrustedKey } from '../../src/crypto/trusted-key.ts';
import { concernsKeyring, isKeyOf, looksLikeKey } from '../../src/policy/keyring-rules.ts';
import { EVIDENCE_FOLDER } from '../captures/load-capture.ts';
import { draftOf, hash, hex, splitRecords } from '../property/list-writer.ts';
import { measurementOf } from './measurements.ts';
import { utf8 } from './policy-documents.ts';

const list = path.join(EVIDENCE_FOLDER, '03-ima-buf/q02-ecdsa-pcr10/binary_runtime_measurements');
const records = splitRecords(new Uint8Array(readFileSync(list))).map(draftOf);

function payloadAt(index: number): Uint8Array {
  const payload = records[index]?.fields[2];
  assert.ok(payload);
  return payload;
}

function spkiOf(certificate: Uint8Array): Uint8Array {
  const { publicKey } = new X509Certificate(certificate);
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
}

/** A key of a keyring, by certificate or by public key alone. */
function trusted(spki: Uint8Array, certificate?: Uint8Array): TrustedKey {
  const reading = readSpki(spki);
  assert.ok('key' in reading, JSON.stringify(reading));
  const key = prepareKey(reading.key);
  assert.ok(key);
  const fingerprint = hex(hash('sha256', spki));
  const trustedKey = { key, fingerprint, keyids: [], spki };
  return certificate === undefined ? trustedKey : { ...trustedKey, certificate };
}

const [RSA, EC, KERNEL] = [payloadAt(77), payloadAt(78), payloadAt(74)];
const RSA_SPKI = spkiOf(RSA);

describe('isKeyOf', () => {
  const keys = [trusted(RSA_SPKI), trusted(spkiOf(KERNEL), KERNEL)];

  it('knows a key by its certificate, by its public key, and by a certificate of it', () => {
    assert.equal(isKeyOf(RSA, keys), true);
    assert.equal(isKeyOf(RSA_SPKI, keys), true);
    assert.equal(isKeyOf(KERNEL, keys), true);
    assert.equal(isKeyOf(payloadAt(79), keys), true);
  });

  it('knows no other key', () => {
    assert.equal(isKeyOf(EC, keys), false);
    assert.equal(isKeyOf(spkiOf(EC), keys), false);
    assert.equal(isKeyOf(RSA, []), false);
    assert.equal(isKeyOf(new Uint8Array(), keys), false);
  });

  it('takes no certificate that has more or less around the key', () => {
    assert.equal(isKeyOf(Uint8Array.of(...RSA, 0), keys), false);
    assert.equal(isKeyOf(RSA.slice(0, -1), keys), false);
    assert.equal(isKeyOf(Uint8Array.of(3, ...RSA), keys), false);
  });

  it('takes no certificate with another key, and never throws', () => {
    const property = fc.property(fc.nat({ max: RSA.byteLength - 1 }), fc.nat(254), (at, add) => {
      const changed = new Uint8Array(RSA);
      changed[at] = ((changed[at] ?? 0) + 1 + add) % 256;
      const isKey = isKeyOf(changed, keys);
      const hasKey = Buffer.from(changed).includes(Buffer.from(RSA_SPKI));
      if (isKey) assert.ok(hasKey, `${at}`);
    });
    fc.assert(property, { numRuns: 500 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => !isKeyOf(bytes, keys)));
  });
});

describe('looksLikeKey', () => {
  it('tells keys from events', () => {
    for (const key of [RSA, EC, KERNEL, RSA_SPKI]) assert.equal(looksLikeKey(key), true);
    for (const index of [1, 63, 75, 86, 104]) assert.equal(looksLikeKey(payloadAt(index)), false);
    assert.equal(looksLikeKey(new Uint8Array()), false);
  });
});

describe('concernsKeyring', () => {
  it('means buffers of that name which are no event', () => {
    const named = (name: string, kind: 'file' | 'buffer' = 'buffer') =>
      measurementOf({ kind, name: utf8(name), hex: '00'.repeat(32) });
    assert.equal(concernsKeyring(named('.ima'), '.ima'), true);
    assert.equal(concernsKeyring(named('.ima2'), '.ima'), false);
    assert.equal(concernsKeyring(named('.ima', 'file'), '.ima'), false);
    assert.equal(concernsKeyring(named('kexec_execute'), 'kexec_execute'), false);
  });
});

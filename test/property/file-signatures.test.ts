// Whatever stands where a signature should: it is read or refused, and never counts.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { derContextTag } from '../../src/bytes/der.ts';
import { readKeyring } from '../../src/enroll/keyring-file.ts';
import type { TemplateFields } from '../../src/ima/template-fields.ts';
import { CONTENT, ec, file, judge, rsa } from '../unit/signature-scene.ts';
import { appendedSignature, sha256, signedBy, signFile } from '../unit/signed-files.ts';
import { ascii } from './list-writer.ts';

const bytes = fc.uint8Array({ maxLength: 400 });

/** Changes of single bytes. */
const changes = fc.array(fc.record({ at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) }), {
  minLength: 1,
  maxLength: 4,
});

type Changes = readonly { readonly at: number; readonly mask: number }[];

function changed(whole: Uint8Array, list: Changes): Uint8Array {
  const copy = new Uint8Array(whole);
  for (const { at, mask } of list) {
    const place = at % copy.byteLength;
    copy[place] = (copy[place] ?? 0) ^ mask;
  }
  return copy;
}

const RECORDED: TemplateFields = {
  appendedDigest: { algorithm: 'sha256', bytes: sha256(CONTENT), of: 'untold', offsetBytes: 0 },
};

describe('signatures', () => {
  it('of random bytes never count', () => {
    const drawn = fc.record({
      signature: bytes,
      evmSignature: bytes,
      appendedSignature: bytes,
      xattrNames: bytes,
      xattrLengths: bytes,
      xattrValues: bytes,
    });
    const property = fc.property(drawn, (fields) => {
      const measured = file({ ...RECORDED, ...fields, userId: 0, groupId: 0, mode: 0 });
      assert.equal(judge(measured).ruling, undefined);
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('of RSA never count once their value, type, version or hash is changed', () => {
    const whole = signFile(rsa, CONTENT);
    const property = fc.property(changes, (list) => {
      const signature = changed(whole, list);
      const isHint = (at: number) => at >= 3 && at < 7;
      const isSame = signature.every((byte, at) => isHint(at) || byte === whole[at]);
      assert.equal(judge(file({ signature })).ruling?.then, isSame ? 'accept' : undefined);
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('that are appended count over their own value only', () => {
    const value = signedBy(ec, CONTENT);
    const whole = appendedSignature({ signature: value });
    const property = fc.property(changes, (list) => {
      const measured = file({ ...RECORDED, appendedSignature: changed(whole, list) });
      const holds = Buffer.from(changed(whole, list)).includes(Buffer.from(value));
      if (!holds) assert.equal(judge(measured).ruling, undefined);
      else judge(measured);
    });
    fc.assert(property, { numRuns: 100 });
  });
});

describe('keyrings', () => {
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

  it('of any bytes are read or refused with a place', () => {
    const text = fc.oneof(
      bytes,
      changes.map((list) => changed(ascii(pem), list)),
      bytes.map((tail) => new Uint8Array([0x30, derContextTag(0), ...tail])),
    );
    const property = fc.property(text, (content) => {
      const reading = readKeyring(content);
      if (reading.ok) assert.ok(reading.keyring.keys.length > 0);
      else assert.ok(reading.problems.every(({ line }) => line >= 1));
    });
    fc.assert(property, { numRuns: 300 });
  });
});

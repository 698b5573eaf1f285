// EVM portable signatures: what they cover, and that they speak for content only through the digest
// in security.ima.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signedMetadata } from '../../src/ima/evm-signature.ts';
import { type FileSignature, readFileSignature } from '../../src/ima/file-signature.ts';
import type { FileDigest, TemplateFields } from '../../src/ima/template-fields.ts';
import { ascii, join, type Order, unhex } from '../property/list-writer.ts';
import {
  keyringOf,
  type MadeMetadata,
  metadataFields,
  metadataMessage,
  rsaSigner,
  sha256,
  signedBy,
  signFileId,
  withHeader,
} from './signed-files.ts';

const CONTENT = ascii('#!/bin/sh\n');
const METADATA: MadeMetadata = {
  attributes: [
    ['security.selinux', ascii('system_u:object_r:bin_t:s0\0')],
    ['security.ima', join(unhex('0404'), sha256(CONTENT))],
    ['security.capability', unhex('0100000200040000')],
  ],
  userId: 1000,
  groupId: 100,
  mode: 0o100755,
};

const signer = rsaSigner();
const [trusted] = keyringOf(signer).keys;

function signatureOf(bytes: Uint8Array): FileSignature {
  const reading = readFileSignature(bytes);
  assert.equal(reading.state, 'signature');
  return reading.signature;
}

function fieldsOf(metadata = METADATA, order: Order = 'little'): TemplateFields {
  const digest: FileDigest = {
    algorithm: 'sha256',
    bytes: sha256(CONTENT),
    of: 'untold',
    offsetBytes: 0,
  };
  return { fileDigest: digest, ...metadataFields(metadata, order) };
}

const SIGNATURE = signatureOf(withHeader(signedBy(signer, metadataMessage(METADATA)), { type: 5 }));

function verifies(fields: TemplateFields, byteOrder: Order = 'little', signature = SIGNATURE) {
  const covered = signedMetadata(signature, { fields, byteOrder });
  if (covered.state !== 'digest') return covered.state;
  return trusted?.key.verifiesDigest({ ...covered, value: signature.value });
}

describe('an EVM portable signature', () => {
  it('covers values, owner, group and mode', () => {
    assert.equal(verifies(fieldsOf()), true);
  });

  it('is hashed once more in version 3', () => {
    const digest = sha256(metadataMessage(METADATA));
    const signature = signatureOf(signFileId(signer, digest, { type: 5 }));
    assert.equal(verifies(fieldsOf(), 'little', signature), true);
    const other = signatureOf(signFileId(signer, digest, { type: 3 }));
    assert.equal(verifies(fieldsOf(), 'little', { ...other, subject: 'metadata' }), false);
  });

  it('is hashed in the byte order of the host', () => {
    const message = metadataMessage(METADATA, 'big');
    const signature = signatureOf(withHeader(signedBy(signer, message), { type: 5 }));
    assert.equal(verifies(fieldsOf(METADATA, 'big'), 'big', signature), true);
    assert.equal(verifies(fieldsOf(), 'little', signature), false);
  });

  const [selinux, ima, capability] = METADATA.attributes;
  assert.ok(selinux && ima && capability);
  const changed: readonly (readonly [string, MadeMetadata])[] = [
    ['another owner', { ...METADATA, userId: 0 }],
    ['another group', { ...METADATA, groupId: 0 }],
    ['a set-uid bit', { ...METADATA, mode: 0o104755 }],
    ['another label', { ...METADATA, attributes: [['security.selinux', ascii('x')], ima] }],
    ['an attribute less', { ...METADATA, attributes: [selinux, ima] }],
    ['another order', { ...METADATA, attributes: [ima, selinux, capability] }],
  ];
  for (const [what, metadata] of changed) {
    it(`does not cover ${what}`, () => assert.equal(verifies(fieldsOf(metadata)), false));
  }

  it('says nothing for a file whose digest is not the one in security.ima', () => {
    const bytes = sha256(ascii('other'));
    const digest: FileDigest = { algorithm: 'sha256', bytes, of: 'untold', offsetBytes: 0 };
    assert.equal(verifies({ ...fieldsOf(), fileDigest: digest }), 'other-content');
    const sha1: FileDigest = { ...digest, algorithm: 'sha1', bytes: sha256(CONTENT) };
    assert.equal(verifies({ ...fieldsOf(), fileDigest: sha1 }), 'other-content');
  });

  const fields = fieldsOf();
  const { userId: _, ...ownerless } = fields;
  const { xattrValues: __, ...valueless } = fields;
  const held = (value: Uint8Array) =>
    fieldsOf({ ...METADATA, attributes: [selinux, ['security.ima', value]] });
  const untold: readonly (readonly [string, TemplateFields])[] = [
    ['no security.ima', fieldsOf({ ...METADATA, attributes: [selinux] })],
    ['two of them', fieldsOf({ ...METADATA, attributes: [ima, ima] })],
    ['a signature in security.ima', held(withHeader(new Uint8Array(256)))],
    ['an empty security.ima', held(new Uint8Array())],
    ['an unknown algorithm in it', held(unhex('04ff'))],
    ['no owner', ownerless],
    ['no values', valueless],
    ['a length more', { ...fields, xattrLengths: join(fields.xattrLengths ?? CONTENT, CONTENT) }],
    ['values longer than their lengths', { ...fields, xattrValues: new Uint8Array(500) }],
    ['lengths beyond the values', { ...fields, xattrLengths: unhex('ffffffff'.repeat(3)) }],
    ['no attribute at all', {}],
  ];
  for (const [what, record] of untold) {
    it(`cannot be checked with ${what}`, () => assert.equal(verifies(record), 'untold'));
  }
});

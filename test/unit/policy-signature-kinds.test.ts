// Rules with signedBy over every kind of signature that a record can carry.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TemplateFields } from '../../src/ima/template-fields.ts';
import { join, unhex } from '../property/list-writer.ts';
import {
  accepted,
  BY_DIGEST,
  CONTENT,
  codes,
  ec,
  file,
  judge,
  OTHER,
  refused,
  rsa,
  SIGNED,
  signed,
  stranger,
  VENDOR,
} from './signature-scene.ts';
import {
  appendedSignature,
  type MadeMetadata,
  metadataFields,
  metadataMessage,
  sha256,
  signedBy,
  signFile,
  signFileId,
  withHeader,
} from './signed-files.ts';

describe('signatures of version 3', () => {
  const digest = sha256(CONTENT);
  const of = (kind: 'content' | 'verity'): TemplateFields => ({
    fileDigest: { algorithm: 'sha256', bytes: digest, of: kind, offsetBytes: 0 },
  });

  it('are over content or over fs-verity, as the record says', () => {
    const content = signFileId(rsa, digest);
    accepted(judge(file({ signature: content })));
    accepted(judge(file({ signature: content, ...of('content') })));
    refused(judge(file({ signature: content, ...of('verity') })), 'unsupported');
    const verity = signFileId(ec, digest, { type: 6 });
    accepted(judge(file({ signature: verity, ...of('verity') })));
    refused(judge(file({ signature: verity, ...of('content') })), 'unsupported');
  });

  it('are none of version 2, and the other way round', () => {
    refused(judge(signed(signFileId(rsa, digest, { version: 2 }))), 'invalid');
    refused(judge(signed(signFile(rsa, CONTENT, { version: 3 }))), 'invalid');
  });

  it('of another kind do not become one by their type byte', () => {
    const verity = signFileId(ec, digest, { type: 6 });
    const relabelled = verity.map((byte, index) => (index === 0 ? 3 : byte));
    refused(judge(signed(relabelled)), 'invalid');
  });
});

describe('EVM portable signatures', () => {
  const metadata: MadeMetadata = {
    attributes: [
      ['security.ima', join(unhex('0404'), sha256(CONTENT))],
      ['security.capability', unhex('01')],
    ],
    userId: 0,
    groupId: 0,
    mode: 0o100755,
  };
  const evmSignature = withHeader(signedBy(ec, metadataMessage(metadata)), { type: 5 });

  it('accept content through the digest in security.ima', () => {
    const judgement = judge(file({ evmSignature, ...metadataFields(metadata) }));
    accepted(judgement);
    assert.equal(judgement.remarks[0]?.field, 'evmsig');
    const other = judge(file({ evmSignature, ...metadataFields(metadata) }, OTHER));
    refused(other, 'invalid');
    const owned = metadataFields({ ...metadata, userId: 1 });
    refused(judge(file({ evmSignature, ...owned })), 'key_unknown');
  });
});

describe('appended signatures', () => {
  const recorded = (content: Uint8Array): TemplateFields => ({
    appendedDigest: { algorithm: 'sha256', bytes: sha256(content), of: 'untold', offsetBytes: 0 },
  });
  const appended = appendedSignature({ signature: signedBy(rsa, CONTENT) });

  it('accept a file by the digest without its tail, whatever the digest of the whole is', () => {
    const judgement = judge(file({ appendedSignature: appended, ...recorded(CONTENT) }, OTHER));
    accepted(judgement);
    assert.equal(judgement.remarks[0]?.field, 'modsig');
    refused(judge(file({ appendedSignature: appended, ...recorded(OTHER) })), 'key_unknown');
    refused(judge(file({ appendedSignature: appended })), 'unsupported');
  });

  it('name their certificate, which is a hint', () => {
    const unnamed = appendedSignature({ signature: signedBy(ec, CONTENT), sid: unhex('3000') });
    accepted(judge(file({ appendedSignature: unnamed, ...recorded(CONTENT) })));
  });

  it('that are malformed do not count, and speak against nothing else', () => {
    const bad = { appendedSignature: unhex('30'), ...recorded(CONTENT) };
    refused(judge(file(bad)), 'malformed');
    assert.deepEqual(codes(judge(file(bad), [VENDOR, BY_DIGEST])), []);
  });

  it('count where the signature beside them does not', () => {
    const both = { appendedSignature: appended, ...recorded(CONTENT) };
    const judgement = judge(file({ ...both, signature: signFile(stranger, CONTENT) }));
    accepted(judgement);
    assert.deepEqual(codes(judgement), SIGNED);
  });
});

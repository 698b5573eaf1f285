// Rules with signedBy: what a valid signature accepts, and every way in which a signature does not
// count, with its reason.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KEYRING_LIMITS } from '../../src/bytes/limits.ts';
import type { Keyring } from '../../src/crypto/trusted-key.ts';
import type { TemplateFields } from '../../src/ima/template-fields.ts';
import type { Judgement, Measurement } from '../../src/policy/acceptance.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import { ascii, hex, join, unhex } from '../property/list-writer.ts';
import { measurementOf } from './measurements.ts';
import { MINIMAL_POLICY, parsed, utf8 } from './policy-documents.ts';
import {
  appendedSignature,
  ecSigner,
  keyringOf,
  type MadeMetadata,
  metadataFields,
  metadataMessage,
  rsaSigner,
  sha256,
  signedBy,
  signFile,
  signFileId,
  withHeader,
} from './signed-files.ts';

const CONTENT = ascii('content');
const OTHER = ascii('other content');
const rsa = rsaSigner();
const ec = ecSigner();
const stranger = ecSigner();
const short = rsaSigner(1024);
const crowd = Array.from({ length: KEYRING_LIMITS.triedKeys + 1 }, () => ecSigner());

const KEYRINGS: ReadonlyMap<string, Keyring> = new Map([
  ['vendor', keyringOf(rsa, ec, short)],
  ['strangers', keyringOf(stranger)],
  ['crowd', keyringOf(...crowd)],
]);

const VENDOR = { id: 'vendor', path: '/**', signedBy: ['vendor'], then: 'accept' };
const BY_DIGEST = { id: 'digest', digestIn: ['good'], then: 'accept' };

function judge(measurement: Measurement, rules: readonly object[] = [VENDOR], ima: object = {}) {
  const lines = readReferenceSet(utf8(`${hex(sha256(CONTENT))}  x\n`), { format: 'digest-lines' });
  assert.ok(lines.ok);
  const document = parsed({ ...MINIMAL_POLICY, ima: { ...ima, measurements: rules } });
  const sets = new Map([['good', lines.set]]);
  const result = compilePolicy(document, { sets, keyrings: KEYRINGS, version: null });
  assert.ok(result.ok, JSON.stringify(result));
  assert.ok(result.policy.ima !== 'not-required' && result.policy.ima.measurements !== 'any');
  return result.policy.ima.measurements.judge(measurement);
}

/** A file with this content, whose record has these fields beside digest and name. */
function file(fields: TemplateFields = {}, content = CONTENT): Measurement {
  return measurementOf({ name: utf8('/opt/x'), hex: hex(sha256(content)), fields });
}

function signed(signature: Uint8Array, content = CONTENT): Measurement {
  return file({ signature }, content);
}

function codes({ remarks }: Judgement): readonly string[] {
  return remarks.map(({ code, severity }) => `${severity} ${code}`);
}

const SIGNED = ['info ima.file_signed'];

function accepted(judgement: Judgement, rule = 'vendor'): void {
  assert.deepEqual(judgement.ruling, { then: 'accept', rule });
}

function refused(judgement: Judgement, code: string): void {
  assert.equal(judgement.ruling, undefined);
  assert.deepEqual(codes(judgement), [`contraindicated ima.file_signature_${code}`]);
}

describe('a rule with signedBy', () => {
  for (const [what, signer] of [
    ['RSA', rsa],
    ['ECDSA', ec],
  ] as const) {
    it(`accepts what an ${what} key of the keyring signed, and nothing else`, () => {
      const judgement = judge(signed(signFile(signer, CONTENT)));
      accepted(judgement);
      assert.deepEqual(codes(judgement), SIGNED);
      const [remark] = judgement.remarks;
      assert.equal(remark?.field, 'sig');
      const { keys } = keyringOf(signer);
      assert.equal(remark.actual, `key sha256:${keys[0]?.fingerprint}`);
      refused(judge(signed(signFile(signer, CONTENT), OTHER)), 'invalid');
    });
  }

  it('takes the keyid for a hint: any other leads to the same key', () => {
    for (const keyid of ['00000000', 'ffffffff']) {
      accepted(judge(signed(signFile(ec, CONTENT, { keyid: unhex(keyid) }))));
    }
    const ofRsa = KEYRINGS.get('vendor')?.keys.find(({ key }) => key.publicKey.kind === 'rsa');
    const misled = (ofRsa?.keyids[0] ?? 0).toString(16).padStart(8, '0');
    accepted(judge(signed(signFile(ec, CONTENT, { keyid: unhex(misled) }))));
  });

  it('tries no more than some keys that nothing hints at', () => {
    const rules = [{ ...VENDOR, signedBy: ['crowd'] }];
    const judgements = crowd.map((signer) =>
      judge(signed(signFile(signer, CONTENT, { keyid: unhex('00000000') })), rules),
    );
    const found = judgements.filter(({ ruling }) => ruling !== undefined);
    assert.equal(found.length, KEYRING_LIMITS.triedKeys);
    for (const signer of crowd) accepted(judge(signed(signFile(signer, CONTENT)), rules));
  });

  it('does not accept an unsigned file, and has nothing to say of it', () => {
    const judgement = judge(file());
    assert.deepEqual(judgement, { ruling: undefined, remarks: [] });
  });

  it('does not know the keys of others', () => {
    refused(judge(signed(signFile(stranger, CONTENT))), 'key_unknown');
    const either = [{ ...VENDOR, signedBy: ['vendor', 'strangers'] }];
    accepted(judge(signed(signFile(stranger, CONTENT)), either));
  });

  it('asks for the hashes and key sizes of the policy', () => {
    const weak = signed(signFile(short, CONTENT));
    refused(judge(weak), 'weak');
    accepted(judge(weak, [VENDOR], { signatures: { minRsaBits: 1024 } }));
    const strong = signed(signFile(rsa, CONTENT));
    refused(judge(strong, [VENDOR], { signatures: { hashes: ['sha512'] } }), 'weak');
  });

  it('asks for every other condition too', () => {
    const both = [{ ...VENDOR, digestIn: ['good'] }];
    accepted(judge(signed(signFile(rsa, CONTENT)), both));
    assert.equal(judge(signed(signFile(rsa, OTHER), OTHER), both).ruling, undefined);
    const elsewhere = [{ ...VENDOR, path: '/usr/**' }];
    const judgement = judge(signed(signFile(rsa, CONTENT)), elsewhere);
    assert.deepEqual(judgement, { ruling: undefined, remarks: [] });
  });

  it('needs a file: a buffer has no signature', () => {
    const anywhere = { id: 'vendor', signedBy: ['vendor'], then: 'refuse' };
    const buffer = measurementOf({ kind: 'buffer', name: utf8('x'), hex: 'ab'.repeat(32) });
    assert.equal(judge(buffer, [anywhere]).ruling, undefined);
  });

  it('with then warn says who signed', () => {
    const judgement = judge(signed(signFile(rsa, CONTENT)), [{ ...VENDOR, then: 'warn' }]);
    assert.equal(judgement.ruling?.then, 'warn');
    assert.deepEqual(codes(judgement), SIGNED);
  });

  it('with then refuse counts weak signatures, and is silent about others', () => {
    const refuse = { id: 'no', signedBy: ['vendor'], then: 'refuse' };
    const strict = { signatures: { hashes: ['sha512'] } };
    for (const signer of [rsa, ec, short]) {
      const judgement = judge(signed(signFile(signer, CONTENT)), [refuse], strict);
      assert.deepEqual(judgement.ruling, { then: 'refuse', rule: 'no' });
    }
    for (const content of [CONTENT, OTHER]) {
      const other = judge(signed(signFile(stranger, CONTENT), content), [refuse, BY_DIGEST]);
      assert.deepEqual(other.remarks, []);
    }
  });
});

describe('a signature that does not count', () => {
  it('leaves the file to later rules, and a word only where it names a key of the policy', () => {
    const unknown = judge(signed(signFile(stranger, CONTENT)), [VENDOR, BY_DIGEST]);
    accepted(unknown, 'digest');
    assert.deepEqual(codes(unknown), []);
    const invalid = judge(signed(signFile(rsa, OTHER)), [VENDOR, BY_DIGEST]);
    accepted(invalid, 'digest');
    assert.deepEqual(codes(invalid), ['info ima.file_signature_invalid']);
  });

  it('is told once for each reason', () => {
    const again = { ...VENDOR, id: 'again', signedBy: ['vendor', 'crowd'] };
    refused(judge(signed(signFile(stranger, CONTENT)), [VENDOR, again]), 'key_unknown');
  });

  it('because it is malformed speaks against the file under every rule', () => {
    const bad = signFile(rsa, CONTENT, { sizeBytes: 9 });
    for (const rules of [[VENDOR], [BY_DIGEST], [VENDOR, BY_DIGEST], []]) {
      const judgement = judge(signed(bad), rules);
      assert.deepEqual(codes(judgement), ['contraindicated ima.file_signature_malformed']);
      assert.equal(judgement.remarks[0]?.field, 'sig.signature');
    }
    const inMetadata = judge(file({ evmSignature: bad }), [BY_DIGEST]);
    assert.deepEqual(codes(inMetadata), ['contraindicated ima.file_signature_malformed']);
  });

  const unsupported: readonly (readonly [string, TemplateFields])[] = [
    ['obsolete', { signature: unhex('0301000000000000') }],
    ['ML-DSA', { signature: withHeader(new Uint8Array(3309), { version: 3 }) }],
    ['over metadata', { signature: signFile(rsa, CONTENT, { type: 5 }) }],
    ['over fs-verity', { signature: signFileId(rsa, sha256(CONTENT), { type: 6 }) }],
    ['over a digest in another algorithm', { signature: signFile(rsa, CONTENT, { hashId: 5 }) }],
    ['of content where metadata is meant', { evmSignature: signFile(rsa, CONTENT) }],
  ];
  for (const [what, fields] of unsupported) {
    it(`because it is ${what}`, () => refused(judge(file(fields)), 'unsupported'));
  }

  it('never accepts by a flipped byte', () => {
    const whole = signFile(ec, CONTENT);
    for (let at = 0; at < whole.byteLength; at += 1) {
      const flipped = whole.map((byte, index) => (index === at ? byte ^ 4 : byte));
      const { ruling } = judge(signed(flipped));
      // The keyid is a hint: no check depends on it.
      assert.equal(ruling?.then, at >= 3 && at < 7 ? 'accept' : undefined, `byte ${at}`);
    }
  });
});

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

describe('keyrings', () => {
  it('are found by name, or the policy is not usable', () => {
    const document = parsed({ ...MINIMAL_POLICY, ima: { measurements: [VENDOR] } });
    const without = compilePolicy(document, { sets: new Map(), version: null });
    assert.ok(!without.ok);
    assert.deepEqual(
      without.problems.map(({ path }) => path),
      ['ima.measurements[0].signedBy[0]'],
    );
  });
});

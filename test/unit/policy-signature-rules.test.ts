// Rules with signedBy: what a valid signature accepts, and every way in which a signature does not
// count, with its reason.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KEYRING_LIMITS } from '../../src/bytes/limits.ts';
import type { TemplateFields } from '../../src/ima/template-fields.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { unhex } from '../property/list-writer.ts';
import { measurementOf } from './measurements.ts';
import { MINIMAL_POLICY, parsed, utf8 } from './policy-documents.ts';
import {
  accepted,
  BY_DIGEST,
  CONTENT,
  codes,
  crowd,
  ec,
  file,
  judge,
  KEYRINGS,
  OTHER,
  refused,
  rsa,
  SIGNED,
  short,
  signed,
  stranger,
  VENDOR,
} from './signature-scene.ts';
import { keyringOf, sha256, signFile, signFileId, withHeader } from './signed-files.ts';

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

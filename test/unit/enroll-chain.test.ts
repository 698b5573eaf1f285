// Paths from certificates to trust anchors: one that holds, and each way in which one does not.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findChain } from '../../src/enroll/chain.ts';
import { TrustMaterial } from '../../src/enroll/trust-material.ts';
import {
  authority,
  ECDSA_SHA1,
  EK_PURPOSE,
  extension,
  keyId,
  usage,
} from './certificate-writer.ts';
import {
  CA_KEY,
  ca,
  EK_KEY,
  findingsOf,
  leaf,
  OTHER_KEY,
  outcomeOf,
  ROOT_KEY,
  RULES,
  root,
  UNKNOWN,
  UNTRUSTED,
} from './chain-scene.ts';
import { hex } from './tpm-writer.ts';

test('a path through an intermediate holds', () => {
  const outcome = outcomeOf(leaf());
  assert.ok(outcome.trusted);
  assert.deepEqual(
    outcome.path.map(({ subject }) => subject),
    ['CN=ek', 'CN=ca', 'CN=root'],
  );
  assert.deepEqual(outcome.findings, []);
});

test('an intermediate may be the anchor itself', () => {
  const outcome = outcomeOf(leaf(), { anchors: [ca()], intermediates: [] });
  assert.ok(outcome.trusted);
  assert.equal(outcome.path.length, 2);
});

test('what an attester sends along can help a path and never be its anchor', () => {
  const material = new TrustMaterial({ anchors: [root()], intermediates: [], revocationLists: [] });
  assert.ok(findChain(leaf(), material.with([ca()]), RULES).trusted);
  assert.ok(!findChain(leaf(), material, RULES).trusted);
  const none = new TrustMaterial({ anchors: [], intermediates: [], revocationLists: [] });
  assert.ok(!findChain(leaf(), none.with([ca(), root()]), RULES).trusted);
});

describe('refused: ', () => {
  const cases: readonly (readonly [string, () => string[], readonly string[]])[] = [
    [
      'no issuer',
      () => findingsOf(leaf(), { intermediates: [] }),
      ['ek.issuer_missing path[0].issuer', UNTRUSTED],
    ],
    [
      'no anchor',
      () => findingsOf(leaf(), { anchors: [] }),
      ['ek.issuer_missing path[1].issuer', UNTRUSTED],
    ],
    [
      'a leaf that signed itself',
      () => findingsOf(leaf({ issuer: 'ek', signer: EK_KEY })),
      ['ek.issuer_missing path[0].issuer', UNTRUSTED],
    ],
    [
      'a signature by another key',
      () => findingsOf(leaf({ signer: OTHER_KEY })),
      ['ek.chain_signature_invalid path[0].signature', UNTRUSTED],
    ],
    [
      'expired leaf',
      () => findingsOf(leaf({ notAfter: '2026-05-31' })),
      ['ek.expired path[0].notAfter'],
    ],
    [
      'leaf not yet valid',
      () => findingsOf(leaf({ notBefore: '2026-06-02' })),
      ['ek.not_yet_valid path[0].notBefore'],
    ],
    [
      'expired intermediate',
      () => findingsOf(leaf(), { intermediates: [ca({ notAfter: '2026-05-31' })] }),
      ['ek.expired path[1].notAfter', UNTRUSTED],
    ],
    [
      'expired anchor',
      () => findingsOf(leaf(), { anchors: [root({ notAfter: '2026-05-31' })] }),
      ['ek.expired path[2].notAfter', UNTRUSTED],
    ],
    [
      'intermediate without CA flag',
      () => findingsOf(leaf(), { intermediates: [ca({ extensions: [usage('06')] })] }),
      ['ek.issuer_unsuitable path[1].basicConstraints', UNTRUSTED],
    ],
    [
      'intermediate that may not sign certificates',
      () => findingsOf(leaf(), { intermediates: [ca({ extensions: [authority(), usage('02')] })] }),
      ['ek.issuer_unsuitable path[1].keyUsage', UNTRUSTED],
    ],
    [
      'an EK that issues certificates',
      () => {
        const below = leaf({ subject: 'below', issuer: 'ek', signer: EK_KEY });
        return findingsOf(below, { intermediates: [ca(), leaf()] });
      },
      [
        'ek.issuer_unsuitable path[1].basicConstraints',
        'ek.issuer_unsuitable path[1].keyUsage',
        UNTRUSTED,
      ],
    ],
    [
      'path length exceeded',
      () => {
        const second = ca({ subject: 'second', issuer: 'ca', key: OTHER_KEY, signer: CA_KEY });
        const below = leaf({ issuer: 'second', signer: OTHER_KEY });
        return findingsOf(below, { intermediates: [second, ca()] });
      },
      ['ek.issuer_unsuitable path[2].basicConstraints', UNTRUSTED],
    ],
    [
      'another purpose',
      () => findingsOf(leaf({ extensions: [OTHER_PURPOSE] })),
      ['ek.usage_unsuitable path[0].extKeyUsage'],
    ],
    [
      'a key usage of signing keys',
      () => findingsOf(leaf({ extensions: [EK_PURPOSE, usage('80')] })),
      ['ek.usage_unsuitable path[0].keyUsage'],
    ],
    [
      'an authority as a leaf',
      () => findingsOf(leaf({ extensions: [EK_PURPOSE, authority()] })),
      ['ek.usage_unsuitable path[0].basicConstraints'],
    ],
    [
      'unknown critical extension in the leaf',
      () => findingsOf(leaf({ extensions: [EK_PURPOSE, UNKNOWN] })),
      ['ek.extension_not_understood path[0].extensions'],
    ],
    [
      'unknown critical extension above',
      () => findingsOf(leaf(), { intermediates: [ca({ extensions: [authority(), UNKNOWN] })] }),
      ['ek.extension_not_understood path[1].extensions', UNTRUSTED],
    ],
    [
      'name constraints, critical or not',
      () => findingsOf(leaf(), { anchors: [root({ extensions: [authority(), CONSTRAINTS] })] }),
      ['ek.extension_not_understood path[2].extensions', UNTRUSTED],
    ],
  ];
  for (const [what, judge, expected] of cases) {
    test(what, () => assert.deepEqual(judge(), expected));
  }
});

describe('noted and not refused: ', () => {
  test('no purpose stated; refused where the rules ask for one', () => {
    const silent = leaf({ extensions: [] });
    assert.deepEqual(findingsOf(silent), ['ek.usage_unstated path[0].extKeyUsage']);
    assert.ok(outcomeOf(silent).trusted);
    const strict = { ...RULES, usageUnstated: 'contraindicated' } as const;
    assert.ok(!outcomeOf(silent, {}, strict).trusted);
  });

  test('a signature over SHA-1; refused where the rules say so', () => {
    const weak = leaf({ algorithm: ECDSA_SHA1 });
    assert.deepEqual(findingsOf(weak), ['ek.signature_weak path[0].signature']);
    assert.ok(outcomeOf(weak).trusted);
    const strict = { ...RULES, weakSignature: 'contraindicated' } as const;
    assert.ok(!outcomeOf(weak, {}, strict).trusted);
  });

  test('an unknown extension that is not critical', () => {
    const harmless = extension('2b060104018f65', hex('0500'), '');
    assert.deepEqual(findingsOf(leaf({ extensions: [EK_PURPOSE, harmless] })), []);
  });
});

describe('several issuers of one name', () => {
  const fake = ca({ key: OTHER_KEY, signer: OTHER_KEY });

  test('a fake does not hide the real one', () => {
    for (const intermediates of [
      [fake, ca()],
      [ca(), fake],
    ]) {
      assert.deepEqual(findingsOf(leaf(), { intermediates }), []);
    }
  });

  test('what the fake signed is not trusted', () => {
    const forged = leaf({ signer: OTHER_KEY });
    assert.deepEqual(findingsOf(forged, { intermediates: [fake, ca()] }), [
      'ek.chain_signature_invalid path[1].signature',
      UNTRUSTED,
    ]);
  });

  test('a fake root of the same name is not the anchor', () => {
    const forgedRoot = root({ key: OTHER_KEY });
    const forgedCa = ca({ signer: OTHER_KEY });
    assert.deepEqual(findingsOf(leaf(), { intermediates: [forgedCa, forgedRoot] }), [
      'ek.chain_signature_invalid path[2].signature',
      UNTRUSTED,
    ]);
  });

  test('an expired certificate does not hide a renewed one for the same key', () => {
    const old = ca({ notAfter: '2026-05-31' });
    assert.deepEqual(findingsOf(leaf(), { intermediates: [old, ca()] }), []);
  });

  test('a key id that differs is a hint, no reason to stop', () => {
    const child = leaf({ extensions: [EK_PURPOSE, keyId('23', 'aa')] });
    const intermediates = [ca({ extensions: [authority(0), keyId('0e', 'bb')] })];
    assert.deepEqual(findingsOf(child, { intermediates }), []);
  });

  test('of a thousand the one with the key id is found, and the work is bounded without', () => {
    const crowd = Array.from({ length: 1000 }, () => fake);
    const child = leaf({ extensions: [EK_PURPOSE, keyId('23', 'aa')] });
    const real = ca({ extensions: [authority(0), keyId('0e', 'aa')] });
    assert.deepEqual(findingsOf(child, { intermediates: [...crowd, real] }), []);
    assert.deepEqual(findingsOf(leaf(), { intermediates: [...crowd, ca()] }), [
      'limit.exceeded CERTIFICATE_LIMITS.pathSteps',
      UNTRUSTED,
    ]);
  });
});

describe('circles and depth', () => {
  test('two authorities that certify each other end in a missing anchor', () => {
    const x = { subject: 'ca', issuer: 'b', key: CA_KEY, signer: OTHER_KEY };
    const y = { subject: 'b', issuer: 'ca', key: OTHER_KEY, signer: CA_KEY };
    const extensions = [authority()];
    const intermediates = [ca({ ...x, extensions }), ca({ ...y, extensions })];
    const codes = findingsOf(leaf(), { intermediates });
    assert.deepEqual(codes, ['ek.issuer_missing path[2].issuer', UNTRUSTED]);
  });

  test('a path is at most eight certificates long', () => {
    const line = (length: number) =>
      Array.from({ length }, (_, index) =>
        ca({
          subject: index === 0 ? 'ca' : `ca ${index}`,
          issuer: index === length - 1 ? 'root' : `ca ${index + 1}`,
          key: CA_KEY,
          signer: index === length - 1 ? ROOT_KEY : CA_KEY,
          extensions: [authority()],
        }),
      );
    assert.deepEqual(findingsOf(leaf(), { intermediates: line(6) }), []);
    assert.deepEqual(findingsOf(leaf(), { intermediates: line(7) }), [
      'limit.exceeded CERTIFICATE_LIMITS.pathCertificates',
      UNTRUSTED,
    ]);
  });
});

const OTHER_PURPOSE = extension('551d25', hex('300a06082b06010505070301'), '');
const CONSTRAINTS = extension('551d1e', hex('3000'), '');

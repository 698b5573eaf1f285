// Endorsement keys from their public areas, and the certificates that are said to be theirs.

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { concatBytes, latinText, toHex } from '../../src/bytes/encoding.ts';
import {
  type EndorsementKey,
  isSameEk,
  judgeCertifiedKey,
  judgeEk,
  readEk,
} from '../../src/enroll/ek.ts';
import { judgeEndorsement } from '../../src/enroll/endorse.ts';
import type { PathRules } from '../../src/enroll/judge-path.ts';
import { TrustMaterial } from '../../src/enroll/trust-material.ts';
import {
  authority,
  der,
  EK_PURPOSE,
  makeCertificate,
  writeCertificate,
} from './certificate-writer.ts';
import { testFile } from './evidence-files.ts';
import { hex, makeEccKey } from './tpm-writer.ts';

const KEYS = 'evidence/01-ima-ng-tcb/boot1/keys';
const RSA = testFile(`${KEYS}/ek-rsa.pub`);
const RULES: PathRules = {
  part: 'ek',
  atMs: Date.parse('2027-01-01'),
  usageUnstated: 'info',
  weakSignature: 'warning',
};

function ekOf(bytes: Uint8Array): EndorsementKey {
  const reading = readEk(bytes, 'tpm2b-public');
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.ek;
}

/** The EK with one byte of its area (behind the size field) changed. */
function changed(at: number, byte: number): Uint8Array {
  return RSA.map((old, index) => (index === at + 2 ? byte : old));
}

function refusal(bytes: Uint8Array): string {
  const reading = readEk(bytes, 'tpm2b-public');
  assert.ok(!reading.ok);
  return `${reading.finding.code} ${reading.finding.where.field}`;
}

describe('the EKs of a TPM', () => {
  for (const [name, hash, bits] of [
    ['rsa', 'sha256', 128],
    ['ecc', 'sha256', 128],
    ['p384', 'sha384', 256],
  ] as const) {
    test(`${name} is read and suitable`, () => {
      const ek = ekOf(testFile(`${KEYS}/ek-${name}.pub`));
      assert.deepEqual([ek.hash, ek.symmetricBits], [hash, bits]);
      assert.deepEqual(judgeEk(ek), []);
      const bare = readEk(testFile(`${KEYS}/ek-${name}.pub`).slice(2), 'tpmt-public');
      assert.ok(bare.ok && isSameEk(bare.ek, ek));
    });
  }

  test('are not one another', () => {
    assert.ok(!isSameEk(ekOf(RSA), ekOf(testFile(`${KEYS}/ek-ecc.pub`))));
  });
});

describe('refused: ', () => {
  test('an AK in place of an EK', () => {
    const field = 'ek.key_unsupported parameters.symmetric';
    assert.equal(refusal(testFile(`${KEYS}/ak-rsassa.pub`)), field);
    assert.equal(refusal(testFile(`${KEYS}/ak-ecdsa.pub`)), field);
  });

  for (const [what, at, byte, expected] of [
    ['another cipher', 43, 0x26, 'ek.key_unsupported parameters.symmetric'],
    ['another mode', 47, 0x40, 'ek.key_unsupported parameters.symmetric'],
    ['nameAlg SHA-1', 3, 0x04, 'ek.key_unsupported nameAlg'],
    ['nameAlg of no hash', 3, 0x10, 'ek.key_unsupported nameAlg'],
    ['another type', 1, 0x08, 'ek.key_unsupported type'],
    ['an even modulus', 313, 0x00, 'ek.key_unsupported unique'],
  ] as const) {
    test(what, () => assert.equal(refusal(changed(at, byte)), expected));
  }

  test('a public area that is cut or too long', () => {
    assert.match(refusal(RSA.slice(0, 100)), /^ek\.malformed/);
    assert.match(refusal(concatBytes(RSA, hex('00'))), /^ek\.malformed/);
  });

  for (const [what, attributes] of [
    ['a key that may be duplicated', '000300a0'],
    ['a key that is not restricted', '000200b2'],
    ['a key that signs', '000700b2'],
    ['a key that anybody may use', '00030072'],
  ] as const) {
    test(what, () => {
      const area = RSA.slice();
      area.set(hex(attributes), 6);
      const codes = judgeEk(ekOf(area)).map(({ code, severity }) => `${code} ${severity}`);
      assert.deepEqual(codes, ['ek.attributes_unsuitable contraindicated']);
    });
  }
});

test('a policy that is not of a default template is told', () => {
  const [finding, ...rest] = judgeEk(ekOf(changed(10, 0x00)));
  assert.deepEqual([finding?.code, finding?.severity, rest], ['ek.policy_unknown', 'info', []]);
});

describe('a certificate and a key', () => {
  const none = new TrustMaterial({ anchors: [], intermediates: [], revocationLists: [] });
  const ek = ekOf(RSA);

  test('that do not belong together: the finding names both', () => {
    const { der } = makeCertificate({ subject: 'ek', key: makeEccKey('P-384') });
    const { findings } = judgeEndorsement({ certificate: der, key: ek.key }, none, RULES);
    const mismatch = findings.find(({ code }) => code === 'ek.certificate_mismatch');
    assert.deepEqual([mismatch?.expected, mismatch?.actual], ['RSA 2048', 'ECC P-384']);
    const p256 = ekOf(testFile(`${KEYS}/ek-ecc.pub`)).key;
    const other = makeCertificate({ subject: 'ek', key: makeEccKey('P-256') }).der;
    const outcome = judgeEndorsement({ certificate: other, key: p256 }, none, RULES);
    assert.equal(outcome.findings[0]?.actual, 'another key, ECC P-256');
  });

  test('a certificate that cannot be read, and one sent along', () => {
    const certificate = testFile('vectors/keys/ek-cert-rsa2048.der');
    const cut = certificate.slice(0, 400);
    const broken = judgeEndorsement({ certificate: cut, key: ek.key }, none, RULES);
    assert.ok(!broken.endorsed && broken.certificate === undefined);
    assert.deepEqual(
      broken.findings.map(({ code, severity }) => `${code} ${severity}`),
      ['ek.certificate_malformed contraindicated'],
    );
    const sent = judgeEndorsement({ certificate, key: ek.key, sent: [cut] }, none, RULES);
    assert.deepEqual(
      sent.findings.map(({ code, severity }) => `${code} ${severity}`),
      [
        'ek.issuer_missing contraindicated',
        'ek.chain_untrusted contraindicated',
        'ek.certificate_malformed warning',
      ],
    );
  });

  test('what is odd about a certificate is told, and refuses nothing', () => {
    const pem = latinText(testFile('vectors/keys/ek-rsa.pem'));
    const pkcs1 = createPublicKey(pem).export({ type: 'pkcs1', format: 'der' });
    const name = der('30', hex('06092a864886f70d010107'));
    const bits = der('03', new Uint8Array(1), new Uint8Array(pkcs1));
    const signer = makeEccKey('P-256');
    const fields = { subject: 'ek', issuer: 'ca', signer, spki: der('30', name, bits) };
    const extensions = [EK_PURPOSE];
    const certificate = concatBytes(writeCertificate({ ...fields, extensions }), hex('ffff'));
    const anchor = makeCertificate({ subject: 'ca', key: signer, extensions: [authority()] });
    const parts = { anchors: [anchor], intermediates: [], revocationLists: [] };
    const material = new TrustMaterial(parts);
    const outcome = judgeEndorsement({ certificate, key: ek.key }, material, RULES);
    assert.ok(outcome.endorsed);
    assert.deepEqual(
      outcome.findings.map(({ code, severity, where }) => `${code} ${severity} ${where.field}`),
      [
        'ek.certificate_tolerated info path[0].subjectPublicKeyInfo',
        'ek.certificate_tolerated info path[0].encoding',
      ],
    );
  });

  test('a certificate for a key that is not read', () => {
    const spki = new Uint8Array(
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }),
    );
    const p256 = hex('301306072a8648ce3d020106082a8648ce3d030107');
    const offCurve = der('30', p256, der('03', hex('0004'), new Uint8Array(64)));
    for (const [odd, actual] of [
      [spki, 'a key of type ed25519'],
      [offCurve, 'a key that cannot be read'],
    ] as const) {
      const certificate = makeCertificate({ subject: 'ek', spki: odd });
      const [finding] = judgeCertifiedKey(certificate, ek.key, RULES);
      assert.deepEqual([finding?.code, finding?.actual], ['ek.certificate_mismatch', actual]);
    }
  });

  test('the finding of an AK certificate says so', () => {
    const { der } = makeCertificate({ subject: 'ak' });
    const rules = { ...RULES, part: 'ak' } as const;
    const { findings } = judgeEndorsement({ certificate: der, key: ek.key }, none, rules);
    assert.ok(findings.every(({ code, where }) => code.startsWith('ak.') && where.part === 'ak'));
    assert.match(toHex(ek.name), /^000b/);
  });
});

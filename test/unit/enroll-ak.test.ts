// Attestation keys in all five encodings, and what is said about them.

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes, concatBytes, latinText, toBase64 } from '../../src/bytes/encoding.ts';
import { AK_ENCODINGS, type AkEncoding, judgeAk, readAk } from '../../src/enroll/ak.ts';
import type { AttestationKey } from '../../src/quote/attestation-key.ts';
import { testFile } from './evidence-files.ts';
import { hex, makeEccKey, writeEccPublic } from './tpm-writer.ts';

const KEYS = 'evidence/01-ima-ng-tcb/boot1/keys';
const CERTIFICATE = testFile('vectors/keys/ek-cert-rsa2048.der');
const PEM = testFile('vectors/keys/ak-ecdsa.pem');

function akOf(encoding: AkEncoding, bytes: Uint8Array): AttestationKey {
  const reading = readAk({ encoding, bytes });
  assert.ok(reading.ok);
  return reading.ak;
}

function findingOf(encoding: AkEncoding, bytes: Uint8Array) {
  const reading = readAk({ encoding, bytes });
  assert.ok(!reading.ok);
  assert.equal(reading.finding.severity, 'contraindicated');
  assert.equal(reading.finding.where.part, 'ak');
  return reading.finding;
}

function pem(label: string, der: Uint8Array): Uint8Array {
  return asciiBytes(`-----BEGIN ${label}-----\n${toBase64(der)}\n-----END ${label}-----\n`);
}

function spki(key: {
  publicKey: { export(how: { type: 'spki'; format: 'pem' }): string | Buffer };
}) {
  return asciiBytes(key.publicKey.export({ type: 'spki', format: 'pem' }).toString());
}

describe('one key in several encodings is one key', () => {
  for (const name of ['rsassa', 'rsapss', 'ecdsa', 'ecdsa384']) {
    test(`${name}: TPM2B_PUBLIC, TPMT_PUBLIC and PEM`, () => {
      const bytes = testFile(`${KEYS}/ak-${name}.pub`);
      const ak = akOf('tpm2b-public', bytes);
      assert.deepEqual(ak.name, testFile(`vectors/keys/ak-${name}.name`));
      assert.deepEqual(akOf('tpmt-public', bytes.slice(2)).key.publicKey, ak.key.publicKey);
      const bare = akOf('spki-pem', testFile(`vectors/keys/ak-${name}.pem`));
      assert.deepEqual(bare.key.publicKey, ak.key.publicKey);
      assert.deepEqual(
        [bare.name, bare.scheme, bare.attributes],
        [undefined, undefined, undefined],
      );
    });
  }

  test('certificate: DER and PEM hold the key beside them', () => {
    const { key } = akOf('spki-pem', testFile('vectors/keys/ek-rsa.pem'));
    assert.deepEqual(akOf('x509-der', CERTIFICATE).key.publicKey, key.publicKey);
    const text = pem('CERTIFICATE', CERTIFICATE);
    assert.deepEqual(akOf('x509-pem', text).key.publicKey, key.publicKey);
    const p384 = akOf('x509-der', testFile('vectors/keys/ek-cert-p384.der'));
    const area = akOf('tpm2b-public', testFile('vectors/keys/ek-p384.pub'));
    assert.deepEqual(p384.key.publicKey, area.key.publicKey);
  });

  test('a key on P-521', () => {
    const made = makeEccKey('P-521');
    const area = akOf('tpmt-public', writeEccPublic(made, { curve: '0005' }));
    assert.deepEqual(akOf('spki-pem', spki(made)).key.publicKey, area.key.publicKey);
  });
});

test('a certificate whose key is for RSAES-OAEP is none of an AK', () => {
  const bytes = testFile('evidence/public/nsacyber-HIRS/nuc-1/tpmcert.pem');
  assert.equal(findingOf('x509-pem', bytes).code, 'ak.key_unsupported');
});

describe('PEM', () => {
  test('takes white space around its block and either line end', () => {
    const text = latinText(PEM);
    for (const other of [`\n\n  ${text}\n\t`, text.replaceAll('\n', '\r\n'), text.trimEnd()]) {
      assert.ok(readAk({ encoding: 'spki-pem', bytes: asciiBytes(other) }).ok);
    }
  });

  const body = '-----BEGIN PUBLIC KEY-----\n';
  for (const [what, change] of [
    ['two blocks', (text: string) => text + text],
    ['text in front', (text: string) => `key: ${text}`],
    ['text behind', (text: string) => `${text}.`],
    ['another label', (text: string) => text.replaceAll('PUBLIC KEY', 'CERTIFICATE')],
    ['two labels', (text: string) => text.replace('BEGIN PUBLIC KEY', 'BEGIN CERTIFICATE')],
    ['a header', (text: string) => text.replace(body, `${body}Proc-Type: 4\n\n`)],
    ['a space in a line', (text: string) => text.replace(body, `${body} `)],
    ['a character missing', (text: string) => text.replace(`${body}M`, body)],
    ['padding in its middle', (text: string) => text.replace(`${body}M`, `${body}M=`)],
    ['no end', (text: string) => text.replace('-----END', '')],
    ['nothing', () => ''],
  ] as const) {
    test(`with ${what} is malformed`, () => {
      const finding = findingOf('spki-pem', asciiBytes(change(latinText(PEM))));
      assert.deepEqual([finding.code, finding.where.field], ['ak.malformed', 'pem']);
    });
  }

  test('with bytes that are not ASCII is malformed', () => {
    const bytes = concatBytes(PEM, new Uint8Array([0xa0]));
    assert.equal(findingOf('spki-pem', bytes).code, 'ak.malformed');
  });

  test('of many line ends and no end marker is refused at once', () => {
    const bytes = asciiBytes(`-----BEGIN PUBLIC KEY-----${'\n'.repeat(16_000)}`);
    assert.equal(findingOf('spki-pem', bytes).code, 'ak.malformed');
  });
});

describe('what cannot be used', () => {
  test('a key of another type or curve is unsupported', () => {
    const ed25519 = spki(generateKeyPairSync('ed25519'));
    assert.equal(findingOf('spki-pem', ed25519).code, 'ak.key_unsupported');
    const sm2 = writeEccPublic(makeEccKey('P-256'), { curve: '0020' });
    const finding = findingOf('tpmt-public', sm2);
    assert.deepEqual(
      [finding.code, finding.where.field, finding.actual],
      ['ak.key_unsupported', 'parameters.curveID', '0x0020'],
    );
    const symmetric = hex('0025 000b 00050072 0000');
    assert.equal(findingOf('tpmt-public', symmetric).code, 'ak.key_unsupported');
  });

  test('a point off its curve is malformed', () => {
    const area = writeEccPublic(makeEccKey('P-256'), { curve: '0003' });
    area[area.byteLength - 1] = (area[area.byteLength - 1] ?? 0) ^ 1;
    const finding = findingOf('tpmt-public', area);
    assert.deepEqual([finding.code, finding.where.field], ['ak.malformed', 'unique']);
  });

  test('an RSA key with which everybody could sign is malformed', () => {
    const n = Buffer.alloc(256, 0xff).toString('base64url');
    const of = (e: string) =>
      spki({ publicKey: createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }) });
    assert.ok(readAk({ encoding: 'spki-pem', bytes: of('AQAB') }).ok);
    const finding = findingOf('spki-pem', of('AQ'));
    assert.deepEqual([finding.code, finding.where.field], ['ak.malformed', 'subjectPublicKeyInfo']);
  });

  test('bytes of another encoding are malformed', () => {
    const bytes = testFile(`${KEYS}/ak-ecdsa.pub`);
    for (const encoding of AK_ENCODINGS.filter((name) => name !== 'tpm2b-public')) {
      assert.equal(findingOf(encoding, bytes).code, 'ak.malformed', encoding);
    }
    assert.equal(findingOf('x509-der', pem('CERTIFICATE', CERTIFICATE)).code, 'ak.malformed');
    assert.equal(findingOf('x509-pem', CERTIFICATE).code, 'ak.malformed');
  });

  test('more bytes than any key has are malformed', () => {
    for (const encoding of AK_ENCODINGS) {
      const finding = findingOf(encoding, new Uint8Array(16_385));
      assert.deepEqual([finding.code, finding.actual], ['ak.malformed', '16385 bytes']);
    }
  });

  test('a public area cut at any byte is malformed at an offset', () => {
    const bytes = testFile(`${KEYS}/ak-rsassa.pub`);
    for (let size = 0; size < bytes.byteLength; size += 1) {
      const { code, where } = findingOf('tpm2b-public', bytes.slice(0, size));
      assert.equal(code, 'ak.malformed');
      assert.ok(where.offsetBytes !== undefined && where.offsetBytes <= size);
    }
  });
});

describe('judging a key', () => {
  const made = makeEccKey('P-256');
  const relaxed = { minRsaBits: 2048, asserted: undefined };

  function judged(attributes: string) {
    const ak = akOf('tpmt-public', writeEccPublic(made, { curve: '0003', attributes }));
    return judgeAk(ak, relaxed).map(({ code, severity, actual }) => [code, severity, actual]);
  }

  test('an attestation key has nothing against it', () => {
    assert.deepEqual(judged('00050072'), []);
    assert.deepEqual(judged('000504b2'), []);
  });

  for (const [attributes, actual] of [
    ['00050070', 'fixedTPM clear'],
    ['00050062', 'fixedParent clear'],
    ['00050052', 'sensitiveDataOrigin clear'],
    ['00040072', 'restricted clear'],
    ['00010072', 'sign clear'],
    ['00070072', 'decrypt set'],
    ['000d0072', 'x509sign set'],
    ['00060072', 'restricted clear, decrypt set'],
  ] as const) {
    test(`${attributes}: ${actual}`, () => {
      assert.deepEqual(judged(attributes), [
        ['ak.attributes_unsuitable', 'contraindicated', actual],
      ]);
    });
  }

  test('stClear is worth a word', () => {
    assert.deepEqual(judged('00050076'), [['ak.st_clear_set', 'info', undefined]]);
  });

  test('an endorsement key is none', () => {
    const ak = akOf('tpm2b-public', testFile('vectors/keys/ek-rsa.pub'));
    const [finding] = judgeAk(ak, relaxed);
    assert.deepEqual(
      [finding?.code, finding?.actual],
      ['ak.attributes_unsuitable', 'sign clear, decrypt set'],
    );
  });

  test('without attributes that much is unknown', () => {
    const findings = judgeAk(akOf('spki-pem', PEM), relaxed);
    assert.deepEqual(
      findings.map(({ code, severity }) => [code, severity]),
      [['ak.attributes_unknown', 'info']],
    );
  });

  test('an RSA key is weak below the asked length', () => {
    const ak = akOf('tpm2b-public', testFile(`${KEYS}/ak-rsassa.pub`));
    assert.deepEqual(judgeAk(ak, relaxed), []);
    const [finding] = judgeAk(ak, { ...relaxed, minRsaBits: 3072 });
    assert.deepEqual(
      [finding?.code, finding?.severity, finding?.expected, finding?.actual],
      ['ak.key_weak', 'contraindicated', 'at least 3072 bits', '2048 bits'],
    );
  });

  test('an asserted key is a finding of the given severity', () => {
    const ak = akOf('tpm2b-public', testFile(`${KEYS}/ak-ecdsa.pub`));
    const findings = judgeAk(ak, { ...relaxed, asserted: 'warning' });
    assert.deepEqual(
      findings.map(({ code, severity }) => [code, severity]),
      [['ak.asserted', 'warning']],
    );
  });
});

test('reading any bytes in any encoding returns', () => {
  const encoding = fc.constantFrom(...AK_ENCODINGS);
  fc.assert(
    fc.property(encoding, fc.uint8Array({ maxLength: 120 }), (name, bytes) => {
      readAk({ encoding: name, bytes });
      readAk({ encoding: 'spki-pem', bytes: pem('PUBLIC KEY', bytes) });
      readAk({ encoding: 'x509-pem', bytes: pem('CERTIFICATE', bytes) });
    }),
  );
});

test('reading a certificate with any bytes changed returns', () => {
  const change = fc.tuple(fc.nat({ max: CERTIFICATE.byteLength - 1 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = new Uint8Array(CERTIFICATE);
      for (const [at, byte] of changes) bytes[at] = byte;
      readAk({ encoding: 'x509-der', bytes });
    }),
    { numRuns: 300 },
  );
});

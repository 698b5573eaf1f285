// Certificates as plain data, as the field encodes them, and bytes that are none.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, toHex, u16Bytes } from '../../src/bytes/encoding.ts';
import { CERTIFICATE_LIMITS } from '../../src/bytes/limits.ts';
import { isSignedBy } from '../../src/crypto/certificate-signature.ts';
import { readSpki } from '../../src/crypto/public-key.ts';
import { prepareKey } from '../../src/crypto/signature.ts';
import { type Certificate, readCertificate } from '../../src/enroll/certificate.ts';
import { readPem } from '../../src/enroll/pem.ts';
import {
  authority,
  der,
  EK_PURPOSE,
  extension,
  keyId,
  makeCertificate,
  usage,
  writeCertificate,
} from './certificate-writer.ts';
import { testFile } from './evidence-files.ts';
import { hex, makeEccKey, makeRsaKey } from './tpm-writer.ts';

const DER = testFile('vectors/keys/ek-cert-rsa2048.der');
const KEY = makeEccKey('P-256');

function read(bytes: Uint8Array): Certificate {
  const reading = readCertificate(bytes);
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.value;
}

function fieldOf(bytes: Uint8Array): string {
  const reading = readCertificate(bytes);
  assert.ok(!reading.ok);
  return reading.malformed.field;
}

test('an EK certificate is read', () => {
  const spki = readPem(testFile('vectors/keys/ek-rsa.pem'), 'PUBLIC KEY');
  const certificate = read(DER);
  assert.ok(spki.ok);
  assert.deepEqual(certificate.der, DER);
  assert.deepEqual(certificate.spki, spki.value);
  assert.equal(certificate.subject, 'CN=imalab');
  assert.equal(certificate.issuer, 'CN=swtpm-localca');
  assert.equal(certificate.notBeforeMs, Date.UTC(2026, 10, 21, 21, 5, 0));
  assert.equal(certificate.notAfterMs, Date.UTC(9999, 11, 31, 23, 59, 59));
  assert.deepEqual(certificate.serial, hex('06'));
  assert.deepEqual(certificate.tolerated, []);
  const { authorityKeyId, ...extensions } = certificate.extensions;
  assert.equal(
    toHex(authorityKeyId ?? new Uint8Array()),
    'a84f1104cf3a42fa5a3aa758d6d8ebaa5b680c84',
  );
  assert.deepEqual(extensions, {
    basicConstraints: { isCa: false },
    keyUsage: new Set(['keyEncipherment']),
    purposes: ['2.23.133.8.1'],
    tpm: { manufacturer: 'id:00001014', model: 'swtpm', version: 'id:20191023' },
    notUnderstood: [],
  });
});

test('issuer and subject are compared as bytes', () => {
  const pem = readPem(testFile('vectors/keys/issuercert.pem'), 'CERTIFICATE');
  assert.ok(pem.ok);
  assert.deepEqual(read(pem.value).subjectDn, read(DER).issuerDn);
});

test('a critical extension that is not known is named, and name constraints always', () => {
  const extensions = [
    extension('2b060104018f65', hex('0500')),
    extension('2b060104018f66', hex('0500'), ''),
    extension('551d1e', hex('3000'), ''),
  ];
  const { notUnderstood } = makeCertificate({ subject: 'x', extensions }).extensions;
  assert.deepEqual(notUnderstood, ['1.3.6.1.4.1.2021', '2.5.29.30']);
});

test('path length, key ids and usages are read', () => {
  const extensions = [authority(3), usage('86'), keyId('0e', 'aa'), keyId('23', 'bb')];
  const { extensions: value } = makeCertificate({ subject: 'x', extensions });
  assert.deepEqual(value.basicConstraints, { isCa: true, pathLength: 3 });
  assert.deepEqual(value.keyUsage, new Set(['digitalSignature', 'keyCertSign', 'cRLSign']));
  assert.deepEqual([value.subjectKeyId, value.authorityKeyId], [hex('aa'), hex('bb')]);
});

describe('what the field has is tolerated, and told', () => {
  for (const fill of [0x00, 0xff]) {
    test(`padding of ${fill} in NV`, () => {
      const certificate = read(concatBytes(DER, new Uint8Array(64).fill(fill)));
      assert.deepEqual(certificate.der, DER);
      assert.deepEqual(certificate.tolerated, ['64 bytes of padding']);
    });
  }

  test('the header of older TPMs, with padding', () => {
    const size = u16Bytes(DER.byteLength + 2, 'big');
    const stored = concatBytes(hex('100100'), size, hex('1002'), DER, new Uint8Array(9).fill(255));
    const certificate = read(stored);
    assert.deepEqual(certificate.der, DER);
    assert.equal(certificate.tolerated.length, 2);
    for (const changed of ['100200', '100101']) {
      assert.equal(fieldOf(concatBytes(hex(changed), stored.slice(3))), 'storedCert');
    }
    assert.ok(!readCertificate(concatBytes(stored.slice(0, 5), hex('1003'), DER)).ok);
  });

  test('other bytes behind a certificate are not', () => {
    assert.equal(fieldOf(concatBytes(DER, hex('ffff00'))), 'certificate');
    assert.equal(fieldOf(concatBytes(DER, DER)), 'certificate');
  });

  const departures: readonly (readonly [string, Parameters<typeof writeCertificate>[0]])[] = [
    [
      'critical',
      { subject: 'x', extensions: [extension('551d25', hex('300706056781050801'), '01')] },
    ],
    ['serialNumber', { subject: 'x', serial: '0001' }],
    ['tbsCertificate', { subject: 'x', rewrite: longLength }],
  ];
  for (const [field, fields] of departures) {
    test(`${field} that is not DER: the signature is over what was received`, () => {
      const certificate = read(writeCertificate({ ...fields, key: KEY }));
      assert.deepEqual(certificate.tolerated, [`${field}, which is not encoded as DER`]);
      assert.ok(isSignedBy(verifying(certificate), certificate));
    });
  }

  test('an RSA key that is named RSAES-OAEP', () => {
    const { publicKey } = makeRsaKey(2048);
    const pkcs1 = new Uint8Array(publicKey.export({ type: 'pkcs1', format: 'der' }));
    const bits = der('03', new Uint8Array(1), pkcs1);
    for (const parameters of ['', '3000']) {
      const name = der('30', hex('06092a864886f70d010107'), hex(parameters));
      const { spki } = makeCertificate({ subject: 'x', key: KEY, spki: der('30', name, bits) });
      const reading = readSpki(spki);
      const usual = readSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
      assert.ok(reading.state === 'key' && usual.state === 'key');
      assert.deepEqual([reading.key, reading.onlyFor], [usual.key, 'oaep']);
      assert.equal(readSpki(concatBytes(spki, hex('00'))).state, 'malformed');
    }
  });
});

describe('malformed: ', () => {
  test('more bytes than the cap, and a serial number above its own', () => {
    const padding = new Uint8Array(CERTIFICATE_LIMITS.certificateBytes);
    assert.equal(fieldOf(concatBytes(DER, padding)), 'certificate');
    const serial = '01'.repeat(CERTIFICATE_LIMITS.serialBytes + 1);
    assert.match(fieldOf(writeCertificate({ subject: 'x', serial })), /serialNumber$/);
  });

  test('more purposes than the cap', () => {
    const oid = '06022a03';
    const purposes = (count: number) => {
      const value = der('30', hex(oid.repeat(count)));
      return writeCertificate({ subject: 'x', extensions: [extension('551d25', value)] });
    };
    assert.ok(readCertificate(purposes(CERTIFICATE_LIMITS.names)).ok);
    assert.match(fieldOf(purposes(CERTIFICATE_LIMITS.names + 1)), /extKeyUsage$/);
  });

  test('a certificate cut anywhere', () => {
    for (let size = 0; size < DER.byteLength; size += 7) {
      assert.ok(!readCertificate(DER.slice(0, size)).ok, `${size}`);
    }
  });

  test('an extension that is given twice', () => {
    const twice = writeCertificate({ subject: 'x', extensions: [EK_PURPOSE, EK_PURPOSE] });
    assert.match(fieldOf(twice), /extnId$/);
  });

  test('another algorithm outside than inside', () => {
    const whole = writeCertificate({ subject: 'x', key: KEY });
    const text = toHex(whole);
    const last = text.lastIndexOf('2a8648ce3d040302');
    const other = `${text.slice(0, last)}2a8648ce3d040303${text.slice(last + 16)}`;
    assert.match(fieldOf(hex(other)), /signature$/);
  });

  test('an indefinite length', () => {
    const [, ...rest] = DER.slice(4);
    assert.equal(fieldOf(concatBytes(hex('3080'), new Uint8Array(rest))), 'certificate');
  });

  test('no bytes make the reader fail otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        readCertificate(concatBytes(hex('30'), bytes));
      }),
    );
    fc.assert(
      fc.property(fc.nat({ max: DER.byteLength - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        readCertificate(DER.map((old, index) => (index === at ? byte : old)));
      }),
    );
  });
});

/** The same contents behind a length with a needless leading zero. */
function longLength(tbs: Uint8Array): Uint8Array {
  const header = (tbs[1] ?? 0) < 0x80 ? 2 : (tbs[1] ?? 0) - 0x80 + 2;
  const content = tbs.slice(header);
  return concatBytes(hex('308300'), u16Bytes(content.byteLength, 'big'), content);
}

function verifying({ spki }: Certificate) {
  const reading = readSpki(spki);
  const key = reading.state === 'key' ? prepareKey(reading.key) : undefined;
  assert.ok(key);
  return key;
}

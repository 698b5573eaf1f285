// Certificates as plain data, and bytes that are none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes } from '../../src/bytes/encoding.ts';
import { readCertificate } from '../../src/enroll/certificate.ts';
import { readPem } from '../../src/enroll/pem.ts';
import { testFile } from './evidence-files.ts';

const DER = testFile('vectors/keys/ek-cert-rsa2048.der');

test('subject, issuer, validity and key are read', () => {
  const reading = readCertificate(DER);
  const spki = readPem(testFile('vectors/keys/ek-rsa.pem'), 'PUBLIC KEY');
  assert.ok(reading.ok && spki.ok);
  assert.deepEqual(reading.value, {
    spki: spki.value,
    subject: 'CN=imalab',
    issuer: 'CN=swtpm-localca',
    notBeforeMs: Date.UTC(2026, 10, 21, 21, 5, 0),
    notAfterMs: Date.UTC(9999, 11, 31, 23, 59, 59),
  });
});

test('the issuer of a certificate is the subject of the other', () => {
  const pem = readPem(testFile('vectors/keys/issuercert.pem'), 'CERTIFICATE');
  assert.ok(pem.ok);
  const issuer = readCertificate(pem.value);
  assert.ok(issuer.ok);
  assert.equal(issuer.value.subject, 'CN=swtpm-localca');
});

test('the padding behind a certificate in TPM NV is tolerated', () => {
  assert.ok(readCertificate(concatBytes(DER, new Uint8Array(64).fill(0xff))).ok);
});

test('a certificate cut anywhere is malformed', () => {
  for (let size = 0; size < DER.byteLength; size += 7) {
    const reading = readCertificate(DER.slice(0, size));
    assert.ok(!reading.ok, `${size}`);
    assert.equal(reading.malformed.field, 'certificate');
  }
});

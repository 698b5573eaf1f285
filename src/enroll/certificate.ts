// Reads an X.509 certificate into plain data. Every byte that is verified or compared is kept as
// received. The only importer of @peculiar/x509: a second reader that must agree, and the one that
// turns names into text. RFC 5280 4.1; docs/decisions/0013-trust-paths.md

import 'reflect-metadata';
import { Name, X509Certificate } from '@peculiar/x509';
import { BER_TAG, BerReader, contextTag } from '../bytes/ber.ts';
import { asciiBytes, equalBytes, escapeText } from '../bytes/encoding.ts';
import { CERTIFICATE_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Malformed, type Reading, readAtDoor } from '../bytes/reader.ts';
import type { SignedBytes } from '../crypto/certificate-signature.ts';
import { type Extensions, readExtensions } from './extensions.ts';
import { findCertificate } from './nv-certificate.ts';

export interface Certificate extends SignedBytes {
  /** The certificate alone, without padding or header. */
  readonly der: Uint8Array;
  /** Contents of the serial number's INTEGER. */
  readonly serial: Uint8Array;
  /** Distinguished names, DER: what is compared. */
  readonly subjectDn: Uint8Array;
  readonly issuerDn: Uint8Array;
  /** The same as escaped RFC 4514 text: for people, never for comparison. */
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since 1970, UTC. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly extensions: Extensions;
  /** What had to be overlooked to read it, in words; empty for a clean encoding. */
  readonly tolerated: readonly string[];
}

/** Reads one certificate, DER or the contents of a TPM's NV index. Nothing about it is verified. */
export function readCertificate(bytes: Uint8Array): Reading<Certificate> {
  const found = findCertificate(bytes);
  if (!found.ok) return found;
  const { der, hadHeader, paddingBytes } = found.value;
  const reading = readAtDoor(() => certificate(der));
  if (!reading.ok) return reading;
  if (!isReadAlike(reading.value)) return { ok: false, malformed: NOT_CERTIFICATE };
  const tolerated = [
    ...(hadHeader ? ['the header TCG_PCCLIENT_STORED_CERT'] : []),
    ...(paddingBytes > 0 ? [`${paddingBytes} bytes of padding`] : []),
    ...reading.value.tolerated,
  ];
  return { ok: true, value: { ...reading.value, tolerated } };
}

/** Bytes of a serial number without leading zeros, for looking it up in a revocation list. */
export function serialDigits(serial: Uint8Array): Uint8Array {
  const start = serial.findIndex((byte) => byte !== 0);
  return start < 0 ? new Uint8Array() : serial.filter((_, index) => index >= start);
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } */
function certificate(der: Uint8Array): Certificate {
  const whole = new BerReader(new ByteReader(der, 'big'));
  const { content } = whole.element(BER_TAG.sequence, 'certificate');
  whole.end('certificate');
  const tbs = content.element(BER_TAG.sequence, 'tbsCertificate');
  const algorithm = content.element(BER_TAG.sequence, 'signatureAlgorithm').whole;
  const signature = content.bitString('signatureValue');
  content.end('signatureValue');
  const fields = tbsFields(tbs.content, algorithm);
  return {
    der,
    tbs: tbs.whole,
    algorithm,
    signature,
    ...fields,
    subject: nameText(fields.subjectDn),
    issuer: nameText(fields.issuerDn),
    tolerated: [...whole.departures].map((field) => `${field}, which is not encoded as DER`),
  };
}

function tbsFields(tbs: BerReader, outerAlgorithm: Uint8Array) {
  tbs.optional(contextTag(0, 'constructed'), 'version');
  const serial = tbs.integer('serialNumber');
  if (serial.byteLength > CERTIFICATE_LIMITS.serialBytes) {
    const actual = `${serial.byteLength} bytes`;
    tbs.refuse('serialNumber', { expected: `at most ${CERTIFICATE_LIMITS.serialBytes}`, actual });
  }
  if (!equalBytes(tbs.element(BER_TAG.sequence, 'signature').whole, outerAlgorithm)) {
    tbs.refuse('signature', { expected: 'the algorithm outside', actual: 'another one' });
  }
  const issuerDn = tbs.element(BER_TAG.sequence, 'issuer').whole;
  const validity = tbs.element(BER_TAG.sequence, 'validity').content;
  const notBeforeMs = validity.time('notBefore');
  const notAfterMs = validity.time('notAfter');
  validity.end('notAfter');
  const subjectDn = tbs.element(BER_TAG.sequence, 'subject').whole;
  const spki = tbs.element(BER_TAG.sequence, 'subjectPublicKeyInfo').whole;
  tbs.optional(contextTag(1, 'primitive'), 'issuerUniqueId');
  tbs.optional(contextTag(2, 'primitive'), 'subjectUniqueId');
  const extensions = tbsExtensions(tbs);
  tbs.end('tbsCertificate');
  return { serial, issuerDn, notBeforeMs, notAfterMs, subjectDn, spki, extensions };
}

function tbsExtensions(tbs: BerReader): Extensions {
  const explicit = tbs.optional(contextTag(3, 'constructed'), 'extensions');
  if (explicit === undefined) return { notUnderstood: [] };
  const { content } = explicit.content.element(BER_TAG.sequence, 'extensions');
  explicit.content.end('extensions');
  return readExtensions(content);
}

/** Two readers that see different certificates in the same bytes are how forged ones get through:
 *  what does not look the same to both is none. */
function isReadAlike({ der, spki, notBeforeMs, notAfterMs }: Certificate): boolean {
  try {
    const other = new X509Certificate(new Uint8Array(der));
    return (
      equalBytes(new Uint8Array(other.publicKey.rawData), spki) &&
      other.notBefore.getTime() === notBeforeMs &&
      other.notAfter.getTime() === notAfterMs
    );
  } catch {
    return false;
  }
}

function nameText(dn: Uint8Array): string {
  try {
    return escapeText(new TextEncoder().encode(new Name(new Uint8Array(dn)).toString()));
  } catch {
    return escapeText(asciiBytes('a name that cannot be shown'));
  }
}

const NOT_CERTIFICATE: Malformed = {
  kind: 'bad-value',
  field: 'certificate',
  offsetBytes: 0,
  expected: 'a certificate',
  actual: 'bytes that two readers do not read alike',
};

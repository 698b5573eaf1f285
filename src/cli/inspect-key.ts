// Public keys and certificates in the encodings of RFC 5280 and RFC 7468. Nothing is verified.

import type { Malformed, Reading } from '../bytes/reader.ts';
import { readSpki } from '../crypto/public-key.ts';
import { readCertificate } from '../enroll/certificate.ts';
import { readPem } from '../enroll/pem.ts';
import { publicKeyRows } from './inspect-tpm.ts';
import type { Inspection } from './inspection.ts';

type KeyKind = 'spki-pem' | 'x509-pem' | 'x509-der';

/** Shows a public key or a certificate. */
export function inspectKey(kind: KeyKind, bytes: Uint8Array): Inspection {
  if (kind === 'spki-pem') return fromDer(kind, readPem(bytes, 'PUBLIC KEY'), inspectSpki);
  if (kind === 'x509-der') return inspectCertificate(kind, bytes);
  return fromDer(kind, readPem(bytes, 'CERTIFICATE'), inspectCertificate);
}

function fromDer(
  kind: KeyKind,
  reading: Reading<Uint8Array>,
  inspect: (kind: KeyKind, der: Uint8Array) => Inspection,
): Inspection {
  return reading.ok ? inspect(kind, reading.value) : broken(kind, reading.malformed);
}

function inspectCertificate(kind: KeyKind, der: Uint8Array): Inspection {
  const reading = readCertificate(der);
  if (!reading.ok) return broken(kind, reading.malformed);
  const { subject, issuer, notBeforeMs, notAfterMs, spki } = reading.value;
  const { shown, malformed } = inspectSpki(kind, spki);
  return {
    kind,
    shown: {
      subject,
      issuer,
      notBefore: new Date(notBeforeMs).toISOString(),
      notAfter: new Date(notAfterMs).toISOString(),
      ...shown,
    },
    ...(malformed && { malformed }),
  };
}

function inspectSpki(kind: KeyKind, der: Uint8Array): Inspection {
  const reading = readSpki(der);
  if (reading.state === 'malformed') return broken(kind, reading.malformed);
  if (reading.state === 'unsupported') return { kind, shown: { key: reading.actual } };
  return { kind, shown: publicKeyRows(reading.key) };
}

function broken(kind: KeyKind, malformed: Malformed): Inspection {
  return { kind, shown: {}, malformed };
}

// Public keys and certificates in the encodings of RFC 5280 and RFC 7468. Nothing is verified.

import { toHex } from '../bytes/encoding.ts';
import type { Malformed, Reading } from '../bytes/reader.ts';
import { readSpki } from '../crypto/public-key.ts';
import { type Certificate, readCertificate } from '../enroll/certificate.ts';
import { fingerprintOf } from '../enroll/fingerprint.ts';
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
  const { subject, issuer, serial, notBeforeMs, notAfterMs, spki } = reading.value;
  const { shown, malformed } = inspectSpki(kind, spki);
  return {
    kind,
    shown: {
      subject,
      issuer,
      serial: toHex(serial),
      fingerprint: fingerprintOf(reading.value.der),
      notBefore: new Date(notBeforeMs).toISOString(),
      notAfter: new Date(notAfterMs).toISOString(),
      ...usesOf(reading.value),
      ...shown,
    },
    ...(malformed && { malformed }),
  };
}

/** What the certificate may be used for, as far as it says so, and how it is encoded. */
function usesOf({ extensions, tolerated }: Certificate) {
  const { basicConstraints, keyUsage, purposes } = extensions;
  const length = basicConstraints?.pathLength;
  const depth = length === undefined ? '' : `, at most ${length} authorities below`;
  return {
    ...(basicConstraints?.isCa === true && { authority: `yes${depth}` }),
    ...(keyUsage && { keyUsage: [...keyUsage].join(' ') }),
    ...(purposes && { purposes: purposes.join(' ') }),
    ...(tolerated.length > 0 && { tolerated: tolerated.join('; ') }),
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

// Reads an X.509 certificate into plain data. The only importer of @peculiar/x509; its parser is
// tolerant, as the field needs, and whatever it throws at hostile bytes ends here. RFC 5280 4.1.

import 'reflect-metadata';
import { X509Certificate } from '@peculiar/x509';
import { DER_TAG } from '../bytes/der.ts';
import type { Malformed, Reading } from '../bytes/reader.ts';

export interface Certificate {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Distinguished names as RFC 4514 text: for people, never for comparison. */
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since 1970, UTC. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Reads a DER certificate. Nothing about it is verified. */
export function readCertificate(der: Uint8Array): Reading<Certificate> {
  // The library also takes PEM, hex and base64; here an encoding is what it was said to be.
  if (der[0] !== DER_TAG.sequence) return { ok: false, malformed: NOT_CERTIFICATE };
  try {
    const certificate = new X509Certificate(new Uint8Array(der));
    return {
      ok: true,
      value: {
        spki: new Uint8Array(certificate.publicKey.rawData),
        subject: certificate.subject,
        issuer: certificate.issuer,
        notBeforeMs: certificate.notBefore.getTime(),
        notAfterMs: certificate.notAfter.getTime(),
      },
    };
  } catch {
    return { ok: false, malformed: NOT_CERTIFICATE };
  }
}

const NOT_CERTIFICATE: Malformed = {
  kind: 'bad-value',
  field: 'certificate',
  offsetBytes: 0,
  expected: 'a DER certificate',
  actual: 'bytes that are none',
};

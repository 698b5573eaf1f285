// Reason codes about certificates and the paths from them to a trust anchor: the same set for the
// certificate of an EK and for that of an AK, so that neither is judged by other rules.
// RFC 5280 6; docs/decisions/0013-trust-paths.md

import type { ReasonCode } from './reason-code.ts';

/** The codes `ek.…` and `ak.…` about certificates, with `part` in front of each name. */
export function certificateCodes<P extends 'ek' | 'ak'>(part: P): CertificateCodes<P> {
  const codes = Object.entries(CODES).map(([name, entry]) => [`${part}.${name}`, entry]);
  return Object.fromEntries(codes) as CertificateCodes<P>;
}

/** Name of a code about certificates, without its part. */
export type CertificateCode = keyof typeof CODES;

type CertificateCodes<P extends 'ek' | 'ak'> = {
  readonly [Name in CertificateCode as `${P}.${Name}`]: ReasonCode;
};

const NOTHING = 'nothing: the bytes are as received';
const SIGNED = 'the signature of the certificate that the finding names, unless it is the first';

const CODES = {
  certificate_malformed: {
    class: 'malformed',
    meaning: 'A certificate or revocation list cannot be read.',
    hint: 'Send the DER certificate, or what the NV index of the TPM holds, unchanged.',
    source: 'RFC 5280, 4.1 and 5.1',
    after: NOTHING,
  },
  certificate_tolerated: {
    class: 'noted',
    meaning: 'The certificate is not encoded as it should be; it was read all the same.',
    hint: 'Nothing to do: the signature is over the bytes as they were received.',
    source: 'TCG EK Credential Profile for TPM 2.0; RFC 5280, 4.1',
    after: NOTHING,
  },
  certificate_mismatch: {
    class: 'forged',
    meaning: 'The certificate is for another key than the one that was sent with it.',
    hint: 'A TPM holds several: send the certificate that belongs to the key, or that key.',
    source: 'TCG EK Credential Profile for TPM 2.0, 3.2',
    after: NOTHING,
  },
  chain_untrusted: {
    class: 'unknown',
    meaning: 'No path leads from the certificate to a trust anchor.',
    hint: 'The findings beside this one say where each path ended; upload what is missing.',
    source: 'RFC 5280, 6.1',
    after: NOTHING,
  },
  issuer_missing: {
    class: 'missing',
    meaning: 'The certificate of an issuer is neither a trust anchor nor an intermediate.',
    hint: 'Upload the certificate with the subject that the finding names.',
    source: 'RFC 5280, 6.1',
    after: SIGNED,
  },
  chain_signature_invalid: {
    class: 'forged',
    meaning: 'No certificate with the name of the issuer made the signature.',
    hint: 'The certificate is forged, or its issuer has another certificate with the same name.',
    source: 'RFC 5280, 6.1.3 (a)(1)',
    after: NOTHING,
  },
  expired: {
    class: 'stale',
    meaning: 'A certificate of the path was no longer valid at the time of the check.',
    hint: 'Ask the issuer for a new certificate.',
    source: 'RFC 5280, 6.1.3 (a)(2)',
    after: SIGNED,
  },
  not_yet_valid: {
    class: 'stale',
    meaning: 'A certificate of the path was not yet valid at the time of the check.',
    hint: 'Check the clock of the verifier.',
    source: 'RFC 5280, 6.1.3 (a)(2)',
    after: SIGNED,
  },
  revoked: {
    class: 'refused',
    meaning: 'The issuer has revoked a certificate of the path.',
    hint: 'Treat the key as lost; ask the issuer why.',
    source: 'RFC 5280, 6.1.3 (a)(3)',
    after: 'the signatures of the certificate and of the revocation list',
  },
  revocation_list_stale: {
    class: 'stale',
    meaning: 'A revocation list was not current at the time of the check.',
    hint: 'Upload the latest list of this issuer; what it lists counts as revoked all the same.',
    source: 'RFC 5280, 5.1.2.5',
    after: 'the signature of the revocation list',
  },
  revocation_list_unusable: {
    class: 'unsupported',
    meaning: 'A revocation list of an issuer of the path cannot be used.',
    hint: 'Upload a full list that this issuer signed itself.',
    source: 'RFC 5280, 6.3',
    after: NOTHING,
  },
  issuer_unsuitable: {
    class: 'refused',
    meaning: 'A certificate of the path may not issue the one below it.',
    hint: 'Whoever holds that key made a certificate without the right to: do not trust it.',
    source: 'RFC 5280, 6.1.4 (k) to (n)',
    after: SIGNED,
  },
  extension_not_understood: {
    class: 'unsupported',
    meaning: 'A certificate holds an extension that must not be ignored and is not understood.',
    hint: 'The certificate cannot be used here; the finding names the extension.',
    source: 'RFC 5280, 4.2 and 6.1.4 (o)',
    after: SIGNED,
  },
  usage_unsuitable: {
    class: 'refused',
    meaning: 'The certificate was not issued for a key of this kind.',
    hint: 'Send the certificate that the TPM or cloud vendor issued for this key.',
    source: 'TCG EK Credential Profile for TPM 2.0, 3.2; RFC 5280, 4.2.1.3 and 4.2.1.12',
    after: NOTHING,
  },
  usage_unstated: {
    class: 'noted',
    meaning: 'The certificate does not say that it is for a key of a TPM.',
    hint: 'Its trust anchor alone speaks for it: trust one that certifies nothing else.',
    source: 'TCG EK Credential Profile for TPM 2.0, 3.2',
    after: NOTHING,
  },
  signature_weak: {
    class: 'refused',
    meaning: 'A certificate of the path is signed over SHA-1.',
    hint: 'Old TPMs have such certificates; nothing newer should be accepted with one.',
    source: 'docs/threat-model.md; NIST SP 800-131A, 3',
    after: SIGNED,
  },
} as const satisfies Record<string, ReasonCode>;

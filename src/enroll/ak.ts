// The attestation key as the attester or an operator gives it: read from any of its encodings, and
// judged as a key to believe. FORMATS 14.3; TPM 2.0 Part 2, 8.3 TPMA_OBJECT.

import { TPM_LIMITS } from '../bytes/limits.ts';
import { malformedFinding } from '../bytes/malformed-finding.ts';
import type { Malformed, Reading } from '../bytes/reader.ts';
import { readSpki } from '../crypto/public-key.ts';
import { prepareKey } from '../crypto/signature.ts';
import { type Finding, makeFinding, type Severity } from '../findings/finding.ts';
import { type AttestationKey, attestationKeyOf } from '../quote/attestation-key.ts';
import { type ObjectAttribute, TPMA_OBJECT } from '../quote/constants.ts';
import { readTpm2bPublic, readTpmtPublic, type TpmtPublic } from '../quote/public-area.ts';
import { readCertificate } from './certificate.ts';
import { readPem } from './pem.ts';

/** An attestation key in one of the encodings that the field uses. */
export interface AkClaim {
  readonly bytes: Uint8Array;
  readonly encoding: AkEncoding;
}

export const AK_ENCODINGS = [
  'tpmt-public',
  'tpm2b-public',
  'spki-pem',
  'x509-pem',
  'x509-der',
] as const;
export type AkEncoding = (typeof AK_ENCODINGS)[number];

/** A usable key, or the one finding that says why there is none. */
export type AkReading =
  | { readonly ok: true; readonly ak: AttestationKey }
  | { readonly ok: false; readonly finding: Finding };

/** Reads a key in the encoding that the claim names. Never throws because of the claim. */
export function readAk(claim: AkClaim): AkReading {
  const { bytes, encoding } = claim;
  if (bytes.byteLength > TPM_LIMITS.publicBytes) return unreadable(overCap(bytes));
  switch (encoding) {
    case 'tpmt-public':
      return fromPublicArea(readTpmtPublic(bytes));
    case 'tpm2b-public':
      return fromPublicArea(readTpm2bPublic(bytes));
    case 'spki-pem':
      return fromDer(readPem(bytes, 'PUBLIC KEY'), fromSpki);
    case 'x509-pem':
      return fromDer(readPem(bytes, 'CERTIFICATE'), fromCertificate);
    case 'x509-der':
      return fromCertificate(bytes);
  }
}

/** How much a verification asks of a key. */
export interface AkExpectations {
  readonly minRsaBits: number;
  /** For a key that nothing binds to a TPM; absent where one does or where it does not matter. */
  readonly asserted: Severity | undefined;
}

/** Everything that speaks against believing `ak`, or that is worth knowing about it. */
export function judgeAk(ak: AttestationKey, expectations: AkExpectations): Finding[] {
  const { publicKey } = ak.key;
  const findings = judgeAttributes(ak.attributes);
  if (publicKey.kind === 'rsa' && publicKey.bits < expectations.minRsaBits) {
    findings.push(
      makeFinding('ak.key_weak', {
        severity: 'contraindicated',
        where: { part: 'ak', field: 'keyBits' },
        expected: `at least ${expectations.minRsaBits} bits`,
        actual: `${publicKey.bits} bits`,
      }),
    );
  }
  if (expectations.asserted !== undefined) {
    const detail = { severity: expectations.asserted, where: { part: 'ak' } } as const;
    findings.push(makeFinding('ak.asserted', detail));
  }
  return findings;
}

/** Only a restricted key refuses to sign bytes of its owner's making that look like a quote. */
function judgeAttributes(attributes: number | undefined): Finding[] {
  const where = { part: 'ak', field: 'objectAttributes' } as const;
  if (attributes === undefined) {
    return [makeFinding('ak.attributes_unknown', { severity: 'info', where: { part: 'ak' } })];
  }
  const has = (attribute: ObjectAttribute) => (attributes & TPMA_OBJECT[attribute]) !== 0;
  const findings: Finding[] = [];
  const lacking = REQUIRED.filter((attribute) => !has(attribute));
  const excess = FORBIDDEN.filter(has);
  if (lacking.length > 0 || excess.length > 0) {
    findings.push(
      makeFinding('ak.attributes_unsuitable', {
        severity: 'contraindicated',
        where,
        expected: `${REQUIRED.join(', ')} set; ${FORBIDDEN.join(', ')} clear`,
        actual: [
          ...lacking.map((attribute) => `${attribute} clear`),
          ...excess.map((attribute) => `${attribute} set`),
        ].join(', '),
      }),
    );
  }
  if (has('stClear')) findings.push(makeFinding('ak.st_clear_set', { severity: 'info', where }));
  return findings;
}

function fromPublicArea(reading: Reading<TpmtPublic>): AkReading {
  if (!reading.ok) return unreadable(reading.malformed);
  const outcome = attestationKeyOf(reading.value);
  if (outcome.state === 'key') return { ok: true, ak: outcome.ak };
  if (outcome.state === 'invalid') return notAKey('unique');
  return unsupported(outcome.actual, outcome.field);
}

function fromDer(reading: Reading<Uint8Array>, read: (der: Uint8Array) => AkReading): AkReading {
  return reading.ok ? read(reading.value) : unreadable(reading.malformed);
}

function fromCertificate(der: Uint8Array): AkReading {
  const certificate = readCertificate(der);
  return certificate.ok ? fromSpki(certificate.value.spki) : unreadable(certificate.malformed);
}

function fromSpki(der: Uint8Array): AkReading {
  const spki = readSpki(der);
  if (spki.state === 'unsupported') return unsupported(spki.actual, 'subjectPublicKeyInfo');
  // No offset: it would count inside the key, not in the bytes that were sent.
  if (spki.state === 'malformed') return notAKey(spki.malformed.field);
  if (spki.onlyFor !== undefined) {
    return unsupported('a key for RSAES-OAEP, which signs nothing', 'subjectPublicKeyInfo');
  }
  const key = prepareKey(spki.key);
  return key === undefined ? notAKey('subjectPublicKeyInfo') : { ok: true, ak: { key } };
}

function unreadable(malformed: Malformed): AkReading {
  return { ok: false, finding: malformedFinding('ak.malformed', 'ak', malformed) };
}

function notAKey(field: string): AkReading {
  const finding = makeFinding('ak.malformed', {
    severity: 'contraindicated',
    where: { part: 'ak', field },
    expected: 'an RSA modulus and exponent, or a point on its curve',
    actual: 'numbers that are no key',
  });
  return { ok: false, finding };
}

function unsupported(actual: string, field: string): AkReading {
  const finding = makeFinding('ak.key_unsupported', {
    severity: 'contraindicated',
    where: { part: 'ak', field },
    expected: 'an RSA or ECC signing key with RSASSA, RSAPSS or ECDSA',
    actual,
  });
  return { ok: false, finding };
}

function overCap(bytes: Uint8Array): Malformed {
  return {
    kind: 'over-cap',
    field: 'ak',
    offsetBytes: 0,
    expected: `at most ${TPM_LIMITS.publicBytes} bytes`,
    actual: `${bytes.byteLength} bytes`,
  };
}

const REQUIRED = [
  'fixedTPM',
  'fixedParent',
  'sensitiveDataOrigin',
  'restricted',
  'sign',
] as const satisfies readonly ObjectAttribute[];

const FORBIDDEN = ['decrypt', 'x509sign'] as const satisfies readonly ObjectAttribute[];

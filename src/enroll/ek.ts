// The endorsement key: read from its public area, judged as a key that only its TPM can use, and
// compared with the certificate that is said to be its own.
// TCG EK Credential Profile for TPM 2.0, B.3 and B.4; FORMATS 14.3, 14.4.

import { equalBytes, toHex } from '../bytes/encoding.ts';
import { malformedFinding } from '../bytes/malformed-finding.ts';
import { type HashName, hashByTpmAlg } from '../crypto/digest.ts';
import { isSameKey, keyWords, type PublicKey, readSpki } from '../crypto/public-key.ts';
import { prepareKey } from '../crypto/signature.ts';
import { type Finding, makeFinding } from '../findings/finding.ts';
import { type ObjectAttribute, TPM_ALG, TPMA_OBJECT, tpmNumber } from '../quote/constants.ts';
import { readTpm2bPublic, readTpmtPublic, type TpmtPublic } from '../quote/public-area.ts';
import type { Certificate } from './certificate.ts';
import type { PathRules } from './judge-path.ts';
import { pathFinding } from './judge-path.ts';

/** An EK that a credential can be made for. */
export interface EndorsementKey {
  readonly key: PublicKey;
  /** nameAlg: every hash of a credential for this key. */
  readonly hash: HashName;
  /** AES in CFB mode. */
  readonly symmetricBits: 128 | 192 | 256;
  /** TPMA_OBJECT. */
  readonly attributes: number;
  readonly authPolicy: Uint8Array;
  /** The TPM's Name of the key: what an attester's identity is bound to. */
  readonly name: Uint8Array;
}

/** The key, or the one finding that says why there is none. */
export type EkReading =
  | { readonly ok: true; readonly ek: EndorsementKey }
  | { readonly ok: false; readonly finding: Finding };

/** Reads an EK from its public area, all of it. */
export function readEk(bytes: Uint8Array, encoding: 'tpm2b-public' | 'tpmt-public'): EkReading {
  const reading = encoding === 'tpm2b-public' ? readTpm2bPublic(bytes) : readTpmtPublic(bytes);
  if (!reading.ok) {
    return { ok: false, finding: malformedFinding('ek.malformed', 'ek', reading.malformed) };
  }
  return ekOf(reading.value);
}

/** Everything that speaks against believing that only one TPM can use `ek`, or is worth a word. */
export function judgeEk(ek: EndorsementKey): Finding[] {
  const has = (attribute: ObjectAttribute) => (ek.attributes & TPMA_OBJECT[attribute]) !== 0;
  const lacking = REQUIRED.filter((attribute) => !has(attribute));
  const excess = FORBIDDEN.filter(has);
  const findings: Finding[] = [];
  if (lacking.length > 0 || excess.length > 0) {
    findings.push(
      makeFinding('ek.attributes_unsuitable', {
        severity: 'contraindicated',
        where: { part: 'ek', field: 'objectAttributes' },
        expected: `${REQUIRED.join(', ')} set; ${FORBIDDEN.join(', ')} clear`,
        actual: [
          ...lacking.map((attribute) => `${attribute} clear`),
          ...excess.map((attribute) => `${attribute} set`),
        ].join(', '),
      }),
    );
  }
  if (!DEFAULT_POLICIES.has(toHex(ek.authPolicy))) {
    findings.push(
      makeFinding('ek.policy_unknown', {
        severity: 'info',
        where: { part: 'ek', field: 'authPolicy' },
        actual: toHex(ek.authPolicy),
      }),
    );
  }
  return findings;
}

/** Whether `certificate` is for `key`: none, or the finding that says which keys they are. A TPM
 *  has several EKs, and not each has a certificate. */
export function judgeCertifiedKey(
  certificate: Certificate,
  key: PublicKey,
  rules: PathRules,
): Finding[] {
  const at = { rules, certificate, index: 0 };
  const field = 'subjectPublicKeyInfo';
  const spki = readSpki(certificate.spki);
  if (spki.state !== 'key') {
    const actual = spki.state === 'unsupported' ? spki.actual : 'a key that cannot be read';
    return [pathFinding('certificate_mismatch', at, { field, expected: keyWords(key), actual })];
  }
  if (!isSameKey(spki.key, key)) {
    const certified = keyWords(spki.key);
    const actual = certified === keyWords(key) ? `another key, ${certified}` : certified;
    return [pathFinding('certificate_mismatch', at, { field, expected: keyWords(key), actual })];
  }
  if (spki.onlyFor === undefined) return [];
  const actual = 'a key named RSAES-OAEP instead of RSA';
  return [pathFinding('certificate_tolerated', at, { severity: 'info', field, actual })];
}

/** Whether two public areas are of one EK: what decides on a new AK for a known attester. */
export function isSameEk(left: EndorsementKey, right: EndorsementKey): boolean {
  return equalBytes(left.name, right.name);
}

function ekOf(area: TpmtPublic): EkReading {
  const { detail, name, objectAttributes: attributes, authPolicy } = area;
  if (detail.state === 'type-unsupported') return unsupported('type', tpmNumber(area.type));
  if (detail.state === 'curve-unsupported') {
    return unsupported('parameters.curveID', tpmNumber(detail.curve));
  }
  const { key, symmetric } = detail;
  const hash = HASHES.find((one) => one === hashByTpmAlg(area.nameAlg)?.name);
  if (hash === undefined || name === undefined) {
    return unsupported('nameAlg', tpmNumber(area.nameAlg));
  }
  const isUsual = key.kind === 'rsa' ? key.bits >= MIN_RSA_BITS : key.curve !== 'p521';
  if (!isUsual) return unsupported('unique', keyWords(key));
  const symmetricBits = SYMMETRIC_BITS.find((bits) => bits === symmetric?.keyBits);
  const isAesCfb = symmetric?.algorithm === TPM_ALG.AES && symmetric.mode === TPM_ALG.CFB;
  if (!isAesCfb || symmetricBits === undefined) {
    return unsupported('parameters.symmetric', 'another cipher, or none');
  }
  if (prepareKey(key) === undefined) return unsupported('unique', 'numbers that are no key');
  return { ok: true, ek: { key, hash, symmetricBits, attributes, authPolicy, name } };
}

function unsupported(field: string, actual: string): EkReading {
  const finding = makeFinding('ek.key_unsupported', {
    severity: 'contraindicated',
    where: { part: 'ek', field },
    expected: 'RSA of 2048 bits or more, ECC P-256 or P-384; AES in CFB mode',
    actual,
  });
  return { ok: false, finding };
}

const REQUIRED = [
  'fixedTPM',
  'fixedParent',
  'sensitiveDataOrigin',
  'adminWithPolicy',
  'restricted',
  'decrypt',
] as const satisfies readonly ObjectAttribute[];

const FORBIDDEN = [
  'stClear',
  'sign',
  'encryptedDuplication',
] as const satisfies readonly ObjectAttribute[];

/** PolicyA with SHA-256 for the low range, PolicyB with SHA-256 and SHA-384 for the high range. */
const DEFAULT_POLICIES: ReadonlySet<string> = new Set([
  '837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa',
  'ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0',
  'b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca' +
    'cb47ba09699646150f9fc000f3f80e12',
]);

const HASHES = ['sha256', 'sha384', 'sha512'] as const satisfies readonly HashName[];
const SYMMETRIC_BITS = [128, 192, 256] as const;
const MIN_RSA_BITS = 2048;

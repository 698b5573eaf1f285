// What is asked of each certificate of a path: of the first as the certificate of a TPM's key, of
// the others as issuers. RFC 5280, 6.1.3 to 6.1.5; TCG EK Credential Profile for TPM 2.0, 3.2.

import { equalBytes, toHex } from '../bytes/encoding.ts';
import { certificateAlgorithm, isSignedBy } from '../crypto/certificate-signature.ts';
import { digest } from '../crypto/digest.ts';
import { readSpki } from '../crypto/public-key.ts';
import type { CertificateCode } from '../findings/certificate-codes.ts';
import { type Finding, makeFinding, type Severity } from '../findings/finding.ts';
import type { Certificate } from './certificate.ts';
import type { KeyUsage } from './extensions.ts';
import { lists, type RevocationList } from './revocation-list.ts';
import type { Issuer } from './trust-material.ts';

/** What is asked of a path. */
export interface PathRules {
  /** Whose certificate stands at its start. */
  readonly part: 'ek' | 'ak';
  /** Milliseconds since 1970: when every certificate must be valid. */
  readonly atMs: number;
  /** How grave it is that a certificate does not say what its key is for. */
  readonly usageUnstated: Severity;
  /** How grave a signature over SHA-1 is. */
  readonly weakSignature: Severity;
}

/** What a finding says beside its code. */
interface Seen {
  readonly severity?: Severity;
  readonly field: string;
  readonly expected?: string;
  readonly actual?: string;
}

/** A finding about the certificate at `index` of a path, 0 for the one at its start. */
export function pathFinding(
  code: CertificateCode,
  at: { readonly rules: PathRules; readonly certificate: Certificate; readonly index: number },
  seen: Seen,
): Finding {
  const { part } = at.rules;
  const { severity = 'contraindicated', field, ...values } = seen;
  const fingerprint = digest('sha256', at.certificate.der);
  return makeFinding(`${part}.${code}`, {
    severity,
    where: { part, field: `path[${at.index}].${field}` },
    ...(fingerprint && { subject: { digest: `sha256:${toHex(fingerprint)}` } }),
    ...values,
  });
}

/** Everything about the certificate at the start of a path that needs no other one. */
export function judgeLeaf(leaf: Certificate, rules: PathRules): Finding[] {
  const at = { rules, certificate: leaf, index: 0 };
  const { basicConstraints, keyUsage, purposes } = leaf.extensions;
  const findings = [...judgeEach(at)];
  const unsuitable = (field: string, expected: string, actual: string) =>
    findings.push(pathFinding('usage_unsuitable', at, { field, expected, actual }));
  if (basicConstraints?.isCa === true) {
    unsuitable('basicConstraints', 'a certificate of a key of a TPM', 'one of an authority');
  }
  const accepted: readonly string[] = PURPOSES[rules.part];
  if (purposes === undefined) {
    const severity = rules.usageUnstated;
    findings.push(pathFinding('usage_unstated', at, { severity, field: 'extKeyUsage' }));
  } else if (!purposes.some((oid) => accepted.includes(oid))) {
    unsuitable('extKeyUsage', accepted.join(' or '), purposes.join(', '));
  }
  const needed = neededUsage(leaf, rules);
  if (keyUsage !== undefined && !keyUsage.has(needed)) {
    unsuitable('keyUsage', needed, [...keyUsage].join(', '));
  }
  for (const actual of leaf.tolerated) {
    const seen = { severity: 'info', field: 'encoding', actual } as const;
    findings.push(pathFinding('certificate_tolerated', at, seen));
  }
  return findings;
}

/** One step of a path, whose signature was found good. */
export interface Step {
  /** The path below the issuer, from its start. */
  readonly below: readonly [Certificate, ...Certificate[]];
  readonly issuer: Issuer;
  readonly revocationLists: readonly RevocationList[];
}

/** Everything that speaks against `issuer` as the issuer of the last certificate below it. */
export function judgeStep(step: Step, rules: PathRules): Finding[] {
  const { below, issuer } = step;
  const at = { rules, certificate: issuer.certificate, index: below.length };
  const findings = [...judgeEach(at), ...judgeRevocation(step, rules)];
  const unsuitable = (field: string, expected: string, actual: string) =>
    findings.push(pathFinding('issuer_unsuitable', at, { field, expected, actual }));
  const { basicConstraints, keyUsage } = issuer.certificate.extensions;
  if (basicConstraints?.isCa !== true) {
    unsuitable('basicConstraints', 'cA', basicConstraints === undefined ? 'absent' : 'cA not set');
  }
  const between = below.filter((one, index) => index > 0 && !isSelfIssued(one)).length;
  const pathLength = basicConstraints?.pathLength ?? between;
  if (between > pathLength) {
    unsuitable('basicConstraints', `at most ${pathLength} authorities below`, `${between}`);
  }
  if (keyUsage !== undefined && !keyUsage.has('keyCertSign')) {
    unsuitable('keyUsage', 'keyCertSign', [...keyUsage].join(', '));
  }
  const key = issuer.key?.publicKey;
  if (key?.kind === 'rsa' && key.bits < MIN_RSA_BITS) {
    unsuitable('subjectPublicKeyInfo', `at least ${MIN_RSA_BITS} bits`, `${key.bits} bits`);
  }
  const child = below.at(-1) ?? below[0];
  if (certificateAlgorithm(child.algorithm)?.hash === 'sha1') {
    const where = { rules, certificate: child, index: below.length - 1 };
    const severity = rules.weakSignature;
    findings.push(pathFinding('signature_weak', where, { severity, field: 'signature' }));
  }
  return findings;
}

/** What holds for every certificate of a path. */
function* judgeEach(at: Parameters<typeof pathFinding>[1]): Generator<Finding> {
  const { certificate, rules } = at;
  const { notBeforeMs, notAfterMs } = certificate;
  const seen = (field: string, limitMs: number) =>
    ({ field, expected: `${limitMs} ms`, actual: `${rules.atMs} ms` }) as const;
  if (rules.atMs > notAfterMs) yield pathFinding('expired', at, seen('notAfter', notAfterMs));
  if (rules.atMs < notBeforeMs) {
    yield pathFinding('not_yet_valid', at, seen('notBefore', notBeforeMs));
  }
  for (const actual of certificate.extensions.notUnderstood) {
    yield pathFinding('extension_not_understood', at, { field: 'extensions', actual });
  }
}

function* judgeRevocation(step: Step, rules: PathRules): Generator<Finding> {
  const { below, issuer, revocationLists } = step;
  const child = below.at(-1) ?? below[0];
  const at = { rules, certificate: child, index: below.length - 1 };
  const seen = { severity: 'warning', field: 'revocationList' } as const;
  const usable = revocationLists.filter((list) => isUsable(list, issuer));
  // An authority that changed its key has lists of both keys: one of this key is enough.
  if (usable.length === 0 && revocationLists.length > 0) {
    yield pathFinding('revocation_list_unusable', at, seen);
  }
  for (const list of usable) {
    const { thisUpdateMs, nextUpdateMs = Number.POSITIVE_INFINITY } = list;
    if (rules.atMs < thisUpdateMs || rules.atMs > nextUpdateMs) {
      yield pathFinding('revocation_list_stale', at, { ...seen, actual: `${rules.atMs} ms` });
    }
    if (lists(list, child.serial)) {
      yield pathFinding('revoked', at, { field: 'serialNumber', actual: toHex(child.serial) });
    }
  }
}

/** Whether the list is a full one that `issuer` signed and may sign. */
function isUsable(list: RevocationList, { certificate, key }: Issuer): boolean {
  const { keyUsage } = certificate.extensions;
  const mayList = keyUsage === undefined || keyUsage.has('cRLSign');
  const isFull = list.notUnderstood.length === 0;
  return isFull && mayList && key !== undefined && isSignedBy(key, list);
}

/** A CA that changes its key may certify itself; that does not lengthen the path. */
function isSelfIssued({ subjectDn, issuerDn }: Certificate): boolean {
  return equalBytes(subjectDn, issuerDn);
}

/** An EK decrypts and never signs; an AK signs. */
function neededUsage(leaf: Certificate, rules: PathRules): KeyUsage {
  if (rules.part === 'ak') return 'digitalSignature';
  const spki = readSpki(leaf.spki);
  return spki.state === 'key' && spki.key.kind === 'ecc' ? 'keyAgreement' : 'keyEncipherment';
}

/** tcg-kp-EKCertificate and tcg-kp-AIKCertificate. Google's certificates of AKs name the first. */
const PURPOSES = {
  ek: ['2.23.133.8.1'],
  ak: ['2.23.133.8.3', '2.23.133.8.1'],
} as const;

const MIN_RSA_BITS = 2048;

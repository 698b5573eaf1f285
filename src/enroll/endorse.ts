// The certificate of a key judged as a whole: it can be read, it is for that key, and a path leads
// from it to a trust anchor. Of EKs, and of AKs that a privacy CA or a cloud certified.
// docs/decisions/0013-trust-paths.md

import { malformedFinding } from '../bytes/malformed-finding.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { type Finding, makeFinding } from '../findings/finding.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { findChain, type Path } from './chain.ts';
import { judgeCertifiedKey } from './ek.ts';
import type { PathRules } from './judge-path.ts';
import type { TrustMaterial } from './trust-material.ts';

/** A certificate and what it is said to be for. */
export interface Endorsement {
  /** DER, or the contents of a TPM's NV index. */
  readonly certificate: Uint8Array;
  /** The EK or AK. */
  readonly key: PublicKey;
  /** Intermediates that the attester sent along, each as `certificate`. */
  readonly sent?: readonly Uint8Array[];
}

/** What became of it. `endorsed` and findings of severity `contraindicated` exclude each other. */
export type EndorsementOutcome =
  | {
      readonly endorsed: true;
      /** From the certificate to its anchor. */
      readonly path: Path;
      readonly findings: readonly Finding[];
    }
  | {
      readonly endorsed: false;
      /** Absent when it could not be read. */
      readonly certificate?: Certificate;
      readonly findings: readonly Finding[];
    };

/** Judges the certificate of an EK (`rules.part` `ek`) or of an AK (`ak`). What an attester sent
 *  along and cannot be read is left aside, with a finding that does not refuse. */
export function judgeEndorsement(
  endorsement: Endorsement,
  material: TrustMaterial,
  rules: PathRules,
): EndorsementOutcome {
  const { part } = rules;
  const reading = readCertificate(endorsement.certificate);
  if (!reading.ok) {
    const code = `${part}.certificate_malformed` as const;
    return { endorsed: false, findings: [malformedFinding(code, part, reading.malformed)] };
  }
  const certificate = reading.value;
  const sent = readSent(endorsement.sent ?? [], rules);
  const aboutKey = judgeCertifiedKey(certificate, endorsement.key, rules);
  const whole = sent.certificates.length === 0 ? material : material.with(sent.certificates);
  const chain = findChain(certificate, whole, rules);
  const findings = [...aboutKey, ...chain.findings, ...sent.findings];
  const isForKey = !aboutKey.some(({ severity }) => severity === 'contraindicated');
  if (!chain.trusted || !isForKey) return { endorsed: false, certificate, findings };
  return { endorsed: true, path: chain.path, findings };
}

function readSent(
  sent: readonly Uint8Array[],
  { part }: PathRules,
): { readonly certificates: readonly Certificate[]; readonly findings: readonly Finding[] } {
  const certificates: Certificate[] = [];
  const findings: Finding[] = [];
  for (const [index, bytes] of sent.entries()) {
    const reading = readCertificate(bytes);
    if (reading.ok) certificates.push(reading.value);
    else {
      findings.push(
        makeFinding(`${part}.certificate_malformed`, {
          severity: 'warning',
          where: { part, field: `sent[${index}].${reading.malformed.field}` },
          expected: reading.malformed.expected,
          actual: reading.malformed.actual,
        }),
      );
    }
  }
  return { certificates, findings };
}

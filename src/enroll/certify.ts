// TPM2_Certify: an enrolled key states which key its TPM holds, and so brings a new AK in.
// TPM 2.0 Part 2, 10.12.3 TPMS_CERTIFY_INFO; Part 3, 18.2; docs/decisions/0013-trust-paths.md

import { equalBytes, toHex } from '../bytes/encoding.ts';
import { malformedFinding } from '../bytes/malformed-finding.ts';
import type { Signature } from '../crypto/signature.ts';
import { type Finding, type FindingDetail, makeFinding } from '../findings/finding.ts';
import { readAttestHead, readCertifyAttest } from '../quote/attest.ts';
import type { AttestationKey } from '../quote/attestation-key.ts';
import { TPM_GENERATED_VALUE, TPM_ST, tpmNumber } from '../quote/constants.ts';
import { readSignature, type SignatureClaim } from '../quote/signature.ts';

/** A statement by one key about another. */
export interface Certification {
  /** TPMS_ATTEST of type certify, as received. */
  readonly attest: Uint8Array;
  readonly signature: SignatureClaim;
  /** The enrolled key that made it. That it is a restricted signing key of a TPM must have been
   *  judged: anybody can sign such bytes with another one. */
  readonly by: AttestationKey;
  /** Name of the key that it should be about, computed from that key's public area. */
  readonly name: Uint8Array;
  /** What extraData must be; absent where it does not matter when the statement was made: what it
   *  says of a key that never leaves its TPM stays true. */
  readonly nonce?: Uint8Array;
}

/** Everything that speaks against the statement. Empty: the TPM that holds `by` holds, loadable,
 *  the key with this Name. Independent checks all run. */
export function judgeCertification(certification: Certification): Finding[] {
  const { attest } = certification;
  const head = readAttestHead(attest);
  if (!head.ok) return [malformedFinding('ak.certify_malformed', 'ak', head.malformed)];
  const { magic, type } = head.value;
  if (magic !== TPM_GENERATED_VALUE || type !== TPM_ST.ATTEST_CERTIFY) {
    const actual = `magic 0x${magic.toString(16)}, type ${tpmNumber(type)}`;
    return [refusal('ak.certify_type_wrong', { field: 'type', actual })];
  }
  const reading = readCertifyAttest(attest);
  if (!reading.ok) return [malformedFinding('ak.certify_malformed', 'ak', reading.malformed)];
  const { name, extraData } = reading.value;
  const findings = judgeSignature(certification);
  const { nonce } = certification;
  if (nonce !== undefined && !equalBytes(extraData, nonce)) {
    findings.push(refusal('ak.certify_nonce_mismatch', { field: 'extraData' }));
  }
  if (!equalBytes(name, certification.name)) {
    const expected = toHex(certification.name);
    const seen = { field: 'attested.certify.name', expected, actual: toHex(name) };
    findings.push(refusal('ak.certify_name_mismatch', seen));
  }
  return findings;
}

function judgeSignature({ attest, signature, by }: Certification): Finding[] {
  const reading = readSignature(signature);
  if (!reading.ok) return [malformedFinding('ak.certify_malformed', 'ak', reading.malformed)];
  const invalid = refusal('ak.certify_signature_invalid', { field: 'signature' });
  if (reading.value.state !== 'readable') return [invalid];
  const { signature: parts } = reading.value;
  if (!fitsScheme(by, parts) || !by.key.verifies(parts, attest)) return [invalid];
  if (parts.hash !== 'sha1') return [];
  return [refusal('ak.certify_hash_refused', { field: 'signature.hash', actual: parts.hash })];
}

/** A key that names its scheme signs with no other. */
function fitsScheme({ scheme }: AttestationKey, signature: Signature): boolean {
  if (scheme === undefined) return true;
  return scheme.scheme === signature.scheme && scheme.hash === signature.hash;
}

type CertifyCode =
  | 'ak.certify_type_wrong'
  | 'ak.certify_signature_invalid'
  | 'ak.certify_hash_refused'
  | 'ak.certify_name_mismatch'
  | 'ak.certify_nonce_mismatch';

function refusal(
  code: CertifyCode,
  seen: { readonly field: string } & Pick<FindingDetail, 'expected' | 'actual'>,
): Finding {
  const { field, ...values } = seen;
  return makeFinding(code, {
    severity: 'contraindicated',
    where: { part: 'ak', field },
    ...values,
  });
}

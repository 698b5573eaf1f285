// An attester as it enrols. docs/api.md, "Enrolment"

import type { AkClaim } from '../enroll/ak.ts';
import type { AkBinding } from '../enroll/ak-binding.ts';

/** Given by operators: policies choose attesters by them. */
export type Labels = Readonly<Record<string, string>>;

export interface NewAttester {
  readonly id: string;
  /** What the id is bound to for ever: the endorsement key where the AK was activated, otherwise
   *  the attestation key. Digest of the key itself. */
  readonly identity: string;
  /** Digest of the attestation key. */
  readonly akIdentity: string;
  readonly ak: AkClaim;
  readonly binding: AkBinding;
  /** The endorsement key of an activated AK. */
  readonly ek: EndorsementKey | null;
  /** Reason codes that the enrolment left. */
  readonly codes: readonly string[];
  readonly labels: Labels;
  readonly enrolledAt: Date;
}

/** An endorsement key as it was enrolled. */
export interface EndorsementKey {
  /** TPM2B_PUBLIC or TPMT_PUBLIC, as received. */
  readonly publicArea: Uint8Array;
  /** DER; null where policy takes an EK without one. */
  readonly certificate: Uint8Array | null;
}

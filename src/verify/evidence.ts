// Evidence as it reaches the procedure: decoded from whatever carried it (bundle, JSON, multipart),
// not yet believed. docs/evidence-bundle.md

import type { HashName } from '../crypto/digest.ts';
import type { AkClaim } from '../enroll/ak.ts';
import type { AkBinding } from '../enroll/ak-binding.ts';
import type { SegmentClaim } from '../ima/segment.ts';
import type { PcrValues } from '../pcr/selection.ts';
import type { SignatureClaim } from '../quote/signature.ts';

/** Everything but the bytes of the measurement list, which follow segment by segment. */
export interface Evidence {
  readonly ak: AkClaim;
  /** What enrolment found out about the key; `asserted` if absent. */
  readonly akBinding?: AkBinding;
  /** What extraData must equal. */
  readonly nonce: Uint8Array;
  readonly quote: {
    /** TPMS_ATTEST bytes. */
    readonly attest: Uint8Array;
    readonly signature: SignatureClaim;
  };
  /** Untrusted until pcrDigest is recomputed from them. */
  readonly pcrValues?: PcrValues;
  readonly ima?: ImaClaim;
  /** Bytes of binary_bios_measurements. */
  readonly bootLog?: Uint8Array;
  /** Bytes of /run/log/systemd/tpm2-measure.log: what user space extended into PCR 11–15. */
  readonly userspaceLog?: Uint8Array;
  /** Unsigned hint. */
  readonly pcrUpdateCounter?: number;
  /** When it arrived, by the verifier's own clock, in milliseconds since 1970: what it proves had
   *  happened by then. Rules that depend on the time do not hold without it. */
  readonly receivedAtMs?: number;
}

export interface ImaClaim {
  /** Oldest first. */
  readonly segments: readonly SegmentClaim[];
  /** Absolute index of the first record of the first segment. */
  readonly fromIndex: number;
  /** Hint, FORMATS 12.3. */
  readonly extendOrder?: readonly number[];
  /** Hint: PCR values before `fromIndex`. */
  readonly startValues?: ReadonlyMap<HashName, ReadonlyMap<number, Uint8Array>>;
}

// What the use cases need of enrolments on their way: an EK that has yet to prove that its TPM
// holds the AK. src/store/enrolments.ts implements it. docs/api.md, "Enrolment"

import { AK_BINDINGS } from '../enroll/ak-binding.ts';
import type { NewAttester } from './new-attester.ts';

/** The words for how a key is bound, as a list. */
export const BINDINGS = AK_BINDINGS;

/** An enrolment that waits for its activation. */
export interface EnrolmentDraft {
  readonly id: string;
  /** What the activation would enrol; `enrolledAt` is when it was asked for. */
  readonly attester: NewAttester;
  /** SHA-256 of the secret in the credential. */
  readonly secretDigest: Uint8Array;
  /** Id of the access token that asked. */
  readonly askedBy: string | null;
  readonly expiresAt: Date;
}

export interface EnrolmentStore {
  /** The id that an identity has, removed attesters included. */
  idOf(identity: string): Promise<string | undefined>;
  /** Keeps a draft; of more than `cap` drafts of its identity the oldest are dropped. */
  keep(draft: EnrolmentDraft, cap: number): Promise<void>;
  /** Takes a draft out: it can be answered once, rightly or wrongly. */
  take(id: string): Promise<EnrolmentDraft | undefined>;
  /** Drops drafts that expired before `before`; answers how many. */
  sweep(before: Date): Promise<number>;
}

// The one procedure. CONTRACT FIRST: the body follows.

import type { AcceptancePolicy } from '../policy/acceptance.ts';
import type { Evidence } from './evidence.ts';
import type { VerdictBody } from './verdict.ts';

/** A verification in progress: the quote is judged at once, the list as it streams in. */
export interface Verification {
  /** Feeds bytes of segment number `segment` (as claimed in the evidence, from 0). Segments come
   *  in order and whole before the next; windows may cut records anywhere. */
  push(segment: number, window: Uint8Array): void;
  /** Ends the list and gives the verdict. Call once. */
  conclude(): VerdictBody;
}

/** Begins a verification of `evidence` under `policy`. Never throws because of evidence. */
export declare function beginVerification(
  evidence: Evidence,
  policy: AcceptancePolicy,
): Verification;

/** Verifies evidence whose segments are in memory (`segments[i]` is the i-th segment's bytes). */
export declare function verifyEvidence(
  evidence: Evidence,
  segments: readonly Uint8Array[],
  policy: AcceptancePolicy,
): VerdictBody;

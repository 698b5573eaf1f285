// What the use cases need of threads beside their own: long work that must not hold up requests.
// src/workers implements it. docs/decisions/0020-worker-threads.md

import type { PolicyPackage } from './policy-package.ts';
import type { Proposal } from './propose-entries.ts';
import type { EvidencePiece, Reappraisal } from './reappraise.ts';

/** Whom the work is for: an attester that waits for its challenge, or somebody who tries things out
 *  and gets at most half of the threads, and none while attesters wait. */
export type WorkShare = 'attestation' | 'trial';

/** Evidence, and the policy to appraise it under. */
export interface AppraisalWork {
  readonly policy: PolicyPackage;
  /** Read as fast as the thread takes it. */
  readonly pieces: AsyncIterable<EvidencePiece>;
  readonly share: WorkShare;
}

/** Threads for long work. A thread that dies is a fault of that work alone: the promise rejects,
 *  and nothing is decided. */
export interface AppraisalWorkers {
  /** How many pieces of work for `trial` run at once. */
  readonly trialPlaces: number;
  /** Appraises a boot again. Problem: `service.busy`. */
  reappraise(work: AppraisalWork): Promise<Reappraisal>;
  /** Appraises a boot again for what its policy does not accept. Problem: `service.busy`. */
  propose(work: AppraisalWork): Promise<Proposal>;
  /** Ends the threads; what runs is lost. */
  close(): Promise<void>;
}

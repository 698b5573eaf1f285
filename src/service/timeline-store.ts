// What the use cases need of kept timelines; src/store/timelines.ts implements it. They are written
// by the transaction that decides (src/service/ports.ts, `EvidenceDraft`) and by re-appraisal.

import type { TimelineState } from '../verify/timeline-state.ts';
import type { VerdictStatus } from '../verify/verdict.ts';
import type { PageRequest } from './page.ts';
import type { PinnedPolicy } from './pinned-policy.ts';

/** The timeline of an attester as it is kept. */
export interface KeptTimeline {
  /** Counts the rounds that changed the state; 0 before the first. */
  readonly version: number;
  readonly state: TimelineState | undefined;
  readonly updatedAt: Date | undefined;
  /** Where the newest round asked the next one to start, if that round could not move the
   *  timeline. */
  readonly nextIndex: number | undefined;
  /** What the state was appraised under, or could not be appraised again under; undefined where
   *  that is not known. */
  readonly under: PinnedPolicy | undefined;
}

/** A timeline after re-appraisal. */
export interface Renewal {
  readonly attesterId: string;
  /** That was appraised again. */
  readonly version: number;
  readonly under: PinnedPolicy;
  /** The next version of the timeline; undefined leaves it as it is: it cannot be derived again. */
  readonly state: TimelineState | undefined;
  readonly at: Date;
}

/** A verdict whose quote was genuine, as a step of its attester's timeline. */
export interface RoundSummary {
  /** Of the verdict. */
  readonly id: string;
  readonly boot: number;
  readonly at: Date;
  readonly status: VerdictStatus;
  /** Null where no list was judged. */
  readonly fromIndex: number | null;
  /** Absolute; null where no prefix of the list is proven. */
  readonly provenCount: number | null;
  readonly pendingCount: number | null;
}

/** A round by its verdict. */
export interface HistoryRound {
  readonly verdictId: string;
  /** Whether it moved the timeline. */
  readonly moved: boolean;
}

export interface TimelineStore {
  /** The timeline of an attester: one row, however long its history. Throws when what is kept is
   *  not a timeline: a fault, and never a first contact. */
  find(attesterId: string): Promise<KeptTimeline>;
  /** The rounds of an attester since it was enrolled. */
  rounds(attesterId: string, page: PageRequest): Promise<RoundSummary[]>;
  /** Stores what re-appraisal made of a version; false, and nothing stored, when the timeline has
   *  gone on meanwhile. */
  renew(renewal: Renewal): Promise<boolean>;
  /** The rounds that a re-appraisal of the attester has to read, in their order: of the boot that
   *  the timeline shows, those that proved records and the last two that moved it; then the newest
   *  round of all, if it is none of them. At most `limit`, of the oldest. */
  history(attesterId: string, limit: number): Promise<HistoryRound[]>;
}

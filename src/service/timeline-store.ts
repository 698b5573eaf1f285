// What the use cases need of kept timelines; src/store/timelines.ts implements it. Only the
// transaction that decides writes them (src/service/ports.ts, `EvidenceDraft`).

import type { TimelineState } from '../verify/timeline-state.ts';
import type { VerdictStatus } from '../verify/verdict.ts';
import type { PageRequest } from './page.ts';

/** The timeline of an attester as it is kept. */
export interface KeptTimeline {
  /** Counts the rounds that changed the state; 0 before the first. */
  readonly version: number;
  readonly state: TimelineState | undefined;
  readonly updatedAt: Date | undefined;
  /** Where the newest round asked the next one to start, if that round could not move the
   *  timeline. */
  readonly nextIndex: number | undefined;
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

export interface TimelineStore {
  /** The timeline of an attester: one row, however long its history. Throws when what is kept is
   *  not a timeline: a fault, and never a first contact. */
  find(attesterId: string): Promise<KeptTimeline>;
  /** The rounds of an attester since it was enrolled. */
  rounds(attesterId: string, page: PageRequest): Promise<RoundSummary[]>;
}

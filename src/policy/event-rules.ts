// The rules about events that mechanisms of long-running hosts leave in the list: kexec counts,
// trim events, update counters and snapshot markers. They can make a verdict worse, never better.
// FORMATS 7 to 10; docs/formats.

import { type EventRecord, type EventRuling, NOT_OWN } from '../timeline/event-record.ts';
import { type KexecCountState, KexecCounts } from '../timeline/kexec-counts.ts';
import { type SnapshotState, Snapshots } from '../timeline/snapshots.ts';
import { TrimEvents, type TrimState } from '../timeline/trim-event.ts';
import { type UpdateCounterState, UpdateCounters } from '../timeline/update-counter.ts';
import { type ImaAcceptance, severityOf } from './acceptance.ts';

/** What the mechanisms remember, as plain data. */
export interface SavedEvents {
  readonly kexec: KexecCountState;
  readonly trim: TrimState;
  readonly counters: UpdateCounterState | null;
  readonly snapshots: SnapshotState;
}

/** How the events of a list are judged. */
export interface EventExpectations {
  readonly ima: ImaAcceptance;
  /** Banks that hold the IMA PCR in the quote: a lower bound for those of the TPM. */
  readonly quotedBanks: number;
}

/** All mechanisms over one list, in extend order. */
export class EventRules {
  readonly #expectations: EventExpectations;
  readonly #kexec: KexecCounts;
  readonly #trim: TrimEvents;
  readonly #counters: UpdateCounters;
  readonly #snapshots: Snapshots;

  constructor(expectations: EventExpectations, saved?: SavedEvents) {
    const { ima, quotedBanks } = expectations;
    const { countSlack: slack, countBehind } = ima.kexec;
    const { model, banks, lag, excess } = ima.updateCounter;
    this.#expectations = expectations;
    this.#kexec = new KexecCounts({ slack, behind: severityOf(countBehind) }, saved?.kexec);
    this.#trim = new TrimEvents({ trimmed: 'info' }, saved?.trim);
    this.#counters = new UpdateCounters(
      { model, banks: Math.max(banks, quotedBanks), lag, excess: severityOf(excess) },
      saved?.counters ?? undefined,
    );
    this.#snapshots = new Snapshots(
      { mode: ima.snapshots, malformed: 'warning' },
      saved?.snapshots,
    );
  }

  /** Gives an event to each mechanism. It is one of ours if any of them owns it. */
  observe(event: EventRecord): EventRuling {
    const rulings = [this.#kexec, this.#trim, this.#counters, this.#snapshots].map((mechanism) =>
      mechanism.observe(event),
    );
    return rulings.reduce(
      (sum, one) => ({
        isOwn: sum.isOwn || one.isOwn,
        findings: [...sum.findings, ...one.findings],
      }),
      NOT_OWN,
    );
  }

  /** Everything remembered. */
  save(): SavedEvents {
    return {
      kexec: this.#kexec.state,
      trim: this.#trim.state,
      counters: this.#counters.state ?? null,
      snapshots: this.#snapshots.state,
    };
  }

  /** Independent rules that remember the same. */
  copy(): EventRules {
    return new EventRules(this.#expectations, this.save());
  }
}

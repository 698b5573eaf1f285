// The record counts in kexec events against the list: more counted than listed is proof of a gap.
// kernel security/integrity/ima/ima_kexec.c: ima_measure_kexec_event; FORMATS 7.1, 7.2 rule 3.

import { asciiBytes } from '../bytes/encoding.ts';
import { type Finding, makeFinding, type Severity } from '../findings/finding.ts';
import { readKexecEvent } from '../ima/buffer-events.ts';
import { type EventRecord, type EventRuling, NOT_OWN } from './event-record.ts';

export interface KexecCountExpectations {
  /** Records that may slip in between counting and recording; 16 is generous. */
  readonly slack: number;
  /** Weight of a count that lags behind the list by more than that. */
  readonly behind: Severity | undefined;
}

/** What is known of the counts of the running kernel. */
export interface KexecCountState {
  readonly epochFromIndex: number;
  /** Most records of the boot that this kernel may not know: it never restored them. */
  readonly unknownAtMost: number;
  /** Index of the last kexec event of the epoch whose count fitted. */
  readonly fittedIndex: number | null;
  /** Records of the boot found missing so far. */
  readonly missing: number;
}

/** Judges `kexec_load` and `kexec_execute` events.
 *
 *  `ima_runtime_measurements_count` is what the kernel knows before the event: records restored
 *  from the kernel before it, deleted ones too, and its own. So with U, the records of the boot
 *  that it never restored, `count <= index - U`, and the difference is what slipped in while it
 *  counted. U is 0 in the first epoch, 0 after a kexec that carried the whole boot over, and
 *  `epochFromIndex` where the list was lost; records deleted before a kexec lie in between. No
 *  record tells U, but each count bounds it from above. A count above the index fits no U. */
export class KexecCounts {
  readonly #expectations: KexecCountExpectations;
  #state: KexecCountState;

  constructor(expectations: KexecCountExpectations, saved: KexecCountState = START) {
    this.#expectations = expectations;
    this.#state = saved;
  }

  get state(): KexecCountState {
    return this.#state;
  }

  /** Judges the next bound event. */
  observe(event: EventRecord): EventRuling {
    const kexec = readKexecEvent({ name: asciiBytes(event.name), buffer: event.buffer });
    if (kexec === undefined) return NOT_OWN;
    const before = this.#stateOfEpoch(event);
    const uncounted = event.index + before.missing - kexec.recordCount;
    if (uncounted < 0) {
      const missing = before.missing - uncounted;
      this.#state = { ...before, unknownAtMost: 0, missing };
      return { isOwn: true, findings: [exceeded(event, kexec.recordCount, before)] };
    }
    this.#state = {
      ...before,
      unknownAtMost: Math.min(before.unknownAtMost, uncounted),
      fittedIndex: event.index,
    };
    return { isOwn: true, findings: this.#judgeLag(event, uncounted, before) };
  }

  /** A new kernel may know anything between nothing and all of what came before it. */
  #stateOfEpoch({ epochFromIndex }: EventRecord): KexecCountState {
    const { missing } = this.#state;
    if (epochFromIndex === this.#state.epochFromIndex) return this.#state;
    const unknownAtMost = epochFromIndex + missing;
    return { epochFromIndex, unknownAtMost, fittedIndex: null, missing };
  }

  #judgeLag(event: EventRecord, uncounted: number, before: KexecCountState): readonly Finding[] {
    const { slack, behind } = this.#expectations;
    const late = uncounted - before.unknownAtMost;
    const earlierLate = before.fittedIndex === null ? 0 : -late;
    if (behind === undefined || Math.max(late, earlierLate) <= slack) return [];
    const note =
      late > 0
        ? `${late} records before record ${event.index} are not in its count.`
        : `The count rose by ${earlierLate} more than the list between record ` +
          `${before.fittedIndex} and record ${event.index}: at least ${earlierLate} records ` +
          'slipped in while the first was counted, or are missing between the two.';
    const where = { ...event.where, field: 'buf' };
    return [makeFinding('ima.kexec_count_behind', { severity: behind, where, note })];
  }
}

function exceeded(event: EventRecord, count: number, before: KexecCountState): Finding {
  const { missing, fittedIndex } = before;
  const atLeast = count - event.index - missing;
  const further = missing === 0 ? '' : `, beside the ${missing} found earlier`;
  const fitted =
    fittedIndex === null
      ? 'No earlier count of its kernel fitted.'
      : `The count at record ${fittedIndex} still fitted.`;
  return makeFinding('ima.kexec_count_exceeded', {
    severity: 'contraindicated',
    where: { ...event.where, field: 'buf' },
    expected: `at most ${event.index + missing}`,
    actual: `${count}`,
    note: `Missing before record ${event.index}${further}: at least ${atLeast}. ${fitted}`,
  });
}

const START: KexecCountState = {
  epochFromIndex: 0,
  unknownAtMost: 0,
  fittedIndex: null,
  missing: 0,
};

// The TPM's PCR update counter in the list: each record extends, so too slow a counter proves that
// records were never extended. Proposed for the kernel in 2023, and `tpm-info`; FORMATS 10, 10.1.

import { type Finding, makeFinding, type Severity } from '../findings/finding.ts';
import { type CounterReading, readCounterEvent } from './counter-event.ts';
import { type EventRecord, type EventRuling, NOT_OWN } from './event-record.ts';

export interface UpdateCounterExpectations {
  /** What one extend of several banks adds: as much as there are banks, or one. */
  readonly model: 'per-bank' | 'per-command' | 'off';
  /** Banks that each record extends, at least. */
  readonly banks: number;
  /** Records that may be queued between reading the counter and recording it. */
  readonly lag: number;
  /** Weight of a counter that rose by more than the records explain: normal where others use the
   *  TPM. Undefined: not looked for. */
  readonly excess: Severity | undefined;
}

/** A counter value and where the list says so. */
export interface CounterPoint {
  readonly index: number;
  readonly epochFromIndex: number;
  readonly counter: number;
  /** Records that the kernel knew then; null when the event does not tell. */
  readonly records: number | null;
}

/** What later counters are compared with; both points are the start of the boot at first. */
export interface UpdateCounterState {
  /** The newest counter event. */
  readonly last: CounterPoint;
  /** The point from which the counter had least to spare. */
  readonly tightest: CounterPoint;
  /** Banks that the newest event which tells them names. */
  readonly banks: number | null;
}

/** Judges counter events. With c the counter, i < j two events and B what one record adds,
 *  `c(j) - c(i) >= B * (j - i - lag)`, because every record before the reading was extended. The
 *  TPM counts everything that extends, so nothing follows from more, unless nobody else does. */
export class UpdateCounters {
  readonly #expectations: UpdateCounterExpectations;
  #state: UpdateCounterState;

  constructor(expectations: UpdateCounterExpectations, saved: UpdateCounterState = START) {
    this.#expectations = expectations;
    this.#state = saved;
  }

  get state(): UpdateCounterState {
    return this.#state;
  }

  /** Judges the next bound event. */
  observe(event: EventRecord): EventRuling {
    const reading = readCounterEvent(event);
    if (reading === undefined) return NOT_OWN;
    if (this.#expectations.model === 'off') return { isOwn: true, findings: [] };
    const before = this.#state;
    const { index, epochFromIndex } = event;
    const { counter, records } = reading;
    const point: CounterPoint = { index, epochFromIndex, counter, records };
    const banks = reading.banks ?? before.banks;
    const findings = countExceeded(event, reading);
    if (counter < before.last.counter) {
      this.#state = { last: point, tightest: point, banks };
      return { isOwn: true, findings: [...findings, decreased(event, before.last, counter)] };
    }
    const step = this.#stepOf(banks);
    const tightest = tighter(before.tightest, before.last, step);
    const shortages = this.#shortages(point, { tightest, last: before.last, step });
    this.#state = {
      last: point,
      tightest: shortages.length === 0 ? tighter(tightest, point, step) : point,
      banks,
    };
    findings.push(...shortages.map((found) => shortFinding(event, found)));
    findings.push(...this.#judgeExcess(event, { from: before.last, point, step }));
    return { isOwn: true, findings };
  }

  /** What one record adds to the counter, at least. */
  #stepOf(told: number | null): number {
    if (this.#expectations.model === 'per-command') return 1;
    return Math.max(1, this.#expectations.banks, told ?? 0);
  }

  /** The worst stretch over which the counter rose too little, if any did. */
  #shortages(
    point: CounterPoint,
    since: { readonly tightest: CounterPoint; readonly last: CounterPoint; readonly step: number },
  ): readonly Shortage[] {
    const { tightest, last, step } = since;
    const listed = point.index - tightest.index - this.#expectations.lag;
    const byIndex = shortageOf({ from: tightest, point, step }, listed);
    const byCount = shortageOf({ from: last, point, step }, countedBetween(last, point));
    const worst = byCount.missing > byIndex.missing ? byCount : byIndex;
    return worst.missing > 0 ? [worst] : [];
  }

  #judgeExcess(event: EventRecord, { from, point, step }: Stretch): readonly Finding[] {
    const { excess: severity, lag } = this.#expectations;
    const records = point.index - from.index;
    const rise = point.counter - from.counter;
    const explained = step * (records + lag);
    // Before the first event stands whatever the firmware extended.
    if (severity === undefined || isBootStart(from) || rise <= explained) return [];
    const atMost = Math.floor(rise / step) - records + lag;
    const what =
      from.epochFromIndex === point.epochFromIndex
        ? 'missing there'
        : 'lost at the kexec between them';
    const finding = makeFinding('ima.update_counter_excess', {
      severity,
      where: { ...event.where, field: 'buf' },
      expected: `at most ${from.counter + explained}`,
      actual: `${point.counter}`,
      note:
        `From record ${from.index} to record ${point.index} it rose by ${rise}: ` +
        `at most ${atMost} records are ${what}, or others extended.`,
    });
    return [finding];
  }
}

/** From one counter event to a later one. */
interface Stretch {
  readonly from: CounterPoint;
  readonly point: CounterPoint;
  /** What one record adds. */
  readonly step: number;
}

interface Shortage extends Stretch {
  /** How far the counter had to rise. */
  readonly needed: number;
  /** Records that were not extended, at least; 0 or less when the counter rose enough. */
  readonly missing: number;
}

function shortageOf(stretch: Stretch, records: number): Shortage {
  const { from, point, step } = stretch;
  const needed = step * records;
  const missing = Math.ceil((needed - (point.counter - from.counter)) / step);
  return { ...stretch, needed, missing };
}

function shortFinding(event: EventRecord, { from, point, needed, missing }: Shortage): Finding {
  const start = isBootStart(from) ? 'the start of the boot' : `record ${from.index}`;
  return makeFinding('ima.update_counter_short', {
    severity: 'contraindicated',
    where: { ...event.where, field: 'buf' },
    expected: `at least ${from.counter + needed}`,
    actual: `${point.counter}`,
    note:
      `Never extended between ${start} and record ${point.index}: ` +
      `at least ${missing} of the records there.`,
  });
}

function decreased(event: EventRecord, last: CounterPoint, counter: number): Finding {
  return makeFinding('ima.update_counter_decreased', {
    severity: 'contraindicated',
    where: { ...event.where, field: 'buf' },
    expected: `at least ${last.counter}`,
    actual: `${counter}`,
    note: `It fell by ${last.counter - counter} between record ${last.index} and ${event.index}.`,
  });
}

/** A kernel cannot know more records than the boot has (FORMATS 7.2, rule 3). */
function countExceeded(event: EventRecord, { records }: CounterReading): Finding[] {
  if (records === null || records <= event.index) return [];
  const missing = records - event.index;
  const finding = makeFinding('ima.kexec_count_exceeded', {
    severity: 'contraindicated',
    where: { ...event.where, field: 'buf' },
    expected: `at most ${event.index}`,
    actual: `${records}`,
    note: `Missing before record ${event.index}: at least ${missing}.`,
  });
  return [finding];
}

/** The point from which a later counter has less to spare, when each record adds `step`. */
function tighter(left: CounterPoint, right: CounterPoint, step: number): CounterPoint {
  const spare = (point: CounterPoint): number => point.counter - step * point.index;
  return spare(right) >= spare(left) ? right : left;
}

/** Records that one kernel counted from one event to the next, so without any lag; 0 when one of
 *  the two does not tell, or another kernel counted. */
function countedBetween(from: CounterPoint, to: CounterPoint): number {
  const isSameKernel = from.epochFromIndex === to.epochFromIndex;
  if (!isSameKernel || from.records === null || to.records === null) return 0;
  return to.records - from.records;
}

/** Record 0 opens a boot and is no counter event. */
function isBootStart({ index }: CounterPoint): boolean {
  return index === 0;
}

/** A TPM Reset clears the counter, and whatever the firmware extended only adds to it. */
const BOOT_START: CounterPoint = { index: 0, epochFromIndex: 0, counter: 0, records: 0 };
const START: UpdateCounterState = { last: BOOT_START, tightest: BOOT_START, banks: null };

// Events that say how many records were trimmed from the front of the list.
// "Trim N entries of IMA event logs", proposed for the kernel in 2025 and 2026; FORMATS 8.5.

import { latinText } from '../bytes/encoding.ts';
import { makeFinding, type Severity } from '../findings/finding.ts';
import { type EventRecord, type EventRuling, NOT_OWN } from './event-record.ts';

export interface TrimExpectations {
  /** Weight of a trim that fits the list. */
  readonly trimmed: Severity | undefined;
}

/** The last trim event that fitted. */
export interface TrimState {
  readonly fittedIndex: number | null;
}

/** Judges `trim_ima_event_logs` events. Their number is what was trimmed by this event or since the
 *  boot, depending on the version of the proposal: in either case never more than the list had. */
export class TrimEvents {
  readonly #expectations: TrimExpectations;
  #state: TrimState;

  constructor(expectations: TrimExpectations, saved: TrimState = { fittedIndex: null }) {
    this.#expectations = expectations;
    this.#state = saved;
  }

  get state(): TrimState {
    return this.#state;
  }

  /** Judges the next bound event. */
  observe(event: EventRecord): EventRuling {
    const number = readTrimmed(event);
    if (number === undefined) return NOT_OWN;
    const where = { ...event.where, field: 'buf' };
    const missing = number - BigInt(event.index);
    if (missing > 0n) {
      const { fittedIndex } = this.#state;
      const fitted = fittedIndex === null ? 'the start of the boot' : `record ${fittedIndex}`;
      const finding = makeFinding('ima.trim_count_exceeded', {
        severity: 'contraindicated',
        where,
        expected: `at most ${event.index}`,
        actual: `${number}`,
        note:
          `Missing before record ${event.index}: at least ${missing}. ` +
          `Up to ${fitted} all fitted.`,
      });
      return { isOwn: true, findings: [finding] };
    }
    this.#state = { fittedIndex: event.index };
    const { trimmed: severity } = this.#expectations;
    if (severity === undefined) return { isOwn: true, findings: [] };
    const note = `Record ${event.index} speaks of ${number} records.`;
    const finding = makeFinding('ima.records_trimmed', { severity, where, note });
    return { isOwn: true, findings: [finding] };
  }
}

/** The number of a trim event by its exact name and grammar; undefined for anything else. */
function readTrimmed({ name, buffer }: EventRecord): bigint | undefined {
  if (name !== TRIM_EVENT) return undefined;
  const [, time, number] = TRIM_BUFFER.exec(latinText(buffer)) ?? [];
  if (time === undefined || number === undefined) return undefined;
  const values = [BigInt(time), BigInt(number)] as const;
  return values.every((value) => value <= LARGEST_U64) ? values[1] : undefined;
}

/** The kernel stores the blanks of the name as underscores. */
const TRIM_EVENT = 'trim_ima_event_logs';
const NUMBER = '(0|[1-9][0-9]{0,19})';
const TRIM_BUFFER = new RegExp(`^time= ${NUMBER}; number= ${NUMBER};$`);
const LARGEST_U64 = 0xffff_ffff_ffff_ffffn;

// Snapshot markers against the replay: a marker adds a check and never replaces one.
// "IMA Log Snapshotting", proposed for the kernel in 2023; FORMATS 9.2 to 9.4.

import { equalBytes, toHex } from '../bytes/encoding.ts';
import { type Finding, makeFinding, type Severity } from '../findings/finding.ts';
import { type EventRecord, type EventRuling, NOT_OWN } from './event-record.ts';
import {
  type MarkedValue,
  readSnapshotMarker,
  SNAPSHOT_EVENT,
  type SnapshotMarker,
} from './snapshot-marker.ts';

export interface SnapshotExpectations {
  /** `refuse` checks as well; `ignore` only tells markers from other events. */
  readonly mode: 'cross-check' | 'refuse' | 'ignore';
  /** Weight of an event of that name which is no marker. */
  readonly malformed: Severity | undefined;
}

/** The newest marker. */
export interface SnapshotState {
  readonly last: {
    readonly index: number;
    readonly epochFromIndex: number;
    /** Decimal: 64 bits. */
    readonly attempt: string;
  } | null;
}

/** Judges `snapshot_aggregate` events. The kernel reads the PCRs before it extends the marker, so
 *  the value of an IMA PCR is the one that the records before the marker lead to. */
export class Snapshots {
  readonly #expectations: SnapshotExpectations;
  #state: SnapshotState;

  constructor(expectations: SnapshotExpectations, saved: SnapshotState = { last: null }) {
    this.#expectations = expectations;
    this.#state = saved;
  }

  get state(): SnapshotState {
    return this.#state;
  }

  /** Judges the next bound event. */
  observe(event: EventRecord): EventRuling {
    if (event.name !== SNAPSHOT_EVENT) return NOT_OWN;
    const marker = readSnapshotMarker(event.buffer, event.pcr);
    const { mode, malformed } = this.#expectations;
    if ('fault' in marker) {
      if (mode === 'ignore' || malformed === undefined) return NOT_OWN;
      return { isOwn: false, findings: [malformedFinding(event, marker.fault, malformed)] };
    }
    if (mode === 'ignore') return { isOwn: true, findings: [] };
    const { last } = this.#state;
    const { index, epochFromIndex } = event;
    this.#state = { last: { index, epochFromIndex, attempt: `${marker.attempt}` } };
    const findings = [
      ...(mode === 'refuse' ? [refused(event)] : []),
      ...judgeAttempt(event, marker, last),
      ...judgeValues(event, marker),
    ];
    return { isOwn: true, findings };
  }
}

/** Attempts that were given up leave markers or gaps, but the counter never stands still. */
function judgeAttempt(
  event: EventRecord,
  { attempt }: SnapshotMarker,
  last: SnapshotState['last'],
): readonly Finding[] {
  const isSameKernel = last?.epochFromIndex === event.epochFromIndex;
  if (last === null || !isSameKernel || attempt > BigInt(last.attempt)) return [];
  const finding = makeFinding('ima.snapshot_attempts_wrong', {
    severity: 'contraindicated',
    where: { ...event.where, field: 'Snapshot_Attempt_Count' },
    expected: `more than ${last.attempt}`,
    actual: `${attempt}`,
    note: `The marker before it is record ${last.index}.`,
  });
  return [finding];
}

/** Compares each value for which the replay has a running one; the others cannot be checked here:
 *  PCRs are read one after the other, and only IMA's stand still meanwhile. */
function judgeValues(event: EventRecord, { values }: SnapshotMarker): readonly Finding[] {
  let isChecked = false;
  const findings: Finding[] = [];
  for (const marked of values) {
    const running = event.valuesBefore(marked.bank, marked.pcr);
    if (running.length === 0) continue;
    isChecked ||= marked.pcr === event.pcr;
    if (running.some((value) => equalBytes(value, marked.value))) continue;
    findings.push(mismatch(event, marked, running));
  }
  if (isChecked) return findings;
  const { where } = event;
  const unchecked = makeFinding('ima.snapshot_unverified', { severity: 'info', where });
  return [...findings, unchecked];
}

function mismatch(
  event: EventRecord,
  { bank, pcr, value }: MarkedValue,
  running: readonly Uint8Array[],
): Finding {
  return makeFinding('ima.snapshot_mismatch', {
    severity: 'contraindicated',
    where: { ...event.where, field: 'buf', pcr, bank },
    expected: running.map(toHex).join(' or '),
    actual: toHex(value),
    note: `The ${event.index} records before the marker do not lead to it.`,
  });
}

function refused({ where }: EventRecord): Finding {
  return makeFinding('ima.snapshot_refused', { severity: 'contraindicated', where });
}

function malformedFinding(event: EventRecord, fault: string, severity: Severity): Finding {
  return makeFinding('ima.snapshot_malformed', {
    severity,
    where: { ...event.where, field: 'buf' },
    note: `What is wrong: ${fault}.`,
  });
}

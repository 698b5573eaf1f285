// Follows a list as its bytes arrive: the plain reading, and beside it readings that leave out what
// a segment repeats of earlier ones. Whichever reaches the quoted values is the list.
// FORMATS 8.3, 8.4 rule 2, 19 step 5.

import { latinText, viewBytes } from '../bytes/encoding.ts';
import { TIMELINE_LIMITS } from '../bytes/limits.ts';
import type { HashName } from '../crypto/digest.ts';
import { Trail } from '../diagnosis/trail.ts';
import type { Where } from '../findings/finding.ts';
import { BUFFER_TEMPLATE } from '../ima/buffer-events.ts';
import { ListWalk } from '../ima/list-walk.ts';
import { type RowOrigin, recordAt } from '../ima/record.ts';
import type { RecordTable } from '../ima/record-table.ts';
import { Registers } from '../ima/registers.ts';
import { digestsOfRow } from '../ima/replay.ts';
import type { PcrValues } from '../pcr/selection.ts';
import type { ProvenPcrs, VerifiedQuote } from '../quote/verify-quote.ts';
import { type ExtendOrder, OrderedRelease } from '../timeline/extend-order.ts';
import { RecordHistory } from '../timeline/record-history.ts';
import { searchComposite } from './composite-search.ts';
import type { ImaClaim } from './evidence.ts';
import { ListReading, type ReadingStart, type TakenRecord } from './list-reading.ts';
import type { KeptCheckpoint } from './timeline-state.ts';

/** What the quote gives the replay to reach. */
export interface ListGoal {
  readonly quote: VerifiedQuote;
  /** Proven values, or undefined where running values have to complete the composite. */
  readonly proven: ProvenPcrs | undefined;
  /** Values as supplied, for that case. */
  readonly supplied: PcrValues;
}

/** Where one of the readings of a list starts. */
export interface FollowStart extends ReadingStart {
  /** Set where the list is read as that of a kernel which began a new one at a kexec: the proven
   *  point that it goes on from, whatever index the evidence claims. */
  readonly continues?: KeptCheckpoint;
}

/** What a list is followed with. */
export interface FollowInput {
  readonly claim: ImaClaim;
  /** Undefined where nothing can be reached: the list is read for its form only. */
  readonly goal: ListGoal | undefined;
  /** The reading as claimed, then others to try. */
  readonly starts: readonly [FollowStart, ...FollowStart[]];
  /** Leading records to leave out, which were proven before. */
  readonly skip: number;
  readonly banks: readonly HashName[];
  /** The claimed order of extends, where the policy takes such hints. */
  readonly order?: ExtendOrder;
}

/** A segment that began with records which were sent before. */
export interface Overlap {
  readonly segment: number;
  readonly recordCount: number;
}

/** How a list came out. */
export interface ListOutcome {
  readonly walk: ListWalk;
  /** The reading that reaches the quoted values, or the plain one. */
  readonly reading: ListReading;
  readonly overlaps: readonly Overlap[];
  /** Where the reading goes on from a kexec that began a new list. */
  readonly continues: KeptCheckpoint | undefined;
  /** Values that the list itself completed, when they were not supplied. */
  readonly completed: ProvenPcrs | undefined;
  /** Where records behind the proven ones cannot be right. */
  readonly pendingAnomalies: readonly Where[];
  /** The newest records as the plain reading took them; undefined where no diagnosis is made. */
  readonly trail: Trail | undefined;
}

/** A reading that leaves out the start of a segment as long as it repeats earlier records. */
interface Candidate {
  readonly reading: ListReading;
  readonly continues: KeptCheckpoint | undefined;
  /** The last one grows while it is left out. */
  readonly overlaps: readonly { readonly segment: number; recordCount: number }[];
  /** Position of the earlier record that the next one should repeat; undefined: it repeats none. */
  repeats: number | undefined;
}

/** Follows one list: give it the bytes, then end it. */
export class ListFollower {
  readonly #input: FollowInput;
  readonly #walk: ListWalk;
  readonly #history: RecordHistory | undefined;
  readonly #order: OrderedRelease<{ taken: TakenRecord; fingerprint: Uint8Array }> | undefined;
  readonly #trail: Trail | undefined;
  #candidates: Candidate[];
  #completed: ProvenPcrs | undefined;
  #segment = 0;
  #segmentFrom = 0;
  #skipped = 0;

  constructor(input: FollowInput) {
    this.#input = input;
    const { claim, starts } = input;
    this.#candidates = starts.map((start) => ({
      reading: new ListReading(start),
      continues: start.continues,
      overlaps: [],
      repeats: undefined,
    }));
    this.#order = input.order && new OrderedRelease(input.order);
    this.#history = claim.segments.length > 1 ? new RecordHistory() : undefined;
    this.#trail = isDiagnosable(input) ? new Trail() : undefined;
    this.#walk = new ListWalk(claim, (table, origin) => this.#visit(table, origin));
    if (this.#isStepwise) this.#tryComposite();
  }

  push(segment: number, bytes: Uint8Array): void {
    this.#walk.push(segment, bytes);
  }

  /** Ends the list. */
  end(): ListOutcome {
    this.#walk.end();
    const [plain, ...others] = this.#candidates;
    const best = [plain, ...others].find((one) => one?.reading.proven !== undefined) ?? plain;
    if (best === undefined) throw new Error('a list has at least the plain reading');
    const { reading, overlaps, continues } = best;
    const isProven = reading.proven !== undefined;
    return {
      walk: this.#walk,
      reading,
      overlaps: overlaps.filter(({ recordCount }) => recordCount > 0),
      continues: isProven ? continues : undefined,
      completed: isProven ? this.#completed : this.#completedAtReset(),
      pendingAnomalies: isProven ? [...reading.pendingAnomalies, ...this.#brokenPlace()] : [],
      trail: this.#trail,
    };
  }

  /** Whether running values have to complete the composite digest, record by record. */
  get #isStepwise(): boolean {
    const { goal } = this.#input;
    return goal !== undefined && goal.proven === undefined;
  }

  /** Whether nothing has to be looked at between one record and the next. */
  get #isOrdinary(): boolean {
    const { starts, order } = this.#input;
    const isOneByOne = this.#isStepwise || order !== undefined || starts[0].batches !== undefined;
    return this.#history === undefined && !isOneByOne;
  }

  /** Runs of ordinary records are taken at once; everything else record by record. */
  #visit(table: RecordTable, origin: RowOrigin): void {
    let row = Math.min(table.count, this.#input.skip - this.#skipped);
    this.#skipped += row;
    this.#keepTrail({ table, from: row, origin });
    while (row < table.count) {
      const [plain, other] = this.#candidates;
      const isPlain = this.#isOrdinary && other === undefined;
      const to = isPlain ? runEnd(table, row, origin) : row;
      if (to === row || plain === undefined) {
        this.#take(table, row, origin);
        row += 1;
        continue;
      }
      const { window, columnHash } = origin;
      plain.reading.takeRows({ window, table, columnHash, from: row, to }, origin);
      row = to;
    }
  }

  /** Keeps what the plain reading is about to take. */
  #keepTrail(rows: { table: RecordTable; from: number; origin: RowOrigin }): void {
    const [plain] = this.#candidates;
    if (plain === undefined || rows.from >= rows.table.count) return;
    const { nextIndex, registers } = plain.reading;
    this.#trail?.keep(rows, { index: nextIndex, registers: registers.save() });
  }

  #take(table: RecordTable, row: number, origin: RowOrigin): void {
    const digests = digestsOfRow({ ...origin, table }, row);
    const taken: TakenRecord = {
      record: recordAt(table, row, origin),
      digests,
      sizeBytes: origin.recordEnd(row) - origin.recordOffset(row),
    };
    const fingerprint = digests.of('sha1') ?? VIOLATION_FINGERPRINT;
    if (origin.segment !== this.#segment) this.#beginSegment(origin.segment, fingerprint);
    const ordered = this.#order?.take(taken.record.index, { taken, fingerprint });
    for (const [at, one] of (ordered ?? [{ taken, fingerprint }]).entries()) {
      const isPrefix = this.#order?.isLevel !== false && at + 1 === (ordered?.length ?? 1);
      this.#offerAll(one.taken, { fingerprint: one.fingerprint, isPrefix });
    }
    this.#history?.push(fingerprint);
  }

  #offerAll(
    taken: TakenRecord,
    how: { readonly fingerprint: Uint8Array; readonly isPrefix: boolean },
  ): void {
    for (const { reading } of this.#candidates) reading.registers.isHeld = !how.isPrefix;
    this.#candidates = this.#candidates.filter((one) => this.#offer(one, taken, how.fingerprint));
    if (this.#isStepwise && how.isPrefix) this.#tryComposite();
  }

  /** A segment that begins with a known record may repeat all that followed it: another reading
   *  leaves the repetition out. */
  #beginSegment(segment: number, first: Uint8Array): void {
    // A repetition that had not come to its end when the segment did is none.
    this.#candidates = this.#candidates.filter(({ repeats }) => {
      return repeats === undefined || repeats >= this.#segmentFrom;
    });
    for (const one of this.#candidates) one.repeats = undefined;
    this.#segment = segment;
    this.#segmentFrom = this.#history?.count ?? 0;
    const known = this.#history?.find(first, TIMELINE_LIMITS.readings) ?? [];
    const forks = known.flatMap((position) =>
      this.#candidates.map(({ reading, overlaps, continues }) => ({
        reading: reading.fork(),
        continues,
        overlaps: [...overlaps, { segment, recordCount: 0 }],
        repeats: position,
      })),
    );
    const [plain, ...others] = [...this.#candidates, ...forks];
    if (plain === undefined) return;
    // A host that repeats does so again: readings that left out more are kept first.
    others.sort((left, right) => right.overlaps.length - left.overlaps.length);
    this.#candidates = [plain, ...others.filter((_, at) => at < TIMELINE_LIMITS.readings - 1)];
  }

  /** Gives a record to a candidate. False when its repetition broke off before it was complete:
   *  what is left out must be all from the repeated record to the end of the earlier ones. */
  #offer(candidate: Candidate, taken: TakenRecord, fingerprint: Uint8Array): boolean {
    const { repeats, reading, overlaps } = candidate;
    if (repeats === undefined || repeats >= this.#segmentFrom) {
      candidate.repeats = undefined;
      reading.take(taken);
      return true;
    }
    if (this.#history?.isAt(repeats, fingerprint) !== true) return false;
    candidate.repeats = repeats + 1;
    const last = overlaps.at(-1);
    if (last !== undefined) last.recordCount += 1;
    return true;
  }

  #tryComposite(): void {
    const { goal } = this.#input;
    for (const { reading } of this.#candidates) {
      const { registers } = reading;
      // Before the first record only a checkpoint of ours can complete anything.
      if (goal === undefined || registers.match !== undefined || !registers.hasRecords) continue;
      const found = searchComposite(goal.quote, goal.supplied, reading.registers);
      if (found === undefined) continue;
      this.#completed = found.pcrs;
      reading.registers.settle({ recordCount: reading.nextIndex, modes: found.modes });
      reading.noticeMatch();
    }
  }

  /** A composite that no prefix completes may still be that of registers at their reset value. */
  #completedAtReset(): ProvenPcrs | undefined {
    const { goal, banks } = this.#input;
    if (goal === undefined || !this.#isStepwise) return undefined;
    const untouched = new Registers({ banks, quoted: new Map() });
    return searchComposite(goal.quote, goal.supplied, untouched)?.pcrs;
  }

  #brokenPlace(): readonly Where[] {
    const { broken } = this.#walk;
    if (broken === undefined) return [];
    const { segment, index: entryIndex, malformed } = broken;
    const { field, offsetBytes } = malformed;
    return [{ part: 'ima', segment, entryIndex, offsetBytes, field }];
  }
}

/** Values to reach are known, and the records extend one by one in the order of the list: other
 *  ways of extending are not explained. */
function isDiagnosable({ goal, order, starts }: FollowInput): boolean {
  return goal?.proven !== undefined && order === undefined && starts[0].batches === undefined;
}

/** The row behind a run of records that are no events. */
function runEnd(table: RecordTable, from: number, origin: RowOrigin): number {
  let row = from;
  while (row < table.count && !isEvent(table, row, origin)) row += 1;
  return row;
}

function isEvent(table: RecordTable, row: number, origin: RowOrigin): boolean {
  const nameAt = table.nameAt[row] ?? 0;
  const nameBytes = table.nameBytes[row] ?? 0;
  if (nameBytes !== BUFFER_TEMPLATE.length) return false;
  return latinText(viewBytes(origin.window, nameAt, nameAt + nameBytes)) === BUFFER_TEMPLATE;
}

const VIOLATION_FINGERPRINT = new Uint8Array(20).fill(0xff);

// One reading of a list: registers that are extended and an appraisal that judges, record by
// record. The plain reading takes every record; another one may leave out records that were sent
// twice. FORMATS 8.4, 19 step 5.

import type { Where } from '../findings/finding.ts';
import { type ImaRecord, type RowOrigin, recordAt } from '../ima/record.ts';
import type { PrefixMatch, RecordDigests, Registers, SavedRegister } from '../ima/registers.ts';
import { type Rows, replayRows } from '../ima/replay.ts';
import type { RecordAppraisal } from '../policy/ima-rules.ts';
import type { BatchTracker } from '../timeline/batch.ts';

/** What a reading held when the quoted values were reached. */
export interface ProvenPrefix {
  readonly match: PrefixMatch;
  readonly appraisal: RecordAppraisal;
  readonly registers: readonly SavedRegister[];
  /** Bytes of the list up to here, all segments and earlier rounds together. */
  readonly bytes: number;
  /** Bytes of this round's records up to here. */
  readonly newBytes: number;
  /** Id of the newest batch, decimal; empty for none. */
  readonly lastBatch: string;
}

/** A record beside its digests. */
export interface TakenRecord {
  readonly record: ImaRecord;
  readonly digests: RecordDigests;
  /** Bytes that it takes in its segment. */
  readonly sizeBytes: number;
}

/** A value that replaying from the start of the boot has to pass. */
export interface Waypoint {
  readonly index: number;
  readonly registers: readonly SavedRegister[];
}

/** Where a reading of the list starts. */
export interface ReadingStart {
  readonly registers: Registers;
  readonly appraisal: RecordAppraisal;
  /** Absolute index of the first record that is taken. */
  readonly nextIndex: number;
  /** Bytes of the list that were proven before. */
  readonly bytesBefore: number;
  readonly waypoints: readonly Waypoint[];
  /** Present where batches are looked for. */
  readonly batches?: BatchTracker;
}

/** A reading in progress. Memory does not grow with the list. */
export class ListReading {
  readonly registers: Registers;
  readonly #appraisal: RecordAppraisal;
  readonly #waypoints: readonly Waypoint[];
  readonly #batches: BatchTracker | undefined;
  readonly #bytesBefore: number;
  #nextIndex: number;
  #newBytes = 0;
  #proven: ProvenPrefix | undefined;
  #missedWaypoint: Waypoint | undefined;
  #pending: readonly Where[] = [];

  constructor(start: ReadingStart) {
    this.registers = start.registers;
    this.#appraisal = start.appraisal;
    this.#nextIndex = start.nextIndex;
    this.#bytesBefore = start.bytesBefore;
    this.#waypoints = start.waypoints;
    this.#batches = start.batches;
    this.noticeMatch();
  }

  /** Absolute index of the next record. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** The smallest prefix that reaches the quote, if any did. */
  get proven(): ProvenPrefix | undefined {
    return this.registers.match === undefined ? undefined : this.#proven;
  }

  /** Appraisal of everything taken. */
  get appraisal(): RecordAppraisal {
    return this.#appraisal;
  }

  /** The first point that replaying should have passed and did not. */
  get missedWaypoint(): Waypoint | undefined {
    return this.#missedWaypoint;
  }

  /** The farthest of those points. */
  get lastWaypoint(): Waypoint | undefined {
    return this.#waypoints.reduce<Waypoint | undefined>(
      (last, one) => (last === undefined || one.index > last.index ? one : last),
      undefined,
    );
  }

  /** Whether there were such points and all are behind. */
  get hasPassedWaypoints(): boolean {
    const isBehind = this.#waypoints.every(({ index }) => index <= this.#nextIndex);
    return this.#waypoints.length > 0 && isBehind && this.#missedWaypoint === undefined;
  }

  /** Records behind the proven ones whose column does not fit: bounded. */
  get pendingAnomalies(): readonly Where[] {
    return this.#pending;
  }

  /** Takes one record. */
  take({ record, digests, sizeBytes }: TakenRecord): void {
    const own = record.index === this.#nextIndex ? record : { ...record, index: this.#nextIndex };
    this.#judge(own);
    this.#extend(own, digests);
    this.#advance(sizeBytes);
  }

  /** Extends as the kernel did: on its own, or once for a batch when batches are looked for. */
  #extend(record: ImaRecord, digests: RecordDigests): void {
    const epochFromIndex = this.#appraisal.epochs.fromIndex;
    const action = this.#batches?.observe(record, digests, epochFromIndex) ?? { kind: 'extend' };
    if (action.kind === 'hold') return;
    if (action.kind === 'extend-batch') {
      this.registers.extendBatch(record.pcr, action.members, record.index);
      return;
    }
    if (action.kind === 'broken') this.#appraisal.batchBroken(record, action);
    this.registers.extend(record.pcr, digests, record.index);
  }

  /** Takes rows that need no look at the registers in between. */
  takeRows(rows: Omit<Rows, 'firstIndex'>, origin: RowOrigin): void {
    let from = rows.from;
    while (from < rows.to) {
      const firstIndex = this.#nextIndex;
      const to = replayRows(this.registers, {
        ...rows,
        from,
        to: this.#nextStop(rows, from),
        firstIndex,
      });
      for (let row = from; row < to; row += 1) {
        this.#judge({ ...recordAt(rows.table, row, origin), index: this.#nextIndex });
        this.#nextIndex += 1;
      }
      this.#newBytes += origin.recordEnd(to - 1) - origin.recordOffset(from);
      this.#noticeWaypoint();
      this.noticeMatch();
      from = to;
    }
  }

  /** Another reading that stands where this one stands and goes its own way. */
  fork(): ListReading {
    const fork = new ListReading({
      registers: this.registers.copy(),
      appraisal: this.#appraisal.copy(),
      nextIndex: this.#nextIndex,
      bytesBefore: this.#bytesBefore,
      waypoints: this.#waypoints,
      ...(this.#batches === undefined ? {} : { batches: this.#batches.copy() }),
    });
    fork.#newBytes = this.#newBytes;
    fork.#proven = this.#proven;
    fork.#missedWaypoint = this.#missedWaypoint;
    fork.#pending = this.#pending;
    return fork;
  }

  /** Keeps what stands now when the quoted values have just been reached. A later match takes the
   *  place of one that turned out not to be. */
  noticeMatch(): void {
    const { match } = this.registers;
    if (match === undefined || match === this.#proven?.match) return;
    this.#pending = [];
    this.#proven = {
      match,
      appraisal: this.#appraisal.copy(),
      registers: this.registers.save(),
      bytes: this.#bytesBefore + this.#newBytes,
      newBytes: this.#newBytes,
      lastBatch: this.#batches?.lastId ?? '',
    };
  }

  /** The row behind which a waypoint is compared: a run of rows must not go past it. */
  #nextStop(rows: Pick<Rows, 'to'>, from: number): number {
    const next = this.#waypoints.find(({ index }) => index > this.#nextIndex);
    return next === undefined ? rows.to : Math.min(rows.to, from + next.index - this.#nextIndex);
  }

  #judge(record: ImaRecord): void {
    if (this.proven !== undefined && record.columnMismatch && this.#pending.length < PENDING_KEPT) {
      const { segment, index, offsetBytes } = record;
      this.#pending = [...this.#pending, { part: 'ima', segment, entryIndex: index, offsetBytes }];
    }
    const { registers } = this;
    this.#appraisal.record(record, (bank, pcr) => registers.values(bank, pcr));
  }

  #advance(sizeBytes: number): void {
    this.#nextIndex += 1;
    this.#newBytes += sizeBytes;
    this.#noticeWaypoint();
    this.noticeMatch();
  }

  #noticeWaypoint(): void {
    const waypoint = this.#waypoints.find(({ index }) => index === this.#nextIndex);
    if (waypoint === undefined || this.registers.standAt(waypoint.registers)) return;
    this.#missedWaypoint ??= waypoint;
  }
}

const PENDING_KEPT = 20;

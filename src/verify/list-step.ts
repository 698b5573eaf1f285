// The list steps of the procedure: replay to the quoted values, then judge the proven records.
// FORMATS 19, steps 5 to 8.

import { equalBytes, toHex } from '../bytes/encoding.ts';
import { type HashName, hashByName } from '../crypto/digest.ts';
import type { Where } from '../findings/finding.ts';
import { ListWalk } from '../ima/list-walk.ts';
import { recordAt } from '../ima/record.ts';
import { type ExtendMode, type PrefixMatch, Registers } from '../ima/registers.ts';
import { resetValue } from '../pcr/extend.ts';
import { type PcrValues, pcrValue } from '../pcr/selection.ts';
import type { AcceptancePolicy, ImaAcceptance } from '../policy/acceptance.ts';
import { RecordAppraisal } from '../policy/ima-rules.ts';
import type { ProvenPcrs, VerifiedQuote } from '../quote/verify-quote.ts';
import { searchComposite } from './composite-search.ts';
import type { ImaClaim } from './evidence.ts';

/** What the quote gives the replay to reach. */
export interface ListGoal {
  readonly quote: VerifiedQuote;
  /** Proven values, or undefined where running values have to complete the composite. */
  readonly proven: ProvenPcrs | undefined;
  /** Values as supplied, for that case. */
  readonly supplied: PcrValues;
}

/** How a list came out. */
export interface ListOutcome {
  readonly walk: ListWalk;
  readonly registers: Registers;
  readonly match: PrefixMatch | undefined;
  /** Appraisal of the proven records; of all records when nothing is proven. */
  readonly appraisal: RecordAppraisal;
  /** Values that the list itself completed, when they were not supplied. */
  readonly completed: ProvenPcrs | undefined;
  /** Records behind the proven ones that cannot be right. */
  readonly pendingAnomalies: readonly Where[];
}

/** Follows a list as its bytes arrive. */
export class ListFollower {
  readonly #goal: ListGoal | undefined;
  readonly #isStepwise: boolean;
  readonly #banks: readonly HashName[];
  readonly #registers: Registers;
  readonly #walk: ListWalk;
  readonly #running: RecordAppraisal;
  #proven: RecordAppraisal | undefined;
  #completed: ProvenPcrs | undefined;
  #pendingAnomalies: Where[] = [];

  constructor(input: {
    readonly claim: ImaClaim;
    readonly goal: ListGoal | undefined;
    readonly banks: readonly HashName[];
    readonly quotedPcrs: ReadonlySet<number>;
    readonly ima: ImaAcceptance;
    readonly aggregate: AcceptancePolicy['boot']['aggregate'];
  }) {
    const { claim, goal, ima, aggregate } = input;
    this.#goal = goal;
    this.#banks = input.banks;
    this.#isStepwise = goal !== undefined && goal.proven === undefined;
    this.#registers = new Registers({ banks: input.banks, quoted: goal?.proven ?? new Map() });
    this.#running = new RecordAppraisal({
      ima,
      lateAggregate: aggregate.late,
      zeroAggregate: aggregate.zero,
      quotedPcrs: input.quotedPcrs,
    });
    this.#walk = new ListWalk(
      {
        segments: claim.segments,
        fromIndex: claim.fromIndex,
        registers: this.#registers,
        stepwise: this.#isStepwise,
      },
      {
        record: (table, row, origin) => {
          const record = recordAt(table, row, origin);
          const isPending = this.#registers.match !== undefined && this.#proven !== undefined;
          if (isPending && record.columnMismatch) {
            const { segment, index, offsetBytes } = record;
            this.#addPending({ part: 'ima', segment, entryIndex: index, offsetBytes });
          }
          this.#running.record(record);
          if (this.#isStepwise) this.#tryComposite(record.index + 1);
        },
        matched: () => this.#keepProven(),
      },
    );
  }

  push(segment: number, bytes: Uint8Array): void {
    this.#walk.push(segment, bytes);
  }

  /** Ends the list. */
  end(): ListOutcome {
    this.#walk.end();
    const { match } = this.#registers;
    const { broken } = this.#walk;
    if (match !== undefined && broken !== undefined) {
      const { segment, index, malformed } = broken;
      const { field, offsetBytes } = malformed;
      this.#addPending({ part: 'ima', segment, entryIndex: index, offsetBytes, field });
    }
    return {
      walk: this.#walk,
      registers: this.#registers,
      match,
      appraisal: (match && this.#proven) ?? this.#running,
      completed: match === undefined ? this.#completedAtReset() : this.#completed,
      pendingAnomalies: match === undefined ? [] : this.#pendingAnomalies,
    };
  }

  /** What has been judged so far is exactly the proven prefix: keep it as it is. A later match
   *  takes the place of one that turned out not to be. */
  #keepProven(): void {
    this.#proven = this.#running.copy();
    this.#pendingAnomalies = [];
  }

  #tryComposite(recordCount: number): void {
    const goal = this.#goal;
    if (goal === undefined || this.#registers.match !== undefined) return;
    const found = searchComposite(goal.quote, goal.supplied, this.#registers);
    if (found === undefined) return;
    this.#completed = found.pcrs;
    this.#registers.settle({ recordCount, modes: found.modes });
  }

  /** A composite that no prefix completes may still be that of registers at their reset value. */
  #completedAtReset(): ProvenPcrs | undefined {
    const goal = this.#goal;
    if (goal === undefined || !this.#isStepwise) return undefined;
    const untouched = new Registers({ banks: this.#banks, quoted: new Map() });
    return searchComposite(goal.quote, goal.supplied, untouched)?.pcrs;
  }

  #addPending(where: Where): void {
    if (this.#pendingAnomalies.length < PENDING_KEPT) this.#pendingAnomalies.push(where);
  }
}

/** Quoted PCRs that have records in the list and still stand at their reset value: the TPM never
 *  saw those records. */
export function neverExtended(registers: Registers, pcrs: PcrValues): readonly QuotedValue[] {
  return quotedValues(registers, pcrs).filter(({ bank, pcr, value }) =>
    equalBytes(value, resetValue(bank, pcr)),
  );
}

export interface QuotedValue {
  readonly bank: HashName;
  readonly pcr: number;
  readonly value: Uint8Array;
}

/** Quoted values of the PCRs that have records, bank by bank. */
export function quotedValues(registers: Registers, pcrs: PcrValues): readonly QuotedValue[] {
  return [...pcrs.keys()].flatMap((bank) =>
    registers.pcrs.flatMap((pcr) => {
      const value = pcrValue(pcrs, bank, pcr);
      return value === undefined ? [] : [{ bank, pcr, value }];
    }),
  );
}

/** Where a replay that missed a quoted value ended, in hex. */
export function replayedHex(registers: Registers, quoted: QuotedValue): string {
  const value = registers.value(quoted.bank, quoted.pcr, 'own-hash');
  return value === undefined ? 'not computed' : toHex(value);
}

/** Whether a bank in this mode carries more than SHA-1 strength (FORMATS 4.3). */
export function isStrong(bank: HashName, mode: ExtendMode): boolean {
  return mode === 'own-hash' && (hashByName(bank)?.sizeBytes ?? 0) > SHA1_BYTES;
}

const SHA1_BYTES = 20;
const PENDING_KEPT = 20;

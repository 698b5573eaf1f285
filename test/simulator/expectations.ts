// What an honest round must be told: which findings its records and its quote call for, and which
// may come with them. docs/verdicts.md; FORMATS 4.3, 5 to 7.

import type { FindingCode } from '../../src/findings/codes.ts';
import type { VerdictBody, VerdictStatus } from '../../src/verify/verdict.ts';
import { ascii, hex } from '../property/list-writer.ts';
import type { History } from './histories.ts';
import { selectionOf } from './histories.ts';
import type { SimulatedHost } from './host.ts';
import type { ListRecord } from './records.ts';
import type { HonestRound } from './rounds.ts';

/** What a verdict on an honest round has to say. */
export interface Expectation {
  readonly status: VerdictStatus;
  /** Every code above `info`. */
  readonly codes: readonly FindingCode[];
  readonly provenCount: number;
  readonly pendingCount: number;
  /** How often `ima.violation_present` was found. */
  readonly violationCount: number;
  /** Absolute indices at which epochs begin. */
  readonly epochs: readonly number[];
}

/** The expectation of a round that has just been answered. */
export function expectationOf(
  { ask, round, checkpointIndex }: HonestRound,
  history: History,
  host: SimulatedHost,
): Expectation {
  const provenCount = Math.max(round.provenCount, checkpointIndex);
  const proven = round.ledger.slice(0, provenCount);
  const codes = new Set<FindingCode>([
    ...recordCodes(proven, history),
    ...aggregateCodes(proven, history),
    ...(isWeak(history) ? (['ima.bank_weak'] as const) : []),
    ...(host.tpm.isSafe ? [] : (['quote.clock_unsafe'] as const)),
  ]);
  const quoted = new Set(selectionOf(history, ask).flatMap(({ pcrs }) => pcrs));
  if (proven.some(({ draft }) => !quoted.has(draft.pcr))) codes.add('ima.pcr_unexpected');
  return {
    status: codes.size === 0 ? 'affirming' : 'warning',
    codes: [...codes].sort(),
    provenCount,
    pendingCount: round.ledger.length - provenCount,
    violationCount: proven.filter(({ isViolation }) => isViolation).length,
    epochs: proven.flatMap((record, index) => (isAggregate(record) ? [index] : [])),
  };
}

/** The same of a verdict. */
export function claimsOf(verdict: VerdictBody): Record<keyof Expectation, unknown> {
  const { provenCount, pendingCount } = verdict.coverage.ima ?? {};
  return {
    status: verdict.status,
    codes: gravestCodes(verdict),
    provenCount,
    pendingCount,
    violationCount: verdict.findingCounts['ima.violation_present'] ?? 0,
    epochs: verdict.timeline?.epochs.map(({ fromIndex }) => fromIndex),
  };
}

/** Codes above `info` that a verdict holds. */
export function gravestCodes(verdict: VerdictBody): readonly FindingCode[] {
  const grave = verdict.findings.filter(({ severity }) => severity !== 'info');
  return [...new Set(grave.map(({ code }) => code))].sort();
}

function recordCodes(proven: readonly ListRecord[], history: History): readonly FindingCode[] {
  const { kernel } = history;
  const codes: FindingCode[] = [];
  if (proven.some(({ isViolation }) => isViolation)) codes.push('ima.violation_present');
  if (proven.some((record) => isNamed(record, BATCH_STARTS))) codes.push('ima.batch_present');
  const aggregates = proven.filter(isAggregate);
  if (aggregates.length > 0 && kernel.late) codes.push('ima.boot_aggregate_late');
  if (aggregates.length > 1) {
    codes.push('ima.epoch_kernel_unknown');
    if (!kernel.criticalData || kernel.kexec !== 'carried') codes.push('ima.kexec_unmarked');
  }
  return codes;
}

function aggregateCodes(proven: readonly ListRecord[], history: History): readonly FindingCode[] {
  const hasUsable = history.banks.some((bank) => bank !== 'sha384');
  return proven.length === 0 || hasUsable ? [] : ['ima.boot_aggregate_zero'];
}

function isAggregate(record: ListRecord): boolean {
  return isNamed(record, AGGREGATES) && record.draft.template === 'ima-ng';
}

function isNamed({ draft }: ListRecord, names: ReadonlySet<string>): boolean {
  const [, name = new Uint8Array()] = draft.fields;
  return names.has(hex(name));
}

/** Whether no quoted bank is stronger than SHA-1. */
function isWeak({ quotedBanks, kernel }: History): boolean {
  return quotedBanks.every((bank) => bank === 'sha1' || kernel.padded[bank] !== undefined);
}

function hexNames(...names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => hex(ascii(`${name}\0`))));
}

const AGGREGATES = hexNames('boot_aggregate', 'boot_aggregate_late');
const BATCH_STARTS = hexNames('ima_batch_start');

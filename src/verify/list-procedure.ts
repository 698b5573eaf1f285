// The list steps of the procedure: which checks the outcome of a list fills in, and with what.
// FORMATS 19, steps 5 to 8.

import { type ReplayedEventLog, replayedBootPcrs } from '../boot/replay.ts';
import { equalBytes } from '../bytes/encoding.ts';
import { VERDICT_LIMITS } from '../bytes/limits.ts';
import { hashByName } from '../crypto/digest.ts';
import { FindingLog } from '../findings/finding.ts';
import { resetValue } from '../pcr/extend.ts';
import type { PcrValues } from '../pcr/selection.ts';
import type { AcceptancePolicy, ImaAcceptance } from '../policy/acceptance.ts';
import type { Epoch } from '../timeline/epochs.ts';
import type { CheckSheet } from './check-sheet.ts';
import type { Evidence } from './evidence.ts';
import { judgeAggregate, judgeForm, judgeReplay } from './judge-list.ts';
import { coverageOf } from './list-coverage.ts';
import type { ListOutcome } from './list-follower.ts';
import { historySeverity, type ListPlan } from './list-plan.ts';
import type { ProvenPrefix } from './list-reading.ts';
import type { QuoteStep } from './quote-step.ts';
import type { CheckName, ImaCoverage } from './verdict.ts';

/** The PCR that IMA extends unless its kernel was built for another. */
const IMA_PCR = 10;

/** What the list steps leave for the verdict. */
export interface ListResult {
  readonly coverage: ImaCoverage | null;
  readonly epochs: readonly Epoch[];
}

interface ListInput {
  readonly evidence: Evidence;
  readonly policy: AcceptancePolicy;
  readonly quoteStep: QuoteStep;
  readonly outcome: ListOutcome | undefined;
  readonly plan: ListPlan | undefined;
  /** All proven PCR values, those that the list completed included. */
  readonly proven: PcrValues | undefined;
  readonly bootReplay: ReplayedEventLog | undefined;
}

/** Fills in the list checks. */
export function concludeList(sheet: CheckSheet, input: ListInput): ListResult {
  const { policy, plan, outcome } = input;
  if (policy.ima === 'not-required') {
    for (const check of LIST_CHECKS) {
      sheet.notRun(check, { reason: 'the policy does not ask for a list' });
    }
    return { coverage: null, epochs: [] };
  }
  if (policy.ima.list === 'required') sheet.require(...LIST_CHECKS_NEEDED);
  if (plan === undefined || outcome === undefined || isEmpty(plan, outcome)) {
    concludeWithoutList(sheet, input, policy.ima);
    return { coverage: null, epochs: [] };
  }
  sheet.ran('ima.structure', judgeForm(plan.claim, outcome));
  concludeReplay(sheet, input, { plan, outcome });
  return {
    coverage: coverageOf(plan, outcome, { step: input.quoteStep, proven: input.proven }),
    epochs: outcome.reading.proven?.appraisal.epochs.epochs ?? [],
  };
}

/** No record at all, and no checkpoint of ours where the quote still stands. */
function isEmpty({ claim, origin }: ListPlan, { walk, reading }: ListOutcome): boolean {
  const hasRecords = walk.nextIndex > claim.fromIndex || walk.broken !== undefined;
  const isGap = origin.kind === 'gap' && claim.fromIndex > 0;
  return !hasRecords && !isGap && reading.proven === undefined;
}

/** Without a list: a quoted IMA PCR above its reset value wants one. */
function concludeWithoutList(sheet: CheckSheet, input: ListInput, ima: ImaAcceptance): void {
  const { evidence, proven, quoteStep } = input;
  const log = new FindingLog(VERDICT_LIMITS.findingsPerCode);
  if (isImaExtended(proven)) {
    log.add('ima.list_missing', { severity: 'none', where: { part: 'ima', pcr: IMA_PCR } });
  } else if (quoteStep.quote !== undefined) {
    const severity = ima.list === 'required' ? 'none' : 'info';
    log.add('ima.list_absent', { severity, where: { part: 'ima' } });
    if (evidence.bootLog === undefined) {
      log.add('quote.only_evidence', { severity: 'none', where: { part: 'quote' } });
    }
  }
  if (quoteStep.isCompletable) {
    log.add('quote.composite_unproven', { severity: 'none', where: { part: 'pcr' } });
  }
  sheet.findings.absorb(log);
  for (const check of LIST_CHECKS) sheet.notRun(check, { reason: 'no list was supplied' });
}

function isImaExtended(proven: PcrValues | undefined): boolean {
  return [...(proven ?? [])].some(([bank, values]) => {
    const value = values.get(IMA_PCR);
    return value !== undefined && !equalBytes(value, resetValue(bank, IMA_PCR));
  });
}

interface ListAtHand {
  readonly plan: ListPlan;
  readonly outcome: ListOutcome;
}

function concludeReplay(sheet: CheckSheet, input: ListInput, list: ListAtHand): void {
  const { quoteStep, proven } = input;
  const { plan, outcome } = list;
  const isReached = proven !== undefined || quoteStep.isCompletable;
  if (quoteStep.quote === undefined || !isReached) {
    blockListChecks(sheet, sheet.firstNotPassed(QUOTE_CHECKS) ?? 'quote.composite');
    return;
  }
  if (quoteStep.isCompletable) {
    if (outcome.completed !== undefined) sheet.set('quote.composite', 'passed');
    else sheet.notRun('quote.composite', { blockedBy: 'ima.replay' });
  }
  sheet.require(...LIST_CHECKS_NEEDED);
  if (plan.origin.kind === 'gap' && outcome.reading.proven === undefined) {
    sheet.ran('ima.replay', historyFindings('ima.history_missing', list));
    blockContent(sheet);
    return;
  }
  const { pcrs } = outcome.reading.registers;
  if (!pcrs.some((pcr) => isPcrQuoted(quoteStep, pcr))) {
    blockListChecks(sheet, undefined);
    return;
  }
  const replay = judgeReplay(outcome, proven ?? new Map(), plan);
  if (plan.isSuffix) replay.absorb(historyFindings('ima.history_unknown', list));
  if (plan.origin.kind === 'replay' && plan.origin.skip > 0) addSkipped(replay, plan.origin.skip);
  sheet.ran('ima.replay', replay);
  if (outcome.reading.proven === undefined) blockContent(sheet);
  else concludeContent(sheet, input, { plan, prefix: outcome.reading.proven });
}

function historyFindings(
  code: 'ima.history_missing' | 'ima.history_unknown',
  { plan }: ListAtHand,
): FindingLog {
  const log = new FindingLog(VERDICT_LIMITS.findingsPerCode);
  const { fromIndex } = plan.claim;
  const neededIndex = plan.origin.kind === 'gap' ? plan.origin.neededIndex : 0;
  const severity = code === 'ima.history_missing' ? 'none' : historySeverity(plan.ima);
  log.add(code, {
    severity,
    where: { part: 'ima', entryIndex: neededIndex },
    expected: `records from ${neededIndex} on`,
    actual: `records from ${fromIndex} on`,
    note: `Records ${neededIndex} to ${fromIndex - 1} are missing.`,
  });
  return log;
}

function addSkipped(log: FindingLog, skipped: number): void {
  const where = { part: 'ima' } as const;
  log.add('ima.records_skipped', { severity: 'info', where, actual: `${skipped} records` });
}

function blockContent(sheet: CheckSheet): void {
  sheet.notRun('ima.boot_aggregate', { blockedBy: 'ima.replay' });
  sheet.notRun('ima.measurements', { blockedBy: 'ima.replay' });
}

/** Without `blockedBy` no PCR of the list is quoted. */
function blockListChecks(sheet: CheckSheet, blockedBy: CheckName | undefined): void {
  for (const check of LIST_CHECKS) {
    if (check === 'ima.structure') continue;
    const why = blockedBy === undefined ? { reason: UNQUOTED } : { blockedBy };
    sheet.notRun(check, why);
  }
}

function isPcrQuoted(quoteStep: QuoteStep, pcr: number): boolean {
  return quoteStep.attest?.pcrSelect.some(({ pcrs }) => pcrs.includes(pcr)) === true;
}

/** Judges what the proven records say. */
function concludeContent(
  sheet: CheckSheet,
  input: ListInput,
  list: { readonly plan: ListPlan; readonly prefix: ProvenPrefix },
): void {
  const { content, epochs } = list.prefix.appraisal;
  if (list.plan.ima.measurements === 'any') {
    sheet.findings.add('ima.measurements_unappraised', {
      severity: 'info',
      where: { part: 'ima' },
    });
  }
  sheet.ran('ima.measurements', content);
  if (epochs.first === undefined) {
    if (list.plan.isSuffix) {
      sheet.notRun('ima.boot_aggregate', { reason: 'the list does not hold record 0' });
      return;
    }
    sheet.notRun('ima.boot_aggregate', { blockedBy: 'ima.measurements' });
    return;
  }
  const judged = judgeAggregate(
    epochs.first,
    {
      proven: input.proven ?? new Map(),
      replayed: (bank) => replayedPcrs(input.bootReplay, bank),
    },
    input.policy.boot.aggregate,
  );
  if (judged !== undefined) {
    sheet.ran('ima.boot_aggregate', judged);
    return;
  }
  const where = { part: 'ima', entryIndex: 0, field: 'd-ng' } as const;
  sheet.findings.add('ima.boot_aggregate_unverified', { severity: 'info', where });
  sheet.notRun('ima.boot_aggregate', { reason: 'PCR 0–9 of its bank are not quoted' });
}

function replayedPcrs(replay: ReplayedEventLog | undefined, bank: string): PcrValues | undefined {
  const hash = hashByName(bank)?.name;
  return replay && hash && replayedBootPcrs(replay, hash);
}

const UNQUOTED = 'no PCR of the list is quoted';
const QUOTE_CHECKS = [
  'quote.structure',
  'quote.signature',
  'quote.nonce',
  'quote.composite',
] as const;
const LIST_CHECKS = [
  'ima.replay',
  'ima.boot_aggregate',
  'ima.structure',
  'ima.measurements',
] as const;
/** boot_aggregate is compared where PCR 0–9 are proven; otherwise the verdict says it was not. */
const LIST_CHECKS_NEEDED = ['ima.replay', 'ima.structure', 'ima.measurements'] as const;

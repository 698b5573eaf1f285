// How the list steps fit the procedure: when a list is followed, what it has to reach, and which
// checks its outcome fills in. FORMATS 19, steps 5 to 8.

import { type ReplayedEventLog, replayedBootPcrs } from '../boot/replay.ts';
import { equalBytes } from '../bytes/encoding.ts';
import { VERDICT_LIMITS } from '../bytes/limits.ts';
import { type HashName, hashByName } from '../crypto/digest.ts';
import { FindingLog } from '../findings/finding.ts';
import { resetValue } from '../pcr/extend.ts';
import type { PcrValues } from '../pcr/selection.ts';
import type { AcceptancePolicy, ImaAcceptance } from '../policy/acceptance.ts';
import type { CheckSheet } from './check-sheet.ts';
import type { Evidence, ImaClaim } from './evidence.ts';
import { judgeAggregate, judgeForm, judgeReplay } from './judge-list.ts';
import { ListFollower, type ListOutcome, neverExtended } from './list-step.ts';
import type { QuoteStep } from './quote-step.ts';
import type { BankCoverage, CheckName, Epoch, ImaCoverage } from './verdict.ts';

/** The PCR that IMA extends unless its kernel was built for another. */
const IMA_PCR = 10;

/** Opens the list that comes with the evidence, if there is one and the policy asks for lists. A
 *  list is read even when the quote is bad: its form can be wrong too, and both are told. */
export function openList(
  evidence: Evidence,
  policy: AcceptancePolicy,
  quoteStep: QuoteStep,
): ListFollower | undefined {
  const { ima: claim } = evidence;
  if (claim === undefined || policy.ima === 'not-required') return undefined;
  const { quote, proven, isCompletable, attest } = quoteStep;
  const isReachable = quote !== undefined && (proven !== undefined || isCompletable);
  const selections = attest?.pcrSelect ?? [];
  return new ListFollower({
    claim,
    goal:
      isReachable && claim.fromIndex === 0
        ? { quote, proven, supplied: evidence.pcrValues ?? new Map() }
        : undefined,
    banks: selections.flatMap(({ bank }) => (bank === undefined ? [] : [bank])),
    quotedPcrs: new Set(selections.flatMap(({ pcrs }) => pcrs)),
    ima: policy.ima,
    aggregate: policy.boot.aggregate,
  });
}

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
  /** All proven PCR values, those that the list completed included. */
  readonly proven: PcrValues | undefined;
  readonly bootReplay: ReplayedEventLog | undefined;
}

/** Fills in the list checks. */
export function concludeList(sheet: CheckSheet, input: ListInput): ListResult {
  const { evidence, policy, outcome } = input;
  if (policy.ima === 'not-required') {
    for (const check of LIST_CHECKS) {
      sheet.notRun(check, { reason: 'the policy does not ask for a list' });
    }
    return { coverage: null, epochs: [] };
  }
  const claim = evidence.ima;
  if (policy.ima.list === 'required') sheet.require(...LIST_CHECKS_NEEDED);
  if (claim === undefined || outcome === undefined || isEmpty(claim, outcome)) {
    concludeWithoutList(sheet, input, policy.ima);
    return { coverage: null, epochs: [] };
  }
  sheet.ran('ima.structure', judgeForm(claim, outcome));
  concludeReplay(sheet, input, { claim, outcome, ima: policy.ima });
  return {
    coverage: coverageOf(claim, outcome, input),
    epochs: outcome.match === undefined ? [] : outcome.appraisal.epochs.epochs,
  };
}

function isEmpty(claim: ImaClaim, outcome: ListOutcome): boolean {
  return outcome.walk.nextIndex === claim.fromIndex && outcome.walk.broken === undefined;
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
  readonly claim: ImaClaim;
  readonly outcome: ListOutcome;
  readonly ima: ImaAcceptance;
}

function concludeReplay(sheet: CheckSheet, input: ListInput, list: ListAtHand): void {
  const { quoteStep, proven } = input;
  const { claim, outcome, ima } = list;
  if (claim.fromIndex > 0) {
    addHistoryMissing(sheet, claim);
    return;
  }
  const isReached = proven !== undefined || quoteStep.isCompletable;
  if (quoteStep.quote === undefined || !isReached) {
    blockListChecks(sheet, sheet.firstNotPassed(QUOTE_CHECKS) ?? 'quote.composite');
    return;
  }
  if (quoteStep.isCompletable) {
    if (outcome.completed !== undefined) sheet.set('quote.composite', 'passed');
    else sheet.notRun('quote.composite', { blockedBy: 'ima.replay' });
  }
  const isQuoted = outcome.registers.pcrs.some((pcr) => isPcrQuoted(quoteStep, pcr));
  if (!isQuoted) {
    for (const check of LIST_CHECKS) {
      if (check !== 'ima.structure') {
        sheet.notRun(check, { reason: 'no PCR of the list is quoted' });
      }
    }
    return;
  }
  sheet.require(...LIST_CHECKS_NEEDED);
  sheet.ran('ima.replay', judgeReplay(outcome, proven ?? new Map(), ima));
  if (outcome.match === undefined) {
    sheet.notRun('ima.boot_aggregate', { blockedBy: 'ima.replay' });
    sheet.notRun('ima.measurements', { blockedBy: 'ima.replay' });
    return;
  }
  concludeContent(sheet, input, list);
}

function addHistoryMissing(sheet: CheckSheet, claim: ImaClaim): void {
  sheet.require(...LIST_CHECKS_NEEDED);
  const log = new FindingLog(VERDICT_LIMITS.findingsPerCode);
  log.add('ima.history_missing', {
    severity: 'none',
    where: { part: 'ima', entryIndex: claim.fromIndex },
    expected: 'record 0',
    actual: `record ${claim.fromIndex}`,
  });
  sheet.ran('ima.replay', log);
  sheet.notRun('ima.boot_aggregate', { blockedBy: 'ima.replay' });
  sheet.notRun('ima.measurements', { blockedBy: 'ima.replay' });
}

function blockListChecks(sheet: CheckSheet, blockedBy: CheckName): void {
  for (const check of LIST_CHECKS) {
    if (check !== 'ima.structure') sheet.notRun(check, { blockedBy });
  }
}

function isPcrQuoted(quoteStep: QuoteStep, pcr: number): boolean {
  return quoteStep.attest?.pcrSelect.some(({ pcrs }) => pcrs.includes(pcr)) === true;
}

/** Judges what the proven records say. */
function concludeContent(sheet: CheckSheet, input: ListInput, list: ListAtHand): void {
  const { outcome, ima } = list;
  const { content, epochs } = outcome.appraisal;
  if (ima.measurements === 'any') {
    content.add('ima.measurements_unappraised', { severity: 'info', where: { part: 'ima' } });
  }
  sheet.ran('ima.measurements', content);
  if (epochs.first === undefined) {
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

function coverageOf(
  claim: ImaClaim,
  outcome: ListOutcome,
  { quoteStep, proven }: ListInput,
): ImaCoverage {
  const { match, walk, registers } = outcome;
  const isBypassed =
    match === undefined && proven !== undefined && neverExtended(registers, proven).length > 0;
  const provenCount = match?.recordCount ?? (isBypassed ? 0 : null);
  return {
    fromIndex: claim.fromIndex,
    provenCount,
    pendingCount: provenCount === null ? 0 : walk.nextIndex - provenCount,
    provenBytes: match === undefined ? 0 : walk.provenBytes,
    banks: bankCoverage(outcome, quoteStep),
    segments: claim.segments.length,
  };
}

function bankCoverage(outcome: ListOutcome, quoteStep: QuoteStep): ImaCoverage['banks'] {
  const banks: Partial<Record<HashName, BankCoverage>> = {};
  const selections = quoteStep.attest?.pcrSelect ?? [];
  for (const bank of COVERED_BANKS) {
    const isQuoted = selections.some(
      (selection) =>
        selection.bank === bank &&
        selection.pcrs.some((pcr) => outcome.registers.pcrs.includes(pcr)),
    );
    const mode = outcome.match?.modes.get(bank);
    if (mode !== undefined) {
      const extended = mode === 'own-hash' ? 'own-hash' : 'padded-sha1';
      banks[bank] = { state: 'proven', extended };
    } else if (isQuoted) {
      banks[bank] = { state: stateWithoutMatch(bank, quoteStep) };
    } else if (ALWAYS_SHOWN.has(bank)) {
      banks[bank] = { state: 'not-quoted' };
    }
  }
  return banks;
}

function stateWithoutMatch(bank: HashName, quoteStep: QuoteStep): BankCoverage['state'] {
  if (hashByName(bank)?.digest === undefined) return 'unsupported';
  return quoteStep.quote === undefined ? 'unproven' : 'mismatch';
}

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
const COVERED_BANKS: readonly HashName[] = [
  'sha1',
  'sha256',
  'sha384',
  'sha512',
  'sm3',
  'sha3-256',
  'sha3-384',
  'sha3-512',
];
const ALWAYS_SHOWN: ReadonlySet<HashName> = new Set(['sha1', 'sha256', 'sha384']);

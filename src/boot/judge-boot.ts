// What an event log that does or does not explain the quote means: the structural rules.
// docs/policy.md, structural policy; FORMATS 15, replay rules 2 and 4.

import { toHex } from '../bytes/encoding.ts';
import type { HashName } from '../crypto/digest.ts';
import type { FindingCode } from '../findings/codes.ts';
import { type Finding, makeFinding, type Severity, type Where } from '../findings/finding.ts';
import { pcrValue } from '../pcr/selection.ts';
import { type BankExplanation, type ExplainedBoot, isStrongBank } from './explain.ts';
import { type ReplayedEventLog, startValue } from './replay.ts';

/** How grave the findings are that a policy may weigh; undefined asks for none. */
export interface BootExpectations {
  /** A PCR 0–7 explained in one quoted bank and not in another; no quoted bank logged. */
  readonly partial: Severity | undefined;
  /** PCR 8–9 not explained. */
  readonly loader: Severity | undefined;
}

/** Judges the log as a whole. Where `expectations` ask for every finding, an empty answer means
 *  that each quoted PCR 0–9 and 11–15 is explained or at its start value, in every quoted bank. PCR
 *  10 and 16–23 are not judged here. */
export function judgeBoot(boot: ExplainedBoot, expectations: BootExpectations): Finding[] {
  const banks = banksOf(boot);
  return [
    ...judgeFormat(boot),
    ...judgeLoggedBanks(boot, expectations.partial),
    ...judgeProof(banks),
    ...banks.flatMap((each) => judgeFirmware(boot, each, expectations.partial)),
    ...banks.flatMap((each) => judgeLoader(boot, each, expectations.loader)),
    ...banks.flatMap(judgeSystem),
  ];
}

interface ExplainedBank {
  readonly bank: HashName;
  readonly explanation: BankExplanation;
}

function banksOf({ quoted, explanations }: ExplainedBoot): ExplainedBank[] {
  return [...quoted.banks].flatMap((bank) => {
    const explanation = explanations[bank];
    return explanation === undefined ? [] : [{ bank, explanation }];
  });
}

function judgeFormat({ replay }: ExplainedBoot): Finding[] {
  if (replay.log.format !== 'sha1') return [];
  const where = { part: 'boot', entryIndex: 0, offsetBytes: 0 } as const;
  return [makeFinding('boot.spec_id_missing', { severity: 'info', where })];
}

function judgeLoggedBanks(boot: ExplainedBoot, partial: Severity | undefined): Finding[] {
  const { replay, quoted } = boot;
  const missing = [...quoted.banks].filter((bank) => !replay.banks.has(bank));
  const severity = missing.length === quoted.banks.size ? partial : 'info';
  return severity === undefined ? [] : missing.map((bank) => unlogged(replay, bank, severity));
}

function unlogged({ log }: ReplayedEventLog, bank: HashName, severity: Severity): Finding {
  const names = log.algorithms.map((known) => known.bank ?? `algorithm ${known.tpmAlg}`);
  return makeFinding('boot.bank_unlogged', {
    severity,
    where: { part: 'boot', bank },
    expected: `digests of ${bank}`,
    actual: names.length === 0 ? 'none' : `digests of ${names.join(', ')}`,
    ...(names.includes(bank) ? { note: 'It has some, but they cannot be computed here.' } : {}),
  });
}

function judgeProof(banks: readonly ExplainedBank[]): Finding[] {
  if (banks.some(({ explanation }) => comparesFirmwareLog(explanation))) return [];
  return [makeFinding('boot.log_unproven', { severity: 'info', where: { part: 'boot' } })];
}

function comparesFirmwareLog({ explained, unexplained }: BankExplanation): boolean {
  return explained.length + unexplained.length > 0;
}

function judgeFirmware(
  boot: ExplainedBoot,
  { bank, explanation }: ExplainedBank,
  partial: Severity | undefined,
): Finding[] {
  return notExplained(explanation, FIRMWARE).flatMap((pcr) => {
    const elsewhere = banksOf(boot).some(
      (other) => isStrongBank(other.bank) && other.explanation.explained.includes(pcr),
    );
    const severity = elsewhere ? partial : 'contraindicated';
    if (severity === undefined) return [];
    const code = elsewhere ? 'boot.bank_partial' : 'boot.replay_mismatch';
    return [pcrFinding(boot, { code, severity, bank, pcr })];
  });
}

function judgeLoader(
  boot: ExplainedBoot,
  { bank, explanation }: ExplainedBank,
  severity: Severity | undefined,
): Finding[] {
  if (severity === undefined) return [];
  return notExplained(explanation, LOADER).map((pcr) =>
    pcrFinding(boot, { code: 'boot.loader_unexplained', severity, bank, pcr }),
  );
}

function judgeSystem({ bank, explanation }: ExplainedBank): Finding[] {
  const pcrs = notExplained(explanation, SYSTEM);
  if (pcrs.length === 0) return [];
  return [
    makeFinding('boot.system_unexplained', {
      severity: 'info',
      where: { part: 'boot', bank },
      actual: `PCR ${pcrs.join(', ')}`,
    }),
  ];
}

interface PcrRange {
  readonly from: number;
  readonly to: number;
}

function notExplained(explanation: BankExplanation, range: PcrRange): number[] {
  return [...explanation.unexplained, ...explanation.changedWithoutEvents]
    .filter((pcr) => pcr >= range.from && pcr <= range.to)
    .sort((left, right) => left - right);
}

function pcrFinding(
  { replay, quoted }: ExplainedBoot,
  of: {
    readonly code: FindingCode;
    readonly severity: Severity;
    readonly bank: HashName;
    readonly pcr: number;
  },
): Finding {
  const { code, severity, bank, pcr } = of;
  const quotedValue = pcrValue(quoted.values, bank, pcr);
  const actual = quotedValue === undefined ? {} : { actual: toHex(quotedValue) };
  const replayed = replay.banks.get(bank)?.get(pcr);
  const base: Where = { part: 'boot', pcr, bank };
  if (replayed === undefined) {
    const expected = toHex(startValue(bank, pcr, replay.startupLocality));
    return makeFinding(code, { severity, where: base, expected, ...actual, note: NO_EVENT });
  }
  if (replayed.state === 'gap') {
    const where = { ...base, ...placeOf(replay, replayed.eventIndex) };
    return makeFinding(code, { severity, where, ...actual, note: GAP_NOTES[replayed.cause] });
  }
  const where = { ...base, ...placeOf(replay, replayed.lastEventIndex) };
  return makeFinding(code, { severity, where, expected: toHex(replayed.value), ...actual });
}

function placeOf(
  replay: ReplayedEventLog,
  entryIndex: number,
): Pick<Where, 'entryIndex' | 'offsetBytes'> {
  const offsetBytes = replay.log.events[entryIndex]?.offsetBytes;
  return offsetBytes === undefined ? { entryIndex } : { entryIndex, offsetBytes };
}

/** PFP: PCR 0–7 belong to the firmware. */
const FIRMWARE: PcrRange = { from: 0, to: 7 };
/** Boot loader and EFI stub. */
const LOADER: PcrRange = { from: 8, to: 9 };
/** The running system; PCR 10 is IMA's and judged with its list. */
const SYSTEM: PcrRange = { from: 11, to: 15 };
const NO_EVENT = 'No event of the log extends it.';
const GAP_NOTES = {
  'digest-omitted': 'An event of this PCR has no digest for the bank, so it cannot be replayed.',
  'locality-invalid': 'The StartupLocality record cannot be true, so PCR 0 cannot be replayed.',
} as const;

// Compares the replayed log with proven PCR values: which quoted PCRs the log explains.
// docs/verdicts.md, coverage.boot; FORMATS 15.

import { equalBytes } from '../bytes/encoding.ts';
import type { HashName } from '../crypto/digest.ts';
import type { PcrValues } from '../pcr/selection.ts';
import { type ReplayedBank, type ReplayedEventLog, startValue } from './replay.ts';

/** What the quote says, after its composite digest was recomputed. */
export interface QuotedPcrs {
  /** Every named bank of the selection, in its order. */
  readonly banks: ReadonlySet<HashName>;
  /** Values that hash to pcrDigest: nothing unproven may be in it. */
  readonly values: PcrValues;
}

/** How the log bears on one quoted bank. Ascending PCR indices; a PCR at its start value without
 *  events is in none of the lists, a PCR that is not quoted neither. */
export interface BankExplanation {
  /** The quoted value is the replayed one. */
  readonly explained: readonly number[];
  /** The log has events for it, and the quoted value is another or the replay has a gap. */
  readonly unexplained: readonly number[];
  /** Away from its start value without any event. PCR 10 stands here whatever the log says: the
   *  firmware log is not its list. */
  readonly changedWithoutEvents: readonly number[];
}

/** Explanations by bank. */
export type PcrExplanations = Readonly<Partial<Record<HashName, BankExplanation>>>;

/** One log beside one quote, and how the first explains the second: what judges look at. */
export interface ExplainedBoot {
  readonly replay: ReplayedEventLog;
  readonly quoted: QuotedPcrs;
  readonly explanations: PcrExplanations;
}

/** Compares a log with a quote. There is one explanation for each quoted bank that has proven
 *  values and that the log can replay. */
export function explainBoot(replay: ReplayedEventLog, quoted: QuotedPcrs): ExplainedBoot {
  return { replay, quoted, explanations: explainBanks(replay, quoted) };
}

/** Whether a value of this bank can vouch for firmware: SHA-256 or better. */
export function isStrongBank(bank: HashName): boolean {
  return bank !== 'sha1';
}

/** The first quoted bank of SHA-256 or better in which the log explains every one of `pcrs`. */
export function strongBankOf(boot: ExplainedBoot, ...pcrs: number[]): HashName | undefined {
  return [...boot.quoted.banks].find((bank) => {
    const explained = boot.explanations[bank]?.explained;
    return isStrongBank(bank) && pcrs.every((pcr) => explained?.includes(pcr));
  });
}

function explainBanks(replay: ReplayedEventLog, quoted: QuotedPcrs): PcrExplanations {
  const explanations: Partial<Record<HashName, BankExplanation>> = {};
  for (const bank of quoted.banks) {
    const replayed = replay.banks.get(bank);
    const values = quoted.values.get(bank);
    if (replayed === undefined || values === undefined) continue;
    explanations[bank] = explainBank({ bank, replayed, values, replay });
  }
  return explanations;
}

function explainBank(of: {
  readonly bank: HashName;
  readonly replayed: ReplayedBank;
  readonly values: ReadonlyMap<number, Uint8Array>;
  readonly replay: ReplayedEventLog;
}): BankExplanation {
  const explained: number[] = [];
  const unexplained: number[] = [];
  const changedWithoutEvents: number[] = [];
  for (const [pcr, value] of [...of.values].sort(([left], [right]) => left - right)) {
    const replayed = pcr === IMA_PCR ? undefined : of.replayed.get(pcr);
    if (replayed === undefined) {
      const start = startValue(of.bank, pcr, of.replay.startupLocality);
      if (!equalBytes(value, start)) changedWithoutEvents.push(pcr);
    } else if (replayed.state === 'replayed' && equalBytes(value, replayed.value)) {
      explained.push(pcr);
    } else {
      unexplained.push(pcr);
    }
  }
  return { explained, unexplained, changedWithoutEvents };
}

/** The PCR of the IMA list. */
const IMA_PCR = 10;

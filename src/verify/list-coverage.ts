// How much of a list is proven, and by which banks: the figures of a verdict. docs/verdicts.md

import { HASH_ALGORITHMS, type HashName, hashByName } from '../crypto/digest.ts';
import type { PcrValues } from '../pcr/selection.ts';
import type { ListOutcome } from './list-follower.ts';
import type { ListPlan } from './list-plan.ts';
import type { QuoteStep } from './quote-step.ts';
import { neverExtended } from './quoted-values.ts';
import type { BankCoverage, ImaCoverage } from './verdict.ts';

/** The coverage of a list. `proven` are all proven PCR values. */
export function coverageOf(
  plan: ListPlan,
  outcome: ListOutcome,
  quote: { readonly step: QuoteStep; readonly proven: PcrValues | undefined },
): ImaCoverage {
  const { reading } = outcome;
  const isBypassed =
    reading.proven === undefined &&
    quote.proven !== undefined &&
    neverExtended(reading.registers, quote.proven).length > 0;
  const provenCount = reading.proven?.match.recordCount ?? (isBypassed ? 0 : null);
  return {
    fromIndex: plan.claim.fromIndex,
    provenCount,
    pendingCount: provenCount === null ? 0 : Math.max(0, reading.nextIndex - provenCount),
    provenBytes: reading.proven?.newBytes ?? 0,
    banks: bankCoverage(outcome, quote.step),
    segments: plan.claim.segments.length,
  };
}

function bankCoverage({ reading }: ListOutcome, step: QuoteStep): ImaCoverage['banks'] {
  const banks: Partial<Record<HashName, BankCoverage>> = {};
  const { pcrs } = reading.registers;
  for (const { name: bank } of HASH_ALGORITHMS) {
    const isQuoted = (step.attest?.pcrSelect ?? []).some(
      (entry) => entry.bank === bank && entry.pcrs.some((pcr) => pcrs.includes(pcr)),
    );
    const mode = reading.proven?.match.modes.get(bank);
    if (mode !== undefined) {
      const extended = mode === 'own-hash' ? 'own-hash' : 'padded-sha1';
      banks[bank] = { state: 'proven', extended };
    } else if (isQuoted) {
      banks[bank] = { state: stateWithoutMatch(bank, step) };
    } else if (ALWAYS_SHOWN.has(bank)) {
      banks[bank] = { state: 'not-quoted' };
    }
  }
  return banks;
}

function stateWithoutMatch(bank: HashName, step: QuoteStep): BankCoverage['state'] {
  if (hashByName(bank)?.digest === undefined) return 'unsupported';
  return step.quote === undefined ? 'unproven' : 'mismatch';
}

const ALWAYS_SHOWN: ReadonlySet<HashName> = new Set(['sha1', 'sha256', 'sha384']);

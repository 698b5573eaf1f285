// Finds the prefix that a quote proves when the values of its IMA PCRs were not supplied: after
// each record the running values are put where values are missing, and pcrDigest decides. FORMATS
// 14.1, 19 step 5.

import type { HashName } from '../crypto/digest.ts';
import type { ExtendMode, Registers } from '../ima/registers.ts';
import type { PcrValues } from '../pcr/selection.ts';
import { type ProvenPcrs, provePcrs, type VerifiedQuote } from '../quote/verify-quote.ts';

/** Running values that hash to pcrDigest, and how each bank was extended. */
export interface CompositeMatch {
  readonly pcrs: ProvenPcrs;
  readonly modes: ReadonlyMap<HashName, ExtendMode>;
}

/** Tries the running values of `registers`, in every combination of extend modes, with the supplied
 *  values of other PCRs. */
export function searchComposite(
  quote: VerifiedQuote,
  supplied: PcrValues,
  registers: Registers,
): CompositeMatch | undefined {
  const slots = namedSlots(quote);
  for (const modes of combinations(slots, registers)) {
    const values = new Map<HashName, Map<number, Uint8Array>>();
    for (const { bank, pcr } of slots) {
      const value = slotValue({ bank, pcr, mode: modes.get(bank) ?? 'own-hash' });
      if (value !== undefined) values.set(bank, (values.get(bank) ?? new Map()).set(pcr, value));
    }
    const proof = provePcrs(quote, values);
    if (proof.state === 'proven') return { pcrs: proof.pcrs, modes };
  }
  return undefined;

  function slotValue(slot: { bank: HashName; pcr: number; mode: ExtendMode }) {
    const { bank, pcr, mode } = slot;
    const isListed = registers.firstIndex(pcr) !== undefined;
    const given = isListed ? undefined : supplied.get(bank)?.get(pcr);
    return given ?? registers.value(bank, pcr, mode);
  }
}

interface NamedSlot {
  readonly bank: HashName;
  readonly pcr: number;
}

function namedSlots(quote: VerifiedQuote): readonly NamedSlot[] {
  return quote.slots.flatMap(({ bank, pcr }) => (bank === undefined ? [] : [{ bank, pcr }]));
}

/** Every way to give each bank one of its modes; with very many banks only the usual way. */
function combinations(
  slots: readonly NamedSlot[],
  registers: Registers,
): readonly ReadonlyMap<HashName, ExtendMode>[] {
  const banks = [...new Set(slots.map(({ bank }) => bank))];
  let all: ReadonlyMap<HashName, ExtendMode>[] = [new Map()];
  for (const bank of banks) {
    const modes = banks.length > MOST_BANKS ? (['own-hash'] as const) : registers.modes(bank);
    all = all.flatMap((chosen) => modes.map((mode) => new Map([...chosen, [bank, mode] as const])));
  }
  return all;
}

const MOST_BANKS = 3;

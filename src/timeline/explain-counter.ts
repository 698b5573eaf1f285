// What the unsigned update counter of a TPM should be: a hint for diagnosis, never a proof.
// TPM 2.0 Part 3, 22.4 TPM2_PCR_Read, pcrUpdateCounter; FORMATS 10.1.

/** What adds to the counter since the TPM Reset. A kexec resets nothing. */
export interface CounterFacts {
  /** Value after TPM2_Startup(CLEAR); other TPMs start elsewhere. */
  readonly start?: number;
  /** Banks that each extend names. */
  readonly banks: number;
  /** Events that the firmware and the boot loader extended: all but EV_NO_ACTION. */
  readonly firmwareEvents: number;
  /** Records of the boot, violations too, whether or not the list still holds them. */
  readonly records: number;
}

/** How an observed counter compares. The counts are whole extends of all banks. */
export type CounterExplanation =
  | { readonly outcome: 'explained'; readonly expected: number }
  | { readonly outcome: 'more'; readonly expected: number; readonly atMostUnlisted: number }
  | { readonly outcome: 'fewer'; readonly expected: number; readonly atLeastUnextended: number };

/** The counter of a TPM that adds one for each bank of each extend. */
export function counterModel({ start, banks, firmwareEvents, records }: CounterFacts): number {
  return (start ?? LIBTPMS_START) + banks * (firmwareEvents + records);
}

/** Compares an observed counter with what the boot log and the list explain. */
export function explainCounter(observed: number, facts: CounterFacts): CounterExplanation {
  const expected = counterModel(facts);
  const surplus = observed - expected;
  if (surplus === 0) return { outcome: 'explained', expected };
  if (surplus < 0) {
    return { outcome: 'fewer', expected, atLeastUnextended: Math.ceil(-surplus / facts.banks) };
  }
  return { outcome: 'more', expected, atMostUnlisted: Math.floor(surplus / facts.banks) };
}

/** Measured on software TPMs built on libtpms: 24 PCRs less the four that never count. */
const LIBTPMS_START = 20;

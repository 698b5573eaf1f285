// PCR selections and values as plain data, and the order in which a quote hashes them.
// TPM 2.0 Part 2, 10.6.4 TPMS_PCR_SELECTION, 10.9.7 TPML_PCR_SELECTION.

import type { HashName } from '../crypto/digest.ts';

/** One entry of a TPML_PCR_SELECTION: a bank by its number, named where we know it. */
export interface PcrSelection {
  /** TPM_ALG_ID as it stands in the structure. */
  readonly tpmAlg: number;
  readonly bank: HashName | undefined;
  /** Ascending PCR indices. */
  readonly pcrs: readonly number[];
}

/** PCR values by bank and index. Whoever holds one knows from where it has it. */
export type PcrValues = ReadonlyMap<HashName, ReadonlyMap<number, Uint8Array>>;

/** The value of one PCR, or undefined. */
export function pcrValue(values: PcrValues, bank: HashName, pcr: number): Uint8Array | undefined {
  return values.get(bank)?.get(pcr);
}

// Quoted values of the PCRs that a list extends, for telling how far a replay was from them.

import { equalBytes, toHex } from '../bytes/encoding.ts';
import { type HashName, hashByName } from '../crypto/digest.ts';
import type { ExtendMode, Registers } from '../ima/registers.ts';
import { resetValue } from '../pcr/extend.ts';
import { type PcrValues, pcrValue } from '../pcr/selection.ts';

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

/** Quoted PCRs that have records in the list and still stand at their reset value: the TPM never
 *  saw those records. */
export function neverExtended(registers: Registers, pcrs: PcrValues): readonly QuotedValue[] {
  return quotedValues(registers, pcrs).filter(({ bank, pcr, value }) =>
    equalBytes(value, resetValue(bank, pcr)),
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

// The composite digest of a quote: which values it hashes, in which order, under which hash.
// TPM 2.0 Part 1, 17.6 and Part 2, 10.12.1 TPMS_QUOTE_INFO; FORMATS 14.1.

import { concatBytes } from '../bytes/encoding.ts';
import { digest, type HashName, hashByName } from '../crypto/digest.ts';
import { type PcrSelection, type PcrValues, pcrValue } from './selection.ts';

/** One register that a composite digest covers. */
export interface PcrSlot {
  /** TPM_ALG_ID of the bank. */
  readonly tpmAlg: number;
  /** Undefined for an algorithm outside our table: nobody can supply a value for it by name. */
  readonly bank: HashName | undefined;
  readonly pcr: number;
}

/** The registers that `selection` covers, in the order in which they are hashed: entry by entry
 *  as attested, PCRs ascending inside an entry. */
export function slotsOf(selection: readonly PcrSelection[]): readonly PcrSlot[] {
  return selection.flatMap(({ tpmAlg, bank, pcrs }) => pcrs.map((pcr) => ({ tpmAlg, bank, pcr })));
}

/** The values of `slots` in their order, or the slots that have none. A value that is not as long
 *  as its bank's digest counts as none: lengths that shift would leave the digest unchanged. */
export function valuesOf(
  slots: readonly PcrSlot[],
  values: PcrValues,
): { readonly found: readonly Uint8Array[]; readonly missing: readonly PcrSlot[] } {
  const found: Uint8Array[] = [];
  const missing: PcrSlot[] = [];
  for (const slot of slots) {
    const value = slot.bank === undefined ? undefined : sizedValue(slot.bank, slot.pcr, values);
    if (value === undefined) missing.push(slot);
    else found.push(value);
  }
  return { found, missing };
}

/** pcrDigest over values in slot order. Throws for a hash that cannot be computed: a signature with
 *  such a hash is refused before. */
export function compositeDigest(hash: HashName, values: readonly Uint8Array[]): Uint8Array {
  const composite = digest(hash, concatBytes(...values));
  if (composite === undefined) throw new Error(`hash ${hash} cannot be computed`);
  return composite;
}

function sizedValue(bank: HashName, pcr: number, values: PcrValues): Uint8Array | undefined {
  const value = pcrValue(values, bank, pcr);
  return value?.byteLength === hashByName(bank)?.sizeBytes ? value : undefined;
}

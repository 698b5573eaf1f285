// The extend operation and the values that PCRs start from.
// TPM 2.0 Part 1, 17 PCR operations; PC Client Platform TPM Profile, PCR attributes.

import { concatBytes } from '../bytes/encoding.ts';
import { digest, type HashName, hashByName } from '../crypto/digest.ts';

/** new = H(old ‖ digest) in one bank. Throws for a bank that cannot be computed: callers ask
 *  `canExtend` first. */
export function extend(bank: HashName, old: Uint8Array, value: Uint8Array): Uint8Array {
  const extended = digest(bank, concatBytes(old, value));
  if (extended === undefined) throw new Error(`bank ${bank} cannot be computed`);
  return extended;
}

/** Whether extends of this bank can be computed here. */
export function canExtend(bank: HashName): boolean {
  return hashByName(bank)?.digest !== undefined;
}

/** Whether a PCR can be set back without a reboot: 16 and 23 by anybody who may talk to the TPM, 17
 *  to 22 by a dynamic launch. */
export function isResettable(pcr: number): boolean {
  return pcr >= 16 && pcr <= 23;
}

/** Value of a PCR right after a TPM Reset: ones for the dynamic PCRs 17–22, zeros otherwise.
 *  PCR 0 may start elsewhere, which only the event log tells (StartupLocality). */
export function resetValue(bank: HashName, pcr: number): Uint8Array {
  const sizeBytes = hashByName(bank)?.sizeBytes ?? 0;
  return new Uint8Array(sizeBytes).fill(pcr >= 17 && pcr <= 22 ? 0xff : 0);
}

// Checkpoints: what we have proven of a boot and keep, so that a round costs only what is new. They
// are ours alone; nothing a host says replaces them. FORMATS 8.4, rule 4; docs/decisions.

import { fromHex, toHex } from '../bytes/encoding.ts';
import type { HashName } from '../crypto/digest.ts';
import type { ExtendMode, SavedRegister } from '../ima/registers.ts';

/** A register as plain data: values by mode, in hex. */
export interface KeptRegister {
  readonly pcr: number;
  readonly bank: HashName;
  readonly firstIndex: number;
  readonly values: Readonly<Partial<Record<ExtendMode, string>>>;
}

/** A proven point of a boot. */
export interface Checkpoint {
  /** Absolute index of the next record: so many are proven. */
  readonly index: number;
  /** Bytes of the list up to here, as they were sent. */
  readonly bytes: number;
  readonly registers: readonly KeptRegister[];
}

/** Registers as a checkpoint keeps them. */
export function keepRegisters(registers: readonly SavedRegister[]): readonly KeptRegister[] {
  return registers.map(({ pcr, bank, firstIndex, values }) => ({
    pcr,
    bank,
    firstIndex,
    values: Object.fromEntries(values.map(([mode, value]) => [mode, toHex(value)])),
  }));
}

/** Registers to go on from. Throws when a value is not hex: stored data of ours are broken. */
export function restoreRegisters(kept: readonly KeptRegister[]): readonly SavedRegister[] {
  return kept.map(({ pcr, bank, firstIndex, values }) => ({
    pcr,
    bank,
    firstIndex,
    values: MODES.flatMap((mode) => {
      const hex = values[mode];
      const value = hex === undefined ? undefined : fromHex(hex);
      if (hex !== undefined && value === undefined) throw new Error('a checkpoint is broken');
      return value === undefined ? [] : [[mode, value] as const];
    }),
  }));
}

const MODES: readonly ExtendMode[] = ['own-hash', 'padded-sha1', 'padded-sha1-and-violations'];

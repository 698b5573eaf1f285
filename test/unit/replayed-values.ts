// A replayed event log as plain values to compare with.

import type { ReplayedEventLog } from '../../src/boot/replay.ts';
import { toHex } from '../../src/bytes/encoding.ts';

/** Values in hex by bank and PCR; a PCR with a gap has none. */
export function valuesOf(replay: ReplayedEventLog): Record<string, Record<string, string>> {
  const values: Record<string, Record<string, string>> = {};
  for (const [bank, pcrs] of replay.banks) {
    values[bank] = {};
    for (const [pcr, of] of pcrs) {
      if (of.state === 'replayed') values[bank][pcr] = toHex(of.value);
    }
  }
  return values;
}

/** Bank, PCR and the event that breaks its replay, by PCR. */
export function gapsOf(replay: ReplayedEventLog): (readonly [string, number, number])[] {
  return [...replay.banks]
    .flatMap(([bank, pcrs]) =>
      [...pcrs].map(([pcr, of]) => [bank, pcr, of.state === 'gap' ? of.eventIndex : -1] as const),
    )
    .filter(([, , eventIndex]) => eventIndex >= 0)
    .sort(([, left], [, right]) => left - right);
}

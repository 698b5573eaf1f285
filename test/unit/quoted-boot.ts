// An event log beside a quote of exactly what it replays to.

import { readEventLog } from '../../src/boot/event-log.ts';
import { type ExplainedBoot, explainBoot } from '../../src/boot/explain.ts';
import { replayEventLog } from '../../src/boot/replay.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import type { PcrValues } from '../../src/pcr/selection.ts';

/** `log` explained by a quote of `banks` over every PCR of `pcrs`: with the value that `quotedLog`
 *  replays to, or zeros where it has no event for the PCR. */
export function quotedBoot(
  log: Uint8Array,
  banks: readonly HashName[] = ['sha256'],
  { quotedLog = log, pcrs = ALL_PCRS } = {},
): ExplainedBoot {
  const quoted = replayEventLog(readEventLog(quotedLog));
  const values: PcrValues = new Map(
    banks.map((bank) => {
      const replayed = quoted.banks.get(bank);
      const held = pcrs.map((pcr) => {
        const outcome = replayed?.get(pcr);
        const zeros = new Uint8Array({ sha1: 20, sha256: 32, sha384: 48 }[bank as 'sha1'] ?? 32);
        return [pcr, outcome?.state === 'replayed' ? outcome.value : zeros] as const;
      });
      return [bank, new Map(held)] as const;
    }),
  );
  return explainBoot(replayEventLog(readEventLog(log)), { banks: new Set(banks), values });
}

const ALL_PCRS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

// Whether the event log of a round pins the boot, asked before its list is followed: the rule about
// boot_aggregate_late needs the answer at record 0. FORMATS 6, rule 2.

import { readEventLog } from '../boot/event-log.ts';
import { explainBoot } from '../boot/explain.ts';
import { replayEventLog } from '../boot/replay.ts';
import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { judgePinnedBoot, type PinnedBoot } from '../policy/pinned-boot.ts';
import type { Evidence } from './evidence.ts';
import type { QuoteStep } from './quote-step.ts';
import { bootBeganBy, type TimelineState } from './timeline-state.ts';

interface KnownBoot {
  readonly quoteStep: QuoteStep;
  readonly state: TimelineState | undefined;
}

/** Judges the event log of `evidence` by the pins of `policy`; undefined where the policy asks for
 *  no pins. */
export function pinnedBootOf(
  { bootLog, receivedAtMs }: Evidence,
  { boot: { aggregate } }: AcceptancePolicy,
  { quoteStep: { quote, proven }, state }: KnownBoot,
): PinnedBoot | undefined {
  if (aggregate.late !== 'accept-if-pinned') return undefined;
  if (quote === undefined || proven === undefined)
    return lacking('proven values of PCR 4, 8 and 9');
  const log = bootLog === undefined ? undefined : readEventLog(bootLog);
  if (log === undefined || log.malformed !== undefined) return lacking('a whole event log');
  const banks = quote.attest.pcrSelect.flatMap(({ bank }) => bank ?? []);
  const boot = explainBoot(replayEventLog(log), { banks: new Set(banks), values: proven });
  const bootedByMs = bootBeganBy(state, quote.attest, receivedAtMs);
  return judgePinnedBoot(boot, (bank, digest) => aggregate.isPinned(bank, digest, bootedByMs));
}

function lacking(lacks: string): PinnedBoot {
  return { isPinned: false, lacks };
}

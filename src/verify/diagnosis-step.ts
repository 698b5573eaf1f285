// Asks why a list did not lead to the quote, once that is certain. Whatever the answer, the verdict
// stays what it is. FORMATS 19, step 6; docs/formats/diagnosis.md

import { EV_NO_ACTION } from '../boot/event-types.ts';
import type { ReplayedEventLog } from '../boot/replay.ts';
import { diagnose } from '../diagnosis/diagnose.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { PcrValues } from '../pcr/selection.ts';
import { restoreRegisters } from '../timeline/checkpoint.ts';
import { explainCounter } from '../timeline/explain-counter.ts';
import type { ListOutcome } from './list-follower.ts';
import type { ListPlan } from './list-plan.ts';
import { isLostAtKexec } from './lost-history.ts';
import type { TimelineState } from './timeline-state.ts';

/** What may explain that `outcome` proves nothing; empty unless PCR values are proven and a list
 *  that could be read to its end was replayed towards them and missed them. */
export function diagnoseList(round: {
  readonly plan: ListPlan | undefined;
  readonly outcome: ListOutcome | undefined;
  readonly proven: PcrValues | undefined;
  readonly state: TimelineState | undefined;
  /** The unsigned counter beside the quote: a hint. */
  readonly pcrUpdateCounter: number | undefined;
  readonly bootReplay: ReplayedEventLog | undefined;
}): readonly Diagnosis[] {
  const { plan, outcome, proven, state } = round;
  const isMissed = outcome?.reading.proven === undefined && outcome?.walk.broken === undefined;
  const trail = isMissed ? outcome?.trail : undefined;
  if (plan === undefined || trail === undefined || proven === undefined) return [];
  const boot = plan.relation === 'rebooted' ? 'another' : 'this';
  const earlier = (state?.checkpoints ?? []).map(({ index, registers }) => {
    return { index, registers: restoreRegisters(registers), boot } as const;
  });
  const found = diagnose({ trail, quoted: proven, earlier });
  if (found.some(({ reachesQuote }) => reachesQuote)) return found;
  const records = recordsSeen(plan, outcome);
  return [...found, ...counterHint(round.pcrUpdateCounter, round.bootReplay, records)];
}

/** Records of the boot that we know of: those of both lists behind a kexec that began a new one. */
function recordsSeen(plan: ListPlan, outcome: ListOutcome | undefined): number {
  if (outcome === undefined) return 0;
  const { nextIndex, lastWaypoint } = outcome.reading;
  return isLostAtKexec(plan, outcome) ? nextIndex + (lastWaypoint?.index ?? 0) : nextIndex;
}

/** What the counter says where nothing reaches the quote. The TPM is taken for one that counts once
 *  a bank and has the banks of its boot log; another kind of TPM makes the hint worthless. */
function counterHint(
  counter: number | undefined,
  bootReplay: ReplayedEventLog | undefined,
  records: number,
): readonly Diagnosis[] {
  if (counter === undefined || bootReplay === undefined) return [];
  const { algorithms, events } = bootReplay.log;
  const firmwareEvents = events.filter(({ type }) => type !== EV_NO_ACTION).length;
  const hint = explainCounter(counter, { banks: algorithms.length, firmwareEvents, records });
  const model = `Expected ${hint.expected}, found ${counter}.`;
  if (hint.outcome === 'more') {
    const note = `${model} At most ${hint.atMostUnlisted} extends are not in the list.`;
    return [{ hypothesis: 'counter-above-list', at: [], reachesQuote: false, note }];
  }
  if (hint.outcome === 'explained') return [];
  const note = `${model} At least ${hint.atLeastUnextended} records were never extended.`;
  return [{ hypothesis: 'counter-below-list', at: [], reachesQuote: false, note }];
}

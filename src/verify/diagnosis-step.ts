// Asks why a list did not lead to the quote, once that is certain. Whatever the answer, the verdict
// stays what it is. FORMATS 19, step 6; docs/formats/diagnosis.md

import { diagnose } from '../diagnosis/diagnose.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { PcrValues } from '../pcr/selection.ts';
import { restoreRegisters } from '../timeline/checkpoint.ts';
import type { ListOutcome } from './list-follower.ts';
import type { ListPlan } from './list-plan.ts';
import type { TimelineState } from './timeline-state.ts';

/** What may explain that `outcome` proves nothing; empty unless PCR values are proven and a list
 *  that could be read to its end was replayed towards them and missed them. */
export function diagnoseList(round: {
  readonly plan: ListPlan | undefined;
  readonly outcome: ListOutcome | undefined;
  readonly proven: PcrValues | undefined;
  readonly state: TimelineState | undefined;
}): readonly Diagnosis[] {
  const { plan, outcome, proven, state } = round;
  const isMissed = outcome?.reading.proven === undefined && outcome?.walk.broken === undefined;
  const trail = isMissed ? outcome?.trail : undefined;
  if (plan === undefined || trail === undefined || proven === undefined) return [];
  const boot = plan.relation === 'rebooted' ? 'another' : 'this';
  const earlier = (state?.checkpoints ?? []).map(({ index, registers }) => {
    return { index, registers: restoreRegisters(registers), boot } as const;
  });
  return diagnose({ trail, quoted: proven, earlier });
}

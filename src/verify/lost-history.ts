// Tells a list that a kexec began anew, behind records that nobody sent, from one that was altered.
// Either way nothing is accepted; but what is missing can be sent. FORMATS 7.2.

import type { ListOutcome } from './list-follower.ts';
import type { ListPlan } from './list-plan.ts';

/** Whether a list that leads nowhere looks like that of a kernel which began a new one inside a
 *  known boot: well formed, opened by the aggregate of this very boot, and not what was proven. */
export function isLostAtKexec(plan: ListPlan, { reading, walk }: ListOutcome): boolean {
  const isFromZero = plan.origin.kind === 'replay' && plan.origin.from === undefined;
  if (!isFromZero || reading.lastWaypoint === undefined || walk.broken !== undefined) return false;
  // A kexec extends an aggregate at least: where nothing was extended since, none happened.
  if (plan.isAtCheckpoint) return false;
  if (reading.proven !== undefined || reading.hasPassedWaypoints) return false;
  const isClean = reading.appraisal.integrity.worst === 'info';
  return isClean && reading.appraisal.epochs.opensLike(plan.knownEpochs);
}

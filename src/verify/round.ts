// What a round leaves behind: the timeline that its verdict shows and the state for the next one.
// docs/formats/segments.md; FORMATS 19 step 9.

import type { SavedFindings } from '../findings/finding.ts';
import type { TpmsAttest } from '../quote/attest.ts';
import type { Epoch } from '../timeline/epochs.ts';
import type { ListOutcome } from './list-follower.ts';
import type { ListPlan } from './list-plan.ts';
import { stateAfter, type TimelineState } from './timeline-state.ts';
import type { Timeline } from './verdict.ts';

/** A round, as far as the timeline goes. */
export interface RoundOutcome {
  /** Of a genuine quote only. */
  readonly attest: TpmsAttest | undefined;
  readonly plan: ListPlan | undefined;
  readonly outcome: ListOutcome | undefined;
  /** Whether the list led to the quoted values, without a word against how it did. */
  readonly replayStands: boolean;
  /** When the evidence arrived, in milliseconds since 1970. */
  readonly receivedAtMs: number | undefined;
}

/** The state behind a round; undefined when the round changes nothing: its quote is not genuine, or
 *  its list does not lead to it, or only from a value that the host supplied. */
export function stateAfterRound(
  known: TimelineState | undefined,
  round: RoundOutcome,
): TimelineState | undefined {
  const { attest, plan, outcome, replayStands } = round;
  if (attest === undefined) return undefined;
  const proven = outcome?.reading.proven;
  // What the quote does not cover (names of templates, columns) may be put right by sending it
  // again.
  const isFormBad = proven?.appraisal.integrity.worst === 'contraindicated';
  const isProven = replayStands && proven !== undefined && !isFormBad && plan?.isSuffix === false;
  const hasRecords =
    outcome !== undefined &&
    (outcome.walk.broken !== undefined || outcome.walk.nextIndex > (plan?.claim.fromIndex ?? 0));
  if (!isProven && hasRecords) return undefined;
  return stateAfter(known, {
    attest,
    isNewBoot: startsNewBoot(known, round),
    proven: isProven ? proven : undefined,
    continues: isProven ? outcome?.continues : undefined,
    receivedAtMs: round.receivedAtMs,
  });
}

/** A TPM Reset begins a new boot, and so does a Restart that cleared the PCRs: the list then proves
 *  itself from record 0 without passing what was proven before. */
function startsNewBoot(known: TimelineState | undefined, round: RoundOutcome): boolean {
  const { attest, plan, outcome } = round;
  if (known === undefined || attest?.resetCount !== known.boot.resetCount) return true;
  const reading = outcome?.reading;
  const isCleared = reading?.proven !== undefined && reading.missedWaypoint !== undefined;
  return plan?.relation === 'resumed' && isCleared;
}

/** What stays open of this boot although this round did not read on from it: a record that was
 *  refused stays refused, whatever a later round leaves out. */
export function openFindings(
  known: TimelineState | undefined,
  { attest, plan, outcome }: Pick<RoundOutcome, 'attest' | 'plan' | 'outcome'>,
): SavedFindings | undefined {
  const newest = known?.checkpoints[0];
  if (attest === undefined || newest === undefined) return undefined;
  if (attest.resetCount !== known?.boot.resetCount) return undefined;
  const isReadOn = outcome?.reading.proven !== undefined && plan?.isSuffix === false;
  return isReadOn ? undefined : newest.appraisal.open;
}

/** The timeline that a verdict shows. */
export function timelineOf(
  round: RoundOutcome,
  known: {
    readonly state: TimelineState | undefined;
    readonly next: TimelineState | undefined;
    readonly epochs: readonly Epoch[];
  },
): Timeline | null {
  const { attest } = round;
  if (attest === undefined) return null;
  const seen = known.next?.boot.number;
  const isNewBoot = startsNewBoot(known.state, round);
  return {
    boot: seen ?? (known.state?.boot.number ?? 0) + (isNewBoot ? 1 : 0),
    resetCount: attest.resetCount,
    restartCount: attest.restartCount,
    clockMs: Number(attest.clock),
    safe: attest.safe,
    firmwareVersion: attest.firmwareVersion.toString(16).padStart(16, '0'),
    epochs: known.epochs,
  };
}

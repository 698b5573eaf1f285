// How a list is followed in this round: from where, towards which values, under which rules.
// FORMATS 8.4, 14.6; product promise: a round costs what is new.

import type { HashName } from '../crypto/digest.ts';
import type { Severity } from '../findings/finding.ts';
import { Registers, type SavedRegister } from '../ima/registers.ts';
import { canExtend } from '../pcr/extend.ts';
import type { AcceptancePolicy, ImaAcceptance } from '../policy/acceptance.ts';
import { RecordAppraisal, type RecordRules } from '../policy/ima-rules.ts';
import { type BootRelation, relateBoot } from '../timeline/boot-identity.ts';
import { type Checkpoint, restoreRegisters } from '../timeline/checkpoint.ts';
import { type Origin, originOf } from '../timeline/origin.ts';
import type { Evidence, ImaClaim } from './evidence.ts';
import { ListFollower } from './list-follower.ts';
import type { QuoteStep } from './quote-step.ts';
import type { TimelineState } from './timeline-state.ts';

/** A list and what is asked of it. */
export interface ListPlan {
  readonly claim: ImaClaim;
  readonly ima: ImaAcceptance;
  readonly relation: BootRelation;
  readonly origin: Origin;
  /** Whether the host's own start value is tried, because the history before it is gone. */
  readonly isSuffix: boolean;
  readonly follower: ListFollower;
}

/** Plans the list of a round; undefined when there is none, or none is asked for. A list is read
 *  even when the quote is bad: its form can be wrong too, and both are told. */
export function planList(
  evidence: Evidence,
  policy: AcceptancePolicy,
  known: { readonly quoteStep: QuoteStep; readonly state: TimelineState | undefined },
): ListPlan | undefined {
  const { quoteStep, state } = known;
  const { ima } = policy;
  if (ima === 'not-required') return undefined;
  const attest = quoteStep.quote?.attest;
  const relation = attest === undefined ? 'first' : relateBoot(state?.boot, attest);
  const claim = evidence.ima ?? emptyClaim(relation, state);
  if (claim === undefined) return undefined;
  const banks = quotedBanks(quoteStep);
  const checkpoints = state?.checkpoints ?? [];
  const { fromIndex } = claim;
  const origin = originOf({ fromIndex, relation, checkpoints, banks });
  const start = startOf(claim, origin);
  const { quote, proven, isCompletable } = quoteStep;
  const isReachable = quote !== undefined && (proven !== undefined || isCompletable);
  const hasStart = origin.kind === 'replay' || start !== undefined;
  const registers = new Registers({
    banks,
    quoted: (hasStart && proven) || new Map(),
    ...(start === undefined ? {} : { start }),
  });
  const follower = new ListFollower({
    claim,
    goal:
      isReachable && hasStart
        ? { quote, proven, supplied: evidence.pcrValues ?? new Map() }
        : undefined,
    registers,
    appraisal: appraisalOf(rulesOf(quoteStep, policy, ima), origin, state),
    startIndex: start?.index ?? claim.fromIndex,
    skip: origin.kind === 'replay' ? origin.skip : 0,
    waypoints: waypointsOf(origin),
    banks,
  });
  const isSuffix = origin.kind === 'gap' && start !== undefined;
  return { claim, ima, relation, origin, isSuffix, follower };
}

/** Without a list, a quote may still stand where our checkpoint stands. */
function emptyClaim(
  relation: BootRelation,
  state: TimelineState | undefined,
): ImaClaim | undefined {
  const newest = state?.checkpoints[0];
  const isSame = relation === 'same' || relation === 'resumed';
  return newest !== undefined && isSame ? { segments: [], fromIndex: newest.index } : undefined;
}

function quotedBanks(quoteStep: QuoteStep): readonly HashName[] {
  const selections = quoteStep.attest?.pcrSelect ?? [];
  return selections.flatMap(({ bank }) => (bank !== undefined && canExtend(bank) ? [bank] : []));
}

interface ReplayStart {
  readonly index: number;
  readonly registers: readonly SavedRegister[];
}

/** A checkpoint of ours; or, where history is missing, the value that the host claims. A claimed
 *  value proves itself if the records lead from it to the quote, but never what came before. */
function startOf(claim: ImaClaim, origin: Origin): ReplayStart | undefined {
  if (origin.kind === 'replay') return origin.from && startAt(origin.from);
  const { startValues, fromIndex } = claim;
  if (startValues === undefined || origin.neededIndex !== 0) return undefined;
  const registers = [...startValues].flatMap(([bank, values]) =>
    [...values].map(([pcr, value]) => ({
      pcr,
      bank,
      firstIndex: fromIndex,
      values: [['own-hash', value] as const, ['padded-sha1', value] as const],
    })),
  );
  return { index: fromIndex, registers };
}

function startAt(checkpoint: Checkpoint): ReplayStart {
  return { index: checkpoint.index, registers: restoreRegisters(checkpoint.registers) };
}

function waypointsOf(origin: Origin) {
  return origin.kind === 'replay' ? origin.waypoints.map(startAt) : [];
}

function rulesOf(quoteStep: QuoteStep, policy: AcceptancePolicy, ima: ImaAcceptance): RecordRules {
  const selections = quoteStep.attest?.pcrSelect ?? [];
  return {
    ima,
    lateAggregate: policy.boot.aggregate.late,
    zeroAggregate: policy.boot.aggregate.zero,
    quotedPcrs: new Set(selections.flatMap(({ pcrs }) => pcrs)),
  };
}

/** From record 0 on everything is judged again; from a checkpoint on, what was found before stays
 *  open. An older checkpoint has no appraisal of its own: the newest one's holds more, not less. */
function appraisalOf(
  rules: RecordRules,
  origin: Origin,
  state: TimelineState | undefined,
): RecordAppraisal {
  const isContinued = origin.kind === 'replay' && origin.from !== undefined;
  const saved = isContinued ? state?.appraisal : undefined;
  return saved ? RecordAppraisal.resume(rules, saved) : RecordAppraisal.fresh(rules);
}

/** The severity that a policy gives to unknown history. */
export function historySeverity(ima: ImaAcceptance): Severity {
  return ima.unknownHistory === 'warn' ? 'warning' : 'none';
}

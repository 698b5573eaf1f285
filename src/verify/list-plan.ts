// How a list is followed in this round: from where, towards which values, under which rules.
// FORMATS 8.4, 14.6; product promise: a round costs what is new.

import type { HashName } from '../crypto/digest.ts';
import type { Severity } from '../findings/finding.ts';
import { Registers, type SavedRegister } from '../ima/registers.ts';
import { canExtend } from '../pcr/extend.ts';
import type { PcrValues } from '../pcr/selection.ts';
import type { AcceptancePolicy, ImaAcceptance } from '../policy/acceptance.ts';
import { RecordAppraisal, type RecordRules } from '../policy/ima-rules.ts';
import { BatchTracker } from '../timeline/batch.ts';
import { type BootRelation, relateBoot } from '../timeline/boot-identity.ts';
import { type Checkpoint, restoreRegisters } from '../timeline/checkpoint.ts';
import type { SavedEpochs } from '../timeline/epochs.ts';
import { type ExtendOrder, type OrderReading, readExtendOrder } from '../timeline/extend-order.ts';
import { follows, type Origin, originOf } from '../timeline/origin.ts';
import type { Evidence, ImaClaim } from './evidence.ts';
import { type FollowStart, ListFollower } from './list-follower.ts';
import { pinnedBootOf } from './pinned-boot.ts';
import type { QuoteStep } from './quote-step.ts';
import type { KeptCheckpoint, TimelineState } from './timeline-state.ts';

/** A list and what is asked of it. */
export interface ListPlan {
  readonly claim: ImaClaim;
  readonly ima: ImaAcceptance;
  readonly relation: BootRelation;
  readonly origin: Origin<KeptCheckpoint>;
  /** Whether the host's own start value is tried, because the history before it is gone. */
  readonly isSuffix: boolean;
  /** Whether the quote stands where our newest checkpoint stands: nothing was extended since. */
  readonly isAtCheckpoint: boolean;
  readonly knownEpochs: SavedEpochs | undefined;
  /** The order hint as it was taken or refused; undefined where none was given. */
  readonly order: OrderReading | undefined;
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
  const hasStart = origin.kind === 'replay' || start !== undefined;
  const isReachable = quote !== undefined && (proven !== undefined || isCompletable);
  const isSuffix = origin.kind === 'gap' && start !== undefined;
  // A TPM Restart may have cleared the PCRs: then nothing of the list was proven before.
  const provenAtMs = provenTimes(evidence.receivedAtMs, relation === 'same' ? checkpoints : []);
  const pinnedBoot = pinnedBootOf(evidence, policy, known);
  const rules = rulesOf(quoteStep, policy, { ima, hasHistory: !isSuffix, provenAtMs, pinnedBoot });
  const quoted: PcrValues = (hasStart && proven) || new Map();
  const followed = [...new Set([...banks, ...checkpointBanks(checkpoints)])];
  const claimed: FollowStart = {
    registers: new Registers({
      banks: followed,
      quoted,
      ...(start === undefined ? {} : { start }),
    }),
    appraisal: appraisalOf(rules, origin.kind === 'replay' ? origin.from : undefined),
    nextIndex: start?.index ?? claim.fromIndex,
    bytesBefore: origin.kind === 'replay' ? (origin.from?.bytes ?? 0) : 0,
    waypoints: waypointsOf(origin),
    ...batchesOf(ima, origin.kind === 'replay' ? origin.from : undefined),
  };
  const continued = continuationsOf(origin, { state, banks }).map((from) =>
    continuation(from, { rules, state, banks, quoted }),
  );
  const order = orderOf(claim, ima);
  const follower = new ListFollower({
    claim,
    goal:
      isReachable && hasStart
        ? { quote, proven, supplied: evidence.pcrValues ?? new Map() }
        : undefined,
    starts: [claimed, ...continued],
    skip: origin.kind === 'replay' ? origin.skip : 0,
    banks,
    ...(order?.ok === true ? { order: orderFrom(order.order, claimed.nextIndex) } : {}),
  });
  const isAtCheckpoint = isReachedBy(origin, { banks, quoted });
  const knownEpochs = state?.checkpoints[0]?.appraisal.epochs;
  return {
    claim,
    ima,
    relation,
    origin,
    isSuffix,
    isAtCheckpoint,
    knownEpochs,
    order,
    follower,
  };
}

/** Whether the quoted values are those of the newest point that the list has to pass. */
function isReachedBy(
  origin: Origin<KeptCheckpoint>,
  to: { readonly banks: readonly HashName[]; readonly quoted: PcrValues },
): boolean {
  const [newest] = origin.kind === 'replay' ? origin.waypoints : [];
  if (newest === undefined) return false;
  return new Registers({ ...to, start: startAt(newest) }).match !== undefined;
}

/** Proven points of this boot that a list may go on from although it is claimed to start at record
 *  0: a kexec without carry-over begins a new list, and the PCRs go on. */
function continuationsOf(
  origin: Origin<KeptCheckpoint>,
  known: { readonly state: TimelineState | undefined; readonly banks: readonly HashName[] },
): readonly KeptCheckpoint[] {
  const isFromZero = origin.kind === 'replay' && origin.from === undefined;
  if (!isFromZero || origin.waypoints.length === 0) return [];
  const { listBase, checkpoints } = known.state ?? {};
  return [listBase ?? undefined, checkpoints?.[0]].flatMap((point) =>
    point !== undefined && follows(point, known.banks) ? [point] : [],
  );
}

function continuation(
  from: KeptCheckpoint,
  known: {
    readonly rules: RecordRules;
    readonly state: TimelineState | undefined;
    readonly banks: readonly HashName[];
    readonly quoted: PcrValues;
  },
): FollowStart {
  const { rules, state, banks, quoted } = known;
  const newer = (state?.checkpoints ?? []).filter(({ index }) => index > from.index);
  return {
    registers: new Registers({ banks, quoted, start: { ...startAt(from), needsRecord: true } }),
    appraisal: appraisalOf(rules, from),
    nextIndex: from.index,
    bytesBefore: from.bytes,
    waypoints: newer.map(startAt),
    ...batchesOf(rules.ima, from),
    continues: from,
  };
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

/** Banks that earlier rounds followed: a replay from record 0 goes on with them too. */
function checkpointBanks(checkpoints: readonly Checkpoint[]): readonly HashName[] {
  return checkpoints.flatMap(({ registers }) => registers.map(({ bank }) => bank));
}

interface ReplayStart {
  readonly index: number;
  readonly registers: readonly SavedRegister[];
}

/** A checkpoint of ours; or, where history is missing, the value that the host claims. A claimed
 *  value proves itself if the records lead from it to the quote, but never what came before. */
function startOf(claim: ImaClaim, origin: Origin<KeptCheckpoint>): ReplayStart | undefined {
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

function waypointsOf(origin: Origin<KeptCheckpoint>) {
  return origin.kind === 'replay' ? origin.waypoints.map(startAt) : [];
}

/** A record of which an earlier round of the boot had proof was measured by that round, whenever it
 *  is sent again; any other one by now. */
function provenTimes(
  nowMs: number | undefined,
  newestFirst: readonly KeptCheckpoint[],
): RecordRules['provenAtMs'] {
  const oldestFirst = [...newestFirst].reverse();
  return (index) => oldestFirst.find((point) => index < point.index)?.provenAtMs ?? nowMs;
}

function rulesOf(
  quoteStep: QuoteStep,
  policy: AcceptancePolicy,
  list: Pick<RecordRules, 'ima' | 'hasHistory' | 'provenAtMs' | 'pinnedBoot'>,
): RecordRules {
  const selections = quoteStep.attest?.pcrSelect ?? [];
  return {
    ...list,
    quotedBanks: selections.filter(({ pcrs }) => pcrs.some((pcr) => pcr >= FIRST_IMA_PCR)).length,
    lateAggregate: policy.boot.aggregate.late,
    zeroAggregate: policy.boot.aggregate.zero,
    quotedPcrs: new Set(selections.flatMap(({ pcrs }) => pcrs)),
  };
}

/** From record 0 on everything is judged again; from a checkpoint on, what was found up to it stays
 *  open. */
function appraisalOf(rules: RecordRules, from: KeptCheckpoint | undefined): RecordAppraisal {
  return from === undefined
    ? RecordAppraisal.fresh(rules)
    : RecordAppraisal.resume(rules, from.appraisal);
}

/** Batches are looked for only where the policy takes them: otherwise their marks are ordinary,
 *  unknown events, and the replay fails. */
function batchesOf(
  { batches }: ImaAcceptance,
  from: KeptCheckpoint | undefined,
): { readonly batches?: BatchTracker } {
  if (batches === 'refuse') return {};
  const epochFromIndex = from?.appraisal.epochs.epochs.at(-1)?.fromIndex ?? 0;
  return { batches: new BatchTracker(from?.lastBatch ?? '', epochFromIndex) };
}

/** The order hint of the evidence, if the policy takes hints and it is a fair permutation. */
function orderOf({ extendOrder }: ImaClaim, { extendOrderWindow }: ImaAcceptance) {
  if (extendOrder === undefined || extendOrder.length === 0) return undefined;
  return readExtendOrder(extendOrder, extendOrderWindow);
}

/** The part of an order that concerns records which are taken. */
function orderFrom(order: ExtendOrder, startIndex: number): ExtendOrder {
  return {
    fromIndex: Math.max(order.fromIndex, startIndex),
    positions: order.positions.filter((position) => position >= startIndex),
  };
}

/** The severity that a policy gives to unknown history. */
export function historySeverity(ima: ImaAcceptance): Severity {
  return ima.unknownHistory === 'warn' ? 'warning' : 'none';
}

const FIRST_IMA_PCR = 8;

// The one procedure: from evidence and an acceptance policy to a verdict. FORMATS 19;
// docs/verdicts.md. Same bytes, policy and state, same verdict: no clock, file or network.

import type { PcrValues } from '../pcr/selection.ts';
import { type AcceptancePolicy, severityOf } from '../policy/acceptance.ts';
import { judgeBootIdentity } from '../timeline/boot-identity.ts';
import { judgeBootStep } from './boot-step.ts';
import { CheckSheet } from './check-sheet.ts';
import { diagnoseList } from './diagnosis-step.ts';
import type { Evidence } from './evidence.ts';
import { type ListPlan, planList } from './list-plan.ts';
import { concludeList } from './list-procedure.ts';
import { judgeQuoteStep, type QuoteStep } from './quote-step.ts';
import { openFindings, type RoundOutcome, stateAfterRound, timelineOf } from './round.ts';
import { bootBeganBy, type TimelineState } from './timeline-state.ts';
import type { VerdictBody } from './verdict.ts';

/** A verification in progress: the quote is judged at once, the list as it streams in. */
export interface Verification {
  /** Feeds bytes of segment number `segment` (as claimed in the evidence, from 0). Segments come
   *  in order and whole before the next; windows may cut records anywhere. */
  push(segment: number, window: Uint8Array): void;
  /** Ends the list and gives the verdict. Call once. */
  conclude(): VerdictBody;
  /** After `conclude`: what to keep for the next round; undefined when this round changes
   *  nothing. */
  readonly stateAfter: TimelineState | undefined;
}

/** A verdict and the state behind it. */
export interface Round {
  readonly verdict: VerdictBody;
  readonly state: TimelineState | undefined;
}

/** Begins a verification of `evidence` under `policy`, as the next round of the attester whose
 *  `state` is given. Never throws because of evidence. */
export function beginVerification(
  evidence: Evidence,
  policy: AcceptancePolicy,
  state?: TimelineState,
): Verification {
  const sheet = new CheckSheet();
  const quoteStep = judgeQuoteStep(sheet, evidence, policy);
  judgeIdentity(sheet, quoteStep, { policy, state });
  const plan = planList(evidence, policy, { quoteStep, state });
  let stateAfter: TimelineState | undefined;
  return {
    push: (segment, window) => plan?.follower.push(segment, window),
    conclude() {
      const round = concludeRound(sheet, { evidence, policy, state, quoteStep, plan });
      stateAfter = round.state;
      return round.verdict;
    },
    get stateAfter() {
      return stateAfter;
    },
  };
}

/** Verifies one round whose segments are in memory (`segments[i]` is the i-th segment's bytes). */
export function verifyRound(
  evidence: Evidence,
  segments: readonly Uint8Array[],
  under: { readonly policy: AcceptancePolicy; readonly state?: TimelineState | undefined },
): Round {
  const verification = beginVerification(evidence, under.policy, under.state);
  for (const [segment, bytes] of segments.entries()) verification.push(segment, bytes);
  const verdict = verification.conclude();
  return { verdict, state: verification.stateAfter };
}

/** Verifies evidence by itself, as the first that is known of an attester. */
export function verifyEvidence(
  evidence: Evidence,
  segments: readonly Uint8Array[],
  policy: AcceptancePolicy,
): VerdictBody {
  return verifyRound(evidence, segments, { policy }).verdict;
}

/** What a round is concluded from. */
interface RoundInput {
  readonly evidence: Evidence;
  readonly policy: AcceptancePolicy;
  readonly state: TimelineState | undefined;
  readonly quoteStep: QuoteStep;
  readonly plan: ListPlan | undefined;
}

/** Ends the list; then the boot, the list and what the records say are judged, in this order. */
function concludeRound(sheet: CheckSheet, input: RoundInput): Round {
  const { evidence, policy, state, quoteStep, plan } = input;
  const outcome = plan?.follower.end();
  const proven: PcrValues | undefined = quoteStep.proven ?? outcome?.completed;
  const { bootLog, userspaceLog, pcrUpdateCounter } = evidence;
  const { quote } = quoteStep;
  const bootedByMs = bootBeganBy(state, quote?.attest, evidence.receivedAtMs);
  const boot = judgeBootStep(sheet, {
    bootLog,
    userspaceLog,
    quote,
    proven,
    policy,
    bootedByMs,
  });
  const bootReplay = boot.replay;
  const list = concludeList(sheet, {
    evidence,
    policy,
    quoteStep,
    plan,
    outcome,
    proven,
    bootReplay,
  });
  const attest = quoteStep.quote?.attest;
  const open = openFindings(state, { attest, plan, outcome });
  if (open !== undefined) sheet.findings.carry(open);
  const status = sheet.conclude();
  const round: RoundOutcome = {
    attest,
    plan,
    outcome,
    replayStands: sheet.hasPassed('ima.replay'),
    receivedAtMs: evidence.receivedAtMs,
  };
  const next = stateAfterRound(state, round);
  const verdict: VerdictBody = {
    status,
    checks: sheet.checks,
    findings: sheet.findings.findings,
    findingCounts: sheet.findings.counts,
    coverage: { ima: list.coverage, boot: boot.coverage },
    timeline: timelineOf(round, { state, next, epochs: list.epochs }),
    diagnosis: diagnoseList({ plan, outcome, proven, state, pcrUpdateCounter, bootReplay }),
    policy: policy.identity,
    next: { fromIndex: nextFromIndex(plan, state, next), afterSeconds: NEXT_ROUND_SECONDS },
  };
  return { verdict, state: next };
}

function judgeIdentity(
  sheet: CheckSheet,
  { quote }: QuoteStep,
  known: { readonly policy: AcceptancePolicy; readonly state: TimelineState | undefined },
): void {
  if (quote === undefined) return;
  const firmwareChange = severityOf(known.policy.quote.firmwareChange);
  sheet.findings.addAll(judgeBootIdentity(known.state?.boot, quote.attest, { firmwareChange }));
}

/** Where the next round should start: behind what is proven, or where records are missing. */
function nextFromIndex(
  plan: ListPlan | undefined,
  known: TimelineState | undefined,
  next: TimelineState | undefined,
): number {
  if (plan?.origin.kind === 'gap') return plan.origin.neededIndex;
  if (next !== undefined) return next.checkpoints[0]?.index ?? 0;
  return plan?.relation === 'rebooted' ? 0 : (known?.checkpoints[0]?.index ?? 0);
}

const NEXT_ROUND_SECONDS = 60;

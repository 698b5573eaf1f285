// The one procedure: from evidence and an acceptance policy to a verdict. FORMATS 19; docs/verdicts.md.
// Same bytes, same policy, same verdict: no clock, no randomness, no file, no network.

import type { PcrValues } from '../pcr/selection.ts';
import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { judgeBootStep } from './boot-step.ts';
import { CheckSheet } from './check-sheet.ts';
import type { Evidence } from './evidence.ts';
import { concludeList, openList } from './list-procedure.ts';
import { judgeQuoteStep, type QuoteStep } from './quote-step.ts';
import type { Timeline, VerdictBody } from './verdict.ts';

/** A verification in progress: the quote is judged at once, the list as it streams in. */
export interface Verification {
  /** Feeds bytes of segment number `segment` (as claimed in the evidence, from 0). Segments come
   *  in order and whole before the next; windows may cut records anywhere. The bytes are kept for
   *  a while, so the caller does not write to them afterwards. */
  push(segment: number, window: Uint8Array): void;
  /** Ends the list and gives the verdict. Call once. */
  conclude(): VerdictBody;
}

/** Begins a verification of `evidence` under `policy`. Never throws because of evidence. */
export function beginVerification(evidence: Evidence, policy: AcceptancePolicy): Verification {
  const sheet = new CheckSheet();
  const quoteStep = judgeQuoteStep(sheet, evidence, policy);
  const list = openList(evidence, policy, quoteStep);
  return {
    push: (segment, window) => list?.push(segment, window),
    conclude() {
      const outcome = list?.end();
      const proven: PcrValues | undefined = quoteStep.proven ?? outcome?.completed;
      const boot = judgeBootStep(sheet, {
        bootLog: evidence.bootLog,
        quote: quoteStep.quote,
        proven,
        policy,
      });
      const ima = concludeList(sheet, {
        evidence,
        policy,
        quoteStep,
        outcome,
        proven,
        bootReplay: boot.replay,
      });
      return {
        status: sheet.conclude(),
        checks: sheet.checks,
        findings: sheet.findings.findings,
        findingCounts: sheet.findings.counts,
        coverage: { ima: ima.coverage, boot: boot.coverage },
        timeline: timelineOf(quoteStep, ima.epochs),
        diagnosis: [],
        policy: policy.identity,
        next: { fromIndex: 0, afterSeconds: NEXT_ROUND_SECONDS },
      };
    },
  };
}

/** Verifies evidence whose segments are in memory (`segments[i]` is the i-th segment's bytes). */
export function verifyEvidence(
  evidence: Evidence,
  segments: readonly Uint8Array[],
  policy: AcceptancePolicy,
): VerdictBody {
  const verification = beginVerification(evidence, policy);
  segments.forEach((bytes, segment) => {
    verification.push(segment, bytes);
  });
  return verification.conclude();
}

function timelineOf(quoteStep: QuoteStep, epochs: Timeline['epochs']): Timeline | null {
  if (quoteStep.quote === undefined) return null;
  const { resetCount, restartCount, clock, safe, firmwareVersion } = quoteStep.quote.attest;
  return {
    resetCount,
    restartCount,
    clockMs: Number(clock),
    safe,
    firmwareVersion: firmwareVersion.toString(16).padStart(16, '0'),
    epochs,
  };
}

const NEXT_ROUND_SECONDS = 60;

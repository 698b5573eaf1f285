// The points of one boot as rounds of one attester: sent whole each time, and sent from where the
// verifier asked. Both ways prove the same records. docs/verdicts.md

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { TimelineState } from '../../src/verify/timeline-state.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyRound } from '../../src/verify/verify.ts';
import { join, splitRecords } from '../property/list-writer.ts';
import { bundlesBelow, type Capture, EVIDENCE_FOLDER, loadCapture } from './load-capture.ts';

/** A bundle's place in its boot is its name's order; points of the second kernel follow. */
const SCENARIOS = readdirSync(EVIDENCE_FOLDER).filter((name) => /^[0-9]/.test(name));

/** Points whose list alone does not lead to the quote. */
const LOST = /07-kexec-without-log-carry-over\/boot2/;

for (const scenario of SCENARIOS) {
  const points = bundlesBelow(path.join(EVIDENCE_FOLDER, scenario));

  test(`${scenario}: rounds that send everything`, async () => {
    const verdicts = await play(points, (capture) => capture);
    for (const [point, { verdict }] of verdicts) assertProven(point, verdict);
  });

  test(`${scenario}: rounds that send what is asked for`, async () => {
    const verdicts = await play(points, fromAsked);
    for (const [point, { verdict, state }] of verdicts) {
      assertProven(point, verdict);
      if (verdict.status !== 'contraindicated' && verdict.status !== 'none') {
        assert.equal(verdict.next.fromIndex, state?.checkpoints[0]?.index, point);
      }
    }
  });
}

function assertProven(point: string, verdict: VerdictBody): void {
  if (LOST.test(point)) return;
  assert.ok(['affirming', 'warning'].includes(verdict.status), `${point}: ${verdict.status}`);
  assert.notEqual(verdict.coverage.ima?.provenCount, null, point);
}

type Played = Map<string, { verdict: VerdictBody; state: TimelineState | undefined }>;

/** Plays all points as rounds of one attester; the AKs of a scenario belong to one TPM. */
async function play(
  points: readonly string[],
  send: (capture: Capture, fromIndex: number) => Capture,
): Promise<Played> {
  const played: Played = new Map();
  let state: TimelineState | undefined;
  let asked = 0;
  for (const point of points) {
    const whole = await loadCapture(point);
    let round = judge(send(whole, asked), state);
    // A bank that no earlier round quoted has to be replayed from record 0.
    if (round.verdict.status === 'none' && round.verdict.next.fromIndex < asked) {
      round = judge(send(whole, round.verdict.next.fromIndex), state);
    }
    state = round.state ?? state;
    asked = round.verdict.next.fromIndex;
    played.set(point, { verdict: round.verdict, state });
  }
  return played;
}

function judge({ evidence, segments }: Capture, state: TimelineState | undefined) {
  return verifyRound(evidence, segments, { policy: STRUCTURAL_POLICY, state });
}

/** Leaves out the first `fromIndex` records, as an agent does that was told where to start. */
function fromAsked(capture: Capture, fromIndex: number): Capture {
  const { evidence, segments } = capture;
  if (evidence.ima === undefined || fromIndex === 0) return capture;
  let skip = fromIndex;
  const kept = segments.map((bytes, index) => {
    const claimed = evidence.ima?.segments[index]?.records;
    const records = splitRecords(bytes).slice(0, claimed);
    const dropped = Math.min(skip, records.length);
    skip -= dropped;
    return join(...records.slice(dropped));
  });
  if (skip > 0) return capture;
  const claims = evidence.ima.segments.map(({ kind, encoding, digestColumn }) => {
    return { kind, encoding, digestColumn };
  });
  const ima = { ...evidence.ima, fromIndex, segments: claims };
  return { evidence: { ...evidence, ima }, segments: kept };
}

test('07-kexec-without-log-carry-over: records before the kexec that nobody sent', async () => {
  const first = await loadCapture('07-kexec-without-log-carry-over/boot1-q01');
  const { state } = judge(first, undefined);
  const { verdict } = judge(await loadCapture('07-kexec-without-log-carry-over/boot2-q01'), state);
  assert.equal(verdict.status, 'none');
  const [finding] = verdict.findings.filter(({ code }) => code === 'ima.kexec_list_lost');
  assert.deepEqual([finding?.where.entryIndex, verdict.next.fromIndex], [54, 54]);
  // The list had 63 records at the kexec: the unsigned counter tells the size of the gap.
  const [hint] = verdict.diagnosis;
  assert.equal(hint?.hypothesis, 'counter-above-list');
  assert.match(hint?.note ?? '', /At most 9 extends are not in the list/);
});

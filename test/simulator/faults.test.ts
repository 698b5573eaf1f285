// Whatever is done to the evidence or to the host, the verifier does not accept it, and names what
// was done. PLUMBLINE_SIM_RUNS, PLUMBLINE_SIM_SEED.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyRound } from '../../src/verify/verify.ts';
import { EVIDENCE_FAULTS } from './evidence-faults.ts';
import { expectationOf, gravestCodes } from './expectations.ts';
import type { Fault, FaultSite } from './fault.ts';
import { type Ask, type History, historyArbitrary, suiteSize } from './histories.ts';
import { HOST_FAULTS } from './host-faults.ts';
import { LIST_FAULTS } from './list-faults.ts';
import { live, requestOf } from './rounds.ts';

const FAULTS = [...LIST_FAULTS, ...EVIDENCE_FAULTS, ...HOST_FAULTS];
const { numRuns, seed } = suiteSize();
const HISTORIES_PER_FAULT = Math.max(3, Math.ceil(numRuns / FAULTS.length));

/** How a fault came out. */
interface Trial {
  readonly verdict: VerdictBody;
  readonly isNamed: boolean;
  readonly isRefused: boolean;
  readonly isHonestAfter: boolean;
}

/** Lives through a history, puts the fault in, and asks the host once more. */
function tryFault(fault: Fault, history: History, salt: number): Trial | undefined {
  const scene = live(history, STRUCTURAL_POLICY, () => {});
  const ask = { ...LAST_ASK, quotes: history.steps.length % 2 === 0 ? 'boot' : 'ima' } as const;
  const site: FaultSite = { scene, ask, pick: picker(salt) };
  const faulty = fault.inject(site);
  if (faulty === undefined) return undefined;
  const { evidence, segments } = faulty;
  const verdict = faulty.isFirstContact
    ? verifyRound(evidence, segments, { policy: STRUCTURAL_POLICY }).verdict
    : scene.verifier.verify(evidence, segments);
  const codes = Object.keys(verdict.findingCounts);
  return {
    verdict,
    isNamed: fault.codes.some((code) => codes.includes(code)),
    isRefused: fault.statuses.includes(verdict.status),
    isHonestAfter: fault.recovers === 'never' || isHonest(site, fault.recovers),
  };
}

/** Whether the host, which did nothing wrong, is judged right in the next round. */
function isHonest({ scene, ask: last }: FaultSite, recovers: 'at once' | 'from zero'): boolean {
  const ask: Ask = { ...last, start: recovers === 'at once' ? 'asked' : 'zero' };
  const round = scene.host.evidence(requestOf(scene, ask));
  const verdict = scene.verifier.verify(round.evidence, round.segments);
  const told = { ask, round, verdict, checkpointIndex: scene.askedIndex };
  const expected = expectationOf(told, scene.history, scene.host);
  return (
    verdict.status === expected.status && gravestCodes(verdict).join() === expected.codes.join()
  );
}

describe('a fault', () => {
  for (const [number, fault] of FAULTS.entries()) {
    it(`is found: ${fault.name}`, (t) => {
      const samples = { numRuns: HISTORIES_PER_FAULT, seed: seed + number };
      const histories = fc.sample(historyArbitrary(), samples);
      const trials = histories.flatMap((history, run) => {
        const trial = tryFault(fault, history, seed + run);
        return trial === undefined ? [] : [{ run, ...trial }];
      });
      const unnamed = trials.filter(({ isNamed }) => !isNamed);
      for (const { run, verdict } of unnamed) {
        t.diagnostic(`run ${run} of seed ${samples.seed}: ${gravestCodes(verdict).join(', ')}`);
      }
      const missed = trials.filter(({ isRefused, isHonestAfter }) => !isRefused || !isHonestAfter);
      assert.deepEqual(
        missed.map(({ run, verdict }) => [run, verdict.status]),
        [],
      );
      assert.ok(unnamed.length <= trials.length / 100, `${unnamed.length} of ${trials.length}`);
      assert.ok(trials.length > 0, 'no history had anything to do it to');
    });
  }
});

/** Small whole numbers that follow from a seed (mulberry32). */
function picker(salt: number): (count: number) => number {
  let state = salt | 0;
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  };
}

const LAST_ASK: Ask = { event: 'round', quotes: 'boot', start: 'asked', pending: 1, cuts: [] };

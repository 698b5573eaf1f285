// Honest hosts, whatever happened to their lists, are never accused and never left without an
// answer; and what is odd about them is said exactly. PLUMBLINE_SIM_RUNS, PLUMBLINE_SIM_SEED.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import { claimsOf, expectationOf } from './expectations.ts';
import { historyArbitrary, suiteSize } from './histories.ts';
import { type HonestRound, live, type Scene } from './rounds.ts';

/** Holds a verdict against what is true of the host. */
function assertHonest(told: HonestRound, { history, host }: Scene): void {
  const { verdict } = told;
  const expected = expectationOf(told, history, host);
  assert.deepEqual(claimsOf(verdict), expected);
  assert.equal(verdict.next.fromIndex, expected.provenCount);
}

describe('an honest host', () => {
  it('is told exactly what is odd about it, in every round of its life', () => {
    fc.assert(
      fc.property(historyArbitrary(), (history) => {
        live(history, STRUCTURAL_POLICY, assertHonest);
      }),
      suiteSize(),
    );
  });
});

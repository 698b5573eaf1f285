// Honest hosts, whatever happened to their lists, are never accused and never left without an
// answer; and what is odd about them is said exactly. PLUMBLINE_SIM_RUNS, PLUMBLINE_SIM_SEED.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AcceptancePolicy } from '../../src/policy/acceptance.ts';
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

/** Takes batches and extends that overtake one another, with a warning for the former. */
function extendedPolicy(): AcceptancePolicy {
  const { ima } = STRUCTURAL_POLICY;
  if (ima === 'not-required') throw new Error('the structural policy asks for lists');
  return { ...STRUCTURAL_POLICY, ima: { ...ima, batches: 'warn', extendOrderWindow: 1 } };
}

describe('an honest host is told exactly what is odd about it, in every round of its life', () => {
  const kinds = [
    { kernel: 'of the kernel as it is', extension: 'none', policy: STRUCTURAL_POLICY, share: 1 },
    { kernel: 'that batches', extension: 'batches', policy: extendedPolicy(), share: 0.3 },
    { kernel: 'that swaps extends', extension: 'swaps', policy: extendedPolicy(), share: 0.3 },
  ] as const;
  for (const { kernel, extension, policy, share } of kinds) {
    it(kernel, () => {
      fc.assert(
        fc.property(historyArbitrary(extension), (history) => {
          live(history, policy, assertHonest);
        }),
        suiteSize(share),
      );
    });
  }
});

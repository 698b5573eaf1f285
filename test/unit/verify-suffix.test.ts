// History that nobody has: a start value on the host's word shows that the records behind it are
// genuine, and nothing about what came before. docs/formats/segments.md; FORMATS 8.4 rule 4, 8.6.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImaAcceptance } from '../../src/policy/acceptance.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { ImaClaim } from '../../src/verify/evidence.ts';
import { AttestedHost, findingsOf, graveCodes, policyWith, STRICT_POLICY } from './verify-scene.ts';

const WARNING = policyWith({ unknownHistory: 'warn' });

/** A host whose first `lost` records nobody has, and PCR 10 as it stood behind them. */
function hostThatLost(
  lost: number,
  policy = STRUCTURAL_POLICY,
): { readonly scene: AttestedHost; readonly startValues: NonNullable<ImaClaim['startValues']> } {
  const scene = new AttestedHost(policy);
  scene.host.measureFiles(lost - scene.host.ledger.length);
  const value = scene.host.tpm.value('sha256', 10);
  scene.host.measureFiles(4);
  return { scene, startValues: new Map([['sha256', new Map([[10, value]])]]) };
}

describe('records behind a start value', () => {
  it('without the value are a gap', () => {
    const { scene } = hostThatLost(6);
    const verdict = scene.send({ pieces: [scene.records(6)], fromIndex: 6 });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['none', 'ima.history_missing']);
  });

  const outcomes = [
    { policy: STRUCTURAL_POLICY, status: 'none' },
    { policy: WARNING, status: 'warning' },
  ] as const;
  for (const { policy, status } of outcomes) {
    it(`are proven by the quote, and the verdict is ${status} as the policy says`, () => {
      const { scene, startValues } = hostThatLost(6, policy);
      const verdict = scene.send({ pieces: [scene.records(6)], fromIndex: 6, startValues });
      assert.deepEqual([verdict.status, ...graveCodes(verdict)], [status, 'ima.history_unknown']);
      const { provenCount, pendingCount } = verdict.coverage.ima ?? {};
      assert.deepEqual([provenCount, pendingCount], [10, 0]);
      const [finding] = findingsOf(verdict, 'ima.history_unknown');
      assert.match(finding?.message ?? '', /Records 0 to 5 are missing\./);
    });
  }

  it('leave no checkpoint behind: the next round asks for record 0', () => {
    const { scene, startValues } = hostThatLost(6, WARNING);
    const verdict = scene.send({ pieces: [scene.records(6)], fromIndex: 6, startValues });
    assert.equal(verdict.next.fromIndex, 0);
    assert.equal(scene.verifier.state, undefined);
    const next = scene.send({ pieces: [scene.records(10)], fromIndex: 10 });
    assert.deepEqual([next.status, next.next.fromIndex], ['none', 0]);
  });

  it('are not proven by another value', () => {
    for (const policy of [STRUCTURAL_POLICY, WARNING]) {
      const { scene } = hostThatLost(6, policy);
      const startValues = new Map([['sha256' as const, new Map([[10, new Uint8Array(32)]])]]);
      const verdict = scene.send({ pieces: [scene.records(6)], fromIndex: 6, startValues });
      assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['none', 'ima.history_missing']);
      assert.equal(verdict.coverage.ima?.provenCount, null);
    }
  });

  it('are not proven when one of them is missing', () => {
    const { scene, startValues } = hostThatLost(6, WARNING);
    const verdict = scene.send({ pieces: [scene.records(7)], fromIndex: 6, startValues });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['none', 'ima.history_missing']);
  });

  it('are judged like any others', () => {
    const { ima } = STRICT_POLICY;
    const strict = ima as ImaAcceptance;
    const { scene, startValues } = hostThatLost(6, policyWith({ ...strict, ...UNKNOWN_WARNS }));
    scene.host.measureFile('/bad/program', 'bad');
    const verdict = scene.send({ pieces: [scene.records(6)], fromIndex: 6, startValues });
    assert.equal(verdict.status, 'contraindicated');
    assert.equal(findingsOf(verdict, 'ima.file_digest_refused').length, 1);
  });
});

describe('a start value', () => {
  it('at the quoted value itself proves no record, and says so', () => {
    const { scene } = hostThatLost(6, WARNING);
    const value = scene.host.tpm.value('sha256', 10);
    const startValues = new Map([['sha256' as const, new Map([[10, value]])]]);
    const verdict = scene.send({ pieces: [scene.records(6)], fromIndex: 6, startValues });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['warning', 'ima.history_unknown']);
    const { provenCount, pendingCount } = verdict.coverage.ima ?? {};
    assert.deepEqual([provenCount, pendingCount], [6, 4]);
  });

  it('never takes the place of our checkpoint', () => {
    const { scene } = hostThatLost(6, WARNING);
    scene.attest();
    scene.host.measureFiles(2);
    const value = scene.host.tpm.value('sha256', 10);
    const startValues = new Map([['sha256' as const, new Map([[10, value]])]]);
    scene.host.measureFiles(2);
    const verdict = scene.send({ pieces: [scene.records(12)], fromIndex: 12, startValues });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['none', 'ima.history_missing']);
    assert.equal(verdict.next.fromIndex, 10);
  });

  it('is not even looked at where the list starts at record 0', () => {
    const { scene, startValues } = hostThatLost(6, WARNING);
    const unused = scene.send({ pieces: [scene.records(6)], startValues });
    assert.equal(unused.coverage.ima?.provenCount, null);
    assert.deepEqual(findingsOf(unused, 'ima.history_unknown'), []);
    assert.equal(scene.send({ pieces: [scene.records()], startValues }).status, 'affirming');
  });
});

const UNKNOWN_WARNS = { unknownHistory: 'warn' } as const;

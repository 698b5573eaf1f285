// What a verifier says when an agent does not send what is needed, and that it is content once the
// agent does: reboots, gaps, lists begun anew by a kexec, histories that are gone.
// product promise: `none` always says what would settle it. FORMATS 7.2, 8.4, 14.6.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyRound } from '../../src/verify/verify.ts';
import { expectationOf, gravestCodes } from './expectations.ts';
import { withClaim, withList } from './fault.ts';
import { type Ask, type History, historyArbitrary, suiteSize } from './histories.ts';
import type { Round } from './host.ts';
import { live, requestOf, type Scene } from './rounds.ts';

const ASK: Ask = { event: 'round', quotes: 'boot', start: 'asked', pending: 0, cuts: [] };

describe('an agent that does not send what is needed', () => {
  it('is told to begin at record 0 after a reboot that it did not notice', () => {
    forHistories((history) => {
      const scene = attested(history);
      scene.host.reboot();
      scene.host.measureFiles(scene.askedIndex + 4);
      const stale = send(scene, scene.host.evidence(requestOf(scene, ASK)));
      assertNone(stale, 0);
      assertRight({ ...scene, askedIndex: 0 });
    });
  });

  it('is told where records are missing, and may send them then', () => {
    forHistories((history) => {
      const scene = attested(history);
      scene.host.measureFiles(5);
      const round = scene.host.evidence(requestOf(scene, ASK));
      const { evidence, segments } = withList(round, round.held.slice(2));
      const fromIndex = scene.askedIndex + 2;
      const late = { ...round, evidence: withClaim(evidence, { ...evidence.ima, fromIndex }) };
      assertNone(send(scene, { ...late, segments }), scene.askedIndex);
      assertRight(scene);
    });
  });

  it('may go on with the list that a kexec began, when the verifier has seen all before it', () => {
    forHistories((history) => {
      const kernel = { ...history.kernel, kexec: 'left-behind', counters: 'none' } as const;
      const scene = attested({ ...history, kernel });
      const { host, askedIndex } = scene;
      if (askedIndex !== host.ledger.length) return;
      host.kexec();
      host.measureFiles(3);
      const round = host.evidence(requestOf(scene, ASK));
      assert.equal(round.held.length, host.kernel.current.length);
      const evidence = withClaim(round.evidence, { ...round.evidence.ima, fromIndex: 0 });
      const verdict = send(scene, { ...round, evidence });
      const told = { ask: ASK, round, verdict, checkpointIndex: askedIndex };
      const expected = expectationOf(told, scene.history, host);
      assert.deepEqual(gravestCodes(verdict), expected.codes);
      assert.equal(verdict.coverage.ima?.provenCount, expected.provenCount);
    });
  });

  it('may prove the records that it has behind a start value, where the policy says so', () => {
    forHistories((history) => {
      const scene = live(plainBanks(history), STRUCTURAL_POLICY, () => {});
      const { host } = scene;
      const [bank = 'sha256'] = scene.history.quotedBanks;
      const values = [10, 11].map((pcr) => [pcr, host.tpm.value(bank, pcr)] as const);
      const startValues = new Map([[bank, new Map(values)]]);
      const fromIndex = host.ledger.length;
      host.measureFiles(4);
      const round = host.evidence({ ...requestOf(scene, ASK), fromIndex });
      const evidence = withClaim(round.evidence, { ...round.evidence.ima, startValues });
      for (const unknownHistory of ['none', 'warn'] as const) {
        const { ima } = STRUCTURAL_POLICY;
        assert.notEqual(ima, 'not-required');
        if (ima === 'not-required') return;
        const policy = { ...STRUCTURAL_POLICY, ima: { ...ima, unknownHistory } };
        const { verdict, state } = verifyRound(evidence, round.segments, { policy });
        assert.ok(gravestCodes(verdict).includes('ima.history_unknown'));
        assert.equal(verdict.status, unknownHistory === 'none' ? 'none' : 'warning');
        assert.deepEqual(state?.checkpoints ?? [], []);
      }
    });
  });
});

/** Histories without values left out: what they ask is not the matter here. */
function forHistories(check: (history: History) => void): void {
  fc.assert(fc.property(historyArbitrary(), check), suiteSize(0.2));
}

/** A scene whose last round has shown the verifier everything that a quoted PCR can show. */
function attested(history: History): Scene {
  const scene = live(history, STRUCTURAL_POLICY, () => {});
  const round = scene.host.evidence(requestOf(scene, { ...ASK, start: 'zero' }));
  return { ...scene, askedIndex: send(scene, round).next.fromIndex };
}

function send({ verifier }: Scene, { evidence, segments }: Pick<Round, 'evidence' | 'segments'>) {
  return verifier.verify(evidence, segments);
}

/** The suffix proof follows the banks that the host gives values for. */
function plainBanks(history: History): History {
  const [bank = 'sha256'] = history.quotedBanks;
  return { ...history, quotedBanks: [bank] };
}

function assertNone(verdict: VerdictBody, neededIndex: number): void {
  assert.equal(verdict.status, 'none');
  assert.ok(gravestCodes(verdict).includes('ima.history_missing'));
  assert.equal(verdict.next.fromIndex, neededIndex);
}

/** The host's next round, from where it was told, is judged as it should be. */
function assertRight(scene: Scene): void {
  const round = scene.host.evidence(requestOf(scene, ASK));
  const verdict = send(scene, round);
  const told = { ask: ASK, round, verdict, checkpointIndex: scene.askedIndex };
  const expected = expectationOf(told, scene.history, scene.host);
  assert.deepEqual(gravestCodes(verdict), expected.codes);
  assert.equal(verdict.status, expected.status);
}

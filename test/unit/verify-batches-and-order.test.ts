// Batches and claimed orders of extends, with and without a policy that takes them. FORMATS 12.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Treatment } from '../../src/policy/acceptance.ts';
import { fileDraft, ListRecord } from '../simulator/records.ts';
import { AttestedHost, findingsOf, graveCodes, policyWith } from './verify-scene.ts';

function batched(batches: Treatment): AttestedHost {
  const scene = new AttestedHost(policyWith({ batches, updateCounter: NO_COUNTER }));
  scene.host.measureFiles(2);
  scene.host.batch(3);
  scene.host.measureFiles(1);
  return scene;
}

function other(path: string): ListRecord {
  return new ListRecord(fileDraft({ path, content: path, pcr: 10, signed: false }), 'little');
}

describe('batches', () => {
  const outcomes = [
    { batches: 'accept', status: 'affirming', present: [] },
    { batches: 'report', status: 'affirming', present: ['info', 'info'] },
    { batches: 'warn', status: 'warning', present: ['warning', 'warning'] },
  ] as const;
  for (const { batches, status, present } of outcomes) {
    it(`are replayed where the policy says ${batches}`, () => {
      const verdict = batched(batches).attest();
      assert.deepEqual([verdict.status, verdict.coverage.ima?.provenCount], [status, 9]);
      const severities = findingsOf(verdict, 'ima.batch_present').map(({ severity }) => severity);
      assert.deepEqual(severities, present);
    });
  }

  it('are not even looked for where the policy refuses them', () => {
    const verdict = batched('refuse').attest();
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], MISMATCH);
    assert.deepEqual(findingsOf(verdict, 'ima.batch_present'), []);
  });

  it('prove nothing while they are open', () => {
    const scene = batched('accept');
    const verdict = scene.send({ pieces: [scene.records(0, 7)] });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], MISMATCH);
  });

  it('are not proven with another member, another order or a member less', () => {
    const scene = batched('accept');
    const all = scene.records();
    const spoiled = [
      all.toSpliced(5, 1, other('/bin/other')),
      all.toSpliced(4, 2, ...all.slice(4, 6).toReversed()),
      all.toSpliced(5, 1),
    ];
    for (const records of spoiled) {
      const verdict = scene.send({ pieces: [records] });
      assert.equal(verdict.status, 'contraindicated');
      assert.ok(graveCodes(verdict).includes('ima.replay_mismatch'));
    }
  });

  it('go on over rounds and kexecs, and ids never go back within an epoch', () => {
    const scene = batched('accept');
    scene.attest();
    scene.host.batch(1);
    const second = scene.attest(9);
    assert.deepEqual([second.status, second.coverage.ima?.provenCount], ['affirming', 12]);
    scene.host.kexec();
    scene.host.batch(2);
    const third = scene.attest(12);
    assert.deepEqual([third.status, third.coverage.ima?.provenCount], ['warning', 17]);
    assert.deepEqual(findingsOf(third, 'ima.batch_malformed'), []);
  });

  it('whose grammar somebody breaks are told where the replay stands', () => {
    const scene = batched('accept');
    const [stop] = scene.records(7, 8);
    assert.ok(stop !== undefined);
    scene.host.kernel.measure(stop.draft);
    const verdict = scene.attest();
    assert.deepEqual([verdict.status, verdict.coverage.ima?.provenCount], ['contraindicated', 10]);
    const [finding] = findingsOf(verdict, 'ima.batch_malformed');
    assert.deepEqual([finding?.where.entryIndex, finding?.actual], [9, 'a stop']);
  });
});

describe('a claimed order of extends', () => {
  function overtaken(window: number): AttestedHost {
    const scene = new AttestedHost(policyWith({ extendOrderWindow: window }));
    scene.host.measureFiles(2);
    scene.host.swapExtends();
    scene.host.measureFiles(1);
    return scene;
  }

  it('proves order and content where it reaches the quote', () => {
    const scene = overtaken(1);
    const verdict = scene.send({ pieces: [scene.records()], extendOrder: [4, 3] });
    assert.deepEqual([verdict.status, verdict.coverage.ima?.provenCount], ['affirming', 6]);
    assert.equal(findingsOf(verdict, 'ima.extends_reordered')[0]?.actual, '2 records');
  });

  it('is refused and not used where the window is smaller', () => {
    const scene = overtaken(0);
    const verdict = scene.send({ pieces: [scene.records()], extendOrder: [4, 3] });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], MISMATCH);
    const [refused] = findingsOf(verdict, 'ima.extend_order_refused');
    assert.deepEqual([refused?.expected, refused?.actual], ['at most 0 places', '1 places']);
  });

  it('is nothing to believe: without it, or with another, nothing is proven', () => {
    const scene = overtaken(4);
    for (const extendOrder of [undefined, [3, 4], [3, 2], [4, 3, 2]]) {
      const claim = extendOrder === undefined ? {} : { extendOrder };
      const verdict = scene.send({ pieces: [scene.records()], ...claim });
      assert.deepEqual([verdict.status, ...graveCodes(verdict)], MISMATCH);
    }
  });

  it('that is no permutation is refused, and the list is judged as it stands', () => {
    const scene = new AttestedHost(policyWith({ extendOrderWindow: 4 }));
    scene.host.measureFiles(4);
    const verdict = scene.send({ pieces: [scene.records()], extendOrder: [2, 2] });
    assert.equal(verdict.status, 'affirming');
    assert.equal(findingsOf(verdict, 'ima.extend_order_refused').length, 1);
    assert.deepEqual(findingsOf(verdict, 'ima.extends_reordered'), []);
  });

  it('counts in list positions of the boot, in later rounds too', () => {
    const scene = overtaken(1);
    scene.send({ pieces: [scene.records()], extendOrder: [4, 3] });
    scene.host.swapExtends();
    const next = scene.send({ pieces: [scene.records(6)], fromIndex: 6, extendOrder: [7, 6] });
    assert.deepEqual([next.status, next.coverage.ima?.provenCount], ['affirming', 8]);
  });

  it('proves nothing between two extends that overtake each other', () => {
    const scene = new AttestedHost(policyWith({ extendOrderWindow: 1 }));
    scene.host.measureFiles(2);
    const [late, early] = [other('/bin/late'), other('/bin/early')];
    const sent = { pieces: [[...scene.records(), late, early]], extendOrder: [4, 3] };
    scene.host.tpm.extend(10, (bank) => early.extended(bank, 'own-hash'));
    const between = scene.send(sent);
    assert.deepEqual([between.status, ...graveCodes(between)], MISMATCH);
    scene.host.tpm.extend(10, (bank) => late.extended(bank, 'own-hash'));
    assert.equal(scene.send(sent).status, 'affirming');
  });
});

const MISMATCH = ['contraindicated', 'ima.replay_mismatch'];
const NO_COUNTER = { model: 'off', banks: 1, lag: 0, excess: 'accept' } as const;

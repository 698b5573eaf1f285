// A thread dies in the middle of its work: that work fails, and says so; the next gets another.

import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { packPolicy } from '../../src/service/policy-package.ts';
import { Problem } from '../../src/service/problem.ts';
import type { EvidencePiece } from '../../src/service/reappraise.ts';
import { startWorkers } from '../../src/workers/worker-pool.ts';

const policy = packPolicy({
  document: { format: 'plumbline-policy/1', name: 'prod', ima: 'not-required' },
  digest: 'sha256:00',
  version: 1,
  sets: [],
  keyrings: [],
});
const workers = startWorkers({ threads: 1, waiting: 1 });
after(() => workers.close());

const work = (pieces: AsyncIterable<EvidencePiece>) =>
  workers.reappraise({ policy, pieces, share: 'attestation' });

async function* nothing(): AsyncIterable<EvidencePiece> {
  yield { kind: 'missing', because: 'evidence-missing' };
}

/** Evidence that does not come before `free` is called. */
function held() {
  let free = () => {};
  let ask = () => {};
  const freed = new Promise<void>((resolve) => {
    free = resolve;
  });
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  async function* pieces(): AsyncIterable<EvidencePiece> {
    ask();
    await freed;
    yield* nothing();
  }
  return { free, asked, pieces: pieces() };
}

it('a thread that is killed fails its work and no other', async () => {
  const threads: Worker[] = [];
  const note = (thread: Worker) => threads.push(thread);
  process.on('worker', note);
  const first = held();
  const dying = work(first.pieces);
  await first.asked;
  process.off('worker', note);
  await Promise.all([
    assert.rejects(dying, (error) => !(error instanceof Problem)),
    ...threads.map((thread) => thread.terminate()),
  ]);
  first.free();
  const { derivable } = await work(nothing());
  assert.equal(derivable, false);
});

it('evidence that cannot be read is the fault of whoever reads it', async () => {
  async function* broken(): AsyncIterable<EvidencePiece> {
    yield* [];
    throw new Error('the database is gone');
  }
  await assert.rejects(work(broken()), /the database is gone/);
  assert.equal((await work(nothing())).derivable, false);
});

it('work above the bound is told to come back', async () => {
  const [first, second] = [held(), held()];
  const [running, waiting] = [work(first.pieces), work(second.pieces)];
  await assert.rejects(work(nothing()), (error) => {
    return error instanceof Problem && error.code === 'service.busy';
  });
  first.free();
  second.free();
  assert.deepEqual([(await running).derivable, (await waiting).derivable], [false, false]);
});

it('a trial waits while attesters do', async () => {
  const first = held();
  const attestation = work(first.pieces);
  const order: string[] = [];
  const trial = workers
    .reappraise({ policy, pieces: nothing(), share: 'trial' })
    .then(() => order.push('trial'));
  const next = work(nothing()).then(() => order.push('attestation'));
  first.free();
  await Promise.all([attestation, trial, next]);
  assert.deepEqual(order, ['attestation', 'trial']);
});

// A change of policy is a change for records that are proven already: what is kept of the boot is
// appraised again before the next challenge, once, and only where that is possible.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import type { Database } from '../../src/store/database.ts';
import { onBothDatabases } from '../store/databases.ts';
import {
  answer,
  attest,
  bodyFor,
  challenge,
  type Enrolled,
  enrol,
  FILES,
  publish,
} from './attestation.ts';
import { digestLines, type MadeFile } from './made-host.ts';
import { type Answer, type RunningApi, startApi } from './running-api.ts';

const EXTRA: MadeFile = { path: '/usr/bin/extra', content: 'extra' };

onBothDatabases('re-appraisal', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened());
    await publish(running);
  });
  after(() => running.close());

  const useFiles = async (files: readonly MadeFile[]) => {
    const role = 'policy-admin';
    const headers = { 'content-type': 'text/plain' };
    const path = '/v1/reference-sets/base';
    const { body } = await running.call('POST', path, { role, headers, body: digestLines(files) });
    await running.call('POST', `${path}/versions/${String(body['version'])}/activate`, { role });
  };
  const timelineOf = async (id: string) => {
    const found = await running.ports.timelines.find(id);
    const codes = found.state?.checkpoints[0]?.appraisal.open.counts.map(([code]) => code) ?? [];
    return { version: found.version, codes, under: found.under?.referenceSets };
  };

  /** Three rounds: the first list, a round with nothing new, and one with another file. */
  const threeRounds = async (): Promise<Enrolled> => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    await attest(running, enrolled);
    enrolled.host.measure([EXTRA]);
    await attest(running, enrolled);
    return enrolled;
  };

  it('clears what another set of values accepts, and brings back what it does not', async () => {
    const enrolled = await threeRounds();
    const { id } = enrolled;
    const before = await timelineOf(id);
    assert.deepEqual([before.version, before.codes], [3, ['ima.file_unknown']]);
    await useFiles([...FILES, EXTRA]);
    assertStatus(await attest(running, enrolled), 'affirming');
    assert.deepEqual(await timelineOf(id), { version: 5, codes: [], under: { base: 2 } });
    await useFiles(FILES);
    assertStatus(await attest(running, enrolled), 'contraindicated', ['ima.file_unknown']);
    const { codes } = await timelineOf(id);
    assert.deepEqual(codes, ['ima.file_unknown']);
  });

  it('happens once, and is shared by those who ask at once', async () => {
    const { id } = await threeRounds();
    await useFiles([...FILES, EXTRA]);
    await Promise.all([1, 2, 3].map(() => challenge(running, id)));
    const { ima } = await challenge(running, id);
    assert.equal(ima.fromIndex, 5);
    assert.equal((await timelineOf(id)).version, 4);
    await useFiles(FILES);
  });

  it('overtakes a round whose challenge is of before', async () => {
    const enrolled = await threeRounds();
    const early = await challenge(running, enrolled.id);
    await useFiles([...FILES, EXTRA]);
    await challenge(running, enrolled.id);
    const json = bodyFor(enrolled.host, early.nonce, { fromIndex: early.ima.fromIndex });
    const { status, body } = await answer(running, early.id, { json });
    assert.deepEqual([status, body['code']], [409, 'round.overtaken']);
    await useFiles(FILES);
  });

  it('starts from the boot that is up, and leaves the one before alone', async () => {
    const enrolled = await threeRounds();
    enrolled.host.reboot([...FILES, EXTRA]);
    assertStatus(await attest(running, enrolled, 0), 'contraindicated', ['ima.file_unknown']);
    await useFiles([...FILES, EXTRA]);
    assertStatus(await attest(running, enrolled), 'affirming');
    const { state } = await running.ports.timelines.find(enrolled.id);
    assert.deepEqual([state?.boot.number, state?.boot.resetCount], [2, 4]);
    await useFiles(FILES);
  });

  it('leaves open what was found where evidence is gone, and tries it once', async () => {
    const enrolled = await threeRounds();
    await forgetFirstRound(opened(), enrolled.id);
    await useFiles([...FILES, EXTRA]);
    await challenge(running, enrolled.id);
    const kept = await timelineOf(enrolled.id);
    assert.deepEqual([kept.version, kept.codes], [3, ['ima.file_unknown']]);
    const [names = []] = [Object.keys(kept.under ?? {})];
    assert.deepEqual(names, ['base']);
    assertStatus(await attest(running, enrolled), 'contraindicated', ['ima.file_unknown']);
    assertStatus(await attest(running, enrolled, 0), 'affirming');
    await useFiles(FILES);
  });
});

function assertStatus({ body }: Answer, status: string, codes?: readonly string[]): void {
  assert.equal(body['status'], status, JSON.stringify(body['findings']));
  if (codes === undefined) return;
  const found = z.record(z.string(), z.number()).parse(body['findingCounts']);
  for (const code of codes) assert.ok(code in found, JSON.stringify(found));
}

async function forgetFirstRound(database: Database, id: string): Promise<void> {
  const text = `DELETE FROM evidence WHERE attester_id = $1 AND received_at = (
    SELECT min(received_at) FROM evidence WHERE attester_id = $1)`;
  await database.run(text, [id]);
}

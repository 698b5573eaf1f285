// Uploads that stop half way: nothing of them is ever visible, and the challenge stays open.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import type { Database } from '../../src/store/database.ts';
import {
  answer,
  bodyFor,
  type Challenged,
  challenge,
  type Enrolled,
  enrol,
  publish,
} from '../api/attestation.ts';
import { type RunningApi, startApi, startBeside } from '../api/running-api.ts';
import { onBothDatabases } from '../store/databases.ts';
import { holdUpload, until } from './held-upload.ts';

/** More than one chunk, so that some of it is written before the body ends. */
const LONG = Buffer.alloc(1_500_000);

onBothDatabases('a slow body', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened(), { appraisals: 1, requestMs: 2_000 });
    await publish(running);
  });
  after(() => running.close());

  async function challenged(): Promise<{ enrolled: Enrolled; given: Challenged }> {
    const enrolled = await enrol(running);
    return { enrolled, given: await challenge(running, enrolled.id) };
  }

  async function assertStillOpen({ host, id }: Enrolled, given: Challenged): Promise<void> {
    const { body } = await running.call('GET', `/v1/verdicts?attester=${id}`, { role: 'auditor' });
    assert.deepEqual(body['items'], []);
    const json = bodyFor(host, given.nonce);
    assert.equal((await answer(running, given.id, { json })).body['status'], 'affirming');
  }

  it('that is aborted leaves nothing', async () => {
    const { enrolled, given } = await challenged();
    const upload = holdUpload(running.url, given, enrolled.host);
    upload.send(LONG);
    await until(async () => (await countOf(opened(), 'evidence_chunks', enrolled.id)) === 1);
    upload.abort();
    await upload.answer;
    await until(async () => (await countOf(opened(), 'evidence', enrolled.id)) === 0);
    assert.equal(await countOf(opened(), 'evidence_chunks', enrolled.id), 0);
    await assertStillOpen(enrolled, given);
  });

  it('that never ends is told so', async () => {
    const { enrolled, given } = await challenged();
    const upload = holdUpload(running.url, given, enrolled.host);
    upload.send(LONG);
    const text = await upload.answer;
    assert.match(text, /^HTTP\/1\.1 408 /);
    assert.match(text, /"code":"request\.timed_out"/);
    await until(async () => (await countOf(opened(), 'evidence', enrolled.id)) === 0);
    await assertStillOpen(enrolled, given);
  });

  it('takes a place; who comes meanwhile is told to come back', async () => {
    const { enrolled, given } = await challenged();
    const upload = holdUpload(running.url, given, enrolled.host);
    upload.send(LONG);
    await until(async () => (await countOf(opened(), 'evidence', enrolled.id)) === 1);
    const json = bodyFor(enrolled.host, given.nonce);
    const { status, headers, body } = await answer(running, given.id, { json });
    assert.equal(status, 503);
    assert.equal(body['code'], 'service.busy');
    assert.ok(Number(headers.get('retry-after')) > 0);
    upload.abort();
    await until(async () => (await countOf(opened(), 'evidence', enrolled.id)) === 0);
    await assertStillOpen(enrolled, given);
  });

  it('that ends in good time is answered although the service closes', async () => {
    const other = await startBeside(running);
    const { enrolled, given } = await challenged();
    const upload = holdUpload(other.url, given, enrolled.host);
    const { list } = enrolled.host;
    upload.send(list.subarray(0, 50));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const closed = other.close();
    upload.send(list.subarray(50));
    upload.finish();
    assert.match(await upload.answer, /^HTTP\/1\.1 201 [\s\S]*"status":"affirming"/);
    await closed;
  });
});

async function countOf(database: Database, table: string, attesterId: string): Promise<number> {
  const text = `SELECT count(*)::int AS count FROM ${table} WHERE attester_id = $1`;
  const [row] = await database.query(text, [attesterId], z.object({ count: z.number() }));
  return row?.count ?? -1;
}

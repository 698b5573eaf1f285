// Several instances on one database answer rounds of one attester at the same time: history stays
// one line, and no checkpoint is lost.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Database } from '../../src/store/database.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import {
  answer,
  bodyFor,
  challenge,
  type Enrolled,
  enrol,
  FILES,
  publish,
} from '../api/attestation.ts';
import { type Answer, type RunningApi, startApi, startBeside } from '../api/running-api.ts';
import { postgresBinaries, startCluster } from '../store/postgres-cluster.ts';
import { holdUpload } from './held-upload.ts';

/** Opens the database as another instance does, and leaves nothing behind. */
interface Shared {
  open(): Promise<Database>;
  remove(): Promise<void>;
}

const binaries = postgresBinaries();
if (binaries !== undefined) describeOn('PostgreSQL', () => sharedPostgres(binaries));
describeOn('the embedded database', sharedEmbedded);

function describeOn(title: string, share: () => Promise<Shared>): void {
  describe(`rounds at once on ${title}`, () => {
    let shared: Shared;
    let instances: readonly RunningApi[] = [];
    before(async () => {
      shared = await share();
      const first = await startApi(await shared.open());
      await publish(first);
      const second = await startBeside(first, { database: await shared.open() });
      const third = await startBeside(first, { database: await shared.open() });
      instances = [first, second, third];
    });
    after(async () => {
      for (const instance of instances.toReversed()) await instance.close();
      await shared.remove();
    });

    it('are one line of history, whichever of them wins', async () => {
      const [first] = instances;
      assert.ok(first);
      const enrolled = await enrol(first);
      let proven = 0;
      for (let generation = 0; generation < 6; generation += 1) {
        const answers = await race(instances, enrolled);
        const won = answers.filter(({ status }) => status === 201);
        const lost = answers.filter(({ body }) => body['code'] === 'round.overtaken');
        assert.deepEqual([won.length, lost.length], [1, answers.length - 1]);
        const verdict = won[0]?.body ?? {};
        assert.equal(verdict['status'], 'affirming', JSON.stringify(verdict));
        assert.equal(await startOf(first, String(verdict['id'])), proven);
        proven = Object(verdict['coverage']).ima.provenCount;
        const { ima } = await challenge(first, enrolled.id);
        assert.equal(ima.fromIndex, proven);
      }
      const list = await first.call('GET', `/v1/verdicts?attester=${enrolled.id}`, {
        role: 'auditor',
      });
      assert.equal(Object(list.body['items']).length, 6);
    });

    it('let the first to finish win where both had begun', async () => {
      const [first, second] = instances;
      assert.ok(first && second);
      const { host, id } = await enrol(first);
      const uploads = [];
      for (const { url } of [first, second]) {
        const upload = holdUpload(url, await challenge(first, id), host);
        upload.send(host.list.subarray(0, 50));
        uploads.push(upload);
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const upload of uploads) {
        upload.send(host.list.subarray(50));
        upload.finish();
      }
      const [won, lost] = (await Promise.all(uploads.map(({ answer: text }) => text))).sort();
      assert.match(won ?? '', /^HTTP\/1\.1 201 [\s\S]*"status":"affirming"/);
      assert.match(lost ?? '', /^HTTP\/1\.1 409 [\s\S]*"code":"round\.overtaken"/);
    });
  });
}

/** Two challenges at each instance, each quoted with one file more, all answered together. */
async function race(
  instances: readonly RunningApi[],
  { host, id }: Enrolled,
): Promise<readonly Answer[]> {
  const ready: (() => Promise<Answer>)[] = [];
  for (const instance of [...instances, ...instances]) {
    const given = await challenge(instance, id);
    host.measure(FILES.slice(0, 1));
    const json = bodyFor(host, given.nonce, given.ima);
    ready.push(() => answer(instance, given.id, { json }));
    instance.wait(1);
  }
  return Promise.all(ready.map((send) => send()));
}

/** How many records were proven before the round of this verdict. */
async function startOf({ call }: RunningApi, verdict: string): Promise<number> {
  const { body } = await call('GET', `/v1/verdicts/${verdict}/evidence`, { role: 'auditor' });
  return Object(body['document']).timeline?.checkpoints[0].index ?? 0;
}

async function sharedPostgres(folder: string): Promise<Shared> {
  const cluster = startCluster(folder);
  const opened: Database[] = [];
  return {
    open: async () => {
      const database = openPostgres(cluster.url);
      opened.push(database);
      return database;
    },
    remove: async () => {
      for (const database of opened) await database.close();
      cluster.remove();
    },
  };
}

/** One process only: its instances share one connection. */
async function sharedEmbedded(): Promise<Shared> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-embedded-'));
  const database = await openEmbedded(folder);
  return {
    open: async () => database,
    remove: async () => {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

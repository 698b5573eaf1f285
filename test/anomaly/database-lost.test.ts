// The database goes away in the middle: no verdict, no half, and it works again afterwards.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Database } from '../../src/store/database.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { answer, attest, bodyFor, challenge, enrol, FILES, publish } from '../api/attestation.ts';
import { type Answer, type RunningApi, startApi } from '../api/running-api.ts';
import { type PostgresCluster, postgresBinaries, startCluster } from '../store/postgres-cluster.ts';
import { holdUpload, until } from './held-upload.ts';

const binaries = postgresBinaries();
const Count = z.object({ count: z.number() });

if (binaries !== undefined) {
  describe('a PostgreSQL that is lost', () => {
    let cluster: PostgresCluster;
    let database: Database;
    let running: RunningApi;
    before(async () => {
      cluster = startCluster(binaries);
      database = openPostgres(cluster.url);
      running = await startApi(database);
      await publish(running);
    });
    after(async () => {
      await running.close();
      await database.close();
      cluster.remove();
    });

    it('in a transaction takes all of it along', async () => {
      await database.script('CREATE TABLE marks (id int)');
      const work = database.transaction(async (queries) => {
        await queries.run('INSERT INTO marks VALUES (1)', []);
        cluster.crash();
        await queries.run('INSERT INTO marks VALUES (2)', []);
      });
      await assert.rejects(work);
      cluster.restart();
      const rows = await database.query('SELECT count(*)::int AS count FROM marks', [], Count);
      assert.deepEqual(rows, [{ count: 0 }]);
    });

    it('during an upload leaves the challenge to be answered again', async () => {
      const { host, id } = await enrol(running);
      const given = await challenge(running, id);
      const upload = holdUpload(running.url, given, host);
      upload.send(host.list);
      upload.send(Buffer.alloc(1_500_000));
      await until(async () => (await chunksOf(database, id)) === 1);
      cluster.crash();
      assert.equal((await running.call('GET', '/readyz')).status, 503);
      upload.finish();
      const text = await upload.answer;
      assert.match(text, /^HTTP\/1\.1 500 [\s\S]*"code":"internal\.fault"/);
      assert.doesNotMatch(text, /ECONN|socket|postgres|terminat/i);
      cluster.restart();
      assert.equal((await running.call('GET', '/readyz')).status, 200);
      const path = `/v1/verdicts?attester=${id}`;
      const list = await running.call('GET', path, { role: 'auditor' });
      assert.deepEqual(list.body['items'], []);
      const json = bodyFor(host, given.nonce);
      assert.equal((await answer(running, given.id, { json })).body['status'], 'affirming');
    });

    it('while it decides leaves the timeline where it was', async () => {
      const enrolled = await enrol(running);
      await attest(running, enrolled);
      const path = `/v1/attesters/${enrolled.id}/timeline`;
      const before = await running.call('GET', path, { role: 'auditor' });
      enrolled.host.measure(FILES);
      const given = await challenge(running, enrolled.id);
      const json = bodyFor(enrolled.host, given.nonce, given.ima);
      // The challenge is spent and the timeline moved on; then the verdict has to wait, for ever.
      let answered: Promise<Answer> | undefined;
      const held = database.transaction(async (queries) => {
        await queries.run('LOCK TABLE verdicts IN SHARE MODE', []);
        answered = answer(running, given.id, { json });
        await until(async () => (await waiters(database)) === 1);
        cluster.crash();
        throw new Error('crashed as planned');
      });
      await assert.rejects(held, /crashed as planned/);
      assert.equal((await answered)?.body['code'], 'internal.fault');
      cluster.restart();
      const after = await running.call('GET', path, { role: 'auditor' });
      assert.deepEqual(after.body, before.body);
      const again = await answer(running, given.id, { json });
      assert.equal(again.body['status'], 'affirming', JSON.stringify(again.body));
    });
  });
}

describe('an embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-killed-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('whose process is killed in a transaction has none of it', async () => {
    const script = fileURLToPath(new URL('./hold-transaction.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise((resolve) => child.on('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await exited;
    // Its lock is left behind, and its process is not: the folder is free.
    const database = await openEmbedded(folder);
    const rows = await database.query('SELECT count(*)::int AS count FROM marks', [], Count);
    assert.deepEqual(rows, [{ count: 1 }]);
    await assert.rejects(openEmbedded(folder), /in use/);
    await database.close();
    await (await openEmbedded(folder)).close();
  });
});

async function waiters(database: Database): Promise<number> {
  const text = 'SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted';
  const [row] = await database.query(text, [], Count);
  return row?.count ?? -1;
}

async function chunksOf(database: Database, attesterId: string): Promise<number> {
  const text = 'SELECT count(*)::int AS count FROM evidence_chunks WHERE attester_id = $1';
  const [row] = await database.query(text, [attesterId], Count);
  return row?.count ?? -1;
}

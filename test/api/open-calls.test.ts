// Who shows no good token changes nothing but the attestation that is their own.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import { declaredRoutes } from '../../src/api/access.ts';
import { onBothDatabases } from '../store/databases.ts';
import { enrol, publish } from './attestation.ts';
import { type RunningApi, startApi } from './running-api.ts';

onBothDatabases('open calls', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened());
  });
  after(() => running.close());

  /** A digest of each table. */
  const contents = async (): Promise<Readonly<Record<string, string>>> => {
    const tables = await opened().query(TABLES, [], z.object({ name: z.string() }));
    const found: Record<string, string> = {};
    for (const { name } of tables) {
      const text = `SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) AS digest
        FROM "${name}" t`;
      const [row] = await opened().query(text, [], z.object({ digest: z.string() }));
      found[name] = row?.digest ?? '';
    }
    return found;
  };

  it('change no table, on any route, with any body', async () => {
    const before = await contents();
    assert.ok('audit_log' in before);
    const bad = [{}, { authorization: 'Bearer x' }, { authorization: 'Basic eDp4' }];
    for (const { method, url } of declaredRoutes(running.api)) {
      const path = url.replace(':id', randomUUID()).replace(/:\w+/g, '1');
      for (const headers of bad) {
        const json = { name: 'x', role: 'admin' };
        const what = method === 'GET' ? { headers } : { headers, json };
        await running.call(method, path, what);
      }
    }
    assert.deepEqual(await contents(), before);
  });

  it('change the challenges when a host asks for one, and nothing else', async () => {
    await publish(running);
    const { id } = await enrol(running);
    const before = await contents();
    const { status } = await running.call('POST', `/v1/attesters/${id}/challenges`);
    assert.equal(status, 201);
    const changed = Object.entries(await contents()).filter(([name, now]) => now !== before[name]);
    assert.deepEqual(
      changed.map(([name]) => name),
      ['challenges'],
    );
  });
});

const TABLES = `
  SELECT table_name AS name FROM information_schema.tables
  WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`;

// The audit log over HTTP: what was done and by whom, page by page, and whether the chain is whole.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import { ROLES } from '../../src/service/ports.ts';
import { onBothDatabases } from '../store/databases.ts';
import { type RunningApi, startApi } from './running-api.ts';

const Records = z.object({
  items: z.array(z.object({ id: z.int(), actor: z.string().nullable(), action: z.string() })),
  next: z.string().nullable(),
});

onBothDatabases('GET /v1/audit', (opened) => {
  let running: RunningApi;
  let kept: string;
  before(async () => {
    running = await startApi(opened());
    running.wait(3600);
    const json = { name: 'kept', role: 'operator' };
    kept = String((await running.call('POST', '/v1/tokens', { role: 'admin', json })).body['id']);
    await running.call('POST', `/v1/tokens/${kept}/rotate`, { role: 'admin', json: {} });
    await running.call('DELETE', `/v1/tokens/${kept}`, { role: 'admin' });
    await running.call('GET', '/v1/tokens', { role: 'auditor' });
  });
  after(() => running.close());

  const read = async (query: string) =>
    Records.parse((await running.call('GET', `/v1/audit${query}`, { role: 'auditor' })).body);
  const actions = async (query: string) => (await read(query)).items.map(({ action }) => action);

  it('tells the life of a token by its id', async () => {
    const expected = ['token.revoke', 'token.rotate', 'token.create'];
    assert.deepEqual(await actions(`?subject=${kept}`), expected);
    assert.deepEqual(await actions(`?subject=${kept}&action=token.rotate`), ['token.rotate']);
  });

  it('tells refusals, newest first', async () => {
    const { items } = await read('?action=access.refuse');
    assert.equal(items.length, 1);
    const actor = items[0]?.actor ?? '';
    assert.deepEqual(await actions(`?actor=${actor}`), ['access.refuse']);
  });

  it('is bounded by times', async () => {
    const since = running.ports.clock.now().toISOString();
    assert.equal((await actions(`?since=${since}`)).length, 4);
    // Before that, one token for each role was made.
    assert.equal((await actions(`?until=${since}`)).length, ROLES.length);
  });

  it('comes in pages', async () => {
    const all = await read('');
    const ids: number[] = [];
    let cursor = '';
    do {
      const page = await read(`?limit=2${cursor}`);
      ids.push(...page.items.map(({ id }) => id));
      cursor = page.next === null ? '' : `&cursor=${page.next}`;
    } while (cursor !== '');
    assert.deepEqual(
      ids,
      all.items.map(({ id }) => id),
    );
    assert.equal(all.next, null);
    for (const wrong of ['cursor=x', 'cursor=-1', 'subject=%00', 'actor=', 'since=today']) {
      const { body } = await running.call('GET', `/v1/audit?${wrong}`, { role: 'auditor' });
      assert.equal(body['code'], 'request.invalid', wrong);
    }
  });

  it('holds no secret', async () => {
    const text = JSON.stringify(await running.call('GET', '/v1/audit', { role: 'auditor' }));
    assert.ok(!text.includes('plumbline_'));
  });

  it('is a chain that can be verified, and a noted head checked', async () => {
    const verify = async (query: string) =>
      (await running.call('GET', `/v1/audit/verification${query}`, { role: 'auditor' })).body;
    const { brokenAt, rows, head } = Verification.parse(await verify(''));
    assert.deepEqual([brokenAt, rows], [null, head.id]);
    const noted = Verification.parse(await verify(`?id=${head.id}&hash=${head.hash}`));
    assert.equal(noted.brokenAt, null);
    const other = Verification.parse(await verify(`?id=${head.id}&hash=${'0'.repeat(64)}`));
    assert.equal(other.brokenAt, head.id);
    assert.equal((await verify('?id=1'))['code'], 'request.invalid');
  });
});

const Verification = z.object({
  brokenAt: z.int().nullable(),
  rows: z.int(),
  head: z.object({ id: z.int(), hash: z.string() }),
});

// How often strangers may call, whose word about addresses counts, and that nobody else is
// hindered.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, it } from 'node:test';
import { onBothDatabases } from '../store/databases.ts';
import { type RunningApi, startApi, startBeside } from './running-api.ts';

onBothDatabases('limits on open calls', (opened) => {
  let first: RunningApi | undefined;
  const open: RunningApi[] = [];
  const started = async (server: Parameters<typeof startBeside>[1]) => {
    first ??= await startApi(opened());
    const beside = await startBeside(first, server);
    open.push(beside);
    return beside;
  };
  after(async () => {
    for (const each of open) await each.close();
    await first?.close();
  });
  const codes = async (calls: readonly Promise<{ body: Readonly<Record<string, unknown>> }>[]) =>
    (await Promise.all(calls)).map(({ body }) => body['code'] ?? 'answered').sort();

  it('count calls without a good token, and let those with one through', async () => {
    const { call } = await started({ server: { rates: { open: 4, challenges: 0, refusals: 0 } } });
    const bad = { headers: { authorization: 'Bearer x' } };
    const calls = [call('GET', '/healthz'), call('GET', '/nowhere'), call('GET', '/v1/verdicts')];
    assert.deepEqual(await codes([...calls, call('GET', '/v1/verdicts', bad)]), [
      'answered',
      'route.unknown',
      'token.missing',
      'token.unknown',
    ]);
    for (const path of ['/healthz', '/nowhere', '/v1/verdicts']) {
      const { status, body, headers } = await call('GET', path);
      assert.equal(status, 429);
      assert.equal(body['code'], 'limit.rate');
      const retry = Number(headers.get('retry-after'));
      assert.ok(retry >= 1 && retry <= 60, `${retry}`);
    }
    assert.equal((await call('GET', '/v1/verdicts', { role: 'auditor' })).status, 200);
  });

  it('count challenges for each attester', async () => {
    const { call } = await started({ server: { rates: { open: 0, challenges: 2, refusals: 0 } } });
    const [one, other] = [randomUUID(), randomUUID()];
    const ask = (id: string) => call('POST', `/v1/attesters/${id}/challenges`);
    assert.deepEqual(await codes([ask(one), ask(one.toUpperCase())]), Array(2).fill(UNKNOWN));
    assert.deepEqual(await codes([ask(one), ask(other)]), [UNKNOWN, 'limit.rate']);
  });

  it('count what a role does not allow, so that nobody fills the audit log', async () => {
    const { call } = await started({ server: { rates: { open: 0, challenges: 0, refusals: 2 } } });
    const refused = () => call('GET', '/v1/tokens', { role: 'agent-enrol' });
    const other = call('GET', '/v1/tokens', { role: 'operator' });
    const calls = [refused(), refused(), refused(), other];
    const ROLE = 'token.role_insufficient';
    assert.deepEqual(await codes(calls), ['limit.rate', ROLE, ROLE, ROLE]);
    const { body } = await call('GET', '/v1/audit?action=access.refuse', { role: 'auditor' });
    const items: unknown = body['items'];
    assert.ok(Array.isArray(items));
    assert.equal(items.length, 3);
  });

  it('believe nobody about addresses, unless told whom', async () => {
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const health = ({ call }: RunningApi, address: string) =>
      call('GET', '/healthz', from(address));
    const rates = { open: 1, challenges: 0, refusals: 0 };
    const trusting = await started({ server: { rates, trustedProxies: ['127.0.0.0/8', '::1'] } });
    const hosts = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8:0:1::1'];
    for (const host of hosts) assert.equal((await health(trusting, host)).status, 200, host);
    // The same network, and a claim of the stranger's own before that of the proxy.
    for (const host of ['192.0.2.1', '2001:db8::2', '198.51.100.1, 192.0.2.2']) {
      assert.equal((await health(trusting, host)).status, 429, host);
    }
    const wary = await started({ server: { rates } });
    assert.equal((await health(wary, '192.0.2.1')).status, 200);
    assert.equal((await health(wary, '192.0.2.2')).status, 429);
  });
});

const UNKNOWN = 'attester.unknown';

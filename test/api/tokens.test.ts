// The life of a token: a date, a new secret, an end; and one answer for every token that is not
// good.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, it } from 'node:test';
import { onBothDatabases } from '../store/databases.ts';
import { type Answer, type RunningApi, startApi } from './running-api.ts';

onBothDatabases('tokens', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened());
  });
  after(() => running.close());

  const admin = (method: string, path: string, json?: unknown) =>
    running.call(method, path, { role: 'admin', json });
  const make = async (name: string, more: object = {}) => {
    const { body } = await admin('POST', '/v1/tokens', { name, role: 'auditor', ...more });
    return { id: String(body['id']), secret: String(body['secret']) };
  };
  const read = (secret: string): Promise<Answer> =>
    running.call('GET', '/v1/attesters', { headers: { authorization: `Bearer ${secret}` } });
  const rotate = (id: string, json: object) => admin('POST', `/v1/tokens/${id}/rotate`, json);
  const inSeconds = (seconds: number) =>
    new Date(running.ports.clock.now().getTime() + seconds * 1000).toISOString();

  it('work until their date and not a moment longer', async () => {
    const { secret } = await make('dated', { expiresAt: inSeconds(60) });
    running.wait(59);
    assert.equal((await read(secret)).status, 200);
    running.wait(1);
    assert.equal((await read(secret)).status, 401);
  });

  it('are not made with a date that has passed', async () => {
    const wanted = { name: 'late', role: 'auditor', expiresAt: inSeconds(0) };
    const { body } = await admin('POST', '/v1/tokens', wanted);
    assert.equal(body['code'], 'request.invalid');
    assert.deepEqual(body['places'], [{ at: '/expiresAt', message: 'must lie in the future' }]);
  });

  it('get a new secret, and the old one ends at once', async () => {
    const { id, secret } = await make('rotated');
    const { status, body } = await rotate(id, {});
    assert.equal(status, 200);
    assert.equal(body['name'], 'rotated');
    assert.equal((await read(secret)).status, 401);
    assert.equal((await read(String(body['secret']))).status, 200);
  });

  it('keep the old secret for a time of grace, and only the last one', async () => {
    const { id, secret } = await make('graceful');
    const second = String((await rotate(id, { graceSeconds: 60 })).body['secret']);
    assert.equal((await read(secret)).status, 200);
    const third = String((await rotate(id, { graceSeconds: 60 })).body['secret']);
    assert.equal((await read(secret)).status, 401);
    for (const good of [second, third]) assert.equal((await read(good)).status, 200);
    running.wait(60);
    assert.equal((await read(second)).status, 401);
    assert.equal((await read(third)).status, 200);
  });

  it('lose every secret when they are revoked', async () => {
    const { id, secret } = await make('revoked');
    const second = String((await rotate(id, { graceSeconds: 600 })).body['secret']);
    assert.equal((await admin('DELETE', `/v1/tokens/${id}`)).status, 204);
    for (const bad of [secret, second]) assert.equal((await read(bad)).status, 401);
    assert.equal((await rotate(id, {})).body['code'], 'token.absent');
  });

  it('that have expired come back with a new date only', async () => {
    const { id } = await make('renewed', { expiresAt: inSeconds(60) });
    running.wait(60);
    assert.equal((await rotate(id, {})).body['code'], 'token.absent');
    const { body } = await rotate(id, { expiresAt: inSeconds(60) });
    assert.equal((await read(String(body['secret']))).status, 200);
  });

  it('show about when they were used last', async () => {
    const { id, secret } = await make('used');
    const used = async () => {
      const { body } = await admin('GET', '/v1/tokens');
      const items: unknown = body['items'];
      assert.ok(Array.isArray(items));
      return items.find((item) => item.id === id)?.lastUsedAt;
    };
    assert.equal(await used(), null);
    const first = inSeconds(0);
    await read(secret);
    running.wait(1800);
    await read(secret);
    assert.equal(await used(), first);
    running.wait(1800);
    await read(secret);
    assert.equal(await used(), inSeconds(0));
  });

  it('of admins are never all revoked', async () => {
    const { body } = await admin('GET', '/v1/tokens');
    const items: unknown = body['items'];
    assert.ok(Array.isArray(items));
    const first = String(items.find((item) => item.role === 'admin')?.id);
    assert.equal((await admin('DELETE', `/v1/tokens/${first}`)).body['code'], 'token.last_admin');
    // One that has expired helps nobody.
    const dated = { role: 'admin', expiresAt: inSeconds(1) };
    assert.notEqual((await make('admin-for-a-second', dated)).secret, 'undefined');
    running.wait(1);
    assert.equal((await admin('DELETE', `/v1/tokens/${first}`)).status, 409);
    const second = await make('second-admin', { role: 'admin' });
    const by = { headers: { authorization: `Bearer ${second.secret}` } };
    const both = await Promise.all([
      running.call('DELETE', `/v1/tokens/${first}`, by),
      running.call('DELETE', `/v1/tokens/${second.id}`, by),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [204, 409]);
  });

  it('that are not good all get the same answer, byte for byte', async () => {
    const bad = [
      `Bearer plumbline_${randomBytes(32).toString('base64url')}`,
      `Bearer plumbline_${'x'.repeat(300)}`,
      `Bearer ${'x'.repeat(9_000)}`,
      'Bearer x',
      'Bearer eyJhbGciOiJub25lIn0.e30.',
      'Basic eDp4',
      'Bearer',
      '',
    ];
    const answers = await Promise.all(
      bad.map(async (authorization) => {
        const answer = await running.call('GET', '/v1/attesters', { headers: { authorization } });
        return seen(answer);
      }),
    );
    assert.equal(new Set(answers).size, 1, [...new Set(answers)].join('\n'));
    assert.match(answers[0] ?? '', /token\.unknown/);
  });
});

/** Status, headers and body, but for the id of the request and the time of day. */
function seen({ status, headers, body }: Answer): string {
  const told = [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date');
  return JSON.stringify({ status, told, body: { ...body, requestId: '' } });
}

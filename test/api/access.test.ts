// Who may call what: every route against every role, in one table that a reviewer reads.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import Fastify, { type FastifyPluginCallback } from 'fastify';
import { z } from 'zod';
import { declaredRoutes, requireAccess } from '../../src/api/access.ts';
import { ROLES, type Role } from '../../src/service/ports.ts';
import { onBothDatabases } from '../store/databases.ts';
import { type RunningApi, startApi } from './running-api.ts';

const READERS: readonly Role[] = ['operator', 'auditor', 'admin'];
const POLICY_READERS: readonly Role[] = ['policy-admin', ...READERS];
const POLICY_WRITERS: readonly Role[] = ['policy-admin', 'admin'];

const ALLOWED: Readonly<Record<string, 'public' | readonly Role[]>> = {
  'get /openapi.json': 'public',
  'get /healthz': 'public',
  'get /readyz': 'public',
  'post /v1/attesters': ['agent-enrol', 'operator', 'admin'],
  'get /v1/attesters': READERS,
  'get /v1/attesters/{id}': READERS,
  'patch /v1/attesters/{id}': ['operator', 'admin'],
  'delete /v1/attesters/{id}': ['operator', 'admin'],
  'get /v1/attesters/{id}/timeline': READERS,
  'get /v1/attesters/{id}/result': ['operator', 'auditor', 'relying-party', 'admin'],
  'get /.well-known/jwks.json': 'public',
  'get /.well-known/plumbline': 'public',
  'post /v1/result-keys/rotate': ['admin'],
  'post /v1/attesters/{id}/challenges': 'public',
  'post /v1/attesters/{id}/activation': 'public',
  'post /v1/challenges/{id}/evidence': 'public',
  'get /v1/verdicts': READERS,
  'get /v1/verdicts/{id}': READERS,
  'get /v1/verdicts/{id}/evidence': READERS,
  'get /v1/verdicts/{id}/evidence/{part}': READERS,
  'get /v1/policies': POLICY_READERS,
  'post /v1/policies': POLICY_WRITERS,
  'get /v1/policies/schema': 'public',
  'get /v1/policies/{name}/versions': POLICY_READERS,
  'get /v1/policies/{name}/versions/{version}': POLICY_READERS,
  'post /v1/policies/{name}/versions/{version}/activate': POLICY_WRITERS,
  'get /v1/policies/{name}/effective': POLICY_READERS,
  'post /v1/policies/{name}/versions/{version}/trial': POLICY_WRITERS,
  'get /v1/policies/{name}/versions/{version}/trials': POLICY_READERS,
  'get /v1/policies/{name}/versions/{version}/trials/{id}': POLICY_READERS,
  'get /v1/attesters/{id}/proposed-set': POLICY_WRITERS,
  'get /v1/reference-sets': POLICY_READERS,
  'post /v1/reference-sets/{name}': POLICY_WRITERS,
  'get /v1/reference-sets/{name}/versions': POLICY_READERS,
  'get /v1/reference-sets/{name}/versions/{version}/content': POLICY_READERS,
  'post /v1/reference-sets/{name}/versions/{version}/activate': POLICY_WRITERS,
  'get /v1/reference-sets/{name}/versions/{version}/diff': POLICY_READERS,
  'get /v1/keyrings': POLICY_READERS,
  'post /v1/keyrings/{name}': POLICY_WRITERS,
  'get /v1/keyrings/{name}/versions': POLICY_READERS,
  'get /v1/keyrings/{name}/versions/{version}/content': POLICY_READERS,
  'post /v1/keyrings/{name}/versions/{version}/activate': POLICY_WRITERS,
  'get /v1/trust-anchors': POLICY_READERS,
  'post /v1/trust-anchors': POLICY_WRITERS,
  'delete /v1/trust-anchors/{fingerprint}': POLICY_WRITERS,
  'post /v1/tokens': ['admin'],
  'get /v1/tokens': ['admin'],
  'post /v1/tokens/{id}/rotate': ['admin'],
  'delete /v1/tokens/{id}': ['admin'],
  'get /v1/audit': ['auditor', 'admin'],
  'get /v1/audit/verification': ['auditor', 'admin'],
};

onBothDatabases('access', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened());
  });
  after(() => running.close());

  it('the table names every route that was registered, hidden ones too', () => {
    const routes = declaredRoutes(running.api).map(
      ({ method, url }) => `${method.toLowerCase()} ${url.replaceAll(/:(\w+)/g, '{$1}')}`,
    );
    assert.deepEqual(routes.sort(), Object.keys(ALLOWED).sort());
  });

  it('the roles that the document tells are those of the table', async () => {
    const { paths } = Described.parse((await running.call('GET', '/openapi.json')).body);
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { description }] of Object.entries(operations)) {
        const allowed = ALLOWED[`${method} ${path}`] ?? [];
        const told = description.match(/roles (.+)\./)?.[1]?.split(', ') ?? 'public';
        assert.deepEqual(new Set(told), new Set(allowed), `${method} ${path}`);
      }
    }
  });

  for (const [route, allowed] of Object.entries(ALLOWED)) {
    const [method = '', template = ''] = route.split(' ');
    const path = template
      .replace('{id}', randomUUID())
      .replace('{name}', 'nothing')
      .replace('{version}', '1')
      .replace('{part}', 'boot-log');

    it(`${route} is for ${allowed === 'public' ? 'everyone' : allowed.join(', ')}`, async () => {
      const bare = await running.call(method.toUpperCase(), path);
      assert.equal(bare.status === 401, allowed !== 'public');
      if (allowed === 'public') return;
      assert.equal(bare.body['code'], 'token.missing');
      assert.equal(bare.headers.get('www-authenticate'), 'Bearer');
      const bad = await running.call(method.toUpperCase(), path, { headers: stranger() });
      assert.equal(bad.status, 401);
      assert.equal(bad.body['code'], 'token.unknown');
      for (const role of ROLES) {
        const { status, body } = await running.call(method.toUpperCase(), path, { role });
        assert.equal(status === 403, !allowed.includes(role), `${role}: ${JSON.stringify(body)}`);
        assert.notEqual(status, 401);
        assert.notEqual(status, 500);
      }
    });
  }

  it('is refused for tokens that are unknown, malformed or revoked', async () => {
    const wanted = { name: 'short-lived', role: 'operator' };
    const made = await running.call('POST', '/v1/tokens', { role: 'admin', json: wanted });
    const headers = { authorization: `Bearer ${String(made.body['secret'])}` };
    assert.equal((await running.call('GET', '/v1/attesters', { headers })).status, 200);
    const path = `/v1/tokens/${String(made.body['id'])}`;
    assert.equal((await running.call('DELETE', path, { role: 'admin' })).status, 204);
    const unknown = [headers, { authorization: 'Bearer x' }, { authorization: 'Basic eDp4' }];
    for (const wrong of unknown) {
      const { status, body } = await running.call('GET', '/v1/attesters', { headers: wrong });
      assert.equal(status, 401);
      assert.equal(body['code'], 'token.unknown');
    }
    const again = await running.call('DELETE', path, { role: 'admin' });
    assert.equal(again.body['code'], 'token.absent');
    const taken = await running.call('POST', '/v1/tokens', { role: 'admin', json: wanted });
    assert.equal(taken.body['code'], 'token.name_taken');
  });

  it('leaves refusals in the audit log, and no secret anywhere in the database', async () => {
    const count = z.object({ count: z.number() });
    const refused = `SELECT count(*)::int AS count FROM audit_log WHERE action = 'access.refuse'`;
    const [row] = await opened().query(refused, [], count);
    assert.ok((row?.count ?? 0) > 0);
    const tokens = await opened().query('SELECT * FROM access_tokens', [], z.unknown());
    const text = JSON.stringify(tokens);
    for (const role of ROLES) assert.ok(!text.includes(running.secrets[role]));
  });

  it('answers problems that name the request and nothing of the inside', async () => {
    const { headers, body } = await running.call('GET', '/v1/attesters');
    assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.equal(body['requestId'], headers.get('x-request-id'));
    assert.equal((await running.call('GET', '/nowhere')).body['code'], 'route.unknown');
    const text = { headers: { 'content-type': 'text/csv' }, body: 'a', role: 'operator' } as const;
    const media = await running.call('POST', '/v1/attesters', text);
    assert.equal(media.body['code'], 'request.media_type_unsupported');
    const broken = { headers: { 'content-type': 'application/json' }, body: '{' } as const;
    const json = await running.call('POST', '/v1/attesters', { ...broken, role: 'operator' });
    assert.equal(json.body['code'], 'request.invalid');
  });

  it('must be declared by every route, or there is no service', async () => {
    const api = Fastify({ exposeHeadRoutes: false });
    requireAccess(api);
    const nothing = () => 'x';
    assert.throws(() => api.get('/open', nothing), /GET \/open declares no access/);
    const silent = { config: { access: { public: ' ' } } };
    assert.throws(() => api.get('/silent', silent, nothing), /public for no reason/);
    const said = { config: { access: { public: 'it is nothing' } } };
    api.get('/said', said, nothing);
    // Routes of a plugin are held to it as well.
    const plugin: FastifyPluginCallback = (inner, _options, done) => {
      assert.throws(() => inner.get('/of-a-plugin', nothing), /of-a-plugin declares no access/);
      done();
    };
    await api.register(plugin);
    assert.deepEqual(
      declaredRoutes(api).map(({ url }) => url),
      ['/said'],
    );
  });
});

const Described = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ description: z.string() }))),
});

/** A secret of the right form that no token has. */
function stranger(): Record<string, string> {
  return { authorization: `Bearer plumbline_${randomBytes(32).toString('base64url')}` };
}

// Tokens of an issuer: the good ones let their holders in as the mapping says, all others get the
// answer that every bad token gets, and without the issuer nobody comes in on its word.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { settingsFrom } from '../../src/config.ts';
import { startService } from '../../src/main.ts';
import { oidcIssuer } from '../../src/service/oidc.ts';
import { fetchIssuerDocument } from '../../src/service/oidc-document.ts';
import type { Role } from '../../src/service/ports.ts';
import { onBothDatabases } from '../store/databases.ts';
import { type RunningApi, startApi } from './running-api.ts';
import {
  type IssuerKey,
  signedByPublicKey,
  startIssuer,
  type TestIssuer,
  type WantedJwt,
} from './token-issuer.ts';

const START = Date.parse('2031-05-03T12:00:00.000Z') / 1000;
const ROLES = new Map<string, Role>([
  ['auditors', 'auditor'],
  ['root', 'admin'],
  ['ops', 'operator'],
]);

onBothDatabases('a token of the issuer', (opened) => {
  let issuer: TestIssuer;
  let running: RunningApi;
  let key: IssuerKey;

  before(async () => {
    issuer = await startIssuer(START);
    const { url, audience } = issuer;
    const settings = { issuer: url, audience, roleClaim: 'groups', roles: ROLES };
    const read = fetchIssuerDocument;
    running = await startApi(opened(), {
      issuer: (clock) => oidcIssuer(settings, { clock, read }),
    });
    key = await issuer.rotate('ES256');
  });
  after(async () => {
    await running.close();
    await issuer.close();
  });
  afterEach(() => issuer.answerWith(undefined));

  const wait = (seconds: number) => {
    running.wait(seconds);
    issuer.nowSeconds += seconds;
  };
  const call = (jwt: string, path = '/v1/attesters', method = 'GET') =>
    running.call(method, path, { headers: { authorization: `Bearer ${jwt}` } });
  const codeOf = async (wanted: WantedJwt) => {
    const { status, body } = await call(await issuer.sign(wanted));
    return status === 200 ? 'let in' : body['code'];
  };

  it('lets its holder in as the mapping says', async () => {
    const jwt = await issuer.sign();
    assert.equal((await call(jwt)).status, 200);
    assert.equal((await call(jwt, '/v1/tokens')).body['code'], 'token.role_insufficient');
    const root = await issuer.sign({ claims: { groups: ['others', 'root'] } });
    assert.equal((await call(root, '/v1/tokens')).status, 200);
    const one = await issuer.sign({ claims: { groups: 'root' } });
    assert.equal((await call(one, '/v1/tokens')).status, 200);
  });

  it('lets nobody in by a value that is not mapped', async () => {
    for (const groups of [[], ['auditor', 'admin'], ['__proto__'], 7, undefined]) {
      assert.equal(await codeOf({ claims: { groups } }), 'token.role_insufficient');
    }
  });

  it('stands in the audit log under its subject', async () => {
    const jwt = await issuer.sign({ claims: { sub: 'grace', groups: ['ops'] } });
    await call(jwt, '/v1/policies/x/versions/1/activate', 'POST');
    const { body } = await running.call('GET', '/v1/audit?actor=oidc:grace', { role: 'auditor' });
    const items: unknown = body['items'];
    assert.ok(Array.isArray(items));
    assert.equal(items[0]?.subject, 'POST /v1/policies/:name/versions/:version/activate');
  });

  it('has its time, give or take half a minute', async () => {
    const at = (seconds: number) => START + seconds;
    issuer.nowSeconds = running.ports.clock.now().getTime() / 1000;
    assert.equal(await codeOf({ claims: { exp: at(-29) } }), 'let in');
    assert.equal(await codeOf({ claims: { exp: at(-30) } }), 'token.unknown');
    assert.equal(await codeOf({ claims: { nbf: at(30) } }), 'let in');
    assert.equal(await codeOf({ claims: { nbf: at(31) } }), 'token.unknown');
    assert.equal(await codeOf({ claims: { exp: undefined } }), 'token.unknown');
  });

  const wrong: Readonly<Record<string, WantedJwt>> = {
    'another audience': { claims: { aud: 'something-else' } },
    'no audience': { claims: { aud: undefined } },
    'another issuer': { claims: { iss: 'https://issuer.example' } },
    'no issuer': { claims: { iss: undefined } },
    'no subject': { claims: { sub: undefined } },
    'an endless subject': { claims: { sub: 'x'.repeat(256) } },
    'another type': { header: { typ: 'logout+jwt' } },
    'an unknown key': { header: { kid: 'nobody' } },
    'a huge claim': { claims: { text: 'x'.repeat(8_000) } },
  };
  for (const [what, wanted] of Object.entries(wrong)) {
    it(`with ${what} is not good`, async () => {
      assert.equal(await codeOf(wanted), 'token.unknown');
    });
  }

  it('of another signer is not good, nor with a bit turned', async () => {
    const other = await startIssuer(issuer.nowSeconds);
    const by = { ...(await other.rotate('ES256')), kid: key.kid };
    await other.close();
    assert.equal(await codeOf({ by }), 'token.unknown');
    const [head, payload, signature = ''] = (await issuer.sign()).split('.');
    const turned = `${signature.startsWith('A') ? 'B' : 'A'}${signature.substring(1)}`;
    assert.equal((await call(`${head}.${payload}.${turned}`)).body['code'], 'token.unknown');
  });

  it('without a signature, or by a secret that everyone knows, is not good', async () => {
    const jwt = await issuer.sign();
    const [, payload = ''] = jwt.split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url');
    assert.equal((await call(`${none}.${payload}.`)).body['code'], 'token.unknown');
    const forged = await signedByPublicKey(jwt, key);
    assert.equal((await call(forged)).body['code'], 'token.unknown');
  });

  it('by a new key is good soon, and unknown keys do not make us ask again and again', async () => {
    wait(30);
    const old = await issuer.sign();
    assert.equal((await call(old)).status, 200);
    const asked = issuer.asked();
    for (const alg of ['RS256', 'PS256', 'ES384', 'EdDSA']) {
      await issuer.rotate(alg);
      wait(30);
      assert.equal(await codeOf({}), 'let in', alg);
    }
    assert.equal((await call(old)).body['code'], 'token.unknown');
    const strangers = Array.from({ length: 8 }, () => codeOf({ header: { kid: 'nobody' } }));
    assert.deepEqual(new Set(await Promise.all(strangers)), new Set(['token.unknown']));
    assert.equal(issuer.asked(), asked + 4);
  });

  describe('when the issuer', () => {
    const answers = {
      fails: { status: 500, body: '{}' },
      'answers nonsense': { status: 200, body: 'x' },
      'answers without end': { status: 200, body: `{"keys":[],"x":"${'x'.repeat(300_000)}"}` },
      'is another': { status: 200, body: '{"issuer":"https://x","jwks_uri":"https://x/keys"}' },
    };
    for (const [what, answer] of Object.entries(answers)) {
      it(`${what} lets nobody in, and others are not held up`, async () => {
        wait(600);
        issuer.answerWith(answer);
        const { status, body, headers } = await call(await issuer.sign());
        assert.equal(status, 503);
        assert.equal(body['code'], 'token.issuer_unreachable');
        assert.equal(headers.get('retry-after'), '30');
        const own = await running.call('GET', '/v1/attesters', { role: 'auditor' });
        assert.equal(own.status, 200);
        issuer.answerWith(undefined);
        // Not yet: a stranger's tokens must not make us hammer at it.
        assert.equal(await codeOf({}), 'token.issuer_unreachable');
        wait(30);
        assert.equal(await codeOf({}), 'let in');
      });
    }
  });

  it('of an admin in place, the last admin token may go', async () => {
    const { body } = await running.call('GET', '/v1/tokens', { role: 'admin' });
    const items: unknown = body['items'];
    assert.ok(Array.isArray(items));
    const id = String(items.find((item) => item.role === 'admin')?.id);
    const root = await issuer.sign({ claims: { groups: ['root'] } });
    assert.equal((await call(root, `/v1/tokens/${id}`, 'DELETE')).status, 204);
  });
});

describe('a service with an issuer in its settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-oidc-'));
  let issuer: TestIssuer;
  before(async () => {
    issuer = await startIssuer(Math.floor(Date.now() / 1000));
  });
  after(async () => {
    await issuer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const keySet = async () => await (await fetch(`${issuer.url}/keys`)).text();
  const letsIn = async (more: Readonly<Record<string, string>>) => {
    const environment = {
      PORT: '0',
      PLUMBLINE_DATA: join(folder, 'data'),
      PLUMBLINE_LOG_LEVEL: 'silent',
      PLUMBLINE_OIDC_ISSUER: issuer.url,
      PLUMBLINE_OIDC_AUDIENCE: issuer.audience,
      PLUMBLINE_OIDC_ROLES: 'auditors=auditor',
      ...more,
    };
    const service = await startService(settingsFrom(environment));
    const authorization = `Bearer ${await issuer.sign({ claims: { in: { 'a/b': 'auditors' } } })}`;
    const { status } = await fetch(`${service.url}/v1/audit`, { headers: { authorization } });
    await service.close();
    return status;
  };

  it('finds keys by discovery, at an address or in a file, and roles as told', async () => {
    const byName = { PLUMBLINE_OIDC_ROLE_CLAIM: 'groups' };
    assert.equal(await letsIn(byName), 200);
    assert.equal(await letsIn({ ...byName, PLUMBLINE_OIDC_JWKS: `${issuer.url}/keys` }), 200);
    const file = join(folder, 'keys.json');
    writeFileSync(file, await keySet());
    const fromFile = { PLUMBLINE_OIDC_JWKS: file };
    assert.equal(await letsIn({ ...fromFile, PLUMBLINE_OIDC_ROLE_CLAIM: '/in/a~1b' }), 200);
    assert.equal(await letsIn({ ...fromFile, PLUMBLINE_OIDC_ROLE_CLAIM: '/in/a' }), 403);
    assert.equal(await letsIn({ PLUMBLINE_OIDC_JWKS: join(folder, 'nowhere.json') }), 503);
  });
});

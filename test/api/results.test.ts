// Signed results over HTTP: what they say, who can check them, when there is none, and what a
// replaced key leaves behind. Signatures are checked without the library that made them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { EAR_PROFILES } from '../../src/results/ear.ts';
import { readEar } from '../../src/results/read-ear.ts';
import { verifyResult } from '../../src/service/verify-result.ts';
import { onBothDatabases } from '../store/databases.ts';
import { type KeySet, openJws } from '../support/hand-made-jws.ts';
import { attest, type Enrolled, enrol, POLICY, publish } from './attestation.ts';
import { type RunningApi, startApi } from './running-api.ts';

const ISSUER = 'https://plumbline.example';
const [DRAFT, DEPLOYED] = EAR_PROFILES;
const MEDIA_TYPE = 'application/eat+jwt';
const role = 'relying-party';

onBothDatabases('results', (opened) => {
  let running: RunningApi;
  let good: Enrolled;
  before(async () => {
    running = await startApi(opened(), { server: { issuer: ISSUER } });
    await publish(running);
    good = await enrol(running);
  });
  after(() => running.close());

  const ask = (id: string, accept = MEDIA_TYPE, query = '') =>
    running.call('GET', `/v1/attesters/${id}/result${query}`, { role, headers: { accept } });
  const tokenOf = async (...args: Parameters<typeof ask>) => {
    const { status, body } = await ask(...args);
    assert.equal(status, 200, JSON.stringify(body));
    return String(body['text']);
  };
  const keySet = async (): Promise<KeySet> => {
    const { body } = await running.call('GET', '/.well-known/jwks.json');
    const { keys } = Object(body);
    return { keys };
  };
  const open = async (token: string) => {
    const result = openJws(token, await keySet());
    assert.ok(result !== undefined, 'the signature is good');
    return result;
  };
  const codeOf = async (...args: Parameters<typeof ask>) => {
    const { status, body } = await ask(...args);
    return [status, body['code']];
  };
  const nowSeconds = () => Math.floor(running.ports.clock.now().getTime() / 1000);

  it('are not there before the first verdict', async () => {
    assert.deepEqual(await codeOf(good.id), [404, 'result.unknown']);
    assert.deepEqual(await codeOf(randomUUID()), [404, 'attester.unknown']);
  });

  it('say what the verdict says, in the draft of the IETF', async () => {
    const verdict = (await attest(running, good)).body;
    assert.equal(verdict['status'], 'affirming');
    const answer = await ask(good.id);
    const type = `${MEDIA_TYPE}; eat_profile="${DRAFT}"`;
    assert.equal(answer.headers.get('content-type'), type);
    const { header, claims } = await open(String(answer.body['text']));
    assert.equal(header['typ'], 'eat+jwt');
    const { version, digest } = Object(verdict['policy']);
    const until = Math.floor(Date.parse(String(verdict['expiresAt'])) / 1000);
    assert.deepEqual(claims, {
      eat_profile: DRAFT,
      iat: nowSeconds(),
      exp: until,
      iss: ISSUER,
      ear_verifier_id: { developer: 'Plumbline', build: 'plumbline test' },
      submods: {
        [good.id]: {
          ear_status: 'affirming',
          ear_trustworthiness_vector: {
            'instance-identity': 0,
            configuration: 0,
            executables: 2,
            'file-system': 2,
            hardware: 0,
          },
          ear_appraisal_policy_ids: [`urn:plumbline:policy:${POLICY.name}:${version}:${digest}`],
        },
      },
    });
  });

  it('say the same in the deployed profile, for who accepts that', async () => {
    const deployed = `${MEDIA_TYPE}; eat_profile="${DEPLOYED}"`;
    const draft = `${MEDIA_TYPE};eat_profile="${DRAFT}"`;
    const profileFor = async (accept: string) =>
      (await open(await tokenOf(good.id, accept))).claims['eat_profile'];
    const { claims } = await open(await tokenOf(good.id, deployed));
    assert.equal(Object(claims['submods'])[good.id]['ear.status'], 'affirming');
    assert.ok(readEar(claims).ok);
    assert.equal(await profileFor(`${draft};q=0.5, ${deployed}`), DEPLOYED);
    assert.equal(await profileFor(`${draft}, ${deployed}`), DRAFT);
    assert.equal(await profileFor(`${draft};q=0, text/html, ${deployed};q=0.1`), DEPLOYED);
    for (const any of ['*/*', 'application/*', '']) assert.equal(await profileFor(any), DRAFT);
  });

  it('come in no other form', async () => {
    const forms = ['application/json', `${MEDIA_TYPE}; eat_profile="x"`, `${MEDIA_TYPE};q=0`];
    for (const accept of forms) {
      assert.deepEqual(await codeOf(good.id, accept), [406, 'result.profile_unsupported']);
    }
  });

  it('carry the nonce and the name of who asked', async () => {
    const query = '?nonce=bm9uY2Vub25jZQ&audience=https://broker.example';
    const { claims } = await open(await tokenOf(good.id, MEDIA_TYPE, query));
    assert.equal(claims['eat_nonce'], 'bm9uY2Vub25jZQ');
    assert.equal(claims['aud'], 'https://broker.example');
    const bad = [
      '?nonce=short',
      `?nonce=${'a'.repeat(87)}`,
      '?nonce=bm9uY2Vub25jZ+/',
      '?audience=',
    ];
    for (const wrong of bad) {
      assert.deepEqual(await codeOf(good.id, MEDIA_TYPE, wrong), [400, 'request.invalid']);
    }
  });

  it('tell a bad host as bad', async () => {
    const bad = await enrol(running, [{ path: '/usr/bin/true', content: 'another' }]);
    const { body } = await attest(running, bad);
    assert.equal(body['status'], 'contraindicated');
    const { claims } = await open(await tokenOf(bad.id));
    const appraisal = Object(claims['submods'])[bad.id];
    assert.equal(appraisal.ear_status, 'contraindicated');
    assert.equal(appraisal.ear_trustworthiness_vector.executables, 33);
  });

  it('are good for who expects this attester, issuer, audience and nonce', async () => {
    const [nonce, audience] = ['bm9uY2Vub25jZQ', 'broker'];
    for (const profile of EAR_PROFILES) {
      const accept = `${MEDIA_TYPE}; eat_profile="${profile}"`;
      const token = await tokenOf(good.id, accept, `?nonce=${nonce}&audience=${audience}`);
      const expected = { profile, nonce, audience, issuer: ISSUER, attesterId: good.id };
      const by = { keySet: JSON.stringify(await keySet()), now: running.ports.clock.now() };
      assert.equal((await verifyResult(token, { ...expected, ...by })).ok, true);
      const other = { ...expected, ...by, attesterId: randomUUID() };
      assert.equal((await verifyResult(token, other)).ok, false);
    }
  });

  it('end with the verdict, and none is given after it', async () => {
    const { expiresAt } = Object((await attest(running, good)).body);
    const token = await tokenOf(good.id);
    const left = Math.floor(Date.parse(expiresAt) / 1000) - nowSeconds();
    running.wait(left - 1);
    await tokenOf(good.id);
    running.wait(1);
    assert.deepEqual(await codeOf(good.id), [409, 'result.stale']);
    const { body } = await ask(good.id);
    assert.match(String(body['detail']), /verdict is of 2031-05-03T/);
    const keys = JSON.stringify(await keySet());
    const late = new Date(running.ports.clock.now().getTime() + 61_000);
    assert.equal((await verifyResult(token, { keySet: keys, now: late })).ok, false);
  });

  it('stay checkable after another key signs, until the last has expired', async () => {
    await attest(running, good);
    const old = await tokenOf(good.id);
    const { keys: before } = await keySet();
    const { status, body } = await running.call('POST', '/v1/result-keys/rotate', {
      role: 'admin',
    });
    assert.equal(status, 201);
    const young = await tokenOf(good.id);
    const { keys } = await keySet();
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      [body['kid'], before[0]?.kid],
    );
    for (const token of [old, young]) await open(token);
    assert.equal((await open(young)).header['kid'], body['kid']);
    running.wait(604_860);
    assert.deepEqual(
      (await keySet()).keys.map(({ kid }) => kid),
      [body['kid']],
    );
    assert.equal(openJws(old, await keySet()), undefined);
  });

  it('are described for who must check them', async () => {
    const { body } = await running.call('GET', '/.well-known/plumbline');
    assert.deepEqual(body, {
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      result_profiles: [...EAR_PROFILES],
      result_signing_algs: ['ES256'],
    });
  });

  it('give no private key away', async () => {
    for (const key of (await keySet()).keys) {
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    }
  });
});

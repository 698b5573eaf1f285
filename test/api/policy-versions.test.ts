// What becomes of a policy version, who did it, and which policy speaks for an attester.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import { effectivePolicy, policyVersionList } from '../../src/api/policy-schema.ts';
import { PolicyCatalog } from '../../src/service/policy-catalog.ts';
import { onBothDatabases } from '../store/databases.ts';
import { attest, enrol, POLICY, publish } from './attestation.ts';
import { type RunningApi, startApi } from './running-api.ts';

onBothDatabases('policy versions', (opened) => {
  let running: RunningApi;
  const role = 'policy-admin';
  before(async () => {
    running = await startApi(opened());
    await publish(running);
    for (const challengeSeconds of [60, 90]) await upload({ freshness: { challengeSeconds } });
  });
  after(() => running.close());

  const attested = async () => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    return enrolled;
  };
  const upload = (change: object) =>
    running.call('POST', '/v1/policies', { role, json: { ...POLICY, ...change } });
  const versions = async () => {
    const path = '/v1/policies/prod/versions';
    const { headers, body } = await running.call('GET', path, { role: 'auditor' });
    return { etag: headers.get('etag'), items: policyVersionList.parse(body).items.reverse() };
  };
  const activate = (version: number, headers: Record<string, string> = {}) =>
    running.call('POST', `/v1/policies/prod/versions/${version}/activate`, { role, headers });
  const activations = async () =>
    (await running.ports.audit.list({ action: 'policy.activate' }, { limit: 99 })).length;

  it('go from draft over trial to active, and are superseded', async () => {
    const states = async () => (await versions()).items.map(({ state }) => state);
    assert.deepEqual(await states(), ['active', 'draft', 'draft']);
    await running.call('POST', '/v1/policies/prod/versions/2/trial', { role, json: {} });
    assert.deepEqual(await states(), ['active', 'trial', 'draft']);
    running.wait(60);
    await activate(2);
    assert.deepEqual(await states(), ['superseded', 'active', 'draft']);
    await activate(1);
    assert.deepEqual(await states(), ['active', 'superseded', 'draft']);
    const [first, second, third] = (await versions()).items;
    assert.deepEqual(first?.author?.name, 'policy-admin');
    assert.deepEqual([second?.activatedBy, third?.activatedBy], ['policy-admin', null]);
    assert.equal(second?.activatedAt, '2031-05-03T12:01:00.000Z');
  });

  it('are activated only in the place of the one that was looked at', async () => {
    const { etag } = await versions();
    assert.equal(etag, '"1"');
    const before = await activations();
    const late = await activate(3, { 'if-match': '"2"' });
    assert.deepEqual([late.status, late.body['code']], [412, 'policy.overtaken']);
    assert.equal((await activate(3, { 'if-match': '"0"' })).status, 412);
    assert.equal((await activate(3, { 'if-match': 'W/"1"' })).status, 400);
    assert.equal((await activate(99)).body['code'], 'policy.unknown');
    assert.equal(await activations(), before);
    assert.equal((await activate(3, { 'if-match': '"1"' })).status, 200);
    assert.equal(await activations(), before + 1);
    await activate(1);
  });

  it('become active with their line in the audit log, or not at all', async () => {
    const at = running.ports.clock.now();
    const by = { id: 'x', name: 'ada' };
    const audit = { at, actor: 'x', action: 'policy.activate', subject: 'prod' };
    const broken = { ...audit, subject: 'not\0text' };
    const wanted = { name: 'prod', version: 2, at, by, expected: undefined };
    await assert.rejects(running.ports.policies.activate({ ...wanted, audit: broken }));
    assert.equal((await versions()).etag, '"1"');
  });

  it('speak for an attester by its labels, and say why', async () => {
    const { id } = await enrol(running);
    const json = { ...POLICY, name: 'lab', appliesTo: { labels: { env: 'lab' } } };
    await running.call('POST', '/v1/policies', { role, json });
    const asked = async (name: string) => {
      const path = `/v1/policies/${name}/effective?attester=${id}`;
      return effectivePolicy.parse((await running.call('GET', path, { role })).body);
    };
    assert.equal((await asked('lab')).effect, 'not_active');
    await running.call('POST', '/v1/policies/lab/versions/1/activate', { role });
    const missing = await asked('lab');
    assert.equal(missing.effect, 'labels_missing');
    const pinned = {
      policy: { name: 'prod', version: 1 },
      referenceSets: { base: 1 },
      keyrings: {},
    };
    assert.deepEqual(missing.effective, pinned);
    assert.equal((await asked('prod')).effect, 'chosen');
    const labels = { env: 'lab' };
    await running.call('PATCH', `/v1/attesters/${id}`, { role: 'operator', json: { labels } });
    const { effect, considered, attester } = await asked('prod');
    assert.deepEqual([effect, attester.labels], ['less_specific', labels]);
    assert.deepEqual(
      considered.map(({ name, fits, specificity }) => [name, fits, specificity]),
      [
        ['lab', true, 1],
        ['prod', true, 0],
      ],
    );
    const path = `/v1/policies/nothing/effective?attester=${id}`;
    const unknown = await running.call('GET', path, { role });
    assert.equal(z.string().parse(unknown.body['code']), 'policy.unknown');
  });

  it('pin the keyrings that they name, also for threads', async () => {
    const { id } = await attested();
    const rule = { id: 'signed', path: '/opt/**', signedBy: ['vendor'], then: 'accept' };
    const ima = { measurements: [rule, ...POLICY.ima.measurements] };
    const early = await upload({ ima });
    assert.deepEqual([early.status, early.body['code']], [422, 'policy.invalid']);
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    const body = pem.export({ type: 'spki', format: 'pem' }).toString();
    const headers = { 'content-type': 'application/x-pem-file' };
    await running.call('POST', '/v1/keyrings/vendor', { role, headers, body });
    const { version } = z.object({ version: z.number() }).parse((await upload({ ima })).body);
    assert.equal((await activate(version)).body['code'], 'policy.invalid');
    await running.call('POST', '/v1/keyrings/vendor/versions/1/activate', { role });
    const json = { attesters: [id] };
    const path = `/v1/policies/prod/versions/${version}/trial`;
    const trial = await running.call('POST', path, { role, json });
    assert.match(String(trial.body['text']), /"total":1,.*"from":"affirming","to":"affirming"/);
    assert.deepEqual((await activate(version)).body['keyrings'], { vendor: 1 });
    const asked = await running.call('POST', `/v1/attesters/${id}/challenges`);
    const kept = await running.ports.challenges.find(String(asked.body['id']));
    assert.deepEqual(kept?.keyrings, { vendor: 1 });
    await activate(1);
  });

  it('are read, parsed and compiled once, however many rounds ask for them', async () => {
    const { policies, referenceSets } = running.ports;
    const read = { documents: 0, sets: 0 };
    const catalog = new PolicyCatalog({
      ...running.ports,
      policies: {
        ...policies,
        document: (name, version) => {
          read.documents += 1;
          return policies.document(name, version);
        },
      },
      referenceSets: {
        ...referenceSets,
        read: (digest) => {
          read.sets += 1;
          return referenceSets.read(digest);
        },
      },
    });
    const pinned = await catalog.pin({ name: 'prod', version: 1 });
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => catalog.compiled(pinned)));
    for (const other of others) assert.equal(other, first);
    assert.equal(await catalog.packed(pinned), await catalog.packed({ ...pinned }));
    assert.deepEqual(read, { documents: 1, sets: 1 });
  });
});

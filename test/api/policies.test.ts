// Policies and reference sets: immutable versions, activation, and which policy speaks.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { onBothDatabases } from '../store/databases.ts';
import { answer, bodyFor, challenge, enrol, FILES, POLICY, publish } from './attestation.ts';
import { digestLines } from './made-host.ts';
import { type RunningApi, startApi } from './running-api.ts';

onBothDatabases('policies and reference sets', (opened) => {
  let running: RunningApi;
  const role = 'policy-admin';
  const text = { 'content-type': 'text/plain' };
  const upload = (json: unknown) => running.call('POST', '/v1/policies', { role, json });
  const activate = (path: string) => running.call('POST', `/v1/${path}/activate`, { role });
  const uploadSet = (name: string, body: string, headers: Record<string, string> = text) =>
    running.call('POST', `/v1/reference-sets/${name}`, { role, headers, body });

  before(async () => {
    running = await startApi(opened());
  });
  after(() => running.close());

  it('refuse a policy whose sets were never uploaded, or are not active', async () => {
    const unknown = await upload(POLICY);
    assert.equal(unknown.status, 422);
    assert.equal(unknown.body['code'], 'policy.invalid');
    await uploadSet('base', digestLines(FILES));
    assert.equal((await upload(POLICY)).status, 201);
    const inactive = await activate('policies/prod/versions/1');
    assert.equal(inactive.body['code'], 'policy.invalid');
    await activate('reference-sets/base/versions/1');
    const active = await activate('policies/prod/versions/1');
    const used = { referenceSets: { base: 1 }, keyrings: {} };
    assert.deepEqual(active.body, { name: 'prod', version: 1, ...used });
  });

  it('keep each document once, as a version that never changes', async () => {
    const again = await upload({ ...POLICY });
    assert.equal(again.status, 200);
    assert.deepEqual([again.body['version'], again.body['created']], [1, false]);
    const next = await upload({ ...POLICY, freshness: { challengeSeconds: 60 } });
    assert.deepEqual([next.body['version'], next.body['created']], [2, true]);
    const first = await running.call('GET', '/v1/policies/prod/versions/1', { role: 'auditor' });
    assert.deepEqual(first.body, POLICY);
    const list = await running.call('GET', '/v1/policies', { role: 'auditor' });
    assert.deepEqual(list.body['items'], [{ name: 'prod', newest: 2, active: 1 }]);
    const versions = await running.call('GET', '/v1/policies/prod/versions', { role: 'auditor' });
    const items = versions.body['items'] as { version: number; active: boolean }[];
    assert.deepEqual(
      items.map(({ version, active }) => [version, active]),
      [
        [2, false],
        [1, true],
      ],
    );
  });

  it('tell the author of a version what was hardly meant', async () => {
    const rule = { id: 'all', path: '/**', then: 'accept' };
    const rules = [rule, { ...rule, id: 'more', path: '/usr/**' }];
    const lax = { ...POLICY, name: 'lax', ima: { measurements: rules } };
    const { status, body } = await upload(lax);
    assert.equal(status, 201);
    const named = [...Object(body['notes'])].map((note) => /\((\S+)\)$/.exec(note)?.[1]);
    assert.deepEqual(named.sort(), [
      'labels.tie',
      'rule.accepts_any_content',
      'rule.accepts_everything',
      'rule.unreachable',
    ]);
    const good = await upload({ ...POLICY, freshness: { challengeSeconds: 61 } });
    assert.deepEqual(good.body['notes'], []);
  });

  it('refuse what is not a policy, by its places', async () => {
    const { status, body } = await upload({ ...POLICY, ima: { measurements: [], extra: 1 } });
    assert.equal(status, 422);
    assert.ok(JSON.stringify(body['places']).includes('ima.extra'));
    const headers = { 'content-type': 'application/json' };
    const twice = '{"format":"plumbline-policy/1","format":"plumbline-policy/1"}';
    const repeated = await running.call('POST', '/v1/policies', { role, headers, body: twice });
    assert.equal(repeated.body['code'], 'policy.invalid');
    const absent = await activate('policies/prod/versions/99');
    assert.equal(absent.body['code'], 'policy.unknown');
  });

  it('let the policy with most fitting labels speak', async () => {
    const special = { ...POLICY, name: 'special', appliesTo: { labels: { env: 'lab' } } };
    await upload(special);
    await activate('policies/special/versions/1');
    const { id } = await enrol(running);
    const policyOf = async () => {
      const { body } = await running.call('POST', `/v1/attesters/${id}/challenges`);
      return body['policy'] ?? body['code'];
    };
    const label = (labels: object) =>
      running.call('PATCH', `/v1/attesters/${id}`, { role: 'operator', json: { labels } });
    assert.deepEqual(await policyOf(), { name: 'prod', version: 1 });
    await label({ env: 'lab', rack: '7' });
    assert.deepEqual(await policyOf(), { name: 'special', version: 1 });
    const rack = { ...POLICY, name: 'rack', appliesTo: { labels: { rack: '7' } } };
    await upload(rack);
    await activate('policies/rack/versions/1');
    assert.equal(await policyOf(), 'policy.ambiguous');
    await label({ env: 'office' });
    assert.deepEqual(await policyOf(), { name: 'prod', version: 1 });
  });

  it('refuse to activate a second policy for the same labels', async () => {
    await upload({ ...POLICY, name: 'rival' });
    const { status, body } = await activate('policies/rival/versions/1');
    assert.equal(status, 409);
    assert.equal(body['code'], 'policy.ambiguous');
  });

  it('keep a set once, whatever the order and form of its text', async () => {
    const reversed = digestLines([...FILES].reverse());
    const same = await uploadSet('base', reversed);
    assert.deepEqual([same.status, same.body['version']], [200, 1]);
    const lines = digestLines(FILES).split('\n').filter(Boolean);
    const ndjson = lines.map((line) => `{"digest":"sha256:${line.split(' ')[0]}"}`).join('\n');
    const other = await uploadSet('base', ndjson, { 'content-type': 'application/x-ndjson' });
    assert.deepEqual([other.status, other.body['version']], [200, 1]);
    const path = '/v1/reference-sets/base/versions/1/content';
    const content = await running.call('GET', path, { role: 'auditor' });
    assert.equal(content.body['text'], digestLines(FILES));
    const bound = await uploadSet('base?paths=bound', digestLines(FILES));
    assert.deepEqual([bound.status, bound.body['version']], [201, 2]);
  });

  it('refuse a set with one bad line, and one above the limit, and keep nothing', async () => {
    const bad = await uploadSet('bad', `${digestLines(FILES)}nonsense\n`);
    assert.equal(bad.status, 422);
    assert.equal(bad.body['code'], 'reference_set.invalid');
    assert.ok(JSON.stringify(bad.body['places']).includes('line 4'));
    const large = await uploadSet('bad', '#\n'.repeat(600_000));
    assert.equal(large.status, 413);
    const absent = await running.call('GET', '/v1/reference-sets/bad/versions', { role });
    assert.equal(absent.body['code'], 'reference_set.unknown');
    assert.equal((await activate('reference-sets/bad/versions/1')).status, 404);
  });

  it('take a new version of a set into use from the next challenge on', async () => {
    await publish(running);
    const patched = [...FILES, { path: '/usr/bin/new', content: 'new' }];
    const { host, id } = await enrol(running, patched);
    const attest = async (given: { id: string; nonce: string }) => {
      const { body } = await answer(running, given.id, { json: bodyFor(host, given.nonce) });
      return body['status'];
    };
    const early = await challenge(running, id);
    const { body } = await uploadSet('base', digestLines(patched));
    await activate(`reference-sets/base/versions/${String(body['version'])}`);
    assert.equal(await attest(early), 'contraindicated');
    assert.equal(await attest(await challenge(running, id)), 'affirming');
  });

  it('describe the policy document to other programs', async () => {
    const { status, body } = await running.call('GET', '/v1/policies/schema');
    assert.equal(status, 200);
    assert.equal(body['type'], 'object');
  });
});

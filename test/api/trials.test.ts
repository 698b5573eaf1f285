// A trial says of the stored evidence what activation then yields, and changes nothing by itself.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import { trialLine } from '../../src/api/policy-schema.ts';
import { onBothDatabases } from '../store/databases.ts';
import { attest, type Enrolled, enrol, FILES, POLICY, publish } from './attestation.ts';
import type { MadeFile } from './made-host.ts';
import { type RunningApi, startApi } from './running-api.ts';

const [TRUE, FALSE, LIBC] = FILES as readonly [MadeFile, MadeFile, MadeFile];
const EXTRA: MadeFile = { path: '/usr/bin/extra', content: 'extra' };
const EVIL: MadeFile = { path: '/tmp/x', content: 'evil' };
const role = 'policy-admin';

type Line = z.output<typeof trialLine>;

onBothDatabases('trials', (opened) => {
  let running: RunningApi;
  const fleet: Enrolled[] = [];

  before(async () => {
    running = await startApi(opened());
    await publish(running);
    for (const files of [FILES, [...FILES, EXTRA], [TRUE, LIBC], [...FILES, EVIL], [TRUE]]) {
      for (let copy = 0; copy < 3; copy += 1) fleet.push(await enrolledWith(files));
    }
    for (const { host } of fleet.slice(-3)) host.reboot([FALSE, LIBC]);
    for (const enrolled of fleet.slice(-3)) await attest(running, enrolled, 0);
  });
  after(() => running.close());

  const enrolledWith = async (files: readonly MadeFile[]): Promise<Enrolled> => {
    const enrolled = await enrol(running, files);
    await attest(running, enrolled);
    return enrolled;
  };
  const upload = async (measurements: readonly object[]): Promise<number> => {
    const json = { ...POLICY, ima: { measurements } };
    const { status, body } = await running.call('POST', '/v1/policies', { role, json });
    assert.equal(status, 201, JSON.stringify(body));
    return Number(body['version']);
  };
  const begin = (version: number, json: object = {}, headers = {}) =>
    running.call('POST', `/v1/policies/prod/versions/${version}/trial`, { role, json, headers });
  const tryOut = async (version: number, json: object = {}): Promise<Line[]> => {
    const { status, body } = await begin(version, json);
    assert.equal(status, 200, JSON.stringify(body));
    const lines = String(body['text']).trim().split('\n');
    return lines.map((line) => trialLine.parse(JSON.parse(line)));
  };
  const newestStatus = async (id: string) =>
    (await running.ports.attesters.find(id))?.latest?.status ?? 'none';

  it('equal what activation then yields, attester by attester', async () => {
    const version = await upload([
      { id: 'no-false', path: '/usr/bin/false', then: 'warn' },
      { id: 'extra', path: '/usr/bin/extra', then: 'accept' },
      { id: 'os', path: '/**', digestIn: ['base'], then: 'accept' },
    ]);
    const before = await Promise.all(fleet.map(({ id }) => newestStatus(id)));
    const lines = await tryOut(version);
    const { total, flips, statuses } = resultOf(lines);
    assert.equal(total, fleet.length);
    assert.deepEqual(
      new Set(statuses.map(({ from, to, count }) => `${from} ${to} ${count}`)),
      new Set([
        'affirming warning 6',
        'contraindicated warning 3',
        'affirming affirming 3',
        'contraindicated contraindicated 3',
      ]),
    );
    const progress = lines.flatMap((line) => ('progress' in line ? [line.progress.done] : []));
    assert.deepEqual(
      progress,
      fleet.map((_, at) => at + 1),
    );
    const after = await Promise.all(fleet.map(({ id }) => newestStatus(id)));
    assert.deepEqual(after, before);
    await running.call('POST', `/v1/policies/prod/versions/${version}/activate`, { role });
    for (const [at, enrolled] of fleet.entries()) {
      const flip = flips.find(({ attester }) => attester === enrolled.id);
      const { body } = await attest(running, enrolled);
      assert.equal(body['status'], flip?.to ?? before[at]);
      const codes = Object.keys(Object(body['findingCounts']));
      for (const code of flip?.codes ?? []) assert.ok(codes.includes(code), code);
    }
    await running.call('POST', '/v1/policies/prod/versions/1/activate', { role });
  });

  it('name the new findings, and what would help', async () => {
    const version = await upload([
      { id: 'bin', path: '/usr/bin/**', digestIn: ['base'], then: 'accept' },
    ]);
    const { newFindings } = resultOf(await tryOut(version));
    const [libc] = newFindings;
    assert.deepEqual([libc?.code, libc?.attesters], ['ima.file_unknown', 15]);
    const entry = { path: LIBC.path, digest: libc?.subject?.digest };
    assert.deepEqual(libc?.suggestion, { kind: 'set-entry', sets: ['base'], entry });
    const bare = await upload([{ id: 'none', path: '/none', then: 'refuse' }]);
    const suggestions = resultOf(await tryOut(bare)).newFindings.map((found) => found.suggestion);
    const value = { id: 'suggested-1', path: LIBC.path, then: 'warn' };
    const patch = [{ op: 'add', path: '/ima/measurements/-', value }];
    assert.deepEqual(suggestions[0], { kind: 'policy-patch', patch });
  });

  it('look at attesters of their selection for which the policy would speak', async () => {
    const chosen = fleet.slice(0, 2).map(({ id }) => id);
    assert.equal(resultOf(await tryOut(1, { attesters: chosen })).total, 2);
    const statuses = ['contraindicated'];
    assert.equal(resultOf(await tryOut(1, { statuses, limit: 2 })).total, 2);
    assert.equal(resultOf(await tryOut(1, { labels: { env: 'nowhere' } })).total, 0);
    const { id } = await enrol(running);
    const [other = ''] = chosen;
    const label = (labels: object) =>
      running.call('PATCH', `/v1/attesters/${other}`, { role: 'operator', json: { labels } });
    const json = { ...POLICY, name: 'lab', appliesTo: { labels: { env: 'lab' } } };
    await running.call('POST', '/v1/policies', { role, json });
    await running.call('POST', '/v1/policies/lab/versions/1/activate', { role });
    await label({ env: 'lab' });
    const left = resultOf(await tryOut(1, { attesters: [...chosen, id] }));
    assert.deepEqual([left.total, left.leftOut], [1, { otherPolicy: 1, withoutVerdict: 1 }]);
    await label({});
  });

  it('say where stored evidence does not tell', async () => {
    const gone = await enrolledWith(FILES);
    await opened().run('DELETE FROM evidence WHERE attester_id = $1', [gone.id]);
    const json = { ...POLICY, quote: { banks: ['sha256', 'sha384'] } };
    const { body } = await running.call('POST', '/v1/policies', { role, json });
    const [kept] = fleet;
    const attesters = [gone.id, kept?.id];
    const result = resultOf(await tryOut(Number(body['version']), { attesters }));
    assert.deepEqual(result.notDerivableCounts, { 'evidence-missing': 1 });
    assert.deepEqual(result.notDerivable, [
      { attester: gone.id, because: 'evidence-missing', codes: [] },
    ]);
    const [flip] = result.flips;
    assert.deepEqual([flip?.attester, flip?.to], [kept?.id, 'contraindicated']);
    assert.ok(flip?.codes.includes('quote.selection_incomplete'), JSON.stringify(flip));
  });

  it('are kept and written down with their result', async () => {
    const lines = await tryOut(1);
    const [head] = lines.flatMap((line) => ('trial' in line ? [line.trial] : []));
    const path = '/v1/policies/prod/versions/1/trials';
    const list = await running.call('GET', path, { role: 'auditor' });
    const [newest] = z.object({ items: z.array(Head) }).parse(list.body).items;
    assert.deepEqual([newest?.id, newest?.startedBy], [head?.id, 'policy-admin']);
    const kept = await running.call('GET', `${path}/${head?.id}`, { role: 'auditor' });
    const result = z.object({ result: z.record(z.string(), z.unknown()) }).parse(kept.body).result;
    assert.deepEqual(result['referenceSets'], { base: 1 });
    assert.equal(result['total'], resultOf(lines).total);
    const [entry] = await running.ports.audit.list({ action: 'policy.trial' }, { limit: 1 });
    assert.equal(entry?.detail['trial'], head?.id);
    const elsewhere = `/v1/policies/prod/versions/2/trials/${head?.id}`;
    const other = await running.call('GET', elsewhere, { role });
    assert.equal(other.body['code'], 'trial.unknown');
  });

  it('come as server-sent events for who asks so', async () => {
    const { headers, body } = await begin(1, { limit: 1 }, { accept: 'text/event-stream' });
    assert.equal(headers.get('content-type'), 'text/event-stream');
    const events = String(body['text']).match(/^event: .*$/gm);
    assert.deepEqual(events, ['event: trial', 'event: progress', 'event: result']);
  });

  it('let rounds go on, and end when nobody reads them', async () => {
    const path = '/v1/policies/prod/versions/1/trials';
    const before = await running.call('GET', path, { role });
    const gone = new AbortController();
    const answer = await fetch(`${running.url}/v1/policies/prod/versions/1/trial`, {
      method: 'POST',
      body: '{}',
      headers: {
        authorization: `Bearer ${running.secrets[role]}`,
        'content-type': 'application/json',
      },
      signal: gone.signal,
    });
    const reader = answer.body?.getReader() ?? assert.fail();
    await reader.read();
    const [first] = fleet;
    const round = await attest(running, first ?? assert.fail());
    assert.equal(round.body['status'], 'affirming');
    reader.closed.catch(() => {});
    gone.abort();
    for (let time = 0; time < 3; time += 1) assert.ok((await tryOut(1)).length > 1);
    const after = await running.call('GET', path, { role });
    const count = (body: unknown) => z.object({ items: z.array(Head) }).parse(body).items.length;
    assert.ok(count(after.body) - count(before.body) >= 3);
  });

  it('refuse a version that is not there', async () => {
    const { status, body } = await begin(99);
    assert.deepEqual([status, body['code']], [404, 'policy.unknown']);
  });
});

function resultOf(lines: readonly Line[]) {
  const last = lines.at(-1);
  if (last === undefined || !('result' in last)) return assert.fail(JSON.stringify(last));
  return last.result;
}

const Head = z.object({ id: z.string(), startedBy: z.string() });

// Learning mode from the command line: what hosts measured becomes a set that says on what it
// rests, over HTTP, and so does the stored list of a host that was accepted.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openEmbedded } from '../../src/store/embedded.ts';
import {
  answer,
  attest,
  bodyFor,
  challenge,
  type Enrolled,
  enrol,
  FILES,
  POLICY,
  publish,
} from '../api/attestation.ts';
import { digestLines, type MadeFile } from '../api/made-host.ts';
import { type RunningApi, startApi } from '../api/running-api.ts';
import { plumbline } from './run-command-line.ts';

const FIRST_USE = '{"format":"plumbline-reference-set/1","basis":"trusted-on-first-use"}';
const made = (name: string): MadeFile => ({ path: `/opt/${name}`, content: name });
const [BOTH, LEFT, RIGHT] = [made('both'), made('left'), made('right')];

describe('values from hosts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-learning-'));
  let running: RunningApi;
  let close: () => Promise<void>;
  let hosts: readonly Enrolled[];
  before(async () => {
    const database = await openEmbedded(join(folder, 'data'));
    running = await startApi(database);
    close = async () => {
      await running.close();
      await database.close();
    };
    await publish(running);
    hosts = [await enrol(running, [...FILES, BOTH, LEFT]), await enrol(running, [BOTH, RIGHT])];
    for (const enrolled of hosts) {
      enrolled.host.measure([{ path: 'bare', content: 'no path' }]);
      const round = await attest(running, enrolled);
      assert.equal(round.body['status'], 'contraindicated');
    }
  });
  after(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });

  const reference = (...args: readonly string[]) => {
    const [action = '', ...rest] = args;
    const service = ['--url', running.url, '--token', running.secrets.admin];
    return plumbline('reference', action, ...service, ...rest);
  };
  const idOf = (host: number) => hosts[host]?.id ?? assert.fail();
  const entriesOf = (lines: readonly string[]) =>
    lines.map((line) => {
      const { digest, path } = Object(JSON.parse(line));
      return `${String(digest).replace('sha256:', '')}  ${path ?? ''}\n`;
    });
  const activatePolicy = async (measurements: readonly object[]) => {
    const json = { ...POLICY, ima: { measurements } };
    const role = 'policy-admin';
    const { body } = await running.call('POST', '/v1/policies', { role, json });
    const path = `/v1/policies/prod/versions/${Number(body['version'])}/activate`;
    assert.equal((await running.call('POST', path, { role })).status, 200);
  };

  it('--from-attester refuses a host that was not accepted', async () => {
    const refused = await reference('make', '--from-attester', idOf(0));
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /newest round was contraindicated/);
    const unknown = await reference('make', '--from-verdicts', crypto.randomUUID());
    assert.match(unknown.stderr, /attester\.unknown/);
    const both = await reference('make', '--from-verdicts', '--list', idOf(0));
    assert.match(both.stderr, /--list and --from-verdicts at once/);
    assert.deepEqual([unknown.exitCode, both.exitCode], [2, 2]);
  });

  it('--from-verdicts merges proposals without repeats and says what they rest on', async () => {
    const file = join(folder, 'learned.ndjson');
    const told = await reference('make', '--from-verdicts', '--out', file, idOf(0), idOf(1));
    assert.equal(told.exitCode, 0, told.stderr);
    assert.match(told.stderr, /^3 values; 2 left out\n/);
    assert.match(told.stderr, /1 measurements that no entry can name/);
    assert.match(told.stderr, /marked as trusted on first use/);
    const [head, ...entries] = readFileSync(file, 'utf8').trimEnd().split('\n');
    assert.equal(head, FIRST_USE);
    const expected = digestLines([BOTH, LEFT, RIGHT]).match(/.+\n/g);
    assert.deepEqual(entriesOf(entries), expected);
    const free = await reference('make', '--from-verdicts', '--free', idOf(1));
    assert.doesNotMatch(free.stdout, /"path"/);
  });

  it('every verdict that relies on such a set says so', async () => {
    const file = join(folder, 'learned.ndjson');
    const kept = await reference('upload', '--activate', 'learned', file);
    assert.equal(kept.exitCode, 0, kept.stderr);
    const bare = { path: 'bare', content: 'no path' };
    await running.call('POST', '/v1/reference-sets/bare', {
      role: 'policy-admin',
      headers: { 'content-type': 'text/plain' },
      body: digestLines([bare]),
    });
    await running.call('POST', '/v1/reference-sets/bare/versions/1/activate', {
      role: 'policy-admin',
    });
    await activatePolicy([
      { id: 'os', path: '/**', digestIn: ['base', 'learned'], then: 'accept' },
      { id: 'bare', digestIn: ['bare'], then: 'accept' },
    ]);
    const [first = assert.fail()] = hosts;
    const { body } = await attest(running, first);
    assert.equal(body['status'], 'affirming', JSON.stringify(body['findings']));
    assert.equal(Object(body['findingCounts'])['ima.trusted_on_first_use'], 2);
    const again = await attest(running, first);
    assert.equal(Object(again.body['findingCounts'])['ima.trusted_on_first_use'], 2);
  });

  it('--from-attester takes the whole boot of an accepted host, round by round', async () => {
    const [first = assert.fail()] = hosts;
    const more = FILES.map(({ content }) => ({ path: '/usr/bin/copy', content }));
    first.host.measure([...more, ...more]);
    await attest(running, first);
    // Behind the quote: nothing proves it.
    const { id, nonce, ima } = await challenge(running, first.id);
    const json = bodyFor(first.host, nonce, { fromIndex: ima.fromIndex });
    first.host.measure([made('pending')]);
    const list = first.host.listFrom(ima.fromIndex);
    const [segment = assert.fail()] = json.ima.segments;
    const segments = [{ ...segment, bytes: list.toString('base64') }];
    const pending = await answer(running, id, {
      json: { ...json, ima: { ...json.ima, segments } },
    });
    assert.equal(Object(Object(pending.body['coverage']).ima).pendingCount, 1);
    const { exitCode, stdout, stderr } = await reference('make', '--from-attester', first.id);
    assert.equal(exitCode, 0, stderr);
    const [head, ...entries] = stdout.trimEnd().split('\n');
    assert.equal(head, FIRST_USE);
    const expected = digestLines([...FILES, BOTH, LEFT, ...more]).match(/.+\n/g);
    assert.deepEqual(entriesOf(entries), expected);
    assert.match(stderr, /bare: a bare name/);
  });

  it('an accepted host that relies on nothing learned gives a set without that mark', async () => {
    const honest = await enrol(running);
    await attest(running, honest);
    const { stdout } = await reference('make', '--from-attester', honest.id);
    const entries = stdout.trimEnd().split('\n');
    assert.deepEqual(entriesOf(entries), digestLines(FILES).match(/.+\n/g));
  });
});

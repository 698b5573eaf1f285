// Reference sets over HTTP and from the command line: forms, terms, what changed, documents of
// Keylime, and a large set that appraises a long list.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { plumbline } from '../cli/run-command-line.ts';
import { onBothDatabases } from '../store/databases.ts';
import { answer, challenge, enrol, FILES, formOf, headFor, publish } from './attestation.ts';
import { digestLines } from './made-host.ts';
import { type RunningApi, startApi } from './running-api.ts';

onBothDatabases('reference sets', (opened, name) => {
  let running: RunningApi;
  let folder: string;
  const role = 'policy-admin';
  const NDJSON = 'application/x-ndjson';
  const upload = (target: string, body: string, type = 'text/plain') =>
    running.call('POST', `/v1/reference-sets/${target}`, {
      role,
      headers: { 'content-type': type },
      body,
    });
  const get = (path: string) => running.call('GET', `/v1/reference-sets/${path}`, { role });
  const textAt = async (path: string) => {
    const authorization = `Bearer ${running.secrets[role]}`;
    const url = `${running.url}/v1/reference-sets/${path}`;
    const response = await fetch(url, { headers: { authorization } });
    return { type: response.headers.get('content-type'), text: await response.text() };
  };
  const fileOf = (file: string, text: string) => {
    writeFileSync(join(folder, file), text);
    return join(folder, file);
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-sets-'));
    const room = { referenceSetBytes: 100_000_000, evidenceBytes: 100_000_000 };
    running = await startApi(opened(), room);
  });
  after(async () => {
    await running.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const A = 'ab'.repeat(32);
  const B = 'cd'.repeat(32);
  const FROM = '2026-01-01T00:00:00.000Z';
  const TO = '2026-02-01T00:00:00.000Z';

  it('come as CSV, or are refused by the line', async () => {
    const kept = await upload('csv', `digest,path\r\n${A},"/a,b"\r\n`, 'text/csv');
    assert.deepEqual([kept.status, kept.body['entries']], [201, 1]);
    const same = await upload('csv', `{"digest":"sha256:${A}","path":"/a,b"}`, NDJSON);
    assert.deepEqual([same.status, same.body['version']], [200, 1]);
    const bad = await upload('csv', `digest\n${A}\nx`, 'text/csv');
    assert.equal(bad.body['code'], 'reference_set.invalid');
    assert.match(JSON.stringify(bad.body['places']), /line 3/);
  });

  it('keep their terms, which make another version of the same entries', async () => {
    const line = `{"digest":"sha256:${A}"}`;
    const plain = await upload('terms', line, NDJSON);
    const limited = await upload(`terms?validFrom=${FROM}&retireAt=${TO}`, line, NDJSON);
    const head = { format: 'plumbline-reference-set/1', basis: 'trusted-on-first-use' };
    const believed = await upload('terms', `${JSON.stringify(head)}\n${line}`, NDJSON);
    const again = await upload('terms?basis=trusted-on-first-use', line, NDJSON);
    const versions = [plain, limited, believed, again].map(({ body }) => body['version']);
    assert.deepEqual(versions, [1, 2, 3, 3]);
    const items = Object((await get('terms/versions')).body['items']);
    const told = [...items].map(({ validFrom, retireAt, basis }) => [validFrom, retireAt, basis]);
    assert.deepEqual(told, [
      [null, null, 'trusted-on-first-use'],
      [FROM, TO, null],
      [null, null, null],
    ]);
    const never = await upload(`terms?validFrom=${TO}&retireAt=${FROM}`, line, NDJSON);
    assert.equal(never.body['code'], 'reference_set.invalid');
    const tomorrow = await upload('terms?validFrom=tomorrow', line, NDJSON);
    assert.equal(tomorrow.status, 400);
    // Read back from the database under the same address.
    const same = await textAt('terms/versions/2/diff?from=3');
    assert.equal(same.text, '{"from":3,"to":2,"added":0,"removed":0,"tables":[]}\n');
  });

  it('tell what changed between versions', async () => {
    await upload('changing?paths=bound', `${A}  /a\n${B}  /b\n`);
    await upload('changing', `digest,path\n${A},/a\n${B},/c\n${B},\n`, 'text/csv');
    const diff = await textAt('changing/versions/2/diff?from=1');
    assert.equal(diff.type, NDJSON);
    const [head, ...entries] = diff.text.trimEnd().split('\n');
    assert.deepEqual([JSON.parse(head ?? '').added, JSON.parse(head ?? '').removed], [2, 1]);
    assert.deepEqual(
      entries.map((line) => JSON.parse(line)),
      [
        { change: 'removed', digest: `sha256:${B}`, path: '/b' },
        { change: 'added', digest: `sha256:${B}`, path: '/c' },
        { change: 'added', digest: `sha256:${B}` },
      ],
    );
    const absent = await get('changing/versions/2/diff?from=9');
    assert.equal(absent.body['code'], 'reference_set.unknown');
  });

  it('take the file digests of a Keylime runtime policy, and say what they leave out', async () => {
    const document = {
      meta: { version: 1 },
      digests: { '/usr/bin/true': [A], boot_aggregate: [B] },
      excludes: ['/tmp/.*'],
      keyrings: { '.ima': [B] },
    };
    const json = 'application/json';
    const kept = await upload('keylime', JSON.stringify(document), json);
    assert.deepEqual([kept.status, kept.body['entries']], [201, 1]);
    const places = [...Object(kept.body['leftOut'])].map(({ at }) => at);
    assert.deepEqual(places, ['digests["boot_aggregate"]', 'exclude-1', 'keyring-1']);
    const content = await textAt('keylime/versions/1/content');
    assert.equal(content.text, `{"digest":"sha256:${A}","path":"/usr/bin/true"}\n`);
    const bad = await upload('keylime', '{"meta":{"version":1}}', json);
    assert.equal(bad.body['code'], 'reference_set.invalid');
    const large = await upload('keylime', ' '.repeat(1_048_577), json);
    assert.equal(large.body['code'], 'limit.exceeded');
  });

  it('are uploaded, listed and refused from the command line', async () => {
    const service = ['--url', running.url, '--token', running.secrets[role]];
    const reference = (...args: string[]) => plumbline('reference', ...args);
    const file = fileOf('cli.csv', `digest,path\n${A},/a\n`);
    const terms = ['--retire-at', TO, '--activate'];
    const kept = await reference('upload', ...service, ...terms, 'cli', file);
    assert.deepEqual([kept.exitCode, kept.stderr], [0, '']);
    assert.match(kept.stdout, /^cli version 1 \(new, active\): 1 entries\n/);
    const list = await reference('list', ...service, 'cli');
    assert.match(list.stdout, /^version 1 {2}active, 1 entries, sha256:\w{64}, retires 2026-02/);
    assert.match(
      (await reference('list', ...service)).stdout,
      /^cli {2}newest 1, version 1 active$/m,
    );
    const bad = await reference('upload', ...service, 'cli', fileOf('bad.txt', 'x\n'));
    assert.equal(bad.exitCode, 2);
    assert.match(bad.stderr, /reference_set\.invalid[\s\S]*line 1/);
    const nobody = ['--url', 'http://127.0.0.1:9', '--token', 'x'];
    assert.equal((await reference('upload', ...nobody, 'cli', file)).exitCode, 2);
    assert.equal(
      (await reference('upload', ...service, 'cli', join(folder, 'no.txt'))).exitCode,
      2,
    );
    assert.equal((await reference('list')).exitCode, 2);
  });

  // A million digests take the same way in bench/reference-sets.ts; here it is a question of time.
  if (name !== 'embedded') return;
  it('hold two hundred thousand digests and appraise a hundred thousand records', async () => {
    await publish(running);
    const files = Array.from({ length: 100_000 }, (_, index) => {
      return { path: `/usr/lib/file-${index}`, content: `content ${index}` };
    });
    const others = Array.from({ length: 100_000 }, (_, index) => {
      return `${createHash('sha256').update(`other ${index}`).digest('hex')}  x\n`;
    });
    const text = `${digestLines(FILES)}${digestLines(files)}${others.join('')}`;

    const { body } = await upload('base', text);

    assert.equal(body['entries'], 200_003);
    const active = `reference-sets/base/versions/${String(body['version'])}/activate`;
    await running.call('POST', `/v1/${active}`, { role });

    const known = await enrol(running, files);

    const strange = { path: '/usr/lib/strange', content: 'strange' };
    const answers = [];
    for (const more of [[], [strange]]) {
      known.host.measure(more);
      const { id, nonce, ima } = await challenge(running, known.id);
      const head = { ...headFor(known.host, nonce) };
      const evidence = { ...head, ima: { ...head.ima, fromIndex: ima.fromIndex } };
      const list = known.host.listFrom(ima.fromIndex);
      running.wait(1);

      answers.push(await answer(running, id, { body: formOf(evidence, [['segment', list]]) }));
    }
    assert.equal(answers[0]?.body['status'], 'affirming', JSON.stringify(answers[0]?.body));
    assert.equal(answers[1]?.body['status'], 'contraindicated');
    assert.match(JSON.stringify(answers[1]?.body['findings']), /ima\.file_unknown/);
  });
});

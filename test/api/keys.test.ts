// Keyrings and trust anchors over HTTP and from the command line: versions, mistakes, removal.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { plumbline } from '../cli/run-command-line.ts';
import { onBothDatabases } from '../store/databases.ts';
import { madeCertificate } from './made-certificate.ts';
import { type RunningApi, startApi } from './running-api.ts';

onBothDatabases('keys', (opened) => {
  let running: RunningApi;
  let folder: string;
  before(async () => {
    running = await startApi(opened());
    folder = await mkdtemp(path.join(tmpdir(), 'plumbline-keys-'));
  });
  after(async () => {
    await running.close();
    await rm(folder, { recursive: true, force: true });
  });

  const role = 'policy-admin';
  const pem = { 'content-type': 'application/x-pem-file' };

  it('keep keyrings in versions that never change', async () => {
    const [{ cert: one }, { cert: two }] = [await madeCertificate(), await madeCertificate()];
    const send = (body: string) =>
      running.call('POST', '/v1/keyrings/vendor', { role, headers: pem, body });
    const first = await send(`${one}\n`);
    assert.equal(first.status, 201);
    assert.equal(first.body['keys'], 1);
    const again = await send(`${one}\n${one}\n`);
    assert.deepEqual([again.status, again.body['version']], [200, 1]);
    const second = await send(`${one}\n${two}\n`);
    assert.deepEqual([second.body['version'], second.body['keys']], [2, 2]);
    const activated = await running.call('POST', '/v1/keyrings/vendor/versions/2/activate', {
      role,
    });
    assert.equal(activated.status, 200);
    const versions = await running.call('GET', '/v1/keyrings/vendor/versions', { role });
    assert.deepEqual(
      Object(versions.body)['items'].map((kept: { active: boolean }) => kept.active),
      [true, false],
    );
    const absent = await running.call('POST', '/v1/keyrings/vendor/versions/9/activate', { role });
    assert.deepEqual([absent.status, absent.body['code']], [404, 'keyring.unknown']);
  });

  it('refuse a keyring with one bad block, and say where', async () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const body = `${(await madeCertificate()).cert}\n${broken}`;
    const { status, body: told } = await running.call('POST', '/v1/keyrings/bad', {
      role,
      headers: pem,
      body,
    });
    assert.deepEqual([status, told['code']], [422, 'keyring.invalid']);
    assert.match(Object(told)['places'][0].at, /^line \d+$/);
    const missing = await running.call('GET', '/v1/keyrings/bad/versions', { role });
    assert.equal(missing.status, 404);
  });

  it('import anchors once, list them, and take them away', async () => {
    const { cert } = await madeCertificate();
    const send = (kind: string) =>
      running.call('POST', `/v1/trust-anchors?kind=${kind}`, {
        role,
        headers: pem,
        body: `${cert}\n`,
      });
    const first = await send('anchor');
    assert.equal(first.status, 201);
    const [kept] = Object(first.body)['items'];
    assert.deepEqual([kept.created, kept.kind], [true, 'anchor']);
    // What is an anchor does not become something else by being sent again.
    const [again] = Object((await send('intermediate')).body)['items'];
    assert.equal(again.created, false);
    const gone = await running.call('DELETE', `/v1/trust-anchors/${kept.fingerprint}`, { role });
    assert.equal(gone.status, 204);
    const twice = await running.call('DELETE', `/v1/trust-anchors/${kept.fingerprint}`, { role });
    assert.deepEqual([twice.status, twice.body['code']], [404, 'trust_anchor.unknown']);
    const wrong = await send('crl');
    assert.deepEqual([wrong.status, wrong.body['code']], [422, 'trust_anchor.invalid']);
  });

  it('are handled from the command line', async () => {
    const { cert } = await madeCertificate();
    const file = path.join(folder, 'authority.pem');
    await writeFile(file, `${cert}\n`);
    const service = ['--url', running.url, '--token', running.secrets[role]];
    const keyring = await plumbline('keyring', 'upload', '--activate', ...service, 'cli', file);
    assert.equal(keyring.exitCode, 0, keyring.stderr);
    const rings = await plumbline('keyring', 'list', ...service);
    assert.match(rings.stdout, /^cli {2}newest 1, version 1 active$/m);
    const imported = await plumbline('anchors', 'import', ...service, file);
    assert.match(imported.stdout, /1 new, 0 known already/);
    const listed = await plumbline('anchors', 'list', ...service);
    const [fingerprint = ''] = /[0-9a-f]{64}/.exec(imported.stdout) ?? [];
    assert.ok(listed.stdout.includes(`anchor  ${fingerprint}`));
    const removed = await plumbline('anchors', 'remove', ...service, fingerprint);
    assert.equal(removed.exitCode, 0, removed.stderr);
    const refused = await plumbline('anchors', 'remove', ...service, fingerprint);
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /trust_anchor\.unknown/);
  });
});

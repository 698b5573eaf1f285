// Policies in a service from the command line: upload, trial, activation, roll back.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openEmbedded } from '../../src/store/embedded.ts';
import { attest, type Enrolled, enrol, FILES, POLICY, publish } from '../api/attestation.ts';
import { type RunningApi, startApi } from '../api/running-api.ts';
import { plumbline } from './run-command-line.ts';

const EXTRA = { path: '/usr/bin/extra', content: 'extra' };
const WARNED = {
  ...POLICY,
  ima: {
    measurements: [
      { id: 'no-false', path: '/usr/bin/false', then: 'warn' },
      ...POLICY.ima.measurements,
    ],
  },
};

describe('policy upload, trial, activate and list', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-policies-'));
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
    hosts = [await enrol(running), await enrol(running, [...FILES, EXTRA])];
    for (const enrolled of hosts) await attest(running, enrolled);
  });
  after(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });

  const policy = (...args: readonly string[]) => {
    const [action = '', ...rest] = args;
    const service = ['--url', running.url, '--token', running.secrets['policy-admin']];
    return plumbline('policy', action, ...service, ...rest);
  };
  const fileOf = (name: string, document: object) => {
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify(document));
    return file;
  };
  const idOf = (host: number) => hosts[host]?.id ?? assert.fail();

  it('uploads a version, with the lints of its author', async () => {
    const kept = await policy('upload', fileOf('warned.json', WARNED));
    assert.deepEqual([kept.exitCode, kept.stderr], [0, '']);
    assert.match(kept.stdout, /^prod version 2 \(new\)\n {2}digest {2}sha256:\w{64}\n$/);
    const lax = { ...WARNED, ima: { measurements: [{ id: 'x', path: '/**', then: 'accept' }] } };
    const told = await policy('upload', fileOf('lax.json', { ...lax, name: 'lax' }));
    assert.match(told.stdout, /^ {2}note {4}.*\(rule\.accepts_everything\)$/m);
    const bad = await policy('upload', fileOf('bad.json', { ...WARNED, extra: 1 }));
    assert.equal(bad.exitCode, 2);
    assert.match(bad.stderr, /policy\.invalid[\s\S]*extra: /);
  });

  it('says what a version would change, to people and to programs', async () => {
    const { exitCode, stdout } = await policy('trial', 'prod', '2');
    assert.equal(exitCode, 3);
    assert.match(stdout, /^prod version 2: 2 attesters\n {2}with {6}base version 1\n/);
    assert.match(stdout, /^ {2}1 change from affirming to warning$/m);
    assert.match(stdout, /^ {2}1 stay contraindicated$/m);
    assert.match(stdout, new RegExp(`^ {2}${idOf(0)} {2}affirming to warning: ima\\.\\w+$`, 'm'));
    assert.match(stdout, /^new findings\n {2}ima\.\w+ {2}2 attesters {2}\/usr\/bin\/false/m);
    const json = await policy('trial', '--json', '--attester', idOf(0), 'prod', '1');
    assert.equal(json.exitCode, 0);
    const { trial, result } = JSON.parse(json.stdout);
    assert.deepEqual([trial.policy, result.total], [{ name: 'prod', version: 1 }, 1]);
  });

  it('selects by label, status and number', async () => {
    const totals = [];
    for (const selection of [
      ['--label', 'env=nowhere'],
      ['--status', 'affirming'],
      ['--limit', '1'],
    ]) {
      const { stdout } = await policy('trial', '--json', ...selection, 'prod', '1');
      totals.push(JSON.parse(stdout).result.total);
    }
    assert.deepEqual(totals, [0, 1, 1]);
  });

  it('activates a version, and an older one again', async () => {
    const next = await policy('activate', 'prod', '2');
    assert.equal(next.stdout, 'prod version 2 is active\n  uses    base version 1\n', next.stderr);
    await policy('activate', 'prod', '1');
    const list = await policy('list', 'prod');
    assert.match(list.stdout, /^version 2 {2}superseded, .*\nversion 1 {2}active, sha256:/);
    assert.match((await policy('list')).stdout, /^prod {2}newest 2, version 1 active$/m);
    const known = await policy('upload', '--activate', fileOf('same.json', POLICY));
    assert.match(known.stdout, /^prod version 1 \(known already, active\)/);
  });

  it('needs a version that is there, and arguments that say something', async () => {
    for (const [args, complaint] of [
      [['trial', 'prod', '99'], /policy\.unknown/],
      [['activate', 'prod', '99'], /policy\.unknown/],
      [['list', 'no-such'], /policy\.unknown/],
      [['trial', 'prod'], /say a name and a version/],
      [['trial', '--label', 'env', 'prod', '1'], /is not KEY=VALUE/],
      [['trial', '--status', 'good', 'prod', '1'], /none of affirming/],
      [['trial', '--limit', '0', 'prod', '1'], /--limit/],
      [['upload'], /say one file/],
    ] as const) {
      const { exitCode, stdout, stderr } = await policy(...args);
      assert.deepEqual([exitCode, stdout], [2, ''], args.join(' '));
      assert.match(stderr, complaint);
    }
  });
});

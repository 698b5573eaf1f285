// `plumbline policy check`: what it accepts, what it warns of, and with which exit code.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MINIMAL_POLICY } from '../unit/policy-documents.ts';
import { demoPath, plumbline, temporaryFolder } from './run-command-line.ts';

const OS = { id: 'os', path: '/**', digestIn: ['os'], then: 'accept' };
const KEYS = { id: 'keys', path: '/opt/**', signedBy: ['vendor'], then: 'accept' };
const ANYTHING = { id: 'any', path: '/**', then: 'accept' };

/** Writes a policy with these rules; gives its file. */
async function policyFile(t: TestContext, measurements: unknown, extra = {}): Promise<string> {
  const file = path.join(await temporaryFolder(t), 'policy.json');
  const document = { ...MINIMAL_POLICY, ima: { measurements }, ...extra };
  await writeFile(file, JSON.stringify(document));
  return file;
}

const VENDOR_PEM = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  type: 'spki',
  format: 'pem',
});

describe('policy check', () => {
  it('accepts the policy of the demo, with and without its sets', async () => {
    const alone = await plumbline('policy', 'check', demoPath('policy.json'));
    assert.equal(alone.exitCode, 0);
    assert.match(alone.stdout, /needs +set demo-host$/m);
    const whole = await plumbline(
      ...['policy', 'check', '--sets', demoPath('sets'), demoPath('policy.json')],
    );
    assert.equal(whole.exitCode, 0);
    assert.match(whole.stdout, /set demo-host: 283 entries/);
  });

  it('explains every default', async () => {
    const { exitCode, stdout } = await plumbline(
      ...['policy', 'check', '--explain', demoPath('policy.json')],
    );
    assert.equal(exitCode, 0);
    const explained = JSON.parse(stdout);
    assert.equal(explained.quote.minRsaBits, 2048);
  });

  it('refuses what is not a policy, with the place', async () => {
    const bundle = demoPath('capture/host.bundle.json');
    const { exitCode, stderr } = await plumbline('policy', 'check', bundle);
    assert.equal(exitCode, 2);
    assert.match(stderr, /format/);
  });

  it('warns with an exit code of its own, and says where', async (t) => {
    const { exitCode, stdout } = await plumbline(
      'policy',
      'check',
      await policyFile(t, [ANYTHING]),
    );
    assert.equal(exitCode, 3);
    assert.match(stdout, /^usable, with warnings/);
    assert.match(stdout, /warning ima\.measurements\[0\]: .*\(rule\.accepts_everything\)/);
  });

  it('does not count a note as a warning', async (t) => {
    const file = await policyFile(t, [OS, { id: 'rest', path: '/**', then: 'warn' }]);
    const { exitCode, stdout } = await plumbline('policy', 'check', file);
    assert.equal(exitCode, 0);
    assert.match(stdout, /note +ima\.measurements\[1\]: .*\(rule\.warns_everything\)/);
  });

  it('takes several files for policies in force together', async (t) => {
    const ours = await policyFile(t, [OS], { name: 'ours' });
    const theirs = await policyFile(t, [OS], { name: 'theirs' });
    const together = await plumbline('policy', 'check', ours, theirs);
    assert.equal(together.exitCode, 3);
    assert.equal(together.stdout.match(/labels\.tie/g)?.length, 2);
    const bad = await policyFile(t, 'none');
    const { exitCode, stdout, stderr } = await plumbline('policy', 'check', bad, ours);
    assert.equal(exitCode, 2);
    assert.match(stderr, /ima\.measurements/);
    assert.match(stdout, /^usable/);
  });

  it('looks for sets and keyrings where it is told to', async (t) => {
    const file = await policyFile(t, [OS, KEYS]);
    const folder = path.join(path.dirname(file), 'stores');
    await mkdir(folder);
    const missing = await plumbline('policy', 'check', '--sets', folder, file);
    assert.equal(missing.exitCode, 2);
    assert.match(missing.stderr, /ima\.measurements\[0\]\.digestIn\[0\]: no reference set "os"/);
    const keyless = await plumbline('policy', 'check', '--keyrings', folder, file);
    assert.equal(keyless.exitCode, 2);
    assert.match(keyless.stderr, /no keyring "vendor"/);
    await writeFile(path.join(folder, 'vendor.pem'), '');
    const broken = await plumbline('policy', 'check', '--keyrings', folder, file);
    assert.equal(broken.exitCode, 2);
    assert.match(broken.stderr, /vendor\.pem: not a keyring/);
    await writeFile(path.join(folder, 'vendor.pem'), VENDOR_PEM);
    const keyed = await plumbline('policy', 'check', '--keyrings', folder, file);
    assert.equal(keyed.exitCode, 0);
    assert.match(keyed.stdout, /needs +keyring vendor/);
  });

  it('tells programs all of it', async (t) => {
    const good = await policyFile(t, [ANYTHING, KEYS]);
    const bad = await policyFile(t, [{ id: 'a b', path: '/x', then: 'warn' }]);
    const { stdout, stderr } = await plumbline(
      ...['policy', 'check', '--json', '--explain', good, bad],
    );
    assert.equal(stderr, '');
    const [usable, unusable] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(usable.usable, true);
    assert.deepEqual(usable.needs, { sets: [], keyrings: ['vendor'] });
    assert.equal(usable.lints[0].id, 'rule.unreachable');
    assert.equal(usable.policy.quote.minRsaBits, 2048);
    assert.deepEqual(unusable.usable, false);
    assert.equal(unusable.problems[0].path, 'ima.measurements[0].id');
  });
});

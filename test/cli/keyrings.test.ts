// `plumbline verify --keyrings`: signed files of a captured host, by keys from a folder.

import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { evidencePath, plumbline, temporaryFolder } from './run-command-line.ts';

const BUNDLE = evidencePath('02-ima-sig/q01-ecdsa-pcr10.bundle.json');

const POLICY = {
  format: 'plumbline-policy/1',
  name: 'signed',
  quote: { pcrs: [10] },
  boot: { eventLog: 'optional', secureBoot: 'optional' },
  ima: {
    measurements: [
      { id: 'data', path: '/data/**', signedBy: ['vendor'], then: 'accept' },
      { id: 'unsigned', path: '/data/bin/*', then: 'warn' },
      { id: 'conf', path: '/data/[ft]*.conf', then: 'warn' },
      { id: 'os', path: '/[!d]**', then: 'accept' },
    ],
  },
};

interface Scene {
  readonly policy: string;
  readonly keyrings: string;
}

/** A policy and a folder with the keys that signed, as one keyring. */
async function scene(t: TestContext, key: string, name: string): Promise<Scene> {
  const folder = await temporaryFolder(t);
  const [policy, keyrings] = [path.join(folder, 'policy.json'), path.join(folder, 'keyrings')];
  await mkdir(keyrings);
  await writeFile(policy, JSON.stringify(POLICY));
  await copyFile(evidencePath(`02-ima-sig/ima-keys/${key}`), path.join(keyrings, name));
  return { policy, keyrings };
}

/** Codes with the paths that they are about, of findings that refuse. */
function refusals(stdout: string): readonly string[] {
  const { findings } = JSON.parse(stdout);
  return findings
    .filter(({ severity }: { severity: string }) => severity === 'contraindicated')
    .map(
      ({ code, subject }: { code: string; subject?: { path: string } }) =>
        `${code} ${subject?.path ?? ''}`,
    );
}

describe('verify --keyrings', () => {
  it('accepts what a key of the folder signed, PEM or DER', async (t) => {
    for (const [key, name] of [
      ['ima-rsa.crt.pem', 'vendor.pem'],
      ['ima-rsa.crt.der', 'vendor.der'],
    ] as const) {
      const { policy, keyrings } = await scene(t, key, name);
      const args = ['--policy', policy, '--keyrings', keyrings, '--json', BUNDLE];
      const { stdout } = await plumbline('verify', ...args);
      assert.deepEqual(JSON.parse(stdout).findingCounts['ima.file_signed'], 7);
      // The rule "conf" lets the file with a foreign signature pass, with a warning.
      assert.deepEqual(refusals(stdout), []);
    }
  });

  it('needs the keyring that the policy names', async (t) => {
    const { policy, keyrings } = await scene(t, 'ima-rsa.crt.pem', 'other.pem');
    for (const args of [[], ['--keyrings', keyrings]]) {
      const { exitCode, stderr } = await plumbline('verify', '--policy', policy, ...args, BUNDLE);
      assert.equal(exitCode, 2);
      assert.match(stderr, /ima\.measurements\[0\]\.signedBy\[0\]: no keyring "vendor"/);
    }
  });

  it('refuses a file that is no keyring, and one whose name says nothing', async (t) => {
    const { policy, keyrings } = await scene(t, 'ima-rsa.crt.pem', 'vendor.txt');
    const args = ['verify', '--policy', policy, '--keyrings', keyrings, BUNDLE];
    const named = await plumbline(...args);
    assert.equal(named.exitCode, 2);
    assert.match(named.stderr, /extension "\.txt"/);
    await writeFile(path.join(keyrings, 'vendor.pem'), '-----BEGIN CERTIFICATE-----\n');
    const several = await plumbline(...args);
    assert.match(several.stderr, /several files for the keyring vendor/);
    const broken = await scene(t, 'ima-rsa.crt.pem', 'other.pem');
    await writeFile(path.join(broken.keyrings, 'vendor.pem'), '-----BEGIN CERTIFICATE-----\n');
    const bad = await plumbline(
      ...['verify', '--policy', broken.policy, '--keyrings', broken.keyrings, BUNDLE],
    );
    assert.equal(bad.exitCode, 2);
    assert.match(bad.stderr, /vendor\.pem: not a keyring:\n {2}line 1/);
  });
});

// `plumbline verify`: one exit code a status, one document a bundle, captures as they are.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { CHECKS } from '../../src/verify/verdict.ts';
import {
  copyCapture,
  demoPath,
  evidencePath,
  plumbline,
  temporaryFolder,
} from './run-command-line.ts';

const AFFIRMING = evidencePath('01-ima-ng-tcb/q01-rsassa-pcr10.bundle.json');
const WARNING = evidencePath('05-violations/q02-after-open-writers.bundle.json');

describe('exit codes', () => {
  it('0: affirming', async () => {
    const { exitCode, stdout, stderr } = await plumbline('verify', AFFIRMING);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^affirming {2}/);
    assert.match(stdout, /299 records proven/);
    assert.equal(stderr, '');
  });

  it('1: contraindicated, with code, expected, actual and hint', async (t) => {
    const capture = await copyCapture(t);
    const file = await capture.write((bundle) => {
      bundle['nonce'] = '00'.repeat(32);
    });
    const { exitCode, stdout } = await plumbline('verify', file);
    assert.equal(exitCode, 1);
    assert.match(stdout, /^contraindicated {2}/);
    assert.match(stdout, /contraindicated {2}quote\.nonce_mismatch/);
    for (const label of ['expected', 'actual', 'hint']) {
      assert.match(stdout, new RegExp(`^ +${label} `, 'm'));
    }
  });

  it('1: a file that reads but is malformed is a verdict', async (t) => {
    const capture = await copyCapture(t);
    await writeFile(path.join(capture.folder, 'quote.msg'), 'not a quote');
    const { exitCode, stdout } = await plumbline('verify', await capture.write());
    assert.equal(exitCode, 1);
    assert.match(stdout, /quote\./);
  });

  it('2: a file that cannot be read; other bundles are judged all the same', async () => {
    const { exitCode, stdout, stderr } = await plumbline('verify', 'none.json', AFFIRMING);
    assert.equal(exitCode, 2);
    assert.match(stderr, /none\.json/);
    assert.match(stdout, /^affirming/);
  });

  it('3: warning', async () => {
    const { exitCode, stdout } = await plumbline('verify', WARNING);
    assert.equal(exitCode, 3);
    assert.match(stdout, /^warning {2}/);
  });

  it('4: none, and what would settle it', async (t) => {
    const capture = await copyCapture(t);
    const file = await capture.write((bundle) => {
      delete bundle['ima'];
    });
    const { exitCode, stdout } = await plumbline('verify', file);
    assert.equal(exitCode, 4);
    assert.match(stdout, /^none {2}/);
    assert.match(stdout, /ima\.list_missing/);
    assert.match(stdout, /send the list from record 0/);
  });

  it('are those of the last bundle', async () => {
    const { exitCode, stdout } = await plumbline('verify', AFFIRMING, WARNING);
    assert.equal(exitCode, 3);
    assert.deepEqual(stdout.match(/^(affirming|warning)/gm), ['affirming', 'warning']);
  });
});

describe('--json', () => {
  it('gives one document a bundle, one a line, the bundle first', async () => {
    const { exitCode, stdout } = await plumbline('verify', '--json', WARNING, AFFIRMING);
    assert.equal(exitCode, 0);
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      documents.map(({ bundle, status }) => [bundle, status]),
      [
        [WARNING, 'warning'],
        [AFFIRMING, 'affirming'],
      ],
    );
    for (const document of documents) {
      assert.deepEqual(Object.keys(document), [
        'bundle',
        'status',
        'checks',
        'findings',
        'findingCounts',
        'coverage',
        'timeline',
        'diagnosis',
        'policy',
        'next',
      ]);
      assert.deepEqual(
        document.checks.map(({ check }: { check: string }) => check),
        [...CHECKS],
      );
    }
  });

  it('is the same for the same bytes', async () => {
    const first = await plumbline('verify', '--json', AFFIRMING);
    const second = await plumbline('verify', '--json', AFFIRMING);
    assert.equal(first.stdout, second.stdout);
  });
});

describe('the list', () => {
  it('may be compressed or not', async (t) => {
    const capture = await copyCapture(t);
    const packed = path.join(capture.folder, 'binary_runtime_measurements.gz');
    await writeFile(path.join(capture.folder, 'plain'), gunzipSync(await readFile(packed)));
    const file = await capture.write((bundle) => {
      bundle['ima'] = {
        segments: [{ file: 'plain', kind: 'current', encoding: 'binary', digestColumn: 'sha1' }],
      };
    });
    const { exitCode, stdout } = await plumbline('verify', file);
    assert.equal(exitCode, 0);
    assert.match(stdout, /299 records proven/);
  });

  it('names the place where one byte was changed', async (t) => {
    const capture = await copyCapture(t);
    const packed = path.join(capture.folder, 'binary_runtime_measurements.gz');
    const list = gunzipSync(await readFile(packed));
    const offset = 3000;
    list[offset] = (list[offset] ?? 0) ^ 1;
    await writeFile(packed, gzipSync(list));
    const { exitCode, stdout } = await plumbline('verify', '--json', await capture.write());
    assert.equal(exitCode, 1);
    const { findings } = JSON.parse(stdout);
    const [finding] = findings.filter(
      ({ severity }: { severity: string }) => severity === 'contraindicated',
    );
    assert.equal(finding.code, 'ima.template_digest_mismatch');
    assert.equal(typeof finding.where.entryIndex, 'number');
    assert.ok(finding.where.offsetBytes <= offset);
  });

  it('that is damaged gzip cannot be read: exit 2, no verdict', async (t) => {
    const capture = await copyCapture(t);
    const packed = path.join(capture.folder, 'binary_runtime_measurements.gz');
    const bytes = await readFile(packed);
    await writeFile(packed, bytes.subarray(0, bytes.byteLength - 100));
    const { exitCode, stdout, stderr } = await plumbline('verify', await capture.write());
    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /damaged gzip data/);
  });
});

describe('--policy and --sets', () => {
  const bundle = demoPath('capture/host.bundle.json');
  const policy = demoPath('policy.json');

  it('accept the demo host by the files it ships with', async () => {
    const args = ['--policy', policy, '--sets', demoPath('sets'), '--json', bundle];
    const { exitCode, stdout } = await plumbline('verify', ...args);
    assert.equal(exitCode, 0);
    const verdict = JSON.parse(stdout);
    assert.equal(verdict.policy.name, 'demo');
    assert.match(verdict.policy.digest, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(verdict.findings, []);
  });

  it('refuse it when one digest is taken out of the set', async (t) => {
    const folder = await temporaryFolder(t);
    const lines = await readFile(demoPath('sets/demo-host.sha256sum'), 'utf8');
    const without = lines.split('\n').filter((line) => !line.endsWith('  /usr/bin/tpm2'));
    await writeFile(path.join(folder, 'demo-host.txt'), without.join('\n'));
    const args = ['--policy', policy, '--sets', folder, '--json', bundle];
    const { exitCode, stdout } = await plumbline('verify', ...args);
    assert.equal(exitCode, 1);
    const { findings } = JSON.parse(stdout);
    assert.deepEqual(
      findings.map((finding: { code: string; subject: { path: string } }) => [
        finding.code,
        finding.subject.path,
      ]),
      [['ima.file_unknown', '/usr/bin/tpm2']],
    );
  });

  const unusable: readonly (readonly [string, string, string, RegExp])[] = [
    ['a set that is not there', 'other.txt', '', /demo-host/],
    ['a set in CSV without a header', 'demo-host.csv', 'x', /line 1: /],
    ['a set of unknown form', 'demo-host.dat', 'x', /has the extension "\.dat"/],
    ['a set with a bad line', 'demo-host.txt', 'no digest\n', /line 1: /],
  ];
  for (const [name, file, text, expected] of unusable) {
    it(`cannot use ${name}: exit 2`, async (t) => {
      const folder = await temporaryFolder(t);
      await writeFile(path.join(folder, file), text);
      const args = ['--policy', policy, '--sets', folder, bundle];
      const { exitCode, stdout, stderr } = await plumbline('verify', ...args);
      assert.equal(exitCode, 2);
      assert.equal(stdout, '');
      assert.match(stderr, expected);
    });
  }

  it('ask for the sets that the policy names', async () => {
    const { exitCode, stderr } = await plumbline('verify', '--policy', policy, bundle);
    assert.equal(exitCode, 2);
    assert.match(stderr, /--sets DIR/);
  });
});

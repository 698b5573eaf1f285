// `plumbline verify` over rounds: in one call or in several with --state, the same verdicts and the
// same timelines; one for each key; and no state file that could be misread is used.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { cp, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { FILE_LIMITS } from '../../src/bytes/limits.ts';
import { join, splitRecords } from '../property/list-writer.ts';
import { copyCapture, evidencePath, plumbline, temporaryFolder } from './run-command-line.ts';

/** The bundles of a scenario in the order in which they were captured. */
function bundlesOf(scenario: string): readonly string[] {
  const folder = evidencePath(scenario);
  const names = readdirSync(folder).filter((name) => name.endsWith('.bundle.json'));
  return names.sort().map((name) => path.join(folder, name));
}

async function stateFile(t: TestContext): Promise<string> {
  return path.join(await temporaryFolder(t), 'host.timeline.json');
}

async function attestersIn(file: string): Promise<Record<string, { checkpoints: unknown[] }>> {
  const { format, attesters } = JSON.parse(await readFile(file, 'utf8'));
  assert.equal(format, 'plumbline-timelines/1');
  return attesters;
}

/** Verifies all bundles in one call; what was printed. */
async function inOneCall(bundles: readonly string[], file: string): Promise<string> {
  const { stdout, stderr } = await plumbline('verify', '--json', '--state', file, ...bundles);
  assert.equal(stderr, '');
  return stdout;
}

/** Verifies each bundle in a call of its own; everything that was printed. */
async function inManyCalls(bundles: readonly string[], file: string): Promise<string> {
  let printed = '';
  for (const bundle of bundles) printed += await inOneCall([bundle], file);
  return printed;
}

const SCENARIOS = [
  '07-kexec-with-log-carry-over',
  '07-kexec-without-log-carry-over',
  '08-log-partial-delete',
  '08-log-staging-and-kexec',
  '12-ten-thousand-entries',
];

describe('rounds of a captured host', () => {
  for (const scenario of SCENARIOS) {
    it(`are the same in one call and in many: ${scenario}`, async (t) => {
      const bundles = bundlesOf(scenario);
      const [one, many] = [await stateFile(t), await stateFile(t)];
      const printed = await inOneCall(bundles, one);
      assert.equal(await inManyCalls(bundles, many), printed);
      assert.deepEqual(await attestersIn(many), await attestersIn(one));
      const unkept = await plumbline('verify', '--json', ...bundles);
      assert.equal(unkept.stdout, printed);
    });
  }

  it('tell people the boot, where the list began and what was new', async () => {
    const rounds = bundlesOf('12-ten-thousand-entries').slice(0, 4);
    const { exitCode, stdout } = await plumbline('verify', ...rounds);
    assert.equal(exitCode, 0);
    assert.deepEqual(
      [...stdout.matchAll(/^ {2}round +(.*)$/gm)].map(([, words]) => words),
      [70, 2000, 2000, 2000].map((added) => `boot 1; list from record 0; ${added} new records`),
    );
  });

  it('need no record twice', async (t) => {
    const [start = '', second = ''] = bundlesOf('12-ten-thousand-entries');
    const rest = await withoutRecords(t, second, 70);
    const file = await stateFile(t);
    await inOneCall([start], file);
    const { exitCode, stdout } = await plumbline('verify', '--state', file, rest);
    assert.equal(exitCode, 0);
    assert.match(stdout, /boot 1; list from record 70; 2000 new records\n.*2070 records proven/);
    const alone = await plumbline('verify', rest);
    assert.equal(alone.exitCode, 4);
    assert.match(alone.stdout, /send the list from record 0/);
  });

  it('of two keys do not disturb each other', async (t) => {
    const bundles = bundlesOf('08-log-staging-and-kexec');
    const keys = await Promise.all(
      bundles.map(async (name) => JSON.parse(await readFile(name, 'utf8')).ak.file),
    );
    const rounds = (key: string) => bundles.filter((_, at) => keys[at] === key);
    const [rsa, ecdsa] = [rounds('boot1/keys/ak-rsassa.pub'), rounds('boot1/keys/ak-ecdsa.pub')];
    assert.equal(rsa.length + ecdsa.length, bundles.length);
    const [both, onlyRsa, onlyEcdsa] = [await stateFile(t), await stateFile(t), await stateFile(t)];
    const printed = (await inOneCall(bundles, both)).split('\n');
    const apart = [await inOneCall(rsa, onlyRsa), await inOneCall(ecdsa, onlyEcdsa)];
    assert.deepEqual(printed.toSorted(), apart.join('').split('\n').concat('').toSorted().slice(1));
    const attesters = await attestersIn(both);
    assert.equal(Object.keys(attesters).length, 2);
    assert.deepEqual(attesters, {
      ...(await attestersIn(onlyRsa)),
      ...(await attestersIn(onlyEcdsa)),
    });
  });
});

/** A copy of a bundle of one compressed list that sends it from record `fromIndex` on. */
async function withoutRecords(t: TestContext, bundle: string, fromIndex: number): Promise<string> {
  const folder = await temporaryFolder(t);
  await cp(path.dirname(bundle), folder, { recursive: true });
  const document = JSON.parse(await readFile(bundle, 'utf8'));
  const [segment] = document.ima.segments;
  const records = splitRecords(gunzipSync(await readFile(path.join(folder, segment.file))));
  await writeFile(path.join(folder, 'rest'), join(...records.slice(fromIndex)));
  document.ima = { fromIndex, segments: [{ ...segment, file: 'rest' }] };
  const copy = path.join(folder, 'rest.bundle.json');
  await writeFile(copy, JSON.stringify(document));
  return copy;
}

describe('--state', () => {
  it('makes a file for its owner, and leaves nothing beside it', async (t) => {
    const file = await stateFile(t);
    const [bundle = ''] = bundlesOf('08-log-partial-delete');
    for (const call of ['first', 'second']) {
      await inOneCall([bundle], file);
      assert.equal((await stat(file)).mode & 0o777, 0o600, call);
    }
    assert.deepEqual(await readdir(path.dirname(file)), [path.basename(file)]);
  });

  it('writes through a symbolic link', async (t) => {
    const file = await stateFile(t);
    const target = path.join(await temporaryFolder(t), 'elsewhere');
    await writeFile(target, EMPTY);
    await symlink(target, file);
    await inOneCall(bundlesOf('08-log-partial-delete'), file);
    assert.ok((await lstat(file)).isSymbolicLink());
    assert.equal(Object.keys(await attestersIn(target)).length, 2);
  });

  it('keeps what was proven when another bundle cannot be read', async (t) => {
    const file = await stateFile(t);
    const [bundle = ''] = bundlesOf('08-log-partial-delete');
    const { exitCode } = await plumbline('verify', '--state', file, bundle, 'none.json');
    assert.equal(exitCode, 2);
    assert.equal(Object.keys(await attestersIn(file)).length, 1);
  });

  it('keeps nothing of evidence that proves nothing', async (t) => {
    const capture = await copyCapture(t);
    const signature = path.join(capture.folder, 'quote.sig');
    const bytes = await readFile(signature);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(signature, bytes);
    const file = await stateFile(t);
    const { exitCode } = await plumbline('verify', '--state', file, await capture.write());
    assert.equal(exitCode, 1);
    assert.deepEqual(await attestersIn(file), {});
  });

  it('says when the file cannot be written, after the verdict', async (t) => {
    const capture = await copyCapture(t);
    const file = path.join(await temporaryFolder(t), 'x'.repeat(240));
    const { exitCode, stdout, stderr } = await plumbline(
      ...['verify', '--state', file, await capture.write()],
    );
    assert.equal(exitCode, 2);
    assert.match(stdout, /^affirming/);
    assert.match(stderr, /name too long\.\nCheck that you may write/);
  });
});

const KEY = `sha256:${'0'.repeat(64)}`;
const EMPTY = '{"format":"plumbline-timelines/1","attesters":{}}';

function documentWith(timeline: unknown): string {
  return JSON.stringify({ format: 'plumbline-timelines/1', attesters: { [KEY]: timeline } });
}

describe('a state file that is not one', () => {
  const files: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', '', /line 1, column 1: not the timelines/],
    ['truncated', EMPTY.slice(0, -1), /line 1, column 49: not the timelines/],
    ['no JSON', 'timelines', /line 1, column 1/],
    ['a repeated key', EMPTY.replace('{', '{"format":"x",'), /the key "format" is repeated/],
    ['no object', '[]', /not the timelines/],
    ['another format', EMPTY.replace('/1', '/2'), /format: /],
    ['a timeline by itself', '{"format":"plumbline-timeline/1"}', /format: /],
    ['a key more', EMPTY.replace('{', '{"more":1,'), /more/],
    ['attesters in a list', EMPTY.replace('{}', '[]'), /attesters: /],
    ['an attester by name', EMPTY.replace('{}', '{"host":{}}'), /attesters\.host: /],
    ['an empty timeline', documentWith({}), new RegExp(`attesters\\["${KEY}"\\]\\.format: `)],
    ['a timeline of null', documentWith(null), new RegExp(`attesters\\["${KEY}"\\]: `)],
    ['deep', `${'['.repeat(100_000)}`, /nested deeper/],
    ['huge', ' '.repeat(FILE_LIMITS.stateBytes + 1), /longer than the limit/],
    ['a control character', EMPTY.replace('{}', '{"\\u001b[2J":{}}'), /attesters\["\\+u/],
  ];
  for (const [name, text, expected] of files) {
    it(`ends the call before anything is judged, and stays: ${name}`, async (t) => {
      const file = await stateFile(t);
      await writeFile(file, text);
      const [bundle = ''] = bundlesOf('08-log-partial-delete');
      const { exitCode, stdout, stderr } = await plumbline('verify', '--state', file, bundle);
      assert.equal(exitCode, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /\p{Cc}(?<!\n)|\n\s+at /u);
      assert.equal((await readFile(file, 'utf8')) === text, true);
    });
  }

  it('of a real one with one wrong value is named by its place', async (t) => {
    const file = await stateFile(t);
    const [bundle = ''] = bundlesOf('08-log-partial-delete');
    await inOneCall([bundle], file);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"safe":true', '"safe":"true"'));
    const { exitCode, stderr } = await plumbline('verify', '--state', file, bundle);
    assert.equal(exitCode, 2);
    assert.match(stderr, /attesters\["sha256:[0-9a-f]{64}"\]\.boot\.safe: .*\nName the file that/);
  });

  it('may be a folder', async (t) => {
    const file = await stateFile(t);
    await mkdir(file);
    const { exitCode, stderr } = await plumbline('verify', '--state', file, 'none.json');
    assert.equal(exitCode, 2);
    assert.match(stderr, /not a regular file/);
  });
});

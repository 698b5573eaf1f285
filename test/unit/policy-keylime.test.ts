// Keylime runtime policies: what they become, what is left out, and that the converted policy
// decides entry by entry as the original's own rules say.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { POLICY_LIMITS } from '../../src/bytes/limits.ts';
import type { MeasurementRules } from '../../src/policy/acceptance.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { readExclude } from '../../src/policy/keylime-exclude.ts';
import {
  convertingKeylimePolicy,
  type KeylimeConversion,
} from '../../src/policy/keylime-policy.ts';
import { ReferenceSetBuilder } from '../../src/policy/reference-set.ts';
import { runSteps } from '../../src/policy/steps.ts';
import { measurementOf } from './measurements.ts';
import { parsed, utf8 } from './policy-documents.ts';

/** A runtime policy as Keylime 7 writes an empty one, with these sections instead. */
function runtimePolicy(sections: object): Record<string, unknown> {
  return {
    meta: { version: 1, generator: 0 },
    release: 0,
    digests: {},
    excludes: [],
    keyrings: {},
    ima: { ignored_keyrings: [], log_hash_alg: 'sha1', dm_policy: null },
    'ima-buf': {},
    'verification-keys': '',
    ...sections,
  };
}

function converted(document: object): KeylimeConversion {
  const result = runSteps(convertingKeylimePolicy(utf8(JSON.stringify(document)), 'prod'));
  assert.ok(result.ok, JSON.stringify(result));
  return result.conversion;
}

function rulesOf({ policy, sets }: KeylimeConversion): MeasurementRules {
  const built = sets.map(({ name, entries }) => {
    const builder = new ReferenceSetBuilder();
    for (const entry of entries) assert.equal(builder.add(entry), undefined);
    return [name, builder.build()] as const;
  });
  // As a file it goes through the schema first.
  const document = parsed(JSON.parse(JSON.stringify(policy)));
  const result = compilePolicy(document, { sets: new Map(built), version: null });
  assert.ok(result.ok, JSON.stringify(result));
  assert.ok(result.policy.ima !== 'not-required' && result.policy.ima.measurements !== 'any');
  return result.policy.ima.measurements;
}

interface Entry {
  readonly path: string;
  readonly hex: string;
}

function accepts(rules: MeasurementRules, { path, hex }: Entry, kind?: 'buffer'): boolean {
  const told = { name: utf8(path), hex, ...(kind && { kind }) };
  return rules.judge(measurementOf(told)).ruling?.then === 'accept';
}

/** The original's decision on a file: excluded, or its digest among those of its path. */
function original(entry: Entry, digests: Map<string, string[]>, excludes: readonly RegExp[]) {
  if (excludes.some((expression) => expression.test(entry.path))) return true;
  return digests.get(entry.path)?.includes(entry.hex) === true;
}

const LIST = 'test/evidence/public/hpe-security-lab-keylime-perf-tests/ima_log.txt.gz';

/** The files of a captured list, read here by hand. */
const CAPTURED: readonly Entry[] = gunzipSync(readFileSync(LIST))
  .toString('latin1')
  .trimEnd()
  .split('\n')
  .map((line) => /^10 [0-9a-f]{40} ima-ng sha256:([0-9a-f]{64}) (.*)$/.exec(line) ?? [])
  .map(([, hex = '', path = '']) => ({ hex, path }))
  .filter(({ path }) => path !== 'boot_aggregate');

describe('a converted runtime policy', () => {
  it('accepts and refuses what the original does, entry by entry of a captured list', () => {
    const excludes = ['/tmp/.*', '^/usr/lib/systemd/[^/]+$', '/etc', '/var/.*\\.so', '/x$'];
    const digests = new Map<string, string[]>();
    // A third of the list stays unknown.
    for (const [index, { path, hex }] of CAPTURED.entries()) {
      if (index % 3 > 0) digests.set(path, [...(digests.get(path) ?? []), hex]);
    }
    const document = runtimePolicy({ digests: Object.fromEntries(digests), excludes });
    const conversion = converted(document);
    const rules = rulesOf(conversion);
    const expressions = excludes.map((text) => new RegExp(`^(?:${text})`));
    const seen = { accepted: 0, refused: 0, excluded: 0 };
    for (const { path, hex } of CAPTURED) {
      const changed = { path, hex: `${hex.startsWith('0') ? '1' : '0'}${hex.substring(1)}` };
      const moved = { path: `${path}.old`, hex };
      for (const entry of [{ path, hex }, changed, moved]) {
        const expected = original(entry, digests, expressions);
        assert.equal(accepts(rules, entry), expected, entry.path);
        seen[expected ? 'accepted' : 'refused'] += 1;
      }
      if (expressions.some((expression) => expression.test(path))) seen.excluded += 1;
    }
    assert.ok(CAPTURED.length > 700 && seen.excluded > 10, JSON.stringify(seen));
    assert.ok(seen.accepted > 400 && seen.refused > 400, JSON.stringify(seen));
    const derived = conversion.leftOut.map(({ at }) => at);
    assert.deepEqual(derived, ['excludes[1]', 'excludes[3]']);
  });

  const KEY = 'ab'.repeat(32);
  const STATE = 'cd'.repeat(32);

  it('accepts keys and buffers under their own names only', () => {
    const sections = { keyrings: { '.ima': [KEY] }, 'ima-buf': { 'selinux-state': [STATE] } };
    const rules = rulesOf(converted(runtimePolicy(sections)));
    assert.equal(accepts(rules, { path: '.ima', hex: KEY }, 'buffer'), true);
    assert.equal(accepts(rules, { path: '.ima', hex: STATE }, 'buffer'), false);
    assert.equal(accepts(rules, { path: 'selinux-state', hex: STATE }, 'buffer'), true);
    assert.equal(accepts(rules, { path: 'selinux-state', hex: KEY }, 'buffer'), false);
    assert.equal(accepts(rules, { path: '.ima', hex: KEY }), false);
  });

  it('names everything that has no place', () => {
    const { leftOut, policy } = converted(
      runtimePolicy({
        digests: {
          boot_aggregate: [KEY],
          'bare-name': [KEY],
          '/a b': [KEY],
          '/short': ['abcd'],
          '/md5': ['ab'.repeat(16)],
          '/upper': [KEY.toUpperCase()],
          '/zero': ['00'.repeat(32)],
          '/old': ['ab'.repeat(20)],
        },
        excludes: ['.*', '(a|b)', '/x|/y'],
        keyrings: { 'a b': [KEY] },
        ima: { ignored_keyrings: ['*'], log_hash_alg: 'sha256', dm_policy: { version: 1 }, z: 1 },
        'verification-keys': '{"pubkeys":["…"]}',
        unheard: true,
      }),
    );
    assert.deepEqual(leftOut.map(({ at }) => at).sort(), [
      'digests',
      'digests["/a b"]',
      'digests["/md5"]',
      'digests["/short"]',
      'digests["/upper"]',
      'digests["/zero"]',
      'digests["bare-name"]',
      'digests["boot_aggregate"]',
      'excludes[0]',
      'excludes[1]',
      'excludes[2]',
      'ima.dm_policy',
      'ima.ignored_keyrings',
      'ima.z',
      'keyrings["a b"]',
      'unheard',
      'verification-keys',
    ]);
    assert.ok(policy.ima !== 'not-required');
    assert.ok(policy.ima.fileDigests?.includes('sha1'));
  });

  it('counts what it does not name any more', () => {
    const excludes = Array.from({ length: 150 }, () => '(');
    const { leftOut } = converted(runtimePolicy({ excludes }));
    assert.equal(leftOut.length, POLICY_LIMITS.problems + 1);
    assert.match(leftOut.at(-1)?.message ?? '', /50 more/);
  });

  it('comes from an older form too', () => {
    const { sets } = converted({ meta: { version: 5 }, hashes: { '/bin/x': [KEY] } });
    assert.equal(sets[0]?.entries.length, 1);
  });

  const bad: readonly (readonly [string, string])[] = [
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no digests', '{"meta":{"version":1}}'],
    ['both forms of digests', '{"meta":{"version":1},"digests":{},"hashes":{}}'],
    ['no version', '{"meta":{},"digests":{}}'],
    ['a version of tomorrow', '{"meta":{"version":6},"digests":{}}'],
    ['digests of another shape', '{"meta":{"version":1},"digests":{"/x":"ab"}}'],
  ];
  for (const [name, text] of bad) {
    it(`is not made of a document with ${name}`, () => {
      assert.equal(runSteps(convertingKeylimePolicy(utf8(text), 'prod')).ok, false);
    });
  }
});

describe('an exclude', () => {
  const table: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['/tmp/', ['/tmp/**']],
    ['^/tmp/.*$', ['/tmp/**']],
    ['^/etc/passwd$', ['/etc/passwd']],
    ['/a\\.b', ['/a.b**']],
    ['/a\\*', ['/a\\***']],
    ['/a.b', ['/a?b**']],
    ['/a[0-9]', ['/a[0-9]**']],
    ['/a\\d$', ['/a[0-9]']],
    ['.*\\.pyc$', ['/**.pyc']],
    ['/a|^/b$', ['/a**', '/b']],
    ['', undefined],
    ['.*', undefined],
    ['/.*', undefined],
    ['name', undefined],
    ['/a b', undefined],
    ['/a?', undefined],
    ['/a*', undefined],
    ['/(a)', undefined],
    ['/a{2}', undefined],
    ['/a\\w', undefined],
    ['/[^a]', undefined],
    ['/a\\', undefined],
    ['/a$b', undefined],
  ];
  for (const [expression, globs] of table) {
    it(`${JSON.stringify(expression)} becomes ${globs?.join(' and ') ?? 'nothing'}`, () => {
      const read = readExclude(expression);
      assert.deepEqual(read.ok ? read.globs : undefined, globs);
    });
  }
});

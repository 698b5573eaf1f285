// Measurement rules: what matches, which rule decides, and what stays unaccepted.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Measurement, MeasurementRules } from '../../src/policy/acceptance.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import type { ReferenceSet } from '../../src/policy/reference-set.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import { measurementOf } from './measurements.ts';
import { MINIMAL_POLICY, parsed, utf8 } from './policy-documents.ts';

const GOOD = 'ab'.repeat(32);
const BAD = 'cd'.repeat(32);
const WEAK = 'ef'.repeat(20);
const OTHER = '12'.repeat(32);

function setOf(...hexes: readonly string[]): ReferenceSet {
  const text = hexes.map((hex) => `${hex}  x\n`).join('');
  const result = readReferenceSet(utf8(text), { format: 'digest-lines' });
  assert.ok(result.ok);
  return result.set;
}

const SETS = new Map([
  ['good', setOf(GOOD, WEAK)],
  ['revoked', setOf(BAD, WEAK)],
]);

function rulesOf(rules: readonly object[], ima: object = {}): MeasurementRules {
  const document = parsed({ ...MINIMAL_POLICY, ima: { ...ima, measurements: rules } });
  const result = compilePolicy(document, { sets: SETS, version: null });
  assert.ok(result.ok, JSON.stringify(result));
  assert.ok(result.policy.ima !== 'not-required' && result.policy.ima.measurements !== 'any');
  return result.policy.ima.measurements;
}

function file(name: string, hex: string, algorithm = 'sha256'): Measurement {
  return measurementOf({ name: utf8(name), hex, algorithm });
}

function buffer(name: string, hex = OTHER): Measurement {
  return measurementOf({ kind: 'buffer', name: utf8(name), hex });
}

const BAD_RULE = { id: 'bad', digestIn: ['revoked'], then: 'refuse' };
const OS_RULE = { id: 'os', path: '/usr/**', digestIn: ['revoked', 'good'], then: 'accept' };
const TMP_RULE = { id: 'tmp', path: '/tmp/*', then: 'warn' };
const EVENT_RULE = { id: 'lsm', event: 'selinux-state', then: 'accept' };

describe('measurement rules', () => {
  const rules = rulesOf([BAD_RULE, OS_RULE, TMP_RULE, EVENT_RULE]);
  const table: readonly (readonly [string, Measurement, string | undefined])[] = [
    ['a known file', file('/usr/bin/x', GOOD), 'accept os'],
    ['a known file elsewhere', file('/opt/x', GOOD), undefined],
    ['an unknown file', file('/usr/bin/x', OTHER), undefined],
    ['a revoked file, although a later rule names it too', file('/usr/x', BAD), 'refuse bad'],
    ['a revoked file of any name', file('x', BAD), 'refuse bad'],
    ['a revoked buffer', buffer('x', BAD), 'refuse bad'],
    ['a file that a path rule warns about', file('/tmp/x', OTHER), 'warn tmp'],
    ['a file one component deeper', file('/tmp/x/y', OTHER), undefined],
    ['a bare name', file('usr/bin/x', GOOD), undefined],
    ['a named event', buffer('selinux-state'), 'accept lsm'],
    ['an event of a longer name', buffer('selinux-state2'), undefined],
    ['a file that is called like an event', file('selinux-state', OTHER), undefined],
    ['an event that is called like a path', buffer('/usr/bin/x', GOOD), undefined],
    ['a digest that is known in another algorithm', file('/usr/x', GOOD, 'sha3-256'), undefined],
    ['an algorithm that nobody knows', file('/usr/x', GOOD, 'wp256'), undefined],
    ['a zero digest', file('/usr/x', '00'.repeat(32)), undefined],
    ['an empty digest', file('/usr/x', ''), undefined],
  ];
  for (const [what, measurement, expected] of table) {
    it(`judge ${what}: ${expected ?? 'not accepted'}`, () => {
      const { ruling } = rules.judge(measurement);
      assert.equal(ruling && `${ruling.then} ${ruling.rule}`, expected);
    });
  }

  it('accept nothing when there are none', () => {
    assert.equal(rulesOf([]).judge(file('/usr/x', GOOD)).ruling, undefined);
  });

  it('accept no digest in an algorithm that fileDigests leaves out, but refuse by it', () => {
    const sha1 = file('/usr/x', WEAK, 'sha1');
    assert.equal(rulesOf([OS_RULE]).judge(sha1).ruling, undefined);
    assert.equal(rulesOf([OS_RULE], { fileDigests: ['sha1'] }).judge(sha1).ruling?.rule, 'os');
    assert.equal(rulesOf([BAD_RULE]).judge(sha1).ruling?.then, 'refuse');
    assert.equal(rulesOf([{ ...OS_RULE, then: 'warn' }]).judge(sha1).ruling, undefined);
  });

  it('accept a buffer by its digest only where a rule names its event', () => {
    const anything = { id: 'any', digestIn: ['good'], then: 'accept' };
    assert.equal(rulesOf([anything]).judge(buffer('.ima', GOOD)).ruling, undefined);
    assert.equal(rulesOf([anything]).judge(file('x', GOOD)).ruling?.rule, 'any');
    const pinned = rulesOf([{ ...anything, event: '.ima' }]);
    assert.equal(pinned.judge(buffer('.ima', GOOD)).ruling?.rule, 'any');
    assert.equal(pinned.judge(buffer('.ima', OTHER)).ruling, undefined);
  });

  it('say what would have been accepted', () => {
    assert.match(rules.expectation(file('/usr/x', OTHER)), /revoked or good \(rule os\)/);
    assert.match(rules.expectation(file('/opt/x', OTHER)), /^no file/);
    assert.match(rules.expectation(buffer('other')), /^no buffer/);
  });

  it('say it shortly, however many rules there are', () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ ...OS_RULE, id: `os-${index}` }));
    assert.ok(rulesOf(many).expectation(file('/usr/x', OTHER)).length < 512);
  });
});

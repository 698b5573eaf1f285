// Laws of measurement rules: order is the only priority, and accepting more refuses nobody else.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fromHex } from '../../src/bytes/encoding.ts';
import type { Measurement, Ruling } from '../../src/policy/acceptance.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { readPattern } from '../../src/policy/glob-pattern.ts';
import { overlaps, StepBudget } from '../../src/policy/glob-relation.ts';
import type { ReferenceSet } from '../../src/policy/reference-set.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import { measurementOf } from '../unit/measurements.ts';
import { MINIMAL_POLICY, parsed, utf8 } from '../unit/policy-documents.ts';

const DIGESTS = ['aa', 'bb', 'cc', 'dd'].map((byte) => byte.repeat(32));
const SET_NAMES = ['one', 'two'];
type Contents = Readonly<Record<string, readonly string[]>>;

interface Rule {
  readonly path?: string;
  readonly event?: string;
  readonly digestIn?: readonly string[];
  readonly then: 'accept' | 'warn' | 'refuse';
}

const then = fc.constantFrom('accept' as const, 'warn' as const, 'refuse' as const);
const path = fc.constantFrom('/**', '/a', '/b', '/*', '/a/**', '/b/**', '/[!b]');
const digestIn = fc.subarray(SET_NAMES, { minLength: 1 });
const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({ path, then }),
  fc.record({ path, digestIn, then }),
  fc.record({ digestIn, then }),
  fc.record({ event: fc.constantFrom('kernel_version', 'selinux-state'), then }),
);
const rules = fc.array(rule, { maxLength: 6 });
const contents: fc.Arbitrary<Contents> = fc.record({
  one: fc.subarray(DIGESTS),
  two: fc.subarray(DIGESTS),
});
const measurement: fc.Arbitrary<Measurement> = fc
  .record({
    kind: fc.constantFrom('file' as const, 'buffer' as const),
    name: fc.constantFrom('/a', '/b', '/a/b', 'kernel_version', 'selinux-state').map(utf8),
    algorithm: fc.constantFrom('sha256', 'sha3-256', 'sm3'),
    hex: fc.constantFrom(...DIGESTS),
  })
  .map(measurementOf);

function setsOf(holdings: Contents): ReadonlyMap<string, ReferenceSet> {
  const named = Object.entries(holdings).map(([name, hexes]): [string, ReferenceSet] => {
    const text = utf8(hexes.map((hex) => `${hex}  x\n`).join(''));
    const result = readReferenceSet(text, { format: 'digest-lines' });
    assert.ok(result.ok);
    return [name, result.set];
  });
  return new Map(named);
}

function judge(list: readonly Rule[], holdings: Contents, seen: Measurement): Ruling | undefined {
  const measurements = list.map((each, index) => ({ id: `r${index}`, ...each }));
  const document = parsed({ ...MINIMAL_POLICY, ima: { measurements } });
  const result = compilePolicy(document, { sets: setsOf(holdings), version: null });
  assert.ok(result.ok);
  const { ima } = result.policy;
  assert.ok(ima !== 'not-required' && ima.measurements !== 'any');
  return ima.measurements.judge(seen).ruling;
}

/** Whether no record can match both: another kind, or paths that have no name in common. */
function areApart(left: Rule, right: Rule): boolean {
  if (left.event !== undefined || right.event !== undefined) {
    return left.event !== right.event && left.then !== 'refuse' && right.then !== 'refuse';
  }
  const [one, other] = [readPattern(left.path ?? '/**'), readPattern(right.path ?? '/**')];
  assert.ok(one.ok && other.ok);
  return overlaps(one.pattern, other.pattern, new StepBudget(100_000)) === 'no';
}

describe('measurement rules', () => {
  it('are decided by the first that would decide alone', () => {
    const property = fc.property(rules, contents, measurement, (list, holdings, seen) => {
      const alone = list.map((each) => judge([each], holdings, seen)?.then);
      const first = alone.findIndex((each) => each !== undefined);
      const ruling = judge(list, holdings, seen);
      assert.equal(ruling?.then, alone[first]);
      if (ruling !== undefined) assert.equal(ruling.rule, `r${first}`);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('may change places where no record can match both', () => {
    const cases = fc.tuple(rules, contents, fc.nat({ max: 4 }));
    const property = fc.property(cases, measurement, ([list, holdings, at], seen) => {
      const [first, second] = [list[at], list[at + 1]];
      fc.pre(first !== undefined && second !== undefined && areApart(first, second));
      if (first === undefined || second === undefined) return;
      const swapped = list.map((each, index) => {
        if (index === at) return second;
        return index === at + 1 ? first : each;
      });
      assert.equal(judge(swapped, holdings, seen)?.then, judge(list, holdings, seen)?.then);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('refuse no other file when an accepted digest is added', () => {
    const accepting = rules.filter((list) => list.every((each) => each.then !== 'refuse'));
    const added = fc.constantFrom(...DIGESTS);
    const cases = fc.tuple(accepting, contents, added);
    const property = fc.property(cases, measurement, ([list, holdings, hex], seen) => {
      const before = judge(list, holdings, seen);
      const after = judge(list, { ...holdings, one: [...(holdings['one'] ?? []), hex] }, seen);
      if (before !== undefined) assert.ok(after !== undefined);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('judge a file as before when a digest that is not its own is added', () => {
    const cases = fc.tuple(rules, contents, fc.constantFrom(...DIGESTS));
    const property = fc.property(cases, measurement, ([list, holdings, hex], seen) => {
      fc.pre(!seen.digest.every((byte) => byte === fromHex(hex)?.[0]));
      const after = { ...holdings, two: [...(holdings['two'] ?? []), hex] };
      assert.deepEqual(judge(list, after, seen), judge(list, holdings, seen));
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('accept nothing without a rule', () => {
    const property = fc.property(contents, measurement, (holdings, seen) => {
      assert.equal(judge([], holdings, seen), undefined);
    });
    fc.assert(property, { numRuns: 50 });
  });
});

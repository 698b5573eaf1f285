// Laws of lints: what a lint says of the order of rules is true, whatever is measured; what it says
// of patterns is what a plain search over names finds.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileGlob } from '../../src/policy/glob.ts';
import { type Pattern, readPattern } from '../../src/policy/glob-pattern.ts';
import { includes, overlaps, StepBudget } from '../../src/policy/glob-relation.ts';
import { lintPolicy } from '../../src/policy/lint.ts';
import { MINIMAL_POLICY, parsed, utf8 } from '../unit/policy-documents.ts';

const part = fc.constantFrom('a', 'b', '/', '*', '**', '?', '[ab]', '[!a]');
const pattern = fc
  .array(part, { maxLength: 5 })
  .map((parts) => `/${parts.join('')}`)
  .filter((text) => compileGlob(text).ok);

/** Every name over a small alphabet, up to a length that the patterns above can tell apart. */
const NAMES = namesUpTo(6).map((name) => utf8(`/${name}`));

function namesUpTo(length: number): string[] {
  if (length === 0) return [''];
  const shorter = namesUpTo(length - 1);
  const longest = shorter.filter((name) => name.length === length - 1);
  return [...shorter, ...longest.flatMap((name) => ['a', 'b', '/', 'z'].map((end) => name + end))];
}

function read(text: string): Pattern {
  const reading = readPattern(text);
  assert.ok(reading.ok);
  return reading.pattern;
}

function matcher(text: string): (name: Uint8Array) => boolean {
  const compiled = compileGlob(text);
  assert.ok(compiled.ok);
  return (name) => compiled.glob.matches(name);
}

function budget(): StepBudget {
  return new StepBudget(100_000_000);
}

describe('relations of patterns', () => {
  it('include what every name says', () => {
    const property = fc.property(pattern, pattern, (wider, narrower) => {
      const [takes, has] = [matcher(wider), matcher(narrower)];
      const witness = NAMES.find((name) => has(name) && !takes(name));
      const decision = includes(read(wider), read(narrower), budget());
      if (witness !== undefined) assert.equal(decision, 'no', `${wider} ${narrower}`);
      else assert.equal(decision, 'yes', `${wider} ${narrower}`);
    });
    fc.assert(property, { numRuns: 400 });
  });

  it('overlap where a name says so', () => {
    const property = fc.property(pattern, pattern, (left, right) => {
      const [takes, has] = [matcher(left), matcher(right)];
      const witness = NAMES.find((name) => has(name) && takes(name));
      const decision = overlaps(read(left), read(right), budget());
      if (witness !== undefined) assert.equal(decision, 'yes', `${left} ${right}`);
      assert.equal(overlaps(read(right), read(left), budget()), decision);
    });
    fc.assert(property, { numRuns: 250 });
  });

  it('take no more steps than they were given', () => {
    const hard = fc.array(fc.constantFrom('**a', '*b', '?', '[ab]'), {
      minLength: 1,
      maxLength: 60,
    });
    const steps = fc.nat({ max: 20_000 });
    fc.assert(
      fc.property(hard, hard, steps, (left, right, given) => {
        const patterns = [read(`/${left.join('')}`), read(`/${right.join('')}`)] as const;
        for (const decide of [includes, overlaps]) {
          const part = new StepBudget(given);
          const decision = decide(...patterns, part);
          if (part.left === 0 && decision === 'unknown') continue;
          assert.equal(decide(...patterns, new StepBudget(100_000_000)), decision);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are unknown where the steps do not suffice', () => {
    const long = read(`/${'*a'.repeat(100)}`);
    assert.equal(includes(long, long, new StepBudget(200)), 'unknown');
    assert.equal(overlaps(long, long, new StepBudget(200)), 'unknown');
    assert.equal(includes(long, long, budget()), 'yes');
  });
});

describe('lints of the order of rules', () => {
  const then = fc.constantFrom('accept' as const, 'warn' as const, 'refuse' as const);
  const rule = fc.record({ path: pattern, then });

  it('name rules that no name comes to, and the rule that decides instead', () => {
    const property = fc.property(fc.array(rule, { maxLength: 6 }), (rules) => {
      const measurements = rules.map((each, index) => ({ id: `r${index}`, ...each }));
      const document = parsed({ ...MINIMAL_POLICY, ima: { measurements } });
      const dead = lintPolicy(document).filter(({ id }) => /unreachable|shadowed/.test(id));
      const matchers = rules.map(({ path }) => matcher(path));
      for (const { path, message, id } of dead) {
        const index = Number(/\d+/.exec(path)?.[0]);
        const cover = Number(/rule r(\d+)/.exec(message)?.[1]);
        assert.ok(cover < index);
        const covers = NAMES.every((name) => !matchers[index]?.(name) || matchers[cover]?.(name));
        assert.ok(covers, `${message} ${JSON.stringify(rules)}`);
        assert.equal(id === 'rule.unreachable', rules[index]?.then === rules[cover]?.then);
      }
    });
    fc.assert(property, { numRuns: 250 });
  });

  it('stay when rules behind a rule are added', () => {
    const property = fc.property(fc.array(rule, { maxLength: 5 }), rule, (rules, last) => {
      const lints = [rules, [...rules, last]].map((list) => {
        const measurements = list.map((each, index) => ({ id: `r${index}`, ...each }));
        const found = lintPolicy(parsed({ ...MINIMAL_POLICY, ima: { measurements } }));
        return found.filter(({ path }) => path.startsWith('ima.measurements['));
      });
      const [before = [], after = []] = lints;
      const texts = new Set(after.map((lint) => JSON.stringify(lint)));
      assert.ok(before.every((lint) => texts.has(JSON.stringify(lint))));
    });
    fc.assert(property, { numRuns: 200 });
  });
});

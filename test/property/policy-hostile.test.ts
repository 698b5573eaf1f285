// Policies that are written to keep a process busy: whatever they say, reading them touches only as
// much as the caps allow, and what is wrong has a place. docs/decisions/0017-caps-on-policies.md

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { POLICY_LIMITS } from '../../src/bytes/limits.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { readJsonText } from '../../src/policy/json-text.ts';
import { lintPolicy } from '../../src/policy/lint.ts';
import { completePolicy, parsePolicy } from '../../src/policy/parse-policy.ts';
import { MINIMAL_POLICY, utf8 } from '../unit/policy-documents.ts';

const CAP = POLICY_LIMITS.documentBytes;

/** A text as long as may be: `unit` over and over between two ends. */
function filled(head: string, unit: (index: number) => string, tail: string): string {
  const parts: string[] = [];
  let bytes = utf8(head + tail).byteLength;
  for (let index = 0; ; index += 1) {
    const part = (index === 0 ? '' : ',') + unit(index);
    bytes += utf8(part).byteLength;
    if (bytes > CAP) return head + parts.join('') + tail;
    parts.push(part);
  }
}

const RULES = '{"format":"plumbline-policy/1","name":"x","ima":{"measurements":[';
const LABELS = '{"format":"plumbline-policy/1","name":"x","ima":{"measurements":[]},"appliesTo":{';

/** Texts at the cap, each of which makes a lot of one thing. */
const TEXTS: Readonly<Record<string, string>> = {
  'opening brackets': '['.repeat(CAP),
  'closed brackets': filled('[', () => '[]', ']'),
  'deep values': filled('[', () => `${'['.repeat(30)}0${']'.repeat(30)}`, ']'),
  'unfinished deep objects': '{"a":'.repeat(CAP / 5),
  'empty rules': filled(RULES, () => '{}', ']}}'),
  'rules of one wrong key': filled(RULES, () => '{"x":0}', ']}}'),
  'rules that are numbers': filled(RULES, () => '0', ']}}'),
  'ten thousand good rules': filled(
    RULES,
    (index) => `{"id":"r${index}","path":"/a","then":"warn"}`,
    ']}}',
  ),
  'rules of long patterns': filled(
    RULES,
    (index) => `{"id":"r${index}","path":"/${'a'.repeat(4000)}","then":"warn"}`,
    ']}}',
  ),
  labels: filled(`${LABELS}"labels":{`, (index) => `"${index}":""`, '}}}'),
  'wrong labels': filled(`${LABELS}"labels":{`, (index) => `"${index}":0`, '}}}'),
  'unknown keys': filled(LABELS, (index) => `"${index}":0`, '}}'),
  'a long name': `${LABELS.replace('"x"', `"${'x'.repeat(CAP - 100)}"`)}}}`,
  'a long key': `{"${'k'.repeat(CAP - 10)}":0}`,
  'a repeated long key': `{"${'k'.repeat(CAP / 2 - 10)}":0,"${'k'.repeat(CAP / 2 - 10)}":0}`,
  'a long number': `[${'9'.repeat(CAP - 2)}]`,
  'huge exponents': filled('[', () => '1e999999999', ']'),
  escapes: `"${'\\u0041'.repeat(CAP / 6 - 1)}"`,
  'empty lines': `${'\n'.repeat(CAP - 1)}x`,
  'the key of prototypes': filled('[', () => '{"__proto__":{"ima":"not-required"}}', ']'),
};

/** What problems without a path begin with. */
const PLACED = /^line \d+, column \d+: |^and \d+ more problems$|^an object is expected$/;

/** Counts how much of a document is touched: every look at a key, however deep. */
function watched(document: object): { readonly document: object; readonly looks: () => number } {
  let looks = 0;
  const watch = (value: object): object =>
    new Proxy(value, {
      get(target, key) {
        looks += 1;
        const member: unknown = Reflect.get(target, key);
        return typeof member === 'object' && member !== null ? watch(member) : member;
      },
    });
  return { document: watch(document), looks: () => looks };
}

describe('policies that are written to be costly', () => {
  for (const [what, text] of Object.entries(TEXTS)) {
    it(`are refused with a place: ${what}`, (t) => {
      const bytes = utf8(text);
      assert.ok(bytes.byteLength <= CAP);
      const startedMs = performance.now();
      const result = parsePolicy(bytes);
      t.diagnostic(`${(performance.now() - startedMs).toFixed(0)} ms`);
      assert.ok(!result.ok);
      assert.ok(result.problems.length <= POLICY_LIMITS.problems + 1);
      for (const { path, message } of result.problems) {
        assert.ok(path !== '' || PLACED.test(message), message);
        assert.ok(path.length + message.length < 400, message);
      }
    });
  }

  it('are not read beyond the cap on values, however much follows', () => {
    const units = fc.constantFrom('0', '[]', '{}', '""', 'null', '[[]]', '{"a":[]}');
    const count = fc.integer({ min: 1, max: 400 });
    const caps = fc.record({
      values: fc.integer({ min: 1, max: 200 }),
      items: fc.integer({ min: 1, max: 50 }),
      members: fc.integer({ min: 1, max: 5 }),
    });
    const property = fc.property(units, count, caps, (unit, repeats, limits) => {
      const text = `[${Array(repeats).fill(unit).join(',')}]`;
      const reading = readJsonText(text, limits);
      if (!reading.ok) {
        const most = limits.values * (unit.length + 1) + 1;
        assert.ok(reading.fault.column <= most, `column ${reading.fault.column}`);
      } else {
        assert.ok(repeats + 1 <= limits.values);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('are left alone behind the hundredth mistake', () => {
    const looksAt = (rules: number): number => {
      const measurements = Array.from({ length: rules }, () => ({ id: 'r', then: 'x' }));
      const { document, looks } = watched({ ...MINIMAL_POLICY, ima: { measurements } });
      assert.ok(!completePolicy(document).ok);
      return looks();
    };
    const perRule = (looksAt(1000) - looksAt(500)) / 500;
    // Two looks a rule are those that sum up the lengths of patterns; the schema has seven or more.
    assert.ok(perRule <= 3, `${perRule} looks at each rule`);
  });

  it('take time that grows with the rules, at the caps too, and lint in bounded work', (t) => {
    const unit = (index: number): object => {
      const pattern = `/**${index % 2 === 0 ? 'a' : 'b'}*${index}`;
      return { id: `r${index}`, path: pattern, digestIn: ['s'], then: 'accept' };
    };
    const measurements = Array.from({ length: POLICY_LIMITS.rules }, (_, index) => unit(index));
    const startedMs = performance.now();
    const parsed = parsePolicy(utf8(JSON.stringify({ ...MINIMAL_POLICY, ima: { measurements } })));
    assert.ok(parsed.ok);
    const parsedMs = performance.now();
    const sets = new Map();
    const compiled = compilePolicy(parsed.policy, { sets, version: null });
    assert.ok(!compiled.ok);
    const compiledMs = performance.now();
    const lints = lintPolicy(parsed.policy);
    const steps = [parsedMs - startedMs, compiledMs - parsedMs, performance.now() - compiledMs];
    t.diagnostic(`parse, compile, lint: ${steps.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    assert.ok(lints.length <= POLICY_LIMITS.problems);
  });
});

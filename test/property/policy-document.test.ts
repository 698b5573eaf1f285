// Hostile policy text and values: a document or problems with a place, never an exception.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compilePolicy } from '../../src/policy/compile.ts';
import { explainPolicy } from '../../src/policy/explain.ts';
import { readJsonText } from '../../src/policy/json-text.ts';
import { parsePolicy } from '../../src/policy/parse-policy.ts';
import { policyDigest } from '../../src/policy/policy-digest.ts';
import { FULL_POLICY, utf8 } from '../unit/policy-documents.ts';

const FULL_TEXT = utf8(JSON.stringify(FULL_POLICY));

/** Parses, and where that succeeds goes all the way. */
function digestOrProblems(source: unknown): void {
  const result = parsePolicy(source);
  if (!result.ok) {
    assert.ok(result.problems.length > 0);
    return;
  }
  const compiled = compilePolicy(result.policy, { sets: new Map(), version: null });
  assert.ok(compiled.ok || compiled.problems.length > 0);
  assert.match(policyDigest(result.policy), /^sha256:/);
  assert.ok(parsePolicy(utf8(explainPolicy(result.policy))).ok);
}

/** Replaces the `index`-th value of a document, counted depth first. */
function replaced(value: unknown, index: number, by: unknown): unknown {
  let left = index;
  const walk = (each: unknown): unknown => {
    if (left === 0) {
      left = -1;
      return by;
    }
    left -= 1;
    if (Array.isArray(each)) return each.map(walk);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(value);
}

describe('hostile policies', () => {
  it('as any JSON value', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), digestOrProblems));
  });

  it('as any text and bytes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => digestOrProblems(utf8(text))));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), digestOrProblems));
  });

  it('as a good text with one byte changed or a part cut out', () => {
    const place = fc.nat({ max: FULL_TEXT.byteLength - 1 });
    const change = fc.property(place, fc.nat({ max: 255 }), (at, byte) => {
      const text = FULL_TEXT.slice();
      text[at] = byte;
      digestOrProblems(text);
    });
    const cut = fc.property(place, place, (left, right) => {
      const kept = [...FULL_TEXT].filter((_, at) => at < left || at > right);
      digestOrProblems(Uint8Array.from(kept));
    });
    fc.assert(change, { numRuns: 500 });
    fc.assert(cut, { numRuns: 500 });
  });

  it('as a good document with one value replaced', () => {
    const by = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('accept', 'warn', '/**', 'not-required', 1e308, -0, {}, []),
    );
    const property = fc.property(fc.nat({ max: 140 }), by, (index, value) => {
      digestOrProblems(replaced(FULL_POLICY, index, value));
    });
    fc.assert(property, { numRuns: 2000 });
  });
});

describe('readJsonText', () => {
  it('accepts what JSON.parse accepts, and nothing more', () => {
    const noise = fc.array(fc.constantFrom(...'{}[]",:0-1.eE+tnul\\ \n'.split('')));
    const json = fc.json({ maxDepth: 5 });
    const text = fc.oneof(
      json,
      noise.map((chars) => chars.join('')),
    );
    const property = fc.property(text, (each) => {
      const reading = readJsonText(each);
      const plain = parsedPlainly(each);
      if (reading.ok) assert.deepEqual(reading.value, plain?.value);
      else assert.ok(plain === undefined || /repeated|__proto__/.test(reading.fault.message));
    });
    fc.assert(property, { numRuns: 3000 });
  });
});

function parsedPlainly(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

// Globs against a matcher that is slow and plain, and the promise that a name is read once.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileGlob } from '../../src/policy/glob.ts';
import { readPattern } from '../../src/policy/glob-pattern.ts';

type Part =
  | { readonly kind: 'byte' | 'class' | 'not-class'; readonly text: string }
  | { readonly kind: 'one' | 'star' | 'double-star' };

const ALPHABET = ['a', 'b', '/', '*', ']'];
const SPECIAL = new Set(['*', ']']);

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), text: fc.constantFrom(...ALPHABET) }),
  fc.record({
    kind: fc.constantFrom('class' as const, 'not-class' as const),
    text: fc.constantFrom('a', 'b', 'ab', '*a'),
  }),
  fc.record({ kind: fc.constantFrom('one' as const, 'star' as const, 'double-star' as const) }),
);
const name = fc
  .array(fc.constantFrom(...ALPHABET), { maxLength: 10 })
  .map((chars) => `/${chars.join('')}`);

function written(part: Part): string {
  if (!('text' in part)) return WRITTEN[part.kind];
  const text = [...part.text].map((char) => (SPECIAL.has(char) ? `\\${char}` : char)).join('');
  if (part.kind === 'byte') return text;
  return part.kind === 'class' ? `[${text}]` : `[!${text}]`;
}

const WRITTEN = { one: '?', star: '*', 'double-star': '**' };

/** Two stars side by side would read as one `**`. */
function isWritable(parts: readonly Part[]): boolean {
  return parts.every((each, index) => {
    const before = parts[index - 1];
    return !(each.kind.endsWith('star') && before?.kind.endsWith('star'));
  });
}

/** Tries everything: exponential, and plainly right. */
function naive(parts: readonly Part[], text: string): boolean {
  const [first, ...rest] = parts;
  if (first === undefined) return text === '';
  const head = text.charAt(0);
  const after = text.substring(1);
  const eats = (taken: boolean): boolean => head !== '' && taken;
  switch (first.kind) {
    case 'byte':
      return eats(head === first.text) && naive(rest, after);
    case 'one':
      return eats(head !== '/') && naive(rest, after);
    case 'class':
      return eats(first.text.includes(head)) && naive(rest, after);
    case 'not-class':
      return eats(head !== '/' && !first.text.includes(head)) && naive(rest, after);
    case 'star':
      return naive(rest, text) || (eats(head !== '/') && naive(parts, after));
    case 'double-star':
      return naive(rest, text) || (eats(true) && naive(parts, after));
  }
}

/** Which beginnings of the text the parts so far take: one row of a table at a time. */
function tabled(parts: readonly Part[], text: string): boolean {
  let row: boolean[] = [true, ...Array<boolean>(text.length).fill(false)];
  for (const each of parts) {
    const next: boolean[] = [];
    for (let end = 0; end <= text.length; end += 1) {
      const last = end > 0 && takesChar(each, text.charAt(end - 1));
      const isStar = each.kind === 'star' || each.kind === 'double-star';
      const before = end > 0 && last && (isStar ? next[end - 1] : row[end - 1]);
      next.push((isStar && row[end] === true) || before === true);
    }
    row = next;
  }
  return row[text.length] === true;
}

function takesChar(each: Part, char: string): boolean {
  switch (each.kind) {
    case 'byte':
      return char === each.text;
    case 'class':
      return each.text.includes(char);
    case 'not-class':
      return char !== '/' && !each.text.includes(char);
    case 'double-star':
      return true;
    default:
      return char !== '/';
  }
}

/** Bytes that count how often one of them is read. */
function counted(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly reads: () => number } {
  let reads = 0;
  const proxy = new Proxy(bytes, {
    get(target, key): unknown {
      if (typeof key === 'string' && /^[0-9]+$/.test(key)) reads += 1;
      return Reflect.get(target, key, target);
    },
  });
  return { bytes: proxy, reads: () => reads };
}

describe('globs', () => {
  it('agree with a matcher that tries everything', () => {
    const parts = fc.array(part, { maxLength: 6 }).filter(isWritable);
    const property = fc.property(parts, name, (tail, text) => {
      const compiled = compileGlob(`/${tail.map(written).join('')}`);
      assert.ok(compiled.ok);
      const bytes = new TextEncoder().encode(text);
      assert.equal(compiled.glob.matches(bytes), naive(tail, text.substring(1)));
    });
    fc.assert(property, { numRuns: 3000 });
  });

  it('agree on names of 4 KiB with a matcher that fills a table', () => {
    const parts = fc.array(part, { maxLength: 40 }).filter(isWritable);
    const bytes = fc.array(fc.constantFrom(...ALPHABET), { minLength: 3000, maxLength: 4095 });
    const repeated = fc
      .tuple(fc.array(fc.constantFrom(...ALPHABET), { minLength: 1, maxLength: 4 }), fc.nat(1000))
      .map(([unit, times]) => unit.join('').repeat(times));
    const text = fc.oneof(
      bytes.map((chars) => chars.join('')),
      repeated,
    );
    const property = fc.property(parts, text, (tail, name) => {
      const compiled = compileGlob(`/${tail.map(written).join('')}`);
      assert.ok(compiled.ok);
      const matches = compiled.glob.matches(new TextEncoder().encode(`/${name}`));
      assert.equal(matches, tabled(tail, name));
    });
    fc.assert(property, { numRuns: 40 });
  });

  it('have no more places than their text has bytes, so that a byte of a name costs little', () => {
    const parts = fc.array(part, { maxLength: 60 }).filter(isWritable);
    const property = fc.property(parts, (tail) => {
      const text = `/${tail.map(written).join('')}`;
      const reading = readPattern(text);
      assert.ok(reading.ok);
      const { tests, stars, doubleStars } = reading.pattern;
      assert.ok(tests.length + stars.size + doubleStars.size <= text.length);
      assert.ok([...stars, ...doubleStars].every((state) => state <= tests.length));
    });
    fc.assert(property);
  });

  it('read each byte of a name once at most, whatever the pattern', () => {
    const stars = fc.array(fc.constantFrom('*a', '**a', '?', 'a', '*/', '**/'), { maxLength: 40 });
    const length = fc.integer({ min: 0, max: 4096 });
    const property = fc.property(stars, length, (tail, bytes) => {
      const compiled = compileGlob(`/${tail.join('')}b`);
      assert.ok(compiled.ok);
      const names = [`/${'a'.repeat(bytes)}`, `/${'a/'.repeat(bytes / 2)}`];
      for (const text of names) {
        const watched = counted(new TextEncoder().encode(text));
        compiled.glob.matches(watched.bytes);
        assert.ok(watched.reads() <= text.length);
      }
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('compile or say where they break, on any text', () => {
    const chars = fc.constantFrom(...'/*?[]!^-\\{}ab é\0'.split(''), '\ud800');
    const text = fc.array(chars, { maxLength: 20 }).map((parts) => `/${parts.join('')}`);
    const property = fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (pattern) => {
      const compiled = compileGlob(pattern);
      if (compiled.ok) return;
      const sizeBytes = new TextEncoder().encode(pattern).byteLength;
      assert.ok(compiled.problem.offsetBytes >= 0 && compiled.problem.offsetBytes <= sizeBytes);
    });
    fc.assert(property, { numRuns: 3000 });
  });
});

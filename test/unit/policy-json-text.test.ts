// Strict JSON text: what RFC 8259 allows, minus repeated keys, and every fault with its place.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readJsonText } from '../../src/policy/json-text.ts';

describe('readJsonText', () => {
  it('gives the value that JSON.parse gives', () => {
    for (const text of [
      '{"a":[1,-2.5e+3,true,false,null,"\\u00e9\\n"],"b":{}}',
      ' [] ',
      '"x"',
      '"\\ud83d\\udca9 💩"',
      '0',
    ]) {
      assert.deepEqual(readJsonText(text), { ok: true, value: JSON.parse(text) });
    }
  });

  const faults: readonly (readonly [string, number, number])[] = [
    ['', 1, 1],
    ['{', 1, 2],
    ['{"a":1,}', 1, 8],
    ['{"a" 1}', 1, 6],
    ['{a:1}', 1, 2],
    ['[1 2]', 1, 4],
    ['[1,\n 2,\n 3', 3, 3],
    ['[01]', 1, 2],
    ['[1.]', 1, 2],
    ['[-]', 1, 2],
    ['"abc', 1, 1],
    ['"a\tb"', 1, 3],
    ['"\\x"', 1, 3],
    ['"\\u12g4"', 1, 3],
    ['truth', 1, 1],
    ['{} {}', 1, 4],
    ['\ufeff{}', 1, 1],
    ['{"a":1,"a":2}', 1, 8],
    ['{"a":1,"\\u0061":2}', 1, 8],
    ['{"a":{"__proto__":1}}', 1, 7],
    [`[${'1'.repeat(65)}]`, 1, 2],
    ['["\\ud800"]', 1, 3],
    ['["a\\udc00"]', 1, 4],
    ['["\\ud83d\\u0041"]', 1, 3],
    ['["\\ud83d\\ud83d"]', 1, 3],
    ['["\\ud83d\udca9"]', 1, 3],
    ['["\ud83d"]', 1, 3],
    ['["\udca9"]', 1, 3],
  ];
  for (const [text, line, column] of faults) {
    it(`refuses ${JSON.stringify(text).substring(0, 40)} at its place`, () => {
      const reading = readJsonText(text);
      assert.ok(!reading.ok);
      assert.deepEqual([reading.fault.line, reading.fault.column], [line, column]);
    });
  }

  it('allows one key in two objects', () => {
    assert.ok(readJsonText('[{"a":1},{"a":2},{"b":{"a":3},"a":4}]').ok);
  });

  it('bounds nesting, at the cap and one above', () => {
    assert.ok(readJsonText(`${'['.repeat(33)}${']'.repeat(33)}`).ok);
    assert.ok(!readJsonText(`${'['.repeat(34)}${']'.repeat(34)}`).ok);
    assert.ok(!readJsonText('['.repeat(1_000_000)).ok);
  });

  const caps = { values: 6, items: 3, members: 2 };
  for (const [good, bad, column] of [
    ['[[1,2,3],[]]', '[[1,2,3,4],[]]', 10],
    ['{"a":1,"b":2}', '{"a":1,"b":2,"c":3}', 14],
    ['[[],[],[],[],[]]', '[[],[],[],[],[],[]]', 17],
    ['[["}","]"],{},{}]', '[["}","]","]","}"]]', 18],
  ] as const) {
    it(`keeps caps where they are asked for: ${bad}`, () => {
      assert.ok(readJsonText(good, caps).ok);
      const reading = readJsonText(bad, caps);
      assert.ok(!reading.ok);
      assert.deepEqual([reading.fault.line, reading.fault.column], [1, column]);
      assert.ok(readJsonText(bad).ok);
    });
  }
});

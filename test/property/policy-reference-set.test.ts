// Reference sets as sets: exactly what was added is found, in whatever order and number it came.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../src/bytes/encoding.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import { SortedRecordsBuilder } from '../../src/policy/sorted-records.ts';
import { runSteps } from '../../src/policy/steps.ts';

/** Few different bytes, so that records share their beginnings and repeat. */
const record = fc.array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: 6, maxLength: 6 });
const bytes = record.map((each) => Uint8Array.from(each));

describe('SortedRecords', () => {
  it('has what was added and nothing else, sorted and once', () => {
    const property = fc.property(fc.array(bytes, { maxLength: 200 }), bytes, (added, other) => {
      const builder = new SortedRecordsBuilder(6);
      for (const each of added) builder.add(each);
      const records = runSteps(builder.build());
      const expected = [...new Set(added.map(toHex))].sort();
      assert.equal(toHex(records.bytes), expected.join(''));
      assert.equal(records.count, expected.length);
      for (const each of added) assert.ok(records.has(each) && records.has(each.slice(0, 4)));
      assert.equal(records.has(other), expected.includes(toHex(other)));
    });
    fc.assert(property);
  });

  it('stays quick when every record begins alike', () => {
    const builder = new SortedRecordsBuilder(8);
    const count = 50_000;
    for (let index = 0; index < count; index += 1) {
      builder.add(Uint8Array.of(9, 9, 9, 9, 9, index >>> 16, index >>> 8, index));
    }
    const records = runSteps(builder.build());
    assert.equal(records.count, count);
    assert.ok(records.has(Uint8Array.of(9, 9, 9, 9, 9, 0, 0, 77)));
    assert.ok(!records.has(Uint8Array.of(9, 9, 9, 9, 9, 1, 0, 0)));
  });
});

describe('reading a reference set', () => {
  it('gives a set or located problems on any bytes', () => {
    const alphabet = [...new TextEncoder().encode('0123456789abcdef \\*/\n\r#{}":,'), 0, 0xff];
    const text = fc.array(fc.constantFrom(...alphabet), { maxLength: 300 });
    const format = fc.constantFrom('digest-lines' as const, 'ndjson' as const, 'csv' as const);
    const paths = fc.constantFrom('free' as const, 'bound' as const);
    const property = fc.property(text, format, paths, (chars, form, meaning) => {
      const input = Uint8Array.from(chars);
      const lines = chars.filter((byte) => byte === 0x0a).length + 1;
      const result = readReferenceSet(input, { format: form, paths: meaning });
      if (result.ok) return;
      assert.ok(result.problems.length > 0);
      assert.ok(result.problems.every(({ line }) => line >= 1 && line <= lines));
    });
    fc.assert(property, { numRuns: 1000 });
  });
});

// Elements of certificates: what is read, what is tolerated and noted, and what is malformed.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BER_TAG, BerReader, contextTag } from '../../src/bytes/ber.ts';
import { asciiBytes, concatBytes } from '../../src/bytes/encoding.ts';
import { ByteReader, readAtDoor } from '../../src/bytes/reader.ts';
import { hex } from './tpm-writer.ts';

/** What `read` makes of the bytes, and the fields that are not DER. */
function outcome<T>(bytes: Uint8Array | string, read: (reader: BerReader) => T) {
  const input = typeof bytes === 'string' ? hex(bytes) : bytes;
  const reader = new BerReader(new ByteReader(input, 'big'));
  const reading = readAtDoor(() => {
    const value = read(reader);
    reader.end('x');
    return value;
  });
  if (!reading.ok) return reading.malformed.kind;
  return { value: reading.value, departures: [...reader.departures] };
}

const value = <T>(expected: T, departures: readonly string[] = []) => ({
  value: expected,
  departures,
});

function time(tag: string, text: string) {
  const size = new Uint8Array([text.length]);
  return outcome(concatBytes(hex(tag), size, asciiBytes(text)), (reader) => reader.time('x'));
}

test('an element has its contents, and itself whole', () => {
  const read = outcome('3003020107', (reader) => {
    const { tag, bytes, whole, content } = reader.element(BER_TAG.sequence, 'x');
    const inner = content.integer('inner');
    return { tag, bytes, whole, inner, isAtEnd: content.isAtEnd };
  });
  const expected = { tag: 0x30, bytes: hex('020107'), whole: hex('3003020107') };
  assert.deepEqual(read, value({ ...expected, inner: hex('07'), isAtEnd: true }));
});

test('an optional element is read if it is there', () => {
  const read = (reader: BerReader) =>
    reader.optional(contextTag(0, 'primitive'), 'x')?.bytes ?? reader.boolean('y');
  assert.deepEqual(outcome('8001aa', read), value(hex('aa')));
  assert.deepEqual(outcome('0101ff', read), value(true));
});

describe('noted and tolerated: ', () => {
  for (const [what, bytes] of [
    ['a long length', '0481020000'],
    ['a length with a leading zero', '048200020000'],
  ] as const) {
    test(what, () => {
      const read = outcome(bytes, (reader) => reader.any('x').bytes);
      assert.deepEqual(read, value(hex('0000'), ['x']));
    });
  }

  test('a number that is longer than it needs to be', () => {
    for (const bytes of ['02020001', '0202ff80']) {
      assert.deepEqual(
        outcome(bytes, (reader) => reader.integer('x')),
        value(hex(bytes.slice(4)), ['x']),
      );
    }
    for (const bytes of ['02020080', '0202ff7f', '020100']) {
      assert.deepEqual(
        outcome(bytes, (reader) => reader.integer('x')),
        value(hex(bytes.slice(4))),
      );
    }
  });

  test('a truth value of another byte', () => {
    assert.deepEqual(
      outcome('010101', (reader) => reader.boolean('x')),
      value(true, ['x']),
    );
    assert.deepEqual(
      outcome('010100', (reader) => reader.boolean('x')),
      value(false),
    );
  });
});

describe('object identifiers', () => {
  const oid = (bytes: string) => outcome(bytes, (reader) => reader.oid('x'));

  test('are read as dotted numbers', () => {
    assert.deepEqual(oid('06056781050801'), value('2.23.133.8.1'));
    assert.deepEqual(oid('06032a8648'), value('1.2.840'));
    assert.deepEqual(oid('0603883703'), value('2.999.3'));
  });

  test('are malformed when empty, cut or larger than a number', () => {
    for (const bytes of ['0600', '060188', '06022a80', '060b2affffffffffffffffff7f']) {
      assert.equal(oid(bytes), 'bad-value', bytes);
    }
  });
});

describe('times', () => {
  test('of two digits lie between 1950 and 2049', () => {
    assert.deepEqual(time('17', '491231235959Z'), value(Date.UTC(2049, 11, 31, 23, 59, 59)));
    assert.deepEqual(time('17', '500101000000Z'), value(Date.UTC(1950, 0, 1)));
    assert.deepEqual(time('18', '99991231235959Z'), value(Date.UTC(9999, 11, 31, 23, 59, 59)));
  });

  for (const text of ['2601010000Z', '260101000000+0100', '261301000000Z', '260132000000Z']) {
    test(`${text} is malformed`, () => assert.equal(time('17', text), 'bad-value'));
  }
  for (const text of ['260001000000Z', '260100000000Z', '260101240000Z', '260101006000Z']) {
    test(`${text} is malformed`, () => assert.equal(time('17', text), 'bad-value'));
  }
  test('of another type are malformed', () => {
    assert.equal(time('13', '260101000000Z'), 'bad-value');
    assert.equal(time('18', '20260101000060Z'), 'bad-value');
  });
});

describe('malformed: ', () => {
  const cases: readonly (readonly [string, string, (reader: BerReader) => unknown, string])[] = [
    ['another tag', '0500', (reader) => reader.element(BER_TAG.integer, 'x'), 'bad-value'],
    ['a tag of two bytes', '1f8100', (reader) => reader.any('x'), 'bad-value'],
    ['an indefinite length', '30800000', (reader) => reader.any('x'), 'bad-value'],
    ['a length of five bytes', '30850000000000', (reader) => reader.any('x'), 'bad-value'],
    ['a length behind the end', '3084ffffffff', (reader) => reader.any('x'), 'cut-short'],
    ['nothing', '', (reader) => reader.any('x'), 'cut-short'],
    ['a number without bytes', '0200', (reader) => reader.integer('x'), 'bad-value'],
    ['a negative count', '0201ff', (reader) => reader.count('x'), 'bad-value'],
    ['a large count', '02050080000000', (reader) => reader.count('x'), 'bad-value'],
    ['a truth value of two bytes', '01020000', (reader) => reader.boolean('x'), 'bad-value'],
    ['a truth value of none', '0100', (reader) => reader.boolean('x'), 'bad-value'],
    ['unused bits', '03020700', (reader) => reader.bitString('x'), 'bad-value'],
    ['a bit string of nothing', '0300', (reader) => reader.bitString('x'), 'cut-short'],
    ['bytes behind', '050000', (reader) => reader.any('x'), 'left-over'],
  ];
  for (const [what, bytes, read, kind] of cases) {
    test(what, () => assert.equal(outcome(bytes, read), kind));
  }
  test('and the largest count is read', () => {
    assert.deepEqual(
      outcome('02047fffffff', (reader) => reader.count('x')),
      value(0x7fffffff),
    );
  });
});

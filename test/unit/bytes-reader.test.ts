// The cursor: bounds before bytes, absolute offsets, field paths.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteReader, type Malformed, MalformedError, readAtDoor } from '../../src/bytes/reader.ts';

const BYTES = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

/** The place at which `read` fails; it must. */
function malformedIn(read: () => unknown): Malformed {
  const reading = readAtDoor(read);
  assert.ok(!reading.ok);
  return reading.malformed;
}

describe('numbers', () => {
  test('big endian', () => {
    const reader = new ByteReader(BYTES, 'big');
    assert.equal(reader.u8('a'), 0x01);
    assert.equal(reader.u16('b'), 0x0203);
    assert.equal(reader.u32('c'), 0x04050607);
    assert.equal(reader.offsetBytes, 7);
    assert.equal(reader.leftBytes, 3);
  });

  test('little endian', () => {
    const reader = new ByteReader(BYTES, 'little');
    assert.equal(reader.u16('a'), 0x0201);
    assert.equal(reader.u64('b'), 0x0a09080706050403n);
    assert.equal(reader.leftBytes, 0);
  });

  test('unsigned up to their end', () => {
    const reader = new ByteReader(new Uint8Array(15).fill(0xff), 'big');
    assert.equal(reader.u8('a'), 0xff);
    assert.equal(reader.u16('b'), 0xffff);
    assert.equal(reader.u32('c'), 0xffffffff);
    assert.equal(reader.u64('d'), 0xffffffffffffffffn);
  });

  test('of a view count from the view, not from its buffer', () => {
    assert.equal(new ByteReader(BYTES.subarray(4), 'big').u16('a'), 0x0506);
  });

  for (const [name, size, read] of [
    ['u8', 1, (reader: ByteReader) => reader.u8('f')],
    ['u16', 2, (reader: ByteReader) => reader.u16('f')],
    ['u32', 4, (reader: ByteReader) => reader.u32('f')],
    ['u64', 8, (reader: ByteReader) => reader.u64('f')],
  ] as const) {
    test(`${name} needs ${size} bytes`, () => {
      const enough = new ByteReader(new Uint8Array(size), 'big');
      assert.equal(Number(read(enough)), 0);
      const short = new ByteReader(new Uint8Array(size - 1), 'big', { baseBytes: 100 });
      assert.deepEqual(
        malformedIn(() => read(short)),
        {
          kind: 'cut-short',
          field: 'f',
          offsetBytes: 100,
          expected: `${size} bytes`,
          actual: `${size - 1} bytes left`,
        },
      );
    });
  }
});

describe('taking bytes', () => {
  test('gives a view of exactly so many', () => {
    const reader = new ByteReader(BYTES, 'big');
    const taken = reader.take(3, 'a');
    assert.deepEqual([...taken], [1, 2, 3]);
    assert.equal(taken.buffer, BYTES.buffer);
    assert.deepEqual([...reader.take(0, 'b')], []);
    assert.deepEqual([...reader.take(7, 'c')], [4, 5, 6, 7, 8, 9, 10]);
  });

  test('never gives fewer', () => {
    const reader = new ByteReader(BYTES, 'big');
    reader.take(8, 'a');
    const malformed = malformedIn(() => reader.take(3, 'b'));
    assert.deepEqual([malformed.kind, malformed.offsetBytes], ['cut-short', 8]);
    assert.equal(reader.leftBytes, 2);
  });

  test('remembers what was read since an offset, by absolute offsets', () => {
    const reader = new ByteReader(BYTES, 'big', { baseBytes: 50 });
    reader.u8('a');
    const startBytes = reader.offsetBytes;
    reader.u16('b');
    reader.u8('c');
    assert.equal(startBytes, 51);
    assert.deepEqual([...reader.since(startBytes)], [2, 3, 4]);
  });
});

describe('sized fields', () => {
  test('take what their size says', () => {
    const reader = new ByteReader(new Uint8Array([0, 2, 7, 8, 0, 0, 0, 1, 9]), 'big');
    assert.deepEqual([...reader.sized16('a', 2)], [7, 8]);
    assert.deepEqual([...reader.sized32('b', 1)], [9]);
    reader.end('all');
  });

  test('fail at the size when it is over the cap, whatever is left', () => {
    for (const rest of [0, 9]) {
      const bytes = new Uint8Array([0, 3, ...new Uint8Array(rest)]);
      const reader = new ByteReader(bytes, 'big', { baseBytes: 10 });
      const malformed = malformedIn(() => reader.sized16('a', 2));
      assert.deepEqual(
        [malformed.kind, malformed.field, malformed.offsetBytes],
        ['over-cap', 'a.size', 10],
      );
    }
    const reader = new ByteReader(new Uint8Array(4).fill(0xff), 'little');
    const malformed = malformedIn(() => reader.sized32('b', 1000));
    assert.deepEqual([malformed.offsetBytes, malformed.actual], [0, '4294967295 bytes']);
  });

  test('fail at the bytes when they are cut short', () => {
    const reader = new ByteReader(new Uint8Array([0, 3, 1, 2]), 'big');
    const malformed = malformedIn(() => reader.sized16('a', 8));
    assert.deepEqual(
      [malformed.kind, malformed.field, malformed.offsetBytes],
      ['cut-short', 'a', 2],
    );
  });
});

describe('readers inside readers', () => {
  test('report absolute offsets and whole paths at every depth', () => {
    const outer = new ByteReader(BYTES, 'big', { baseBytes: 1000, prefix: 'list.' });
    outer.u8('head');
    const inner = outer.sub(6, 'body');
    inner.u16('x');
    const innermost = inner.sub(2, 'part[3]');
    assert.deepEqual([inner.offsetBytes, innermost.offsetBytes], [1005, 1003]);
    assert.equal(innermost.u8('y'), 4);
    const malformed = malformedIn(() => innermost.u16('z'));
    assert.deepEqual([malformed.field, malformed.offsetBytes], ['list.body.part[3].z', 1004]);
    assert.equal(outer.offsetBytes, 1007);
  });

  test('keep the byte order and end where they were told to', () => {
    const inner = new ByteReader(BYTES, 'little').sub(2, 'a');
    assert.equal(inner.u16('b'), 0x0201);
    inner.end('a');
  });

  test('are no longer than what is left', () => {
    const reader = new ByteReader(BYTES, 'big');
    assert.equal(malformedIn(() => reader.sub(11, 'a')).kind, 'cut-short');
  });
});

describe('the end', () => {
  test('is where nothing is left', () => {
    const reader = new ByteReader(BYTES, 'big');
    reader.take(9, 'a');
    const malformed = malformedIn(() => reader.end('whole'));
    assert.deepEqual(malformed, {
      kind: 'left-over',
      field: 'whole',
      offsetBytes: 9,
      expected: 'the end of the structure',
      actual: '1 more bytes',
    });
    reader.u8('b');
    reader.end('whole');
  });
});

describe('the door', () => {
  test('returns what was read', () => {
    assert.deepEqual(
      readAtDoor(() => 7),
      { ok: true, value: 7 },
    );
  });

  test('returns the place of a malformed structure', () => {
    const place = { expected: 'x', actual: 'y', offsetBytes: 3 };
    const reader = new ByteReader(BYTES, 'big');
    assert.deepEqual(
      malformedIn(() => reader.fail('bad-value', 'a', place)),
      { kind: 'bad-value', field: 'a', ...place },
    );
  });

  test('lets every other exception through', () => {
    assert.throws(
      () =>
        readAtDoor(() => {
          throw new RangeError('a fault');
        }),
      RangeError,
    );
    assert.ok(new MalformedError(malformedIn(() => new ByteReader(BYTES, 'big').take(99, 'a'))));
  });
});

test('no walk over any bytes leaves them, and offsets never go back', () => {
  const step = fc.tuple(fc.constantFrom('u8', 'u16', 'u32', 'u64', 'take', 'sub'), fc.nat(40));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(step), (bytes, steps) => {
      const reader = new ByteReader(bytes, 'big', { baseBytes: 5 });
      for (const [name, size] of steps) {
        const before = reader.offsetBytes;
        const reading = readAtDoor(() =>
          name === 'take' || name === 'sub' ? reader[name](size, 'f') : reader[name]('f'),
        );
        assert.ok(reader.offsetBytes >= before);
        assert.equal(reader.offsetBytes - 5 + reader.leftBytes, bytes.byteLength);
        if (!reading.ok) assert.equal(reading.malformed.offsetBytes, reader.offsetBytes);
      }
    }),
  );
});

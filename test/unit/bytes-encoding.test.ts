// Text encodings are strict both ways; comparisons and paddings are exact.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  asBuffer,
  asciiBytes,
  bitLength,
  concatBytes,
  equalBytes,
  escapeText,
  fromBase64,
  fromBase64Url,
  fromHex,
  isAllZero,
  latinText,
  leftPadded,
  toBase64,
  toBase64Url,
  toHex,
  u16Bytes,
  u32Bytes,
  viewBytes,
} from '../../src/bytes/encoding.ts';

const bytes = fc.uint8Array({ maxLength: 80 });

test('what was written is read again', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      assert.deepEqual(fromHex(toHex(value)), value);
      assert.deepEqual(fromHex(toHex(value).toUpperCase()), value);
      assert.deepEqual(fromBase64(toBase64(value)), value);
      assert.deepEqual(fromBase64Url(toBase64Url(value)), value);
      assert.deepEqual(asciiBytes(latinText(value)), value);
    }),
  );
});

test('what is read is what would be written', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (text) => {
      const [hex, base64, url] = [fromHex(text), fromBase64(text), fromBase64Url(text)];
      if (hex !== undefined) assert.equal(toHex(hex), text.toLowerCase());
      if (base64 !== undefined) assert.equal(toBase64(base64), text);
      if (url !== undefined) assert.equal(toBase64Url(url), text);
    }),
  );
});

test('a view of a larger buffer is written alone', () => {
  const view = asciiBytes('xabcx').subarray(1, 4);
  assert.deepEqual([toHex(view), toBase64(view), latinText(view)], ['616263', 'YWJj', 'abc']);
  assert.equal(asBuffer(view).toString(), 'abc');
  assert.equal(asBuffer(view).buffer, view.buffer);
});

describe('hex', () => {
  test('of nothing is nothing', () => assert.deepEqual(fromHex(''), new Uint8Array()));
  for (const text of ['0', 'abc', '0x00', 'gg', ' 00', '00 ', '00\n', '0 0', '００']) {
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(fromHex(text), undefined));
  }
});

describe('base64', () => {
  test('of nothing is nothing', () => assert.deepEqual(fromBase64(''), new Uint8Array()));
  test('is padded', () => assert.deepEqual(fromBase64('YQ=='), asciiBytes('a')));
  for (const text of [
    'YQ',
    'YQ=',
    'YR==',
    'YWJ=',
    'Y',
    'YQ==\n',
    'Y Q=',
    '-_8=',
    '====',
    'YQ==YQ==',
  ]) {
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(fromBase64(text), undefined));
  }
});

describe('base64url', () => {
  test('is not padded', () => assert.deepEqual(fromBase64Url('-_8'), new Uint8Array([0xfb, 0xff])));
  for (const text of ['-_8=', '+/8', 'YR', 'Y', 'YQ\n']) {
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(fromBase64Url(text), undefined));
  }
});

describe('text from an attester', () => {
  test('shows printable ASCII and escapes the rest, itself included', () => {
    assert.equal(escapeText(asciiBytes('/bin/ls ~')), '/bin/ls ~');
    const hostile = new Uint8Array([0x1b, 0x5b, 0x00, 0x0a, 0x7f, 0xff, 0x5c]);
    assert.equal(escapeText(hostile), '\\x1b[\\x00\\x0a\\x7f\\xff\\\\');
  });

  test('is cut at its cap', () => {
    assert.equal(escapeText(asciiBytes('abcdef'), 6), 'abcdef');
    assert.equal(escapeText(asciiBytes('abcdefg'), 6), 'abcdef…');
  });

  test('never holds a control character and never grows past its cap', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
        const text = escapeText(value, 100);
        assert.match(text, /^[\x20-\x7e]*…?$/);
        assert.ok(text.length <= 104);
      }),
    );
  });
});

describe('comparing', () => {
  test('takes every byte and the length', () => {
    const value = asciiBytes('nonce');
    assert.equal(equalBytes(value, asciiBytes('nonce')), true);
    assert.equal(equalBytes(new Uint8Array(), new Uint8Array()), true);
    assert.equal(equalBytes(value, asciiBytes('nonc')), false);
    assert.equal(equalBytes(value, new Uint8Array()), false);
    for (const index of value.keys()) {
      const other = new Uint8Array(value);
      other[index] = (other[index] ?? 0) ^ 0x80;
      assert.equal(equalBytes(value, other), false);
    }
  });

  test('tells zeros', () => {
    assert.equal(isAllZero(new Uint8Array(4)), true);
    assert.equal(isAllZero(new Uint8Array([0, 0, 1])), false);
  });
});

describe('numbers as bytes', () => {
  test('need as many bits as their highest one', () => {
    for (const [value, bits] of [
      [[], 0],
      [[0, 0], 0],
      [[1], 1],
      [[0x80], 8],
      [[0, 0x01, 0x00], 9],
      [[0x7f, 0xff], 15],
    ] as const) {
      assert.equal(bitLength(new Uint8Array(value)), bits);
    }
  });

  test('are padded in front, never cut', () => {
    assert.deepEqual(leftPadded(new Uint8Array([7, 8]), 4), new Uint8Array([0, 0, 7, 8]));
    assert.deepEqual(leftPadded(new Uint8Array([7, 8]), 2), new Uint8Array([7, 8]));
    assert.equal(leftPadded(new Uint8Array([0, 8]), 1), undefined);
  });

  test('stand in either order', () => {
    assert.equal(toHex(u16Bytes(0x0102, 'big')), '0102');
    assert.equal(toHex(u16Bytes(0x0102, 'little')), '0201');
    assert.equal(toHex(u32Bytes(0xfffefdfc, 'big')), 'fffefdfc');
    assert.equal(toHex(u32Bytes(0xfffefdfc, 'little')), 'fcfdfeff');
  });
});

test('parts are joined in order', () => {
  const joined = concatBytes(asciiBytes('a'), new Uint8Array(), asciiBytes('bc'));
  assert.equal(latinText(joined), 'abc');
  assert.equal(concatBytes().byteLength, 0);
});

test('a view lies inside its bytes or is a fault', () => {
  const value = asciiBytes('abcd');
  assert.equal(latinText(viewBytes(value, 1, 3)), 'bc');
  assert.equal(viewBytes(value, 4, 4).byteLength, 0);
  for (const [start, end] of [
    [-1, 2],
    [0, 5],
    [3, 2],
  ] as const) {
    assert.throws(() => viewBytes(value, start, end), RangeError);
  }
});

// Reading TPMS_ATTEST: the published vector, every field, every cut.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../src/bytes/encoding.ts';
import { digest } from '../../src/crypto/digest.ts';
import { readAttest, readAttestHead } from '../../src/quote/attest.ts';
import { hex, NONCE, writeAttest } from './tpm-writer.ts';

/** FORMATS 18.3, sha256 bank after record B. */
const AFTER_B = hex('7a38d4bbd10eab180e846a49f7cb75742978c51205cc602b1c671167ff4b61b9');

/** FORMATS 18.5, written out by hand. */
const VECTOR = hex(
  'ff544347 8018 0022 000b' +
    '00'.repeat(32) +
    '0010 000102030405060708090a0b0c0d0e0f 00000000000003e8 00000005 00000000 01' +
    '2019102300163636 00000001 000b 03 000400 0020' +
    'cea9d3fdf1aafe41f2d9c84d807d7ec9f84477c054365871a7f3f1dd53929f4e',
);

function malformedOf(bytes: Uint8Array) {
  const reading = readAttest(bytes);
  assert.equal(reading.ok, false);
  return reading.malformed;
}

describe('the vector of FORMATS 18.5', () => {
  test('is what the writer of these tests writes, so that both are right', () => {
    const pcrDigest = digest('sha256', AFTER_B);
    assert.ok(pcrDigest);
    assert.equal(toHex(writeAttest({ pcrDigest })), toHex(VECTOR));
  });

  test('reads field by field', () => {
    const reading = readAttest(VECTOR);
    assert.equal(VECTOR.byteLength, 129);
    assert.ok(reading.ok);
    const { qualifiedSigner, extraData, pcrDigest, ...rest } = reading.value;
    assert.equal(toHex(qualifiedSigner), `000b${'00'.repeat(32)}`);
    assert.equal(toHex(extraData), toHex(NONCE));
    assert.deepEqual(pcrDigest, digest('sha256', AFTER_B));
    assert.deepEqual(rest, {
      magic: 0xff544347,
      type: 0x8018,
      clock: 1000n,
      resetCount: 5,
      restartCount: 0,
      safe: true,
      firmwareVersion: 0x2019102300163636n,
      pcrSelect: [{ tpmAlg: 0x000b, bank: 'sha256', pcrs: [10] }],
      offsets: { extraDataBytes: 42, pcrSelectBytes: 85, pcrDigestBytes: 95 },
    });
  });

  test('cut at any byte is malformed no later than at the cut', () => {
    for (let size = 0; size < VECTOR.byteLength; size += 1) {
      const malformed = malformedOf(VECTOR.slice(0, size));
      assert.equal(malformed.kind, 'cut-short', `${size}`);
      assert.ok(malformed.offsetBytes <= size, `${size}`);
    }
  });
});

describe('magic and type', () => {
  test('are numbers to be judged later', () => {
    const reading = readAttestHead(hex('00000000 8017 ffff'));
    assert.deepEqual(reading, { ok: true, value: { magic: 0, type: 0x8017 } });
    const foreign = readAttest(writeAttest({ magic: '46464646' }));
    assert.ok(foreign.ok);
    assert.equal(foreign.value.magic, 0x46464646);
  });

  test('need six bytes', () => {
    const reading = readAttestHead(hex('ff544347 80'));
    assert.ok(!reading.ok);
    assert.deepEqual([reading.malformed.field, reading.malformed.offsetBytes], ['type', 4]);
  });

  test('of another type, the rest has another layout', () => {
    const malformed = malformedOf(writeAttest({ type: '8017' }));
    assert.deepEqual([malformed.field, malformed.offsetBytes], ['type', 4]);
  });
});

describe('selection', () => {
  function selectionOf(...selections: string[]) {
    const reading = readAttest(writeAttest({ selections }));
    assert.ok(reading.ok);
    return reading.value.pcrSelect;
  }

  test('keeps the order of its entries and sorts nothing away', () => {
    assert.deepEqual(selectionOf('000b 03 010080', '0004 03 000000', '000b 01 80'), [
      { tpmAlg: 0x000b, bank: 'sha256', pcrs: [0, 23] },
      { tpmAlg: 0x0004, bank: 'sha1', pcrs: [] },
      { tpmAlg: 0x000b, bank: 'sha256', pcrs: [7] },
    ]);
  });

  test('keeps the number of an algorithm that is not listed', () => {
    assert.deepEqual(selectionOf('7fff 04 00000080'), [
      { tpmAlg: 0x7fff, bank: undefined, pcrs: [31] },
    ]);
  });

  test('may be empty in both ways', () => {
    assert.deepEqual(selectionOf(), []);
    assert.deepEqual(selectionOf('000b 00'), [{ tpmAlg: 0x000b, bank: 'sha256', pcrs: [] }]);
  });

  test('has at most 16 entries of at most 4 bytes', () => {
    const most = Array.from({ length: 16 }, () => '000b 04 00000000');
    assert.equal(selectionOf(...most).length, 16);
    const count = malformedOf(writeAttest({ selections: [...most, '000b 00'] }));
    assert.deepEqual(
      [count.kind, count.field, count.offsetBytes],
      ['over-cap', 'attested.quote.pcrSelect.count', 85],
    );
    const size = malformedOf(writeAttest({ selections: ['000b 00', '000b 05 0000000000'] }));
    assert.deepEqual(
      [size.kind, size.field, size.offsetBytes],
      ['over-cap', 'attested.quote.pcrSelect[1].sizeofSelect', 94],
    );
  });
});

describe('sizes', () => {
  test('extraData and qualifiedSigner hold 66 bytes and not 67', () => {
    const [most, more] = [new Uint8Array(66), new Uint8Array(67)];
    assert.ok(readAttest(writeAttest({ extraData: most, qualifiedSigner: most })).ok);
    assert.equal(malformedOf(writeAttest({ extraData: more })).field, 'extraData.size');
    assert.equal(malformedOf(writeAttest({ qualifiedSigner: more })).field, 'qualifiedSigner.size');
  });

  test('pcrDigest holds 64 bytes and not 65', () => {
    assert.ok(readAttest(writeAttest({ pcrDigest: new Uint8Array(64) })).ok);
    const { field, kind } = malformedOf(writeAttest({ pcrDigest: new Uint8Array(65) }));
    assert.deepEqual([field, kind], ['attested.quote.pcrDigest.size', 'over-cap']);
  });

  test('the whole holds 4096 bytes', () => {
    assert.equal(malformedOf(new Uint8Array(4097)).kind, 'over-cap');
  });
});

test('safe is 0 or 1', () => {
  const unsafe = readAttest(writeAttest({ safe: '00' }));
  assert.equal(unsafe.ok && unsafe.value.safe, false);
  const { field, offsetBytes, actual } = malformedOf(writeAttest({ safe: '02' }));
  assert.deepEqual([field, offsetBytes, actual], ['clockInfo.safe', 76, '2']);
});

test('bytes behind the structure are left over', () => {
  const malformed = malformedOf(hex(`${toHex(VECTOR)}00`));
  assert.deepEqual([malformed.kind, malformed.offsetBytes], ['left-over', 129]);
});

test('reading any bytes returns', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readAttest(bytes);
      readAttestHead(bytes);
    }),
  );
});

test('reading the vector with any bytes changed returns', () => {
  const change = fc.tuple(fc.nat({ max: VECTOR.byteLength - 1 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = new Uint8Array(VECTOR);
      for (const [at, byte] of changes) bytes[at] = byte;
      const reading = readAttest(bytes);
      if (!reading.ok) assert.ok(reading.malformed.offsetBytes <= bytes.byteLength);
    }),
  );
});

// Which values a composite digest covers, and in which order.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concatBytes, toHex } from '../../src/bytes/encoding.ts';
import { digest, type HashName } from '../../src/crypto/digest.ts';
import { compositeDigest, slotsOf, valuesOf } from '../../src/pcr/composite.ts';
import type { PcrValues } from '../../src/pcr/selection.ts';
import { hex } from './tpm-writer.ts';

const SHA1 = new Uint8Array(20).fill(0x11);
const ZERO = new Uint8Array(32).fill(0x22);
const TEN = new Uint8Array(32).fill(0x33);

const VALUES: PcrValues = new Map<HashName, ReadonlyMap<number, Uint8Array>>([
  [
    'sha256',
    new Map([
      [10, TEN],
      [0, ZERO],
    ]),
  ],
  ['sha1', new Map([[10, SHA1]])],
]);

const SLOTS = slotsOf([
  { tpmAlg: 0x000b, bank: 'sha256', pcrs: [0, 10] },
  { tpmAlg: 0x0004, bank: 'sha1', pcrs: [10] },
]);

describe('slots', () => {
  test('stand in the order of the selection', () => {
    assert.deepEqual(
      SLOTS.map(({ bank, pcr }) => `${bank}:${pcr}`),
      ['sha256:0', 'sha256:10', 'sha1:10'],
    );
    assert.deepEqual(slotsOf([]), []);
  });
});

describe('values', () => {
  test('follow the slots, whatever order they were given in', () => {
    assert.deepEqual(valuesOf(SLOTS, VALUES), { found: [ZERO, TEN, SHA1], missing: [] });
  });

  test('of an unlisted bank are missing by its number', () => {
    const slots = slotsOf([{ tpmAlg: 0x7fff, bank: undefined, pcrs: [1] }]);
    const { missing } = valuesOf(slots, VALUES);
    assert.deepEqual(missing, [{ tpmAlg: 0x7fff, bank: undefined, pcr: 1 }]);
  });

  test('of a bank that cannot be computed count all the same', () => {
    const slots = slotsOf([{ tpmAlg: 0x0012, bank: 'sm3', pcrs: [1] }]);
    const values = new Map([['sm3' as const, new Map([[1, TEN]])]]);
    assert.deepEqual(valuesOf(slots, values).found, [TEN]);
  });

  test('of another length are none, even where the sum of lengths stays the same', () => {
    const shifted = new Map([
      [
        'sha256' as const,
        new Map([
          [0, concatBytes(ZERO, TEN.slice(0, 1))],
          [10, TEN.slice(1)],
        ]),
      ],
    ]);
    const slots = SLOTS.slice(0, 2);
    assert.deepEqual(valuesOf(slots, shifted), { found: [], missing: slots });
  });
});

describe('composite digest', () => {
  test('is the digest of the values one after the other', () => {
    const whole = concatBytes(ZERO, TEN, SHA1);
    for (const hash of ['sha256', 'sha384'] as const) {
      assert.deepEqual(compositeDigest(hash, [ZERO, TEN, SHA1]), digest(hash, whole));
    }
    assert.notDeepEqual(compositeDigest('sha256', [TEN, ZERO, SHA1]), digest('sha256', whole));
  });

  test('of the value after record B is the one of FORMATS 18.5', () => {
    const value = hex('7a38d4bbd10eab180e846a49f7cb75742978c51205cc602b1c671167ff4b61b9');
    assert.equal(
      toHex(compositeDigest('sha256', [value])),
      'cea9d3fdf1aafe41f2d9c84d807d7ec9f84477c054365871a7f3f1dd53929f4e',
    );
  });

  test('does not exist under a hash that cannot be computed', () => {
    assert.throws(() => compositeDigest('sm3', [ZERO]));
  });
});

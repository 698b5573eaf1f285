// boot_aggregate over the PCRs of public machines, and its variants. FORMATS 5, 18.2.
// The two firmware logs that 18.2 names are not part of this repository; the machines below state
// the same facts for the SHA-1 bank, and every recorded scenario does for SHA-256 over PCR 0-9.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HashName } from '../../src/crypto/digest.ts';
import { compareAggregate } from '../../src/ima/boot-aggregate.ts';
import { ascii, hash, join, unhex } from '../property/list-writer.ts';

/** PCR 0 to 7 of the SHA-1 bank, and the aggregate in the first record of the machine's list. */
const MACHINES = [
  {
    machine: 'h12ssl, Ubuntu 20.04 (immune-gmbh/guard-oss)',
    aggregate: '7c11114222e9e2373c1da9e4bfbb8d6d3bf7a2d9',
    pcrs: [
      '65cbdff28df58f4a75533166539b8e0a46088327',
      '31934f0668b8bf6b1614925e05c5c1ab54e2c4e0',
      '0869e499d091ca496f7648a613d84eade2992f41',
      'b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236',
      '49a82e2ae1fa576996c56cd589be99ce228ee3d8',
      '612fe87e8c43d22ec5cb5bc41bda01a436a2dff9',
      'b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236',
      '7276fa6319726f5503b05a4d1b3dc491e13933cc',
    ],
  },
  {
    machine: 'openEuler (openeuler-mirror/kunpengsecl)',
    aggregate: '5e7bbf27b7dd568610cc1f1ea49ceaa420395690',
    pcrs: [
      '2742dd0628b117bcc271deb3196fd9079a3cb63a',
      'd261fea4bdf79d4c41e4395044c54c4b5694a6c5',
      'b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236',
      'b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236',
      '45a323382bd933f08e7f0e256bc8249e4095b1ec',
      'd16d7e629fd8d08ca256f9ad3a3a1587c9e6cc1b',
      'b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236',
      '4037336fa7bc0eabe3778fcfff5fcd0ee6adcde3',
    ],
  },
] as const;

for (const { machine, aggregate, pcrs } of MACHINES) {
  test(`SHA-1 over PCR 0-7 of ${machine}`, () => {
    const values = pcrs.map(unhex);
    const recorded = { algorithm: 'sha1', bytes: unhex(aggregate) };
    assert.deepEqual(compareAggregate(recorded, bankOf('sha1', values)), {
      outcome: 'equal',
      coverage: '0-7',
    });
    const swapped = [...values.slice(1), ...values.slice(0, 1)];
    assert.equal(compareAggregate(recorded, bankOf('sha1', swapped)).outcome, 'different');
  });
}

test('SHA-256 over PCR 0-9, over PCR 0-7 of older kernels, and over neither', () => {
  const values = Array.from({ length: 10 }, (_, pcr) => hash('sha256', ascii(`PCR ${pcr}`)));
  const pcrs = bankOf('sha256', values);
  const over = (count: number) => ({
    algorithm: 'sha256',
    bytes: hash('sha256', join(...values.slice(0, count))),
  });
  assert.deepEqual(compareAggregate(over(10), pcrs), { outcome: 'equal', coverage: '0-9' });
  assert.deepEqual(compareAggregate(over(8), pcrs), { outcome: 'equal', coverage: '0-7' });
  assert.equal(compareAggregate(over(9), pcrs).outcome, 'different');
  assert.deepEqual(compareAggregate(over(9), pcrs), {
    outcome: 'different',
    expected: over(10).bytes,
  });
});

test('SHA-1 never covers PCR 8 and 9', () => {
  const values = Array.from({ length: 10 }, (_, pcr) => hash('sha1', ascii(`PCR ${pcr}`)));
  const recorded = { algorithm: 'sha1', bytes: hash('sha1', join(...values)) };
  assert.equal(compareAggregate(recorded, bankOf('sha1', values)).outcome, 'different');
});

test('an aggregate of a bank without values, or of no bank, is not comparable', () => {
  const pcrs = bankOf('sha256', [hash('sha256', ascii('PCR 0'))]);
  for (const algorithm of ['sha1', 'sha256', 'sha384', 'md5', 'none']) {
    const recorded = { algorithm, bytes: new Uint8Array(32) };
    assert.equal(compareAggregate(recorded, pcrs).outcome, 'not-comparable', algorithm);
  }
});

function bankOf(
  bank: HashName,
  values: readonly Uint8Array[],
): ReadonlyMap<HashName, ReadonlyMap<number, Uint8Array>> {
  return new Map([[bank, new Map(values.map((value, pcr) => [pcr, value]))]]);
}

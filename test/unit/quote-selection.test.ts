// The attested selection against the asked one: exact, and never empty.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAttest } from '../../src/quote/attest.ts';
import { type ExpectedBank, judgeSelection } from '../../src/quote/judge-selection.ts';
import { writeAttest } from './tpm-writer.ts';

const PCR_10: readonly ExpectedBank[] = [{ bank: 'sha256', pcrs: [10] }];
const TWO_BANKS: readonly ExpectedBank[] = [
  { bank: 'sha1', pcrs: [10] },
  { bank: 'sha256', pcrs: [0, 10] },
];

function judge(expected: 'any' | readonly ExpectedBank[], selections: readonly string[]) {
  const reading = readAttest(writeAttest({ selections }));
  assert.ok(reading.ok);
  const findings = judgeSelection(reading.value, expected);
  assert.ok(findings.every(({ severity }) => severity === 'contraindicated'));
  return findings.map(({ code, expected: want, actual }) => [code, want, actual]);
}

describe('exactly what was asked for passes', () => {
  test('one bank', () => assert.deepEqual(judge(PCR_10, ['000b 03 000400']), []));

  test('in any order of banks and with any size of bitmap', () => {
    assert.deepEqual(judge(TWO_BANKS, ['000b 02 0104', '0004 04 00040000']), []);
    assert.deepEqual(judge(TWO_BANKS, ['0004 03 000400', '000b 03 010400']), []);
  });

  test('in two entries of one bank', () => {
    assert.deepEqual(judge(TWO_BANKS, ['000b 02 0004', '0004 02 0004', '000b 01 01']), []);
  });

  test('beside an entry that selects nothing: a TPM clears a bank that is not allocated', () => {
    assert.deepEqual(judge(PCR_10, ['0004 03 000000', '000b 03 000400']), []);
  });
});

describe('anything else does not', () => {
  test('a register too few', () => {
    assert.deepEqual(judge(TWO_BANKS, ['0004 03 000400', '000b 03 000400']), [
      ['quote.selection_incomplete', 'sha256:0,10', 'sha256:10'],
    ]);
  });

  test('a bank too few', () => {
    assert.deepEqual(judge(TWO_BANKS, ['000b 03 010400']), [
      ['quote.selection_incomplete', 'sha1:10', 'sha1:none'],
    ]);
  });

  test('a register too many', () => {
    assert.deepEqual(judge(PCR_10, ['000b 03 010400']), [
      ['quote.selection_unexpected', 'sha256:10', 'sha256:0,10'],
    ]);
  });

  test('a bank too many, listed or not', () => {
    assert.deepEqual(judge(PCR_10, ['000b 03 000400', '000c 03 000400', '7fff 01 01']), [
      ['quote.selection_unexpected', 'sha384:none', 'sha384:10'],
      ['quote.selection_unexpected', '0x7fff:none', '0x7fff:0'],
    ]);
  });

  test('another register', () => {
    assert.deepEqual(judge(PCR_10, ['000b 03 000800']), [
      ['quote.selection_incomplete', 'sha256:10', 'sha256:11'],
      ['quote.selection_unexpected', 'sha256:10', 'sha256:11'],
    ]);
  });

  test('a register twice, even where any selection will do', () => {
    const twice = ['000b 03 000400', '000b 03 010400'];
    const finding = ['quote.selection_unexpected', 'each register once', 'sha256:0,10'];
    assert.deepEqual(judge('any', twice), [finding]);
    assert.deepEqual(judge([{ bank: 'sha256', pcrs: [0, 10] }], twice), [finding]);
  });
});

describe('an empty selection', () => {
  for (const selections of [[], ['000b 00'], ['000b 03 000000', '0004 03 000000']]) {
    test(`of ${selections.length} entries is refused, also where any will do`, () => {
      assert.deepEqual(judge('any', selections), [
        ['quote.selection_empty', 'at least one PCR', 'no PCR'],
      ]);
      assert.deepEqual(judge(TWO_BANKS, selections), [
        ['quote.selection_empty', 'sha1:10+sha256:0,10', 'no PCR'],
      ]);
      assert.equal(judge([], selections).length, 1);
    });
  }

  test('any will do as long as it is something', () => {
    assert.deepEqual(judge('any', ['7fff 03 000001', '000b 00']), []);
  });
});

// Findings and the log that keeps them bounded.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type FindingCode, REASON_CODES } from '../../src/findings/codes.ts';
import { FindingLog, graver, makeFinding, type Severity } from '../../src/findings/finding.ts';

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'none', 'contraindicated'];
const IMA = { severity: 'warning', where: { part: 'ima' } } as const;

function logOf(cap: number, ...codes: readonly FindingCode[]): FindingLog {
  const log = new FindingLog(cap);
  for (const code of codes) log.add(code, IMA);
  return log;
}

describe('a finding', () => {
  test('has class, meaning and hint of its code', () => {
    const entry = REASON_CODES['quote.magic_wrong'];
    const where = { part: 'quote', offsetBytes: 0, field: 'magic' } as const;
    const detail = { severity: 'contraindicated', where, expected: 'a', actual: 'b' } as const;
    assert.deepEqual(makeFinding('quote.magic_wrong', detail), {
      code: 'quote.magic_wrong',
      class: entry.class,
      ...detail,
      message: entry.meaning,
      hint: entry.hint,
    });
  });

  test('may say a sentence more', () => {
    const finding = makeFinding('ak.asserted', { ...IMA, note: 'So it is.' });
    assert.ok(finding.message.startsWith(REASON_CODES['ak.asserted'].meaning));
    assert.ok(finding.message.endsWith(' So it is.'));
    assert.equal('note' in finding, false);
  });
});

test('severities are ordered, and none is graver than a warning', () => {
  for (const [rank, left] of SEVERITIES.entries()) {
    for (const [other, right] of SEVERITIES.entries()) {
      assert.equal(graver(left, right), SEVERITIES[Math.max(rank, other)]);
    }
  }
});

describe('the log', () => {
  test('of nothing is info', () => {
    const log = new FindingLog(3);
    assert.deepEqual([log.worst, log.findings, log.counts], ['info', [], {}]);
  });

  test('keeps the first few of each code and counts the others', () => {
    const log = logOf(2, 'ima.file_unknown', 'ima.truncated', 'ima.file_unknown');
    log.add('ima.file_unknown', { ...IMA, where: { part: 'ima', entryIndex: 9 } });
    assert.deepEqual(
      log.findings.map(({ code }) => code),
      ['ima.file_unknown', 'ima.truncated', 'ima.file_unknown'],
    );
    assert.deepEqual(log.counts, { 'ima.file_unknown': 3, 'ima.truncated': 1 });
  });

  test('sorts its counts by code, whatever came first', () => {
    const log = logOf(1, 'quote.magic_wrong', 'ak.asserted', 'ima.truncated');
    assert.deepEqual(Object.keys(log.counts), [
      'ak.asserted',
      'ima.truncated',
      'quote.magic_wrong',
    ]);
  });

  test('is as grave as the gravest, kept or not', () => {
    const log = logOf(1, 'ima.file_unknown');
    assert.equal(log.worst, 'warning');
    log.add('ima.file_unknown', { ...IMA, severity: 'contraindicated' });
    assert.equal(log.findings.length, 1);
    assert.equal(log.worst, 'contraindicated');
    log.add('ak.asserted', { ...IMA, severity: 'info' });
    assert.equal(log.worst, 'contraindicated');
  });

  test('takes findings that were made elsewhere', () => {
    const log = new FindingLog(1);
    const finding = makeFinding('ak.asserted', IMA);
    log.addAll([finding, finding]);
    assert.deepEqual(log.findings, [finding]);
    assert.deepEqual(log.counts, { 'ak.asserted': 2 });
  });

  test('absorbs another with its counts and its gravity', () => {
    const other = logOf(1, 'ima.truncated', 'ima.truncated', 'ima.truncated');
    other.add('ima.truncated', { ...IMA, severity: 'contraindicated' });
    const log = logOf(1, 'ak.asserted');
    log.absorb(other);
    assert.deepEqual(log.counts, { 'ak.asserted': 1, 'ima.truncated': 4 });
    assert.deepEqual(
      log.findings.map(({ code }) => code),
      ['ak.asserted', 'ima.truncated'],
    );
    assert.equal(log.worst, 'contraindicated');
    log.absorb(other);
    assert.deepEqual(log.counts, { 'ak.asserted': 1, 'ima.truncated': 8 });
    assert.equal(log.findings.length, 2);
  });

  test('copies apart: neither sees what the other gets later', () => {
    const log = logOf(2, 'ak.asserted');
    const copy = log.copy();
    log.add('ima.truncated', { ...IMA, severity: 'contraindicated' });
    copy.add('ak.asserted', IMA);
    assert.deepEqual([copy.counts, copy.worst], [{ 'ak.asserted': 2 }, 'warning']);
    assert.deepEqual(log.counts, { 'ak.asserted': 1, 'ima.truncated': 1 });
    assert.deepEqual([log.findings.length, copy.findings.length], [2, 2]);
  });
});

test('absorbing is adding everything again, up to the cap', () => {
  const code = fc.constantFrom<FindingCode>('ak.asserted', 'ima.truncated', 'pcr.value_malformed');
  const finding = fc.tuple(code, fc.constantFrom(...SEVERITIES));
  const findings = fc.array(finding, { maxLength: 12 });
  fc.assert(
    fc.property(findings, findings, fc.integer({ min: 1, max: 4 }), (first, second, cap) => {
      const fill = (list: typeof first, log: FindingLog) => {
        for (const [name, severity] of list) log.add(name, { ...IMA, severity });
        return log;
      };
      const one = fill(second, fill(first, new FindingLog(cap)));
      const two = fill(first, new FindingLog(cap));
      two.absorb(fill(second, new FindingLog(cap)));
      assert.deepEqual(two.counts, one.counts);
      assert.equal(two.worst, one.worst);
      assert.deepEqual(two.findings, one.findings);
      assert.deepEqual(one.copy().findings, one.findings);
      assert.deepEqual(one.copy().counts, one.counts);
    }),
  );
});

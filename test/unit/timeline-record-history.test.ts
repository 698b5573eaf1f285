// Fingerprints of the newest records: found by value and position, in a ring that wraps.
// FORMATS 8.3, 8.4 rule 2.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TIMELINE_LIMITS } from '../../src/bytes/limits.ts';
import { RecordHistory } from '../../src/timeline/record-history.ts';
import { hash, word } from '../property/list-writer.ts';

const CAP = TIMELINE_LIMITS.overlapRecords;

function fingerprint(number: number): Uint8Array {
  return hash('sha1', word(number, 'little'));
}

/** A history of `count` records, each different from the others. */
function historyOf(count: number): RecordHistory {
  const history = new RecordHistory();
  for (let number = 0; number < count; number += 1) history.push(fingerprint(number));
  return history;
}

describe('RecordHistory', () => {
  it('holds nothing at first', () => {
    const history = new RecordHistory();
    assert.equal(history.count, 0);
    assert.deepEqual(history.find(fingerprint(0), 4), []);
    assert.equal(history.isAt(0, fingerprint(0)), false);
    assert.equal(history.isAt(0, new Uint8Array(20)), false);
  });

  it('tells which record stands where', () => {
    const history = historyOf(5);
    assert.equal(history.isAt(3, fingerprint(3)), true);
    assert.equal(history.isAt(3, fingerprint(4)), false);
    assert.equal(history.isAt(-1, fingerprint(0)), false);
    assert.equal(history.isAt(5, fingerprint(5)), false);
  });

  it('finds the newest of equal records first, and no more than asked for', () => {
    const history = new RecordHistory();
    for (const number of [1, 2, 1, 3, 1]) history.push(fingerprint(number));
    assert.deepEqual(history.find(fingerprint(1), 4), [4, 2, 0]);
    assert.deepEqual(history.find(fingerprint(1), 2), [4, 2]);
    assert.deepEqual(history.find(fingerprint(4), 4), []);
  });

  it('keeps as many as the cap, wherever the ring wraps', () => {
    const history = historyOf(CAP);
    assert.deepEqual(history.find(fingerprint(0), 1), [0]);
    assert.equal(history.isAt(0, fingerprint(0)), true);
    history.push(fingerprint(CAP));
    assert.equal(history.count, CAP + 1);
    assert.deepEqual(history.find(fingerprint(0), 1), []);
    assert.equal(history.isAt(0, fingerprint(0)), false);
    assert.deepEqual(history.find(fingerprint(1), 1), [1]);
    assert.deepEqual(history.find(fingerprint(CAP), 1), [CAP]);
  });

  it('never takes a record for the one that had its slot before', () => {
    const history = historyOf(CAP + 7);
    for (const position of [0, 3, 6]) {
      assert.equal(history.isAt(position, fingerprint(position)), false);
      assert.equal(history.isAt(position, fingerprint(CAP + position)), false);
      assert.equal(history.isAt(CAP + position, fingerprint(CAP + position)), true);
    }
  });

  it('tells records apart whose fingerprints begin or end alike', () => {
    const base = fingerprint(1);
    const alike = [0, 5, 19].map((at) => base.map((byte, index) => byte ^ Number(index === at)));
    const history = new RecordHistory();
    for (const one of [base, ...alike, base]) history.push(one);
    assert.deepEqual(history.find(base, 4), [4, 0]);
    for (const [at, one] of alike.entries()) assert.deepEqual(history.find(one, 4), [at + 1]);
    for (let number = 2; number < CAP; number += 1) history.push(fingerprint(number));
    assert.deepEqual(history.find(base, 4), [4]);
  });

  it('keeps its own bytes', () => {
    const history = new RecordHistory();
    const mine = fingerprint(1);
    history.push(mine);
    mine.fill(0);
    assert.equal(history.isAt(0, fingerprint(1)), true);
  });
});

// The bounds of a diagnosis: how much of a list is kept, and how many extends a search makes,
// whatever is sent. Extends are counted, not time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DIAGNOSIS_LIMITS } from '../../src/bytes/limits.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { Trail } from '../../src/diagnosis/trail.ts';
import { Work } from '../../src/diagnosis/work.ts';
import { ListWalk } from '../../src/ima/list-walk.ts';
import { Registers } from '../../src/ima/registers.ts';
import { replayRows } from '../../src/ima/replay.ts';
import {
  type DraftRecord,
  fileRecord,
  replayRecords,
  violationRecord,
  writeList,
} from '../property/list-writer.ts';
import { BINARY_SEGMENT } from '../property/made-quote.ts';
import { files } from './diagnosis-lists.ts';

/** Another value than any that a list of these tests leads to. */
const ELSEWHERE = new Uint8Array(32).fill(7);

describe('a trail', () => {
  it('holds a short list whole, with what its records extend', () => {
    const opened = trailOf(writeList(files(50))).open();
    assert.ok(opened);
    assert.equal(opened.isWhole, true);
    assert.deepEqual(
      opened.records.map(({ index }) => index),
      [...Array(50).keys()],
    );
  });

  it('holds the newest records of a long one, and the values before them', () => {
    const records = Array.from({ length: 12_000 }, (_, at) => fileRecord(`/f${at}`, 'x'));
    const opened = trailOf(writeList(records)).open();
    assert.ok(opened);
    assert.equal(opened.isWhole, false);
    assert.equal(opened.records.at(-1)?.index, 11_999);
    assert.ok(opened.records.length >= DIAGNOSIS_LIMITS.records);
    assert.ok(opened.records.length <= 2 * DIAGNOSIS_LIMITS.records);
    const { index, registers } = opened.start;
    const before = replayRecords(records.slice(0, index), {
      pcr: 10,
      bank: 'sha256',
      extended: 'own-hash',
    });
    assert.deepEqual(new Map(registers[0]?.values).get('own-hash'), before);
  });

  it('forgets a window that is too large to keep', () => {
    const name = new Uint8Array(4000).fill(0x61);
    const large: DraftRecord = { pcr: 10, template: 'ima-ng', fields: [name, name] };
    const count = Math.ceil(DIAGNOSIS_LIMITS.bytes / 8000) + 1;
    const opened = trailOf(writeList(Array<DraftRecord>(count).fill(large))).open();
    assert.equal(opened, undefined);
    const half = trailOf(writeList(Array<DraftRecord>(count >> 1).fill(large))).open();
    assert.equal(half?.records.length, count >> 1);
  });
});

describe('a search', () => {
  it('says that it was cut short, and where, within its cap', () => {
    const records = Array.from({ length: 300 }, (_, at) => fileRecord(`/f${at}`, 'x'));
    const cap = 20_000;
    const { found, spent } = searched(writeList(records), cap);
    assert.ok(spent <= cap, `${spent} extends`);
    assert.deepEqual(
      found.map(({ hypothesis, reachesQuote }) => [hypothesis, reachesQuote]),
      [['search-cut-short', false]],
    );
    const [at = -1] = found[0]?.at ?? [];
    assert.ok(at > 0 && at < 299, `${at}`);
  });

  it('is not cut short by a list that it can try whole', () => {
    const { found, spent } = searched(writeList(files(40)), DIAGNOSIS_LIMITS.extends);
    assert.deepEqual(found, []);
    assert.ok(spent < DIAGNOSIS_LIMITS.extends / 4);
  });

  it('stays within its cap on hostile lists of 10^5 records', () => {
    const shapes: readonly ((at: number) => DraftRecord)[] = [
      () => violationRecord('/v'),
      (at) => ({ ...fileRecord(`/f${at}`, 'x'), pcr: 10 + (at % 3) }),
    ];
    for (const shape of shapes) {
      const list = writeList(Array.from({ length: 100_000 }, (_, at) => shape(at)));
      const cap = 60_000;
      const { found, spent } = searched(list, cap, { isReplayed: false });
      assert.ok(spent <= cap, `${spent} extends`);
      assert.ok(found.every(({ reachesQuote }) => !reachesQuote));
    }
  });

  it('finds a change in the newest part of a long list', () => {
    const records = Array.from({ length: 5000 }, (_, at) => fileRecord(`/f${at}`, 'x'));
    const quoted = replayRecords(records, { pcr: 10, bank: 'sha256', extended: 'own-hash' });
    const list = writeList(records.toSpliced(4980, 0, fileRecord('/foreign', 'x')));
    const { found } = searched(list, DIAGNOSIS_LIMITS.extends, { quoted });
    assert.deepEqual(found, [{ hypothesis: 'foreign-record', at: [4980], reachesQuote: true }]);
  });

  it('gives up at once when there is no work to spend', () => {
    const { found, spent } = searched(writeList(files(10)), 0);
    assert.equal(spent, 0);
    assert.deepEqual(found, [{ hypothesis: 'search-cut-short', at: [], reachesQuote: false }]);
  });
});

/** The trail of a list as a follower keeps it. Without a replay the values before are none. */
function trailOf(list: Uint8Array, isReplayed = true): Trail {
  const trail = new Trail();
  const registers = new Registers({ banks: ['sha256'], quoted: new Map() });
  const walk = new ListWalk({ segments: [BINARY_SEGMENT], fromIndex: 0 }, (table, origin) => {
    const { firstIndex } = origin;
    trail.keep({ table, from: 0, origin }, { index: firstIndex, registers: registers.save() });
    if (isReplayed) replayRows(registers, { ...origin, table, from: 0, to: table.count });
  });
  walk.push(0, list);
  walk.end();
  return trail;
}

function searched(
  list: Uint8Array,
  cap: number,
  how: { readonly quoted?: Uint8Array; readonly isReplayed?: boolean } = {},
) {
  const { quoted = ELSEWHERE, isReplayed = true } = how;
  const work = new Work(cap);
  const values = new Map([['sha256', new Map([[10, quoted]])] as const]);
  const trail = trailOf(list, isReplayed);
  return { found: diagnose({ trail, quoted: values, earlier: [] }, work), spent: work.spent };
}

// Batches: the published one, what the tracker says of each record, and every fault of the grammar.
// FORMATS 12.2, 18.4.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TIMELINE_LIMITS } from '../../src/bytes/limits.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import { type ExtendMode, Registers } from '../../src/ima/registers.ts';
import { type BatchAction, BatchTracker, isBatchMark } from '../../src/timeline/batch.ts';
import {
  ascii,
  type DraftRecord,
  digestField,
  fileRecord,
  hash,
  hex,
  join,
  nameField,
  templateData,
  unhex,
  violationRecord,
  word,
} from '../property/list-writer.ts';
import { bufferRecord } from './timeline-events.ts';
import { type Listed, listed } from './timeline-records.ts';

function event(name: string, text: string): DraftRecord {
  return bufferRecord(name, ascii(text));
}

function start(id: number | string): DraftRecord {
  return event('ima_batch_start', `version=1;batch=${id};`);
}

function stop(id: number | string, count: number | string): DraftRecord {
  return event('ima_batch_stop', `version=1;batch=${id};count=${count};`);
}

function published(digest: string, name: string): DraftRecord {
  const fields = [digestField('sha256', unhex(digest)), nameField(ascii(name))];
  return { pcr: 10, template: 'ima-ng', fields };
}

const A = published(
  '83d19723ef3b3c05bb8ae70d86b3886c158f2408f1b71ed265886a7b79eb700e',
  'boot_aggregate',
);
const B = published('ae06e032a65fed8102aff5f8f31c678dcf2eb25b826f77ecb699faa0411f89e0', '/init');
const KEXEC_LOAD = event(
  'kexec_load',
  'kexec_segment_size=4096;ima_binary_runtime_size=1234;ima_runtime_measurements_count=17;',
);

/** What the tracker makes of records, in order. */
function actionsOf(
  drafts: readonly DraftRecord[],
  tracker = new BatchTracker('', 0),
): readonly BatchAction[] {
  return listedOf(drafts).map(({ record, digests }) => tracker.observe(record, digests, 0));
}

function kindsOf(drafts: readonly DraftRecord[], tracker?: BatchTracker): readonly string[] {
  return actionsOf(drafts, tracker).map(({ kind }) => kind);
}

function listedOf(drafts: readonly DraftRecord[]): readonly Listed[] {
  return drafts.map((draft, index) => listed(draft, index));
}

/** Replays records as a reading does, and gives PCR 10 of a bank. */
function replay(drafts: readonly DraftRecord[], bank: HashName, mode: ExtendMode): string {
  const tracker = new BatchTracker('', 0);
  const registers = new Registers({ banks: [bank], quoted: new Map() });
  for (const { record, digests } of listedOf(drafts)) {
    const action = tracker.observe(record, digests, 0);
    if (action.kind === 'extend') registers.extend(record.pcr, digests, record.index);
    if (action.kind !== 'extend-batch') continue;
    registers.extendBatch(record.pcr, action.members, record.index);
  }
  return hex(registers.value(bank, 10, mode) ?? new Uint8Array());
}

describe('the published batch', () => {
  const records = [A, start(1), B, KEXEC_LOAD, stop(1, 2)];

  it('has the published template digests', () => {
    const [, first, , load, last] = records;
    assert.ok(first !== undefined && load !== undefined && last !== undefined);
    const digests = [first, load, last].map((draft) =>
      hex(hash('sha256', templateData(draft, 'little'))),
    );
    assert.deepEqual(digests, [
      '18a15dd18cac5d87fc5dc542f58fa530e9012853419b0d8561393e73d228e43c',
      'c1e67348d8280428a8c1e7303a8497450f565241b4620cde6253cf74af23f140',
      '60d98415f4015b1ec43862cbf241b69f1dcece9a14e3cae01589645c3ca3238d',
    ]);
  });

  it('extends once, with the published batch digest', () => {
    assert.deepEqual(kindsOf(records), ['extend', 'hold', 'hold', 'hold', 'extend-batch']);
    const batch = '51fe46b8c0a4795a7fdbb124f7396ed62ccb6aa5394fa1d61ca2298765f026b9';
    const after = '2f89608d6d1a37e61007e44089d35489c499e4523abc138dbe501dc261adaa41';
    const before = replay([A], 'sha256', 'own-hash');
    assert.equal(hex(hash('sha256', join(unhex(before), unhex(batch)))), after);
    assert.equal(replay(records, 'sha256', 'own-hash'), after);
  });

  it('is another value when the count or a member is another', () => {
    const after = replay(records, 'sha256', 'own-hash');
    const other = fileRecord('/bin/other', 'another member');
    const altered = [A, start(1), other, KEXEC_LOAD, stop(1, 2)];
    assert.notEqual(replay(altered, 'sha256', 'own-hash'), after);
    const one = [A, start(1), B, stop(1, 1), KEXEC_LOAD];
    assert.notEqual(replay(one, 'sha256', 'own-hash'), after);
  });
});

describe('what a batch extends', () => {
  const members = [fileRecord('/bin/a', 'a'), violationRecord('/bin/b')];
  const records = [start(5), ...members, stop(5, members.length)];

  /** The batch digest by the rule of FORMATS 12.2, each part made by `part`. */
  function expected(bank: HashName, part: (record: DraftRecord) => Uint8Array): string {
    const parts = records.map(part);
    const batch = hash(
      bank,
      join(ascii('IMA-BATCH-V1\0'), word(members.length, 'little'), ...parts),
    );
    return hex(hash(bank, join(new Uint8Array(batch.byteLength), batch)));
  }

  it('is ones for a violation in a bank of its own hash', () => {
    for (const [bank, bytes] of [['sha1', 20] as const, ['sha384', 48] as const]) {
      const value = expected(bank, (record) =>
        record.violation === true
          ? new Uint8Array(bytes).fill(0xff)
          : hash(bank, templateData(record, 'little')),
      );
      assert.equal(replay(records, bank, 'own-hash'), value);
    }
  });

  it('pads each member where the bank is padded, in both ways of padding violations', () => {
    for (const [mode, ones] of [['padded-sha1', 32] as const, [BOTH_PADDED, 20] as const]) {
      const value = expected('sha256', (record) => {
        const part = new Uint8Array(32);
        if (record.violation === true) return part.fill(0xff, 0, ones);
        part.set(hash('sha1', templateData(record, 'little')));
        return part;
      });
      assert.equal(replay(records, 'sha256', mode), value, mode);
    }
  });

  it('reaches a quoted value behind the stop and nowhere before', () => {
    const quoted = new Map([['sha256' as const, new Map([[10, unhex(QUOTED)]])]]);
    const registers = new Registers({ banks: ['sha256'], quoted });
    const all = listedOf([A, start(1), B, KEXEC_LOAD, stop(1, 2)]);
    const [first] = all;
    const last = all.at(-1);
    assert.ok(first !== undefined && last !== undefined);
    registers.extend(10, first.digests, 0);
    const before = registers.match;
    registers.extendBatch(
      10,
      all.slice(1).map(({ digests }) => digests),
      last.record.index,
    );
    assert.deepEqual([before, registers.match?.recordCount], [undefined, 5]);
  });
});

describe('grammar faults', () => {
  const file = fileRecord('/bin/a', 'a');
  const faults: readonly (readonly [string, readonly DraftRecord[]])[] = [
    ['a stop without a start', [stop(1, 1)]],
    ['a start inside a batch', [start(1), file, start(2)]],
    ['a stop of another batch', [start(1), file, stop(2, 1)]],
    ['a count that is too high', [start(1), file, stop(1, 2)]],
    ['a count that is too low', [start(1), file, file, stop(1, 1)]],
    ['a batch without members', [start(1), stop(1, 0)]],
    ['a record of another PCR', [start(1), fileRecord('/bin/b', 'b', 11)]],
    ['an id that was used before', [start(1), file, stop(1, 1), start(1)]],
    ['an id that went back', [start(2), file, stop(2, 1), start(1)]],
  ];
  for (const [name, records] of faults) {
    it(`${name} is told at its record`, () => {
      const kinds = kindsOf(records);
      assert.equal(kinds.at(-1), 'broken');
      assert.ok(!kinds.slice(0, -1).includes('broken'));
    });
  }

  it('a batch may have as many members as the cap, and not one more', () => {
    const { batchRecords } = TIMELINE_LIMITS;
    const full = [start(1), ...Array.from({ length: batchRecords }, () => file)];
    assert.equal(kindsOf([...full, stop(1, batchRecords)]).at(-1), 'extend-batch');
    const over = kindsOf([...full, file]);
    assert.deepEqual([over.at(-2), over.at(-1)], ['hold', 'broken']);
  });

  it('a batch behind a broken one is taken again', () => {
    const records = [start(1), file, stop(1, 2), file, start(2), file, stop(2, 1)];
    const kinds = ['hold', 'hold', 'broken', 'extend', 'hold', 'hold', 'extend-batch'];
    assert.deepEqual(kindsOf(records), kinds);
  });
});

describe('what is no mark', () => {
  const buffer = ascii('version=1;batch=1;');
  const unbound: DraftRecord = {
    pcr: 10,
    template: 'ima-buf',
    fields: [
      digestField('sha256', hash('sha256', ascii('other bytes'))),
      nameField(ascii('ima_batch_start')),
      buffer,
    ],
  };
  const others: readonly (readonly [string, DraftRecord])[] = [
    ['a file of that name', fileRecord('ima_batch_start', 'version=1;batch=1;')],
    ['a buffer that its digest does not bind', unbound],
    ['a violation', { ...start(1), violation: true }],
    ['another version', event('ima_batch_start', 'version=2;batch=1;')],
    ['a leading zero', start('01')],
    ['a NUL behind', start('1;\0')],
    ['a stop without its count', event('ima_batch_stop', 'version=1;batch=1;')],
    ['a start with a count', event('ima_batch_start', 'version=1;batch=1;count=1;')],
    ['a negative id', start('-1')],
    ['another event', KEXEC_LOAD],
  ];
  for (const [name, draft] of others) {
    it(`${name} extends on its own`, () => {
      assert.deepEqual(kindsOf([draft]), ['extend']);
    });
  }

  it('only the two names are those of marks', () => {
    const names = ['ima_batch_start', 'ima_batch_stop', 'ima_batch', 'kexec_load'];
    assert.deepEqual(names.map(isBatchMark), [true, true, false, false]);
  });
});

describe('a tracker', () => {
  const file = fileRecord('/bin/a', 'a');

  it('goes on from the id of an earlier round', () => {
    const tracker = new BatchTracker('', 0);
    assert.equal(tracker.lastId, '');
    kindsOf([start(0), file, stop(0, 1), start(7), file, stop(7, 1)], tracker);
    assert.equal(tracker.lastId, '7');
    assert.equal(kindsOf([start(7)], new BatchTracker(tracker.lastId, 0)).at(-1), 'broken');
    assert.equal(kindsOf([start(8)], new BatchTracker(tracker.lastId, 0)).at(-1), 'hold');
  });

  it('keeps ids that a double cannot hold', () => {
    const id = 2n ** 64n - 1n;
    const tracker = new BatchTracker(`${id - 1n}`, 0);
    assert.equal(kindsOf([start(`${id}`)], tracker).at(-1), 'hold');
    assert.equal(tracker.lastId, `${id}`);
  });

  it('counts ids anew in another epoch: another kernel writes them', () => {
    const tracker = new BatchTracker('', 0);
    kindsOf([start(9), file, stop(9, 1)], tracker);
    const { record, digests } = listed(start(1), 3);
    assert.equal(tracker.observe(record, digests, 3).kind, 'hold');
    assert.equal(tracker.lastId, '1');
  });

  it('copies an open batch, and the copies go their own ways', () => {
    const tracker = new BatchTracker('', 0);
    kindsOf([start(1), file], tracker);
    const copy = tracker.copy();
    assert.equal(kindsOf([file], tracker).at(-1), 'hold');
    assert.equal(kindsOf([stop(1, 1)], copy).at(-1), 'extend-batch');
    assert.equal(kindsOf([stop(1, 2)], tracker).at(-1), 'extend-batch');
  });
});

const BOTH_PADDED = 'padded-sha1-and-violations';
const QUOTED = '2f89608d6d1a37e61007e44089d35489c499e4523abc138dbe501dc261adaa41';

// Epochs: which record opens one, what stands directly before it, and what is kept of very many.
// FORMATS 7.2.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRecordFields, templateOf } from '../../src/ima/record.ts';
import { type AggregateRecord, EpochTracker } from '../../src/timeline/epochs.ts';
import {
  aggregateRecord,
  ascii,
  type DraftRecord,
  digestField,
  fileRecord,
  hash,
  nameField,
} from '../property/list-writer.ts';
import { bufferRecord, capturedRecords } from './timeline-events.ts';
import { listed } from './timeline-records.ts';

const AGGREGATE = aggregateRecord();
const LATE = aggregateRecord('boot_aggregate_late');
const FILE = fileRecord('/bin/a', 'a');
const LOAD = kexec('kexec_load');
const EXECUTE = kexec('kexec_execute');

function kexec(name: string): DraftRecord {
  const buffer =
    'kexec_segment_size=4096;ima_binary_runtime_size=9;ima_runtime_measurements_count=1;';
  return bufferRecord(name, ascii(buffer));
}

/** Shows records to a tracker, which takes every aggregate for genuine. */
function follow(
  drafts: readonly DraftRecord[],
  tracker = new EpochTracker(),
  firstIndex = 0,
): EpochTracker {
  drafts.forEach((draft, offset) => {
    const seen = observe(tracker, draft, firstIndex + offset);
    if (seen !== undefined && seen !== 'kexec') tracker.open(seen);
  });
  return tracker;
}

function observe(
  tracker: EpochTracker,
  draft: DraftRecord,
  index: number,
): AggregateRecord | 'kexec' | undefined {
  const { record } = listed(draft, index);
  if (record.violation) {
    tracker.observeViolation();
    return undefined;
  }
  const template = templateOf(record);
  const fields = template && readRecordFields(record, template);
  assert.ok(template !== undefined && fields?.ok === true);
  return tracker.observe(record, template, fields.value);
}

/** Whether the last record, an aggregate, stands directly behind a kexec_execute. */
function isAfterExecute(drafts: readonly DraftRecord[]): boolean {
  const tracker = follow(drafts);
  const seen = observe(tracker, AGGREGATE, drafts.length);
  assert.ok(seen !== undefined && seen !== 'kexec');
  return seen.afterExecute;
}

describe('epochs', () => {
  it('begin with the first aggregate, by either name', () => {
    for (const [draft, name] of [
      [AGGREGATE, 'boot_aggregate'],
      [LATE, LATE_NAME],
    ] as const) {
      const tracker = follow([draft, FILE]);
      assert.deepEqual(tracker.epochs, [{ fromIndex: 0, openedBy: name }]);
      assert.equal(tracker.first?.name, name);
      assert.equal(tracker.fromIndex, 0);
    }
  });

  it('end where the next begins, and say how', () => {
    const marked = follow([AGGREGATE, FILE, LOAD, EXECUTE, AGGREGATE, FILE]);
    assert.deepEqual(marked.epochs, [
      { fromIndex: 0, openedBy: 'boot_aggregate', closedBy: 'kexec_execute' },
      { fromIndex: 4, openedBy: 'boot_aggregate' },
    ]);
    assert.equal(marked.fromIndex, 4);
    const unmarked = follow([AGGREGATE, FILE, AGGREGATE]);
    assert.equal(unmarked.epochs[0]?.closedBy, 'unmarked');
  });

  it('of captured kexecs are found', () => {
    const records = capturedRecords(
      '07-kexec-with-log-carry-over/boot2-q03/binary_runtime_measurements',
    );
    const tracker = follow(records);
    assert.deepEqual(
      tracker.epochs.map(({ closedBy }) => closedBy),
      ['kexec_execute', undefined],
    );
  });

  it('follow an execute only where nothing stands between', () => {
    const violation: DraftRecord = { ...FILE, violation: true };
    const unbound: DraftRecord = {
      ...EXECUTE,
      fields: [
        digestField('sha256', hash('sha256', ascii('other bytes'))),
        ...EXECUTE.fields.slice(1),
      ],
    };
    const asFile: DraftRecord = { ...EXECUTE, template: 'ima-sig' };
    const ungrammatical = bufferRecord('kexec_execute', ascii('ima_runtime_measurements_count=1;'));
    assert.equal(isAfterExecute([AGGREGATE, EXECUTE]), true);
    const others = [
      [EXECUTE, FILE],
      [EXECUTE, violation],
      [EXECUTE, LOAD],
      [LOAD],
      [unbound],
      [asFile],
      [ungrammatical],
      [],
    ];
    for (const [at, records] of others.entries()) {
      assert.equal(isAfterExecute([AGGREGATE, ...records]), false, `case ${at}`);
    }
  });

  it('are opened by no other name and by no buffer', () => {
    const tracker = new EpochTracker();
    const names = ['boot_aggregate2', 'Boot_aggregate', '/boot_aggregate', ''];
    for (const name of names) {
      assert.equal(observe(tracker, fileRecord(name, 'x'), 0), undefined, name);
    }
    const buffer = bufferRecord('boot_aggregate', ascii('x'));
    assert.equal(observe(tracker, buffer, 0), undefined);
    const nameless: DraftRecord = { ...FILE, template: 'd-ng', fields: FILE.fields.slice(0, 1) };
    assert.equal(observe(tracker, nameless, 0), undefined);
    const digestless: DraftRecord = {
      ...FILE,
      template: 'n-ng',
      fields: [nameField(ascii('boot_aggregate'))],
    };
    assert.equal(observe(tracker, digestless, 0), undefined);
  });

  it('know the first aggregate of record 0 only', () => {
    const tracker = follow([FILE, AGGREGATE]);
    assert.equal(tracker.first, undefined);
    assert.equal(tracker.fromIndex, 1);
  });
});

describe('saved epochs', () => {
  const before = [AGGREGATE, FILE, LOAD, EXECUTE];
  const after = [AGGREGATE, FILE, AGGREGATE];

  it('go on as if nothing had happened, wherever they were saved', () => {
    const records = [...before, ...after];
    const whole = follow(records).save();
    for (const cut of records.keys()) {
      const saved = JSON.parse(JSON.stringify(follow(records.slice(0, cut)).save()));
      const tracker = follow(records.slice(cut), EpochTracker.restore(saved), cut);
      assert.deepEqual(tracker.save(), whole, `cut before record ${cut}`);
    }
  });

  it('that are broken are a fault, not a verdict', () => {
    const { first, ...rest } = follow([AGGREGATE]).save();
    assert.ok(first !== null);
    for (const digest of ['', 'sha256', 'sha256:xyz']) {
      assert.throws(() => EpochTracker.restore({ ...rest, first: { ...first, digest } }), digest);
    }
  });

  it('tell whether two boots opened alike', () => {
    const tracker = follow([AGGREGATE]);
    const other = follow([fileRecord('boot_aggregate', 'other PCRs')]);
    assert.equal(tracker.opensLike(follow(before).save()), true);
    assert.equal(tracker.opensLike(other.save()), false);
    assert.equal(tracker.opensLike(undefined), false);
    assert.equal(new EpochTracker().opensLike(new EpochTracker().save()), false);
  });

  it('stay few, whatever a list holds, and keep the first and the last', () => {
    const records = Array.from({ length: 1000 }, () => AGGREGATE);
    const { epochs, fromIndex } = follow(records);
    assert.equal(epochs.length, 256);
    assert.equal(fromIndex, 999);
    assert.deepEqual(epochs[0], {
      fromIndex: 0,
      openedBy: 'boot_aggregate',
      closedBy: 'unmarked',
    });
    assert.deepEqual(epochs.at(-1), { fromIndex: 999, openedBy: 'boot_aggregate' });
    const ascending = epochs.every((one, at) => one.fromIndex >= (epochs[at - 1]?.fromIndex ?? 0));
    assert.equal(ascending, true);
  });

  it('copies go their own ways', () => {
    const tracker = follow(before);
    const copy = tracker.copy();
    follow(after, tracker, before.length);
    assert.deepEqual(copy.save(), follow(before).save());
    assert.deepEqual(follow(after, copy, before.length).save(), tracker.save());
  });
});

const LATE_NAME = 'boot_aggregate_late';

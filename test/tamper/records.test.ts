// Records of a captured list dropped, repeated, swapped, reversed, moved to another PCR, turned
// into violations and back: each is refused with its code.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Capture, loadCapture, structuralVerdict } from '../captures/load-capture.ts';
import {
  draftOf,
  fileRecord,
  hash,
  hex,
  join,
  splitRecords,
  templateData,
  word,
  writeRecord,
} from '../property/list-writer.ts';
import { assertFound, segmentOf, withSegment } from './tampering.ts';

const SIGNED_FILES = '02-ima-sig/q02-rsassa-pcr0-10';
const VIOLATIONS = '05-violations/q03-after-tomtou';

test('the writer of these tests writes what the kernel wrote', async () => {
  const { records } = await open(VIOLATIONS);
  for (const record of records) {
    assert.equal(hex(writeRecord(draftOf(record))), hex(record));
    assert.ok(templateData(draftOf(record), 'little').byteLength > 0);
  }
});

test('the capture is good before it is altered', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  assert.equal(structuralVerdict(rebuilt(capture, records)).status, 'affirming');
});

test('any one record dropped', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  for (const dropped of records.keys()) {
    const left = records.filter((_, index) => index !== dropped);
    assertMismatch(rebuilt(capture, left), `record ${dropped} dropped`);
  }
});

test('any one record repeated, save the last, whose repetition is pending', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  for (const [index, record] of records.entries()) {
    const more = [...records.slice(0, index), record, ...records.slice(index)];
    const isLast = index === records.length - 1;
    if (isLast) assert.equal(structuralVerdict(rebuilt(capture, more)).status, 'affirming');
    else assertMismatch(rebuilt(capture, more), `record ${index} repeated`);
  }
});

test('any two neighbours swapped', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  for (const [index, [left, right]] of neighbours(records).entries()) {
    if (hex(left) === hex(right)) continue;
    const swapped = [...records.slice(0, index), right, left, ...records.slice(index + 2)];
    assertMismatch(rebuilt(capture, swapped), `records ${index} and ${index + 1} swapped`);
  }
});

test('the list reversed, rotated, and its records sorted', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  assertMismatch(rebuilt(capture, records.toReversed()), 'reversed');
  assertMismatch(rebuilt(capture, [...records.slice(1), ...records.slice(0, 1)]), 'rotated');
  const sorted = records.toSorted((a, b) => Buffer.compare(a, b));
  assertMismatch(rebuilt(capture, sorted), 'sorted');
});

test('a list of no records is no list', async () => {
  const { capture } = await open(SIGNED_FILES);
  const verdict = structuralVerdict(rebuilt(capture, []));
  assert.equal(verdict.status, 'none');
  assertFound(verdict, 'ima.list_missing', 'no records');
});

test('any one record moved to another PCR', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  for (const index of records.keys()) {
    // The first record's PCR also decides the byte order and so must be one that IMA can use.
    for (const pcr of index === 0 ? [9, 11] : [9, 11, 23, 64]) {
      const moved = replaced(records, index, (record) =>
        join(word(pcr, 'little'), record.slice(4)),
      );
      assertMismatch(rebuilt(capture, moved), `record ${index} in PCR ${pcr}`);
    }
  }
});

test('a record added for a PCR that is not quoted', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  const added = writeRecord(fileRecord('/usr/bin/added', 'x', 11));
  const list = [...records.slice(0, 40), added, ...records.slice(40)];
  const verdict = structuralVerdict(rebuilt(capture, list));
  assert.equal(verdict.status, 'warning');
  const { where } = assertFound(verdict, 'ima.pcr_unexpected', 'PCR 11');
  assert.equal(where.entryIndex, 40);
  assert.equal(where.pcr, 11);
});

test('a record added for a quoted PCR that the list did not extend', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  const added = writeRecord(fileRecord('/usr/bin/added', 'x', 9));
  assertMismatch(rebuilt(capture, [...records.slice(0, 40), added, ...records.slice(40)]), 'PCR 9');
});

test('any one record turned into a violation', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  for (const index of records.keys()) {
    const list = replaced(records, index, asViolation);
    assertMismatch(rebuilt(capture, list), `record ${index} as a violation`);
  }
});

test('any one violation turned into a record', async () => {
  const { capture, records } = await open(VIOLATIONS);
  const violations = [...records.keys()].filter((index) => isViolation(records[index]));
  assert.ok(violations.length > 0);
  for (const index of violations) {
    const list = replaced(records, index, (record) =>
      writeRecord({ ...draftOf(record), violation: false }),
    );
    assertMismatch(rebuilt(capture, list), `violation ${index} as a record`);
  }
});

test('what a violation claims can be rewritten, and stays a violation', async () => {
  const { capture, records } = await open(VIOLATIONS);
  const untouched = structuralVerdict(capture);
  const index = [...records.keys()].find((candidate) => isViolation(records[candidate])) ?? -1;
  const other = asViolation(writeRecord(fileRecord('/tmp/harmless', '')));
  const verdict = structuralVerdict(
    rebuilt(
      capture,
      replaced(records, index, () => other),
    ),
  );
  assert.equal(verdict.status, untouched.status);
  const { where, severity } = assertFound(verdict, 'ima.violation_present', 'rewritten');
  assert.equal(where.entryIndex, index);
  assert.equal(severity, 'warning');
});

test('any one digest column that is not the digest of the data', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  for (const index of records.keys()) {
    const list = replaced(records, index, (record) =>
      join(record.slice(0, 4), hash('sha1', record), record.slice(24)),
    );
    const verdict = structuralVerdict(rebuilt(capture, list));
    assert.equal(verdict.status, 'contraindicated');
    const { where } = assertFound(verdict, 'ima.template_digest_mismatch', `column ${index}`);
    assert.equal(where.entryIndex, index);
  }
});

test('any one file digest exchanged, with a digest column that fits it', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  for (const index of records.keys()) {
    const list = replaced(records, index, (record) => {
      const draft = draftOf(record);
      const fields = draft.fields.map((field, at) => (at === 0 ? otherDigest(field) : field));
      return writeRecord({ ...draft, fields });
    });
    assertMismatch(rebuilt(capture, list), `file digest ${index}`);
  }
});

test('template data that are right, under the name of another template', async () => {
  const { capture, records } = await open(SIGNED_FILES);
  for (const template of ['ima-ng', 'ima-buf', 'ima-og', 'd-ng|n-ng|sig|sig']) {
    const list = replaced(records, 50, (record) => writeRecord({ ...draftOf(record), template }));
    const verdict = structuralVerdict(rebuilt(capture, list));
    assert.equal(verdict.status, 'contraindicated', template);
  }
});

async function open(name: string): Promise<{ capture: Capture; records: Uint8Array[] }> {
  const capture = await loadCapture(name);
  return { capture, records: splitRecords(segmentOf(capture, 0)) };
}

function rebuilt(capture: Capture, records: readonly Uint8Array[]): Capture {
  return withSegment(capture, 0, join(...records));
}

function assertMismatch(capture: Capture, what: string): void {
  const verdict = structuralVerdict(capture);
  assert.equal(verdict.status, 'contraindicated', what);
  assertFound(verdict, 'ima.replay_mismatch', what);
  assert.equal(verdict.coverage.ima?.provenCount, null, what);
}

function replaced(
  records: readonly Uint8Array[],
  index: number,
  change: (record: Uint8Array) => Uint8Array,
): Uint8Array[] {
  return records.map((record, at) => (at === index ? change(record) : record));
}

function neighbours(records: readonly Uint8Array[]): [Uint8Array, Uint8Array][] {
  return records.slice(1).map((right, index) => [records[index] ?? right, right]);
}

/** The record with a digest column of zeros. */
function asViolation(record: Uint8Array): Uint8Array {
  return join(record.slice(0, 4), new Uint8Array(20), record.slice(24));
}

function isViolation(record: Uint8Array | undefined): boolean {
  return record !== undefined && draftOf(record).violation === true;
}

/** A digest field of the same algorithm over something else. */
function otherDigest(field: Uint8Array): Uint8Array {
  const digest = hash('sha256', field);
  return join(field.slice(0, field.byteLength - digest.byteLength), digest);
}

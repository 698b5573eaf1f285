// Names with NUL, newline, terminal escapes, invalid UTF-8 and huge length, in lists that a genuine
// quote proves. FORMATS 1.6 rule 5, 2.3.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { structuralVerdict } from '../captures/load-capture.ts';
import {
  aggregateRecord,
  ascii,
  type DraftRecord,
  digestField,
  hash,
  join,
  nameField,
  replayRecords,
  unhex,
  violationRecord,
  writeList,
} from '../property/list-writer.ts';
import { BINARY_SEGMENT, quoteOver } from '../property/made-quote.ts';
import { assertFound } from './tampering.ts';

test('an honest list is good, so that what follows fails for its name', () => {
  assert.equal(verdictOver(nameField(ascii('/usr/bin/true'))).status, 'affirming');
});

test('bytes that no kernel writes into a name', () => {
  const names: readonly (readonly [string, Uint8Array])[] = [
    ['a NUL inside', ascii('/usr/bin\0/true\0')],
    ['two NULs at the end', ascii('/usr/bin/true\0\0')],
    ['no NUL', ascii('/usr/bin/true')],
    ['no bytes', new Uint8Array()],
    ['longer than a path can be', nameField(new Uint8Array(4097).fill(0x61))],
  ];
  for (const [what, name] of names) {
    const verdict = verdictOver(name);
    assert.equal(verdict.status, 'contraindicated', what);
    const { where } = assertFound(verdict, 'ima.field_malformed', what);
    assert.equal(where.entryIndex, 1, what);
    assert.ok(where.offsetBytes !== undefined, what);
  }
});

test('bytes that a kernel does write into a name', () => {
  const names: readonly (readonly [string, Uint8Array])[] = [
    ['a newline', ascii('/tmp/a\n10_forged_line')],
    ['invalid UTF-8', unhex('2f746d702fff80c328')],
    ['terminal escapes', ascii('/tmp/\x1b[2J\x1b]0;owned\x07')],
    ['the longest path', new Uint8Array(4095).fill(0x61)],
    ['a bare name like an event', ascii('kexec_execute_not')],
  ];
  for (const [what, name] of names) {
    assert.equal(verdictOver(nameField(name)).status, 'affirming', what);
  }
});

test('a name is shown with every odd byte escaped', () => {
  const violation = violationRecord('/tmp/\x1b[2J\n"\\\xff');
  const verdict = verdictOverRecords([aggregateRecord(), violation]);
  const { subject } = assertFound(verdict, 'ima.violation_present', 'violation');
  assert.equal(subject?.path, '/tmp/\\x1b[2J\\x0a"\\\\\\xff');
});

test('file digests that no kernel writes', () => {
  const digests: readonly (readonly [string, Uint8Array])[] = [
    ['an unknown algorithm', digestField('sha257', hash('sha256', ascii('x')))],
    ['a digest too short', digestField('sha256', hash('sha1', ascii('x')))],
    ['a digest too long', digestField('sha256', hash('sha512', ascii('x')))],
    ['no NUL behind the colon', join(ascii('sha256:'), hash('sha256', ascii('x')))],
    ['no algorithm', hash('sha256', ascii('x'))],
    ['no bytes', new Uint8Array()],
  ];
  for (const [what, digest] of digests) {
    const fields = [digest, nameField(ascii('/usr/bin/true'))];
    const verdict = verdictOverRecords([
      aggregateRecord(),
      { pcr: 10, template: 'ima-ng', fields },
    ]);
    assert.equal(verdict.status, 'contraindicated', what);
    assertFound(verdict, 'ima.field_malformed', what);
  }
});

test('fields too few and too many for the template', () => {
  const [digest, name] = [
    digestField('sha256', hash('sha256', ascii('x'))),
    nameField(ascii('/x')),
  ];
  for (const fields of [[], [digest], [digest, name, name], [name, digest]]) {
    const verdict = verdictOverRecords([
      aggregateRecord(),
      { pcr: 10, template: 'ima-ng', fields },
    ]);
    assert.equal(verdict.status, 'contraindicated', `${fields.length} fields`);
    assertFound(verdict, 'ima.field_malformed', `${fields.length} fields`);
  }
});

test('a buffer record whose digest is not that of its buffer', () => {
  const good = bufferRecord(ascii('6.12.107'), ascii('6.12.107'));
  assert.equal(verdictOverRecords([aggregateRecord(), good]).status, 'affirming');
  const bad = bufferRecord(ascii('6.12.107'), ascii('6.12.108'));
  const verdict = verdictOverRecords([aggregateRecord(), bad]);
  assert.equal(verdict.status, 'contraindicated');
  const { where } = assertFound(verdict, 'ima.buffer_digest_mismatch', 'buffer');
  assert.equal(where.entryIndex, 1);
});

function bufferRecord(buffer: Uint8Array, digested: Uint8Array): DraftRecord {
  const digest = digestField('sha256', hash('sha256', digested));
  return {
    pcr: 10,
    template: 'ima-buf',
    fields: [digest, nameField(ascii('kernel_version')), buffer],
  };
}

function verdictOver(name: Uint8Array): VerdictBody {
  const fields = [digestField('sha256', hash('sha256', ascii('x'))), name];
  return verdictOverRecords([aggregateRecord(), { pcr: 10, template: 'ima-ng', fields }]);
}

/** The verdict over a quote that proves exactly these records. */
function verdictOverRecords(records: readonly DraftRecord[]): VerdictBody {
  const value = replayRecords(records, { pcr: 10, bank: 'sha256', extended: 'own-hash' });
  const evidence = quoteOver(new Map([['sha256', new Map([[10, value]])]]), [BINARY_SEGMENT]);
  return structuralVerdict({ evidence, segments: [writeList(records)] });
}

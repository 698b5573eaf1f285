// What a list can hold beside files with a path and a good digest: each has a finding, and a policy
// says what becomes of it. docs/policy.md, "What a list can hold"; FORMATS 2.3, 4.4, 11.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import {
  ascii,
  type DraftRecord,
  digestField,
  fileRecord,
  hash,
  nameField,
} from '../property/list-writer.ts';
import { codesAt, EVERY_FILE, rulesOf, verdictOver } from './proven-list.ts';
import { assertFound } from './tampering.ts';

const RULES = rulesOf([EVERY_FILE]);

test('records of several PCRs are judged alike where all of them are quoted', () => {
  const records = [fileRecord('/usr/bin/a', 'a'), fileRecord('/opt/b', 'b', 11)];
  assert.equal(verdictOver(records, RULES, [10, 11]).status, 'affirming');
  const strict = rulesOf([{ id: 'usr', path: '/usr/**', then: 'accept' }]);
  assert.deepEqual(codesAt(verdictOver(records, strict, [10, 11]), 2), ['ima.file_unknown']);
});

test('a record of a PCR that is not quoted refuses, and warns without a policy', () => {
  const records = [fileRecord('/opt/b', 'b', 11), fileRecord('/usr/bin/a', 'a')];
  const refused = verdictOver(records, RULES);
  assert.equal(refused.status, 'contraindicated');
  const { where } = assertFound(refused, 'ima.pcr_unexpected', 'rules');
  assert.deepEqual([where.entryIndex, where.pcr], [1, 11]);
  const warned = verdictOver(records, STRUCTURAL_POLICY);
  assert.equal(warned.status, 'warning');
  assert.deepEqual(codesAt(warned, 1), ['ima.pcr_unexpected']);
});

test('a file digest in an algorithm that the file could choose is not judged by any rule', () => {
  for (const algorithm of ['md5', 'sha1']) {
    const weak = fileWith(digestField(algorithm, hash(algorithm, ascii('x'))));
    const verdict = verdictOver([weak], RULES);
    assert.equal(verdict.status, 'contraindicated', algorithm);
    assert.deepEqual(codesAt(verdict, 1), ['ima.file_digest_weak'], algorithm);
    assert.equal(verdictOver([weak], STRUCTURAL_POLICY).status, 'affirming', algorithm);
  }
  const strong = fileWith(digestField('sha512', hash('sha512', ascii('x'))));
  assert.equal(verdictOver([strong], RULES).status, 'affirming');
});

test('a file digest of zeros says that the content is unknown', () => {
  const unread = fileWith(digestField('sha256', new Uint8Array(32)));
  const verdict = verdictOver([unread], RULES);
  assert.equal(verdict.status, 'contraindicated');
  assert.deepEqual(codesAt(verdict, 1), ['ima.file_content_unknown']);
  const told = verdictOver([unread], STRUCTURAL_POLICY);
  assert.equal(told.status, 'affirming');
  assert.deepEqual(codesAt(told, 1), ['ima.file_content_unknown']);
});

function fileWith(digest: Uint8Array): DraftRecord {
  return { pcr: 10, template: 'ima-ng', fields: [digest, nameField(ascii('/usr/bin/x'))] };
}

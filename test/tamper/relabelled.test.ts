// Records presented under another template, whose name no digest covers, and events and keys in a
// list that a genuine quote proves: what each rule accepts and what it never does. FORMATS 2.3, 11.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import { loadCapture } from '../captures/load-capture.ts';
import {
  aggregateRecord,
  ascii,
  type DraftRecord,
  digestField,
  fileRecord,
  hash,
  join,
  nameField,
  writeList,
} from '../property/list-writer.ts';
import { codesAt, compileRules, EVERY_FILE, rulesOf, verdictOver } from './proven-list.ts';
import { assertFound } from './tampering.ts';

const SIGNATURE = join(Uint8Array.of(3, 2, 4, 1, 2, 3, 4, 0, 64), new Uint8Array(64).fill(7));
const EVERY_TEXT = ['kexec-cmdline', 'kernel_version', 'selinux-state', 'ima_policy_loaded'].map(
  (event) => ({ id: event, event, then: 'accept' }),
);
const EVERY_DEVICE = { id: 'devices', label: 'device-mapper', then: 'accept' };

test('a signed file presented as an event is no event: its buffer has another digest', () => {
  const signed = signedFile('kexec-cmdline', ascii('quiet'));
  assert.equal(codesAt(verdictOver([signed], STRUCTURAL_POLICY), 1).includes(MISMATCH), false);
  const relabelled = verdictOver([{ ...signed, template: 'ima-buf' }], STRUCTURAL_POLICY);
  assert.equal(relabelled.status, 'contraindicated');
  assertFound(relabelled, MISMATCH, 'structural');
});

test('a file made to look like an event by its attribute is found at the first byte', () => {
  // The content is the attribute, so that the digest fits what is presented as a buffer.
  for (const event of ['kexec-cmdline', 'kernel_version', 'selinux-state', 'dm_table_load']) {
    const relabelled = { ...signedFile(event, SIGNATURE), template: 'ima-buf' };
    const verdict = verdictOver([relabelled], rulesOf([...EVERY_TEXT, EVERY_DEVICE, EVERY_FILE]));
    assert.equal(verdict.status, 'contraindicated');
    const { where, severity } = assertFound(verdict, MALFORMED, event);
    assert.equal(severity, 'contraindicated');
    assert.equal(where.entryIndex, 1);
    assert.equal(listOf(relabelled)[where.offsetBytes ?? 0], 3);
    assert.equal(
      assertFound(verdictOver([relabelled], STRUCTURAL_POLICY), MALFORMED, event).severity,
      'warning',
    );
  }
});

test('a file made to look like an event of 32 bytes is accepted by its digest alone', () => {
  const attribute = join(Uint8Array.of(3), new Uint8Array(31));
  const relabelled = { ...signedFile('init_module', attribute), template: 'ima-buf' };
  assertFound(verdictOver([relabelled], rulesOf([EVERY_FILE])), 'ima.event_unknown', 'no rule');
  const loose = compileRules([{ id: 'modules', event: 'init_module', then: 'accept' }]);
  assert.ok(!loose.ok);
  assert.deepEqual(
    loose.problems.map((problem) => problem.path),
    ['ima.measurements[0].digestIn'],
  );
  const pinned = { id: 'modules', event: 'init_module', digestIn: ['good'], then: 'accept' };
  const good = eventRecord('init_module', hash('sha256', ascii('module')));
  const known = rulesOf([pinned], [hash('sha256', bufferOf(good))]);
  assert.deepEqual(codesAt(verdictOver([good], known), 1), []);
  assertFound(verdictOver([relabelled], known), 'ima.event_unknown', 'another digest');
});

test('a measured IMA policy that is pinned by its digest is accepted, and no other', () => {
  const policy = 'measure func=KEY_CHECK \n';
  const [pinned, other] = [policy, `${policy}dont_measure uid=0 \n`].map((text) =>
    eventRecord('ima_policy_loaded', ascii(text)),
  );
  assert.ok(pinned !== undefined && other !== undefined);
  const rule = { id: 'policy', event: 'ima_policy_loaded', digestIn: ['good'], then: 'accept' };
  const known = rulesOf([rule], [hash('sha256', bufferOf(pinned))]);
  assert.deepEqual(codesAt(verdictOver([pinned], known), 1), []);
  const verdict = verdictOver([pinned, other], known);
  assert.equal(verdict.status, 'contraindicated');
  assert.equal(assertFound(verdict, 'ima.event_unknown', 'other').where.entryIndex, 2);
});

test('an event presented as a file is found by what stands where its signature should', () => {
  const written = eventRecord('ima_policy_written', ascii('dont_measure func=BPRM_CHECK\n'));
  const hidden = { ...written, template: 'ima-sig' };
  assertFound(verdictOver([hidden], rulesOf([EVERY_FILE])), RELABELLED, 'rules');
  const { severity, where } = assertFound(
    verdictOver([hidden], STRUCTURAL_POLICY),
    RELABELLED,
    'any',
  );
  assert.deepEqual([severity, where.entryIndex, where.field], ['warning', 1, 'sig']);
  const honest = signedFile('/usr/bin/true', ascii('true'));
  assert.deepEqual(codesAt(verdictOver([honest], rulesOf([EVERY_FILE])), 1), []);
});

test('a bare name is told, and no rule with a path accepts it', () => {
  const bare = fileRecord('kexec_execute', 'x');
  const verdict = verdictOver([bare], rulesOf([EVERY_FILE, ...EVERY_TEXT]));
  assert.deepEqual(codesAt(verdict, 1), ['ima.file_unknown', 'ima.name_bare']);
  const byDigest = { id: 'known', digestIn: ['good'], then: 'accept' };
  const known = verdictOver([bare], rulesOf([byDigest], [hash('sha256', ascii('x'))]));
  assert.deepEqual(codesAt(known, 1), ['ima.name_bare']);
  assert.equal(known.status, 'affirming');
});

test('a path with "_" that a rule accepts for its own sake is told to mean a space too', () => {
  const files = { ...EVERY_FILE, path: '/opt/my_tool' };
  const ambiguous = verdictOver([fileRecord('/opt/my_tool', 'x')], rulesOf([files]));
  assert.deepEqual(codesAt(ambiguous, 1), ['ima.name_ambiguous']);
  assert.equal(ambiguous.status, 'affirming');
  assert.equal(assertFound(ambiguous, 'ima.name_ambiguous', 'path').rule, 'files');
  const pinned = { ...files, digestIn: ['good'] };
  const known = rulesOf([pinned], [hash('sha256', ascii('x'))]);
  assert.deepEqual(codesAt(verdictOver([fileRecord('/opt/my_tool', 'x')], known), 1), []);
  const anywhere = rulesOf([EVERY_FILE]);
  assert.deepEqual(codesAt(verdictOver([fileRecord('/opt/my_tool', 'x')], anywhere), 1), []);
});

test('the events of a captured host are accepted by rules that fit, and by no others', async () => {
  const capture = await loadCapture('03-ima-buf/q02-ecdsa-pcr10');
  const keys = [74, 77, 78, 79];
  const devices = [86, 87, 88, 89, 90, 91, 92, 93, 94];
  const judged = (rules: readonly object[]) =>
    indicesOf(verifyEvidence(capture.evidence, capture.segments, rulesOf(rules)));
  const all = [
    EVERY_FILE,
    ...EVERY_TEXT,
    { id: 'written', event: 'ima_policy_written', then: 'accept' },
    EVERY_DEVICE,
  ];
  assert.deepEqual(judged(all), { event: [], key: keys });
  const without = (id: string) => all.filter((rule) => rule.id !== id);
  assert.deepEqual(judged(without('devices')), { event: devices, key: keys });
  const version = (release: string) => [
    { id: 'release', event: 'kernel_version', data: { release }, then: 'accept' },
    ...without('kernel_version'),
  ];
  assert.deepEqual(judged(version('7.3.4+deb13-amd64')), { event: [], key: keys });
  assert.deepEqual(judged(version('7.3.4+deb13-arm64')), { event: [1], key: keys });
  const load = { id: 'load', event: 'dm_table_load', data: { name: 'labA' }, then: 'accept' };
  assert.deepEqual(judged([...without('devices'), load]), {
    event: devices.filter((index) => index !== 86 && index !== 90),
    key: keys,
  });
  const refused = { id: 'labB', event: 'dm_table_load', data: { name: 'labB' }, then: 'refuse' };
  const policy = rulesOf([refused, ...all]);
  const verdict = verifyEvidence(capture.evidence, capture.segments, policy);
  const { where, rule } = assertFound(verdict, 'ima.file_digest_refused', 'labB');
  assert.deepEqual([where.entryIndex, rule], [88, 'labB']);
});

const MISMATCH = 'ima.buffer_digest_mismatch';
const MALFORMED = 'ima.event_malformed';
const RELABELLED = 'ima.template_relabelled';

function indicesOf(verdict: VerdictBody) {
  const indices = (code: string) =>
    verdict.findings
      .filter((finding) => finding.code === code)
      .map(({ where }) => where.entryIndex);
  return { event: indices('ima.event_unknown'), key: indices('ima.key_unknown') };
}

function signedFile(name: string, content: Uint8Array): DraftRecord {
  const fields = [digestField('sha256', hash('sha256', content)), nameField(ascii(name))];
  const signature = content.byteLength > 30 ? content : SIGNATURE;
  return { pcr: 10, template: 'ima-sig', fields: [...fields, signature] };
}

function eventRecord(name: string, buffer: Uint8Array): DraftRecord {
  const fields = [digestField('sha256', hash('sha256', buffer)), nameField(ascii(name)), buffer];
  return { pcr: 10, template: 'ima-buf', fields };
}

function bufferOf(record: DraftRecord): Uint8Array {
  return record.fields[2] ?? new Uint8Array();
}

function listOf(record: DraftRecord): Uint8Array {
  return writeList([aggregateRecord(), record]);
}

// Boot rules of a policy on a captured boot: PCR values by reference set, systemd's own log, and
// event data that were altered.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { readEventLog } from '../../src/boot/event-log.ts';
import { toHex } from '../../src/bytes/encoding.ts';
import { pcrValue } from '../../src/pcr/selection.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import { loadCapture } from '../captures/load-capture.ts';
import { parsed, utf8 } from './policy-documents.ts';

let evidence: Evidence;
before(async () => {
  const capture = await loadCapture('01-ima-ng-tcb/q03-rsapss-pcr0-10');
  const { ima: _, ...boot } = capture.evidence;
  evidence = boot;
});

/** Findings about the boot and its PCRs, as code, severity and place. */
function found(changed: Partial<Evidence> = {}, policy = STRUCTURAL_POLICY) {
  const { findings } = verifyEvidence({ ...evidence, ...changed }, [], policy);
  return findings
    .filter(({ where }) => where.part === 'boot' || where.part === 'pcr')
    .map(({ code, severity, where }) => [code, severity, where.pcr, where.entryIndex]);
}

function allowing(lists: object, values: readonly string[]) {
  const lines = values.map((value) => `${JSON.stringify({ digest: value })}\n`).join('');
  const set = readReferenceSet(utf8(lines), { format: 'ndjson' });
  assert.ok(set.ok);
  const document = parsed({
    format: 'plumbline-policy/1',
    name: 'pcrs',
    quote: { banks: ['sha256'] },
    boot: { secureBoot: 'optional', pcrs: { '7': lists } },
    ima: 'not-required',
  });
  const sets = new Map([['known', set.set]]);
  const result = compilePolicy(document, { sets, version: null });
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

describe('allowed PCR values', () => {
  const value = () => {
    const held = evidence.pcrValues && pcrValue(evidence.pcrValues, 'sha256', 7);
    return `sha256:${toHex(held ?? new Uint8Array())}`;
  };
  const other = `sha256:${'ab'.repeat(32)}`;
  const refused = [['pcr.value_refused', 'contraindicated', 7, undefined]];

  it('are those of the set', () => {
    assert.deepEqual(found({}, allowing({ allowIn: ['known'] }, [value()])), []);
    assert.deepEqual(found({}, allowing({ allowIn: ['known'] }, [other])), refused);
    assert.deepEqual(found({}, allowing({ allowIn: ['known'] }, [])), refused);
  });

  it('are those of the list or the set', () => {
    assert.deepEqual(found({}, allowing({ allow: [other], allowIn: ['known'] }, [value()])), []);
    assert.deepEqual(found({}, allowing({ allow: [value()], allowIn: ['known'] }, [other])), []);
    assert.deepEqual(found({}, allowing({ allow: [other], allowIn: ['known'] }, [other])), refused);
    assert.deepEqual(found({}, allowing({ allow: [] }, [value()])), refused);
  });
});

describe('the user-space log', () => {
  const record = '\u001e{"pcr":11,"digests":[]}\n';

  it('changes nothing where its PCRs are not quoted', () => {
    assert.deepEqual(found({ userspaceLog: utf8(record) }), found());
  });

  it('refuses when it cannot be read', () => {
    const codes = found({ userspaceLog: utf8(`${record}x`) });
    const malformed = ['boot.userspace_log_malformed', 'contraindicated', undefined, undefined];
    assert.deepEqual(codes, [malformed, ...found()]);
  });
});

describe('altered event data', () => {
  /** The log with one byte of the data of event `index` flipped; its digests stay. */
  function altered(index: number): Uint8Array {
    const log = Uint8Array.from(evidence.bootLog ?? []);
    const event = readEventLog(log).events[index];
    assert.ok(event !== undefined);
    const at = event.data.byteOffset + event.data.byteLength - 1 - log.byteOffset;
    log[at] = (log[at] ?? 0) ^ 1;
    return log;
  }

  it('refuses where Secure Boot hangs on them, and warns about others', () => {
    const told = (index: number) => found({ bootLog: altered(index) });
    assert.deepEqual(told(4)[0], ['boot.event_digest_mismatch', 'contraindicated', 7, 4]);
    assert.deepEqual(told(13)[0], ['boot.event_digest_mismatch', 'warning', 4, 13]);
    // The name that the EFI stub gives its load options promises nothing.
    assert.deepEqual(told(21), found());
  });
});

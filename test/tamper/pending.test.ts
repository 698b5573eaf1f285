// Bytes behind the proven records are pending: they change the pending report and nothing else.
// FORMATS 17, tail beyond the quote.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { type Capture, loadCapture, structuralVerdict } from '../captures/load-capture.ts';
import { fileRecord, join, splitRecords, writeRecord } from '../property/list-writer.ts';
import { assertFound, flipByte, segmentOf, withSegment } from './tampering.ts';

const PENDING_CODES: readonly string[] = ['ima.records_pending', 'ima.pending_malformed'];

test('every byte of the pending records flipped', async () => {
  const capture = await readLater();
  const untouched = structuralVerdict(capture);
  assert.equal(untouched.coverage.ima?.provenCount, 54);
  assert.equal(untouched.coverage.ima?.pendingCount, 14);
  const list = segmentOf(capture, 0);
  for (let at = untouched.coverage.ima?.provenBytes ?? 0; at < list.byteLength; at += 1) {
    const verdict = structuralVerdict(withSegment(capture, 0, flipByte(list, at)));
    assert.deepEqual(withoutPending(verdict), withoutPending(untouched), `byte ${at}`);
  }
});

test('pending records cut at every byte', async () => {
  const capture = await readLater();
  const untouched = structuralVerdict(capture);
  const list = segmentOf(capture, 0);
  for (let at = untouched.coverage.ima?.provenBytes ?? 0; at < list.byteLength; at += 1) {
    const verdict = structuralVerdict(withSegment(capture, 0, list.slice(0, at)));
    assert.deepEqual(withoutPending(verdict), withoutPending(untouched), `cut at ${at}`);
  }
});

test('a pending record that cannot be read is reported with its place', async () => {
  const capture = await loadCapture('02-ima-sig/q02-rsassa-pcr0-10');
  const list = segmentOf(capture, 0);
  const garbage = new Uint8Array(300).fill(0xa5);
  const verdict = structuralVerdict(withSegment(capture, 0, join(list, garbage)));
  assert.equal(verdict.status, 'affirming');
  assert.equal(verdict.coverage.ima?.provenCount, splitRecords(list).length);
  const { where } = assertFound(verdict, 'ima.pending_malformed', 'garbage');
  assert.ok(where.offsetBytes !== undefined && where.offsetBytes >= list.byteLength);
});

test('a violation or a record for another PCR weighs nothing while it is pending', async () => {
  const capture = await loadCapture('02-ima-sig/q02-rsassa-pcr0-10');
  const untouched = structuralVerdict(capture);
  const more = join(
    writeRecord({ ...fileRecord('/later', 'a'), violation: true }),
    writeRecord(fileRecord('/later', 'b', 14)),
  );
  const list = join(segmentOf(capture, 0), more);
  const verdict = structuralVerdict(withSegment(capture, 0, list));
  assert.deepEqual(withoutPending(verdict), withoutPending(untouched));
  assert.equal(verdict.coverage.ima?.pendingCount, 2);
});

/** A quote with the list as it was read at a later point of the same boot. */
async function readLater(): Promise<Capture> {
  const { evidence } = await loadCapture('05-violations/q02-after-open-writers');
  const { segments } = await loadCapture('05-violations/q03-after-tomtou');
  return { evidence, segments };
}

/** The verdict without what it says about pending records. */
function withoutPending(verdict: VerdictBody): unknown {
  const { findings, findingCounts, coverage, ...rest } = verdict;
  return {
    ...rest,
    findings: findings.filter(({ code }) => !PENDING_CODES.includes(code)),
    findingCounts: Object.fromEntries(
      Object.entries(findingCounts).filter(([code]) => !PENDING_CODES.includes(code)),
    ),
    coverage: { ...coverage, ima: { ...coverage.ima, pendingCount: undefined } },
  };
}

// For one capture: every byte of attest, signature and covered list changed, one at a time, and
// each of them cut at every byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { type Capture, loadCapture, structuralVerdict } from '../captures/load-capture.ts';
import { draftOf, splitRecords } from '../property/list-writer.ts';
import {
  assertFound,
  assertNotBetter,
  assertRefusedWithPlace,
  flipByte,
  segmentOf,
  withAttest,
  withSegment,
  withSignature,
} from './tampering.ts';

/** Declares the tests of the capture called `name`. */
export function declareFlips(name: string): void {
  declareQuoteFlips(name, (capture) => capture);
  declareQuoteCuts(name, (capture) => capture);
  declareListFlips(name);
  declareListCuts(name);
}

/** The same for attest and signature alone. The list, which has no part in this, is left out. */
export function declareQuoteOnly(name: string): void {
  declareQuoteFlips(name, withoutList);
  declareQuoteCuts(name, withoutList);
}

type Prepare = (capture: Capture) => Capture;

function declareQuoteFlips(name: string, prepare: Prepare): void {
  test(`${name}: every byte of attest and signature flipped`, async () => {
    const capture = prepare(await loadCapture(name));
    assert.notEqual(structuralVerdict(capture).status, 'contraindicated');
    const { attest, signature } = capture.evidence.quote;
    for (let at = 0; at < attest.byteLength; at += 1) {
      const verdict = structuralVerdict(withAttest(capture, flipByte(attest, at)));
      assert.equal(verdict.status, 'contraindicated', `attest byte ${at}`);
    }
    for (let at = 0; at < signature.bytes.byteLength; at += 1) {
      const verdict = structuralVerdict(withSignature(capture, flipByte(signature.bytes, at)));
      assert.equal(verdict.status, 'contraindicated', `signature byte ${at}`);
    }
  });
}

function declareQuoteCuts(name: string, prepare: Prepare): void {
  test(`${name}: attest and signature cut at every byte`, async () => {
    const capture = prepare(await loadCapture(name));
    const { attest, signature } = capture.evidence.quote;
    for (let at = 0; at < attest.byteLength; at += 1) {
      const verdict = structuralVerdict(withAttest(capture, attest.slice(0, at)));
      assertRefusedWithPlace(verdict, `attest cut at ${at}`);
    }
    for (let at = 0; at < signature.bytes.byteLength; at += 1) {
      const cut = signature.bytes.slice(0, at);
      assertRefusedWithPlace(
        structuralVerdict(withSignature(capture, cut)),
        `signature cut at ${at}`,
      );
    }
  });
}

function declareListFlips(name: string): void {
  test(`${name}: every byte of the covered list flipped`, async () => {
    const capture = withoutBootLog(await loadCapture(name));
    const untouched = structuralVerdict(capture);
    for (const { segment, record, at } of coveredBytes(capture)) {
      const what = `segment ${segment}, record ${record.index}, byte ${at}`;
      const bytes = flipByte(segmentOf(capture, segment), at);
      const verdict = structuralVerdict(withSegment(capture, segment, bytes));
      assertNotBetter(verdict, untouched, what);
      if (!isClaimedOnly(record, at)) assert.equal(verdict.status, 'contraindicated', what);
    }
  });
}

function withoutList({ evidence }: Capture): Capture {
  const { ima: _, ...rest } = evidence;
  return { evidence: rest, segments: [] };
}

/** The event log has no part in these tests: without it they take half the time. */
function withoutBootLog({ evidence, segments }: Capture): Capture {
  const { bootLog: _, ...rest } = evidence;
  return { evidence: rest, segments };
}

/** The extended value of a violation is a constant: nothing behind its digest column is proven,
 *  whatever the bytes there say. */
function isClaimedOnly(record: PlacedRecord, at: number): boolean {
  return record.violation && at >= record.startBytes + PCR_AND_COLUMN_BYTES;
}

function declareListCuts(name: string): void {
  test(`${name}: the list cut at every byte`, async () => {
    const capture = withoutBootLog(await loadCapture(name));
    for (const place of coveredBytes(capture)) {
      const cut = segmentOf(capture, place.segment).slice(0, place.at);
      assertCut(structuralVerdict(withSegment(capture, place.segment, cut)), place);
    }
  });
}

function assertCut(verdict: VerdictBody, { segment, record, at }: CoveredByte): void {
  const what = `segment ${segment} cut at ${at}`;
  if (verdict.coverage.ima === null) {
    // A list of no bytes is no list.
    assert.equal(at, 0, what);
    assert.equal(assertFound(verdict, 'ima.list_missing', what).severity, verdict.status, what);
    return;
  }
  assertRefusedWithPlace(verdict, what);
  if (at === record.startBytes) return;
  const { where } = assertFound(verdict, 'ima.truncated', what);
  assert.equal(where.segment, segment, what);
  assert.equal(where.entryIndex, record.index, what);
  assert.ok(where.offsetBytes !== undefined && where.offsetBytes >= record.startBytes, what);
  assert.ok(where.offsetBytes <= at, what);
}

interface CoveredByte {
  readonly segment: number;
  readonly record: PlacedRecord;
  /** In the segment. */
  readonly at: number;
}

interface PlacedRecord {
  /** Absolute index. */
  readonly index: number;
  /** In the segment. */
  readonly startBytes: number;
  readonly endBytes: number;
  readonly violation: boolean;
}

/** Every byte that the quote covers. The captures that use this are covered whole, except where a
 *  segment counts its first records only. */
function* coveredBytes(capture: Capture): Generator<CoveredByte> {
  for (const { segment, record } of coveredRecords(capture)) {
    for (let at = record.startBytes; at < record.endBytes; at += 1) yield { segment, record, at };
  }
}

function* coveredRecords(
  capture: Capture,
): Generator<{ readonly segment: number; readonly record: PlacedRecord }> {
  let index = 0;
  for (const [segment, claim] of (capture.evidence.ima?.segments ?? []).entries()) {
    let startBytes = 0;
    const all = splitRecords(segmentOf(capture, segment));
    for (const bytes of all.slice(0, claim.records ?? all.length)) {
      const endBytes = startBytes + bytes.byteLength;
      const violation = draftOf(bytes).violation === true;
      yield { segment, record: { index, startBytes, endBytes, violation } };
      startBytes = endBytes;
      index += 1;
    }
  }
}

const PCR_AND_COLUMN_BYTES = 24;

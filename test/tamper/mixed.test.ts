// Parts of different points and scenarios mixed, PCR values altered, segments out of order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HashName } from '../../src/crypto/digest.ts';
import type { PcrValues } from '../../src/pcr/selection.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import { type Capture, loadCapture, structuralVerdict } from '../captures/load-capture.ts';
import {
  assertFound,
  flipByte,
  segmentOf,
  withAttest,
  withPcrValues,
  withSegment,
  withSignature,
} from './tampering.ts';

const BEFORE = '05-violations/q01-before-violations';
const AFTER = '05-violations/q03-after-tomtou';
const WITH_BOOT_PCRS = '02-ima-sig/q02-rsassa-pcr0-10';
const STAGED = '08-log-staging-and-kexec/boot1-q04-after-partial-delete-10';

test('a later list of the same boot proves the earlier quote, not the reverse', async () => {
  const before = await loadCapture(BEFORE);
  const after = await loadCapture(AFTER);
  const proven = structuralVerdict({ ...before, segments: after.segments });
  assert.equal(proven.status, 'affirming');
  assert.equal(proven.coverage.ima?.provenCount, 45);
  assert.equal(proven.coverage.ima?.pendingCount, 68 - 45);
  refused({ ...after, segments: before.segments }, 'ima.replay_mismatch');
});

test('a list of another boot', async () => {
  const capture = await loadCapture(WITH_BOOT_PCRS);
  for (const other of [AFTER, '01-ima-ng-tcb/q01-rsassa-pcr10', '03-ima-buf/q01-rsassa-pcr10']) {
    const { segments } = await loadCapture(other);
    refused({ ...capture, segments }, 'ima.replay_mismatch');
  }
});

test('attest and signature of different quotes', async () => {
  const first = await loadCapture('01-ima-ng-tcb/q01-rsassa-pcr10');
  const second = await loadCapture('01-ima-ng-tcb/q08-rsassa-log-read-later');
  refused(withAttest(first, second.evidence.quote.attest), 'quote.signature_invalid');
  const { bytes } = second.evidence.quote.signature;
  refused(withSignature(first, bytes), 'quote.signature_invalid');
});

test('a whole quote of the same key that answers another nonce', async () => {
  const first = await loadCapture('01-ima-ng-tcb/q01-rsassa-pcr10');
  const second = await loadCapture('01-ima-ng-tcb/q08-rsassa-log-read-later');
  refused(withEvidence(first, { quote: second.evidence.quote }), 'quote.nonce_mismatch');
});

test('the nonce cut, extended, empty, and with any bit changed', async () => {
  const capture = await loadCapture(WITH_BOOT_PCRS);
  const { nonce } = capture.evidence;
  const longer = new Uint8Array(nonce.byteLength + 1);
  longer.set(nonce);
  for (const other of [nonce.slice(1), nonce.slice(0, -1), longer, new Uint8Array()]) {
    refused(withEvidence(capture, { nonce: other }), 'quote.nonce_mismatch');
  }
  for (const at of nonce.keys()) {
    refused(withEvidence(capture, { nonce: flipByte(nonce, at) }), 'quote.nonce_mismatch');
  }
});

test('the attestation key of another scheme, and of another machine', async () => {
  const capture = await loadCapture('01-ima-ng-tcb/q01-rsassa-pcr10');
  for (const other of ['01-ima-ng-tcb/q02-ecdsa-pcr10', '01-ima-ng-tcb/q03-rsapss-pcr0-10']) {
    const { ak } = (await loadCapture(other)).evidence;
    assert.equal(structuralVerdict(withEvidence(capture, { ak })).status, 'contraindicated');
  }
  const { ak } = (await loadCapture('03-ima-buf/q01-rsassa-pcr10')).evidence;
  refused(withEvidence(capture, { ak }), 'quote.signature_invalid');
});

test('any one PCR value altered, cut, or taken from another PCR', async () => {
  const capture = await loadCapture(WITH_BOOT_PCRS);
  for (const pcr of Array.from({ length: 11 }, (_, index) => index)) {
    for (const change of [
      (value: Uint8Array) => flipByte(value, pcr),
      (value: Uint8Array) => value.slice(0, -1),
      (value: Uint8Array) => new Uint8Array(value.byteLength).fill(pcr + 1),
    ]) {
      const values = changedValue(capture.evidence.pcrValues, { bank: 'sha256', pcr, change });
      const verdict = structuralVerdict(withPcrValues(capture, values));
      assert.equal(verdict.status, 'contraindicated', `PCR ${pcr}`);
    }
  }
});

test('PCR values of another quote', async () => {
  const capture = await loadCapture(AFTER);
  const { pcrValues } = (await loadCapture(BEFORE)).evidence;
  assert.ok(pcrValues);
  refused(withPcrValues(capture, pcrValues), 'quote.composite_mismatch');
});

test('PCR values left out where only the list could vouch for them', async () => {
  const onlyIma = await withoutValues(AFTER);
  assert.equal(structuralVerdict(onlyIma).coverage.ima?.provenCount, 68);
  assert.equal(structuralVerdict(onlyIma).status, 'warning');
  const withBoot = await withoutValues(WITH_BOOT_PCRS);
  assert.notEqual(structuralVerdict(withBoot).status, 'affirming');
  const altered = flipByte(segmentOf(onlyIma, 0), 40);
  assert.equal(structuralVerdict(withSegment(onlyIma, 0, altered)).status, 'contraindicated');
});

test('segments in any wrong order', async () => {
  const capture = await loadCapture(STAGED);
  const inOrder = [0, 1, 2, 3];
  assert.equal(structuralVerdict(arranged(capture, inOrder)).status, 'affirming');
  for (const order of permutations(inOrder)) {
    if (order.join() === inOrder.join()) continue;
    const verdict = structuralVerdict(arranged(capture, order));
    assert.equal(verdict.status, 'contraindicated', order.join());
    assertFound(verdict, 'ima.replay_mismatch', order.join());
  }
});

test('any one segment left out', async () => {
  const capture = await loadCapture(STAGED);
  for (const order of [
    [1, 2, 3],
    [0, 2, 3],
    [0, 1, 3],
    [0, 1, 2],
  ]) {
    refused(arranged(capture, order), 'ima.replay_mismatch');
  }
});

test('a segment sent twice, or with the beginning of the next, proves nothing more', async () => {
  const capture = await loadCapture(STAGED);
  for (const order of [
    [0, 0, 1, 2, 3],
    [0, 1, 1, 2, 3],
  ]) {
    assertOverlap(arranged(capture, order));
  }
  assertOverlap(counting(capture, 11));
});

test('a segment that counts one record too few', async () => {
  refused(counting(await loadCapture(STAGED), 9), 'ima.replay_mismatch');
});

/** The records that came twice are reported and left out; the rest is proven as before. */
function assertOverlap(capture: Capture): void {
  const verdict = structuralVerdict(capture);
  assert.equal(verdict.status, 'affirming');
  assert.equal(verdict.coverage.ima?.provenCount, 95);
  assertFound(verdict, 'ima.overlap_removed', 'overlap');
}

/** The capture whose one counted segment counts `records` records. */
function counting(capture: Capture, records: number): Capture {
  const segments = (capture.evidence.ima?.segments ?? []).map((claim) =>
    claim.records === undefined ? claim : { ...claim, records },
  );
  return withEvidence(capture, { ima: { segments, fromIndex: 0 } });
}

function refused(capture: Capture, code: string): void {
  const verdict = structuralVerdict(capture);
  assert.equal(verdict.status, 'contraindicated', code);
  assertFound(verdict, code, code);
}

function withEvidence(capture: Capture, change: Partial<Evidence>): Capture {
  return { ...capture, evidence: { ...capture.evidence, ...change } };
}

async function withoutValues(name: string): Promise<Capture> {
  const { evidence, segments } = await loadCapture(name);
  const { pcrValues: _, ...rest } = evidence;
  return { evidence: rest, segments };
}

function changedValue(
  values: PcrValues | undefined,
  one: {
    readonly bank: HashName;
    readonly pcr: number;
    readonly change: (value: Uint8Array) => Uint8Array;
  },
): PcrValues {
  const bank = new Map(values?.get(one.bank));
  const value = bank.get(one.pcr);
  assert.ok(value);
  bank.set(one.pcr, one.change(value));
  return new Map([...(values ?? []), [one.bank, bank]]);
}

/** The capture with its segments, claims and bytes, in another order. */
function arranged(capture: Capture, order: readonly number[]): Capture {
  const claims = order.flatMap((at) => capture.evidence.ima?.segments[at] ?? []);
  const segments = order.map((at) => segmentOf(capture, at));
  return { ...withEvidence(capture, { ima: { segments: claims, fromIndex: 0 } }), segments };
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

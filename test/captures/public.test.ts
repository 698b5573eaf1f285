// Evidence that open projects published gives the verdict that its expected facts state.
// test/evidence/ABOUT.md and the SOURCE.md of each folder

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { HashName } from '../../src/crypto/digest.ts';
import type {
  BootBankCoverage,
  Check,
  CheckName,
  VerdictBody,
  VerdictStatus,
} from '../../src/verify/verdict.ts';
import {
  bundlesBelow,
  evidenceFolders,
  loadCapture,
  loadExpected,
  structuralVerdict,
} from './load-capture.ts';

interface ExpectedFacts {
  readonly quoteVerifies: boolean;
  readonly nonce: string;
  readonly nonceMatches: boolean;
  readonly pcrDigestMatches: boolean | null;
  readonly resetCount: number;
  readonly restartCount: number;
  readonly clock: number;
  readonly safe: boolean;
  readonly firmwareVersion: string;
  readonly eventLog: Readonly<Partial<Record<HashName, BootBankCoverage>>> | null;
  readonly eventEntries?: number;
  readonly ima: null;
  readonly structural: { readonly status: readonly VerdictStatus[] };
}

/** Nonces below this many bytes do not show freshness. */
const WEAK_NONCE_BYTES = 16;

for (const folder of evidenceFolders()) {
  const bundles = bundlesBelow(path.join(folder, 'public'));
  test(`there is public evidence in ${path.basename(folder)}`, () => {
    assert.ok(bundles.length >= 18, `${bundles.length} bundles`);
  });
  for (const bundle of bundles) {
    test(`public ${path.relative(folder, bundle)}`, async () => {
      const verdict = structuralVerdict(await loadCapture(bundle));
      const expected = loadExpected<ExpectedFacts>(bundle);
      assertStatus(verdict, expected);
      assertQuote(verdict, expected);
      assertBoot(verdict, expected);
      assert.equal(verdict.coverage.ima, expected.ima);
    });
  }
}

function assertStatus(verdict: VerdictBody, expected: ExpectedFacts): void {
  const codes = verdict.findings.map((finding) => `${finding.code}:${finding.severity}`);
  assert.ok(
    expected.structural.status.includes(verdict.status),
    `${verdict.status}: ${codes.join(' ')}`,
  );
  if (verdict.status === 'affirming') return;
  assert.ok(verdict.findings.some((finding) => finding.severity === verdict.status));
}

function assertQuote(verdict: VerdictBody, expected: ExpectedFacts): void {
  assert.equal(passed(verdict, 'quote.signature'), expected.quoteVerifies);
  assert.equal(passed(verdict, 'quote.nonce'), expected.nonceMatches);
  assert.equal(found(verdict, 'quote.nonce_mismatch'), !expected.nonceMatches);
  const isWeak = expected.nonce.length / 2 < WEAK_NONCE_BYTES;
  assert.equal(found(verdict, 'quote.nonce_weak'), isWeak);
  if (!expected.nonceMatches) {
    // A quote that answers another nonce proves nothing.
    assert.equal(checkOf(verdict, 'quote.composite')?.blockedBy, 'quote.nonce');
    assert.equal(verdict.timeline, null);
    return;
  }
  if (expected.pcrDigestMatches !== null) {
    assert.equal(passed(verdict, 'quote.composite'), expected.pcrDigestMatches);
    assert.equal(found(verdict, 'quote.composite_mismatch'), !expected.pcrDigestMatches);
  }
  const { timeline } = verdict;
  assert.equal(timeline?.resetCount, expected.resetCount);
  assert.equal(timeline?.restartCount, expected.restartCount);
  assert.equal(timeline?.clockMs, expected.clock);
  assert.equal(timeline?.safe, expected.safe);
  assert.equal(timeline?.firmwareVersion, expected.firmwareVersion);
}

function assertBoot(verdict: VerdictBody, expected: ExpectedFacts): void {
  const { boot } = verdict.coverage;
  assert.equal(boot?.events, expected.eventEntries);
  assert.deepEqual(boot?.banks ?? null, expected.eventLog);
  for (const [bank, { unexplained }] of Object.entries(boot?.banks ?? {})) {
    for (const pcr of unexplained) {
      const mismatch = verdict.findings.find(
        ({ code, where }) =>
          code === 'boot.replay_mismatch' && where.pcr === pcr && where.bank === bank,
      );
      assert.ok(mismatch, `no finding names PCR ${pcr} of ${bank}`);
    }
  }
}

function passed(verdict: VerdictBody, name: CheckName): boolean {
  return checkOf(verdict, name)?.outcome === 'passed';
}

function checkOf(verdict: VerdictBody, name: CheckName): Check | undefined {
  return verdict.checks.find(({ check }) => check === name);
}

function found(verdict: VerdictBody, code: string): boolean {
  return verdict.findings.some((finding) => finding.code === code);
}

// Every recorded scenario gives the verdict that its expected facts state.
// test/evidence/ABOUT.md

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { HashName } from '../../src/crypto/digest.ts';
import type { BankCoverage, VerdictBody, VerdictStatus } from '../../src/verify/verdict.ts';
import {
  bundlesBelow,
  evidenceFolders,
  loadCapture,
  loadExpected,
  structuralVerdict,
} from './load-capture.ts';

interface ExpectedFacts {
  readonly selection: readonly { readonly bank: HashName; readonly pcrs: readonly number[] }[];
  readonly resetCount: number;
  readonly restartCount: number;
  readonly logEntries: number;
  readonly provenCount: number | null;
  readonly replay: Readonly<
    Partial<Record<HashName, { readonly entries: number; readonly sha1_padded: boolean } | null>>
  >;
  readonly structural: {
    readonly status: readonly VerdictStatus[];
    readonly because: readonly string[];
  };
}

/** Which codes may state a reason of the expected facts. */
const CODES_FOR: Readonly<Record<string, readonly string[]>> = {
  violations: ['ima.violation_present'],
  boot_aggregate_late: ['ima.boot_aggregate_late'],
  'a later epoch whose kernel is not identified': ['ima.epoch_kernel_unknown'],
  'the list does not lead to the quoted value': ['ima.replay_mismatch', 'ima.history_missing'],
};

const SCENARIO = /^[0-9]/;

for (const folder of evidenceFolders()) {
  const bundles = bundlesBelow(folder).filter((bundle) =>
    SCENARIO.test(path.relative(folder, bundle)),
  );
  test(`there are scenarios in ${path.basename(folder)}`, () => {
    assert.ok(bundles.length >= 55, `${bundles.length} bundles`);
  });
  for (const bundle of bundles) {
    test(`scenario ${path.relative(folder, bundle)}`, async () => {
      const verdict = structuralVerdict(await loadCapture(bundle));
      const expected = loadExpected<ExpectedFacts>(bundle);
      assertStatus(verdict, expected);
      assertCoverage(verdict, expected);
      assert.equal(verdict.timeline?.resetCount, expected.resetCount);
      assert.equal(verdict.timeline?.restartCount, expected.restartCount);
    });
  }
}

function assertStatus(verdict: VerdictBody, expected: ExpectedFacts): void {
  const { status, because } = expected.structural;
  const codes = verdict.findings.map((finding) => finding.code);
  assert.ok(status.includes(verdict.status), `${verdict.status}: ${codes.join(' ')}`);
  const weighing = verdict.findings.filter((finding) => finding.severity !== 'info');
  if (verdict.status === 'affirming') {
    assert.deepEqual(weighing, []);
  } else {
    assert.ok(weighing.some((finding) => finding.severity === verdict.status));
  }
  for (const reason of because) {
    const accepted = CODES_FOR[reason] ?? [];
    assert.ok(
      weighing.some((finding) => accepted.includes(finding.code)),
      `no finding says "${reason}"`,
    );
  }
}

function assertCoverage(verdict: VerdictBody, expected: ExpectedFacts): void {
  const { ima } = verdict.coverage;
  assert.ok(ima);
  assert.equal(ima.provenCount, expected.provenCount);
  assert.equal(ima.fromIndex, 0);
  // Where no prefix fits, the records are refused, not pending.
  const { logEntries, provenCount } = expected;
  assert.equal(ima.pendingCount, provenCount === null ? 0 : logEntries - provenCount);
  const quoted = expected.selection.filter((selection) => selection.pcrs.includes(IMA_PCR));
  for (const { bank } of quoted) {
    assert.deepEqual(ima.banks[bank], expectedBank(expected, bank), bank);
  }
}

function expectedBank(expected: ExpectedFacts, bank: HashName): BankCoverage {
  const replay = expected.replay[bank];
  if (!replay) return { state: 'mismatch' };
  return { state: 'proven', extended: replay.sha1_padded ? 'padded-sha1' : 'own-hash' };
}

const IMA_PCR = 10;

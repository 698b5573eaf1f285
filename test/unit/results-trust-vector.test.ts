// The trustworthiness vector: a table of single faults, and two laws over made verdicts and over
// every captured one: no claim is worse than the status, and nothing contraindicated hides.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AK_BINDINGS } from '../../src/enroll/ak-binding.ts';
import { type FindingCode, REASON_CODES } from '../../src/findings/codes.ts';
import { graver, type Severity } from '../../src/findings/finding.ts';
import { isBetterThan } from '../../src/results/read-ear.ts';
import { type AppraisedFacts, CLAIMS, trustVector } from '../../src/results/trust-vector.ts';
import { CHECKS, statusOf } from '../../src/verify/verdict.ts';
import {
  bundlesBelow,
  EVIDENCE_FOLDER,
  loadCapture,
  structuralVerdict,
} from '../captures/load-capture.ts';

type Found = { readonly code: FindingCode; readonly severity: Severity };

/** A verdict in which every check passed but those named, with these findings. */
function facts(
  findings: readonly Found[],
  { failed = [], digest = 'sha256:00' }: { failed?: string[]; digest?: string | null } = {},
): AppraisedFacts {
  const worst = findings.reduce<Severity>((grave, { severity }) => graver(grave, severity), 'info');
  return {
    status: statusOf(worst),
    checks: CHECKS.map((check) => ({
      check,
      outcome: failed.includes(check) ? 'failed' : 'passed',
    })),
    findings,
    findingCounts: countsOf(findings),
    policy: { digest },
  };
}

function countsOf(findings: readonly Found[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of findings) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** The vector as five numbers, in the order of the claims. */
function numbers(...args: Parameters<typeof trustVector>): number[] {
  const vector = trustVector(...args);
  return CLAIMS.map((claim) => vector[claim]);
}

function assertLaws(verdict: AppraisedFacts, label: string): void {
  for (const binding of AK_BINDINGS) {
    const values = numbers(verdict, binding);
    for (const value of values) {
      assert.ok(!isBetterThan(verdict.status, value), `${label}: ${verdict.status}, ${value}`);
    }
    const shows = values.some((value) => value >= 32);
    if (verdict.status === 'contraindicated') assert.ok(shows, `${label}: nothing shows`);
  }
}

describe('the trust vector', () => {
  it('is as good as the binding of the key', () => {
    assert.deepEqual(numbers(facts([]), 'activated'), [2, 2, 2, 2, 2]);
    assert.deepEqual(numbers(facts([]), 'certified'), [2, 2, 2, 2, 0]);
    assert.deepEqual(numbers(facts([]), 'asserted'), [0, 2, 2, 2, 0]);
  });

  it('approves of nothing under the structural policy', () => {
    assert.deepEqual(numbers(facts([], { digest: null }), 'activated'), [2, 3, 0, 0, 2]);
  });

  it('claims nothing where the checks have not passed', () => {
    const without = (failed: string[]) => numbers(facts([], { failed }), 'activated');
    assert.deepEqual(without(['quote.signature']), [0, 0, 0, 0, 0]);
    assert.deepEqual(without(['quote.nonce']), [0, 0, 0, 0, 0]);
    assert.deepEqual(without(['quote.composite']), [2, 0, 0, 0, 2]);
    assert.deepEqual(without(['boot.replay']), [2, 0, 2, 2, 2]);
    assert.deepEqual(without(['ima.measurements']), [2, 2, 3, 0, 2]);
    assert.deepEqual(without(['boot.replay', 'ima.replay']), [2, 0, 0, 0, 2]);
  });

  const BAD: readonly (readonly [FindingCode, Severity, readonly number[]])[] = [
    ['quote.signature_invalid', 'contraindicated', [97, 2, 2, 2, 2]],
    ['quote.nonce_mismatch', 'contraindicated', [97, 2, 2, 2, 2]],
    ['quote.hash_refused', 'contraindicated', [96, 2, 2, 2, 2]],
    ['ak.revoked', 'contraindicated', [96, 2, 2, 2, 2]],
    ['ak.asserted', 'warning', [0, 2, 2, 2, 2]],
    ['ek.chain_untrusted', 'contraindicated', [2, 2, 2, 2, 97]],
    ['quote.clock_regressed', 'contraindicated', [2, 2, 2, 2, 96]],
    ['quote.firmware_changed', 'warning', [2, 2, 2, 2, 32]],
    ['quote.composite_mismatch', 'contraindicated', [2, 96, 2, 2, 2]],
    ['boot.secure_boot_off', 'warning', [2, 32, 2, 2, 2]],
    ['pcr.value_refused', 'contraindicated', [2, 96, 2, 2, 2]],
    ['ima.list_missing', 'none', [2, 2, 0, 2, 2]],
    ['ima.file_unknown', 'contraindicated', [2, 2, 33, 2, 2]],
    ['ima.epoch_kernel_unknown', 'warning', [2, 2, 33, 2, 2]],
    ['ima.replay_mismatch', 'contraindicated', [2, 2, 96, 2, 2]],
    ['ima.file_digest_refused', 'contraindicated', [2, 2, 96, 96, 2]],
    ['ima.violation_present', 'warning', [2, 2, 32, 32, 2]],
    ['ima.records_pending', 'info', [2, 2, 2, 2, 2]],
  ];
  for (const [code, severity, expected] of BAD) {
    it(`says what ${code} (${severity}) is about`, () => {
      assert.deepEqual(numbers(facts([{ code, severity }]), 'activated'), expected);
    });
  }

  it('lets what is bad outweigh what is missing, and that a warning', () => {
    const bad = { code: 'ima.replay_mismatch', severity: 'contraindicated' } as const;
    const missing = { code: 'ima.history_unknown', severity: 'none' } as const;
    const doubtful = { code: 'ima.kexec_unmarked', severity: 'warning' } as const;
    const of = (...found: Found[]) => trustVector(facts(found), 'activated').executables;
    assert.equal(of(bad, missing, doubtful), 96);
    assert.equal(of(missing, doubtful), 0);
    assert.equal(of(doubtful), 32);
  });

  it('takes findings that are only counted to be as grave as the verdict', () => {
    const shown = { code: 'ima.violation_present', severity: 'warning' } as const;
    const other = { code: 'boot.replay_mismatch', severity: 'contraindicated' } as const;
    const findingCounts = { 'ima.violation_present': 2, 'boot.replay_mismatch': 1 };
    const counted = { ...facts([shown, other]), findingCounts };
    assert.deepEqual(numbers(counted, 'activated'), [2, 96, 96, 96, 2]);
  });

  it('keeps information that is only counted out of it, where all checks have passed', () => {
    const shown = { code: 'ima.name_bare', severity: 'info' } as const;
    const other = { code: 'boot.replay_mismatch', severity: 'contraindicated' } as const;
    const findingCounts = { 'ima.name_bare': 2, 'boot.replay_mismatch': 1 };
    const counted = { ...facts([shown, other]), findingCounts };
    assert.deepEqual(numbers(counted, 'activated'), [2, 96, 2, 2, 2]);
  });

  it('is never worse than the status, and hides nothing contraindicated', () => {
    const severity = fc.constantFrom<Severity>('info', 'warning', 'none', 'contraindicated');
    const code = fc.constantFrom(...codes());
    const found = fc.array(fc.record({ code, severity }), { maxLength: 8 });
    const failed = fc.subarray([...CHECKS]);
    const digest = fc.constantFrom(null, 'sha256:00');
    fc.assert(
      fc.property(found, fc.record({ failed, digest }), fc.nat(2), (findings, rest, more) => {
        const made = facts(findings, rest);
        const counts = Object.entries(made.findingCounts).map(([name, n]) => [name, n + more]);
        assertLaws({ ...made, findingCounts: Object.fromEntries(counts) }, 'made');
      }),
    );
  });

  it('keeps these laws for every captured host', async () => {
    let seen = 0;
    for (const name of bundlesBelow(EVIDENCE_FOLDER)) {
      assertLaws(structuralVerdict(await loadCapture(name)), name);
      seen += 1;
    }
    assert.ok(seen > 20);
  });
});

function codes(): FindingCode[] {
  const known = (name: string): name is FindingCode => Object.hasOwn(REASON_CODES, name);
  return Object.keys(REASON_CODES).filter(known);
}

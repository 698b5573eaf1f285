// Lists and quotes for tests of diagnoses: what was extended, what was sent instead, and the
// verdict.

import assert from 'node:assert/strict';
import type { HashName } from '../../src/crypto/digest.ts';
import type { Diagnosis } from '../../src/diagnosis/diagnosis.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import type { TimelineState } from '../../src/verify/timeline-state.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyRound } from '../../src/verify/verify.ts';
import {
  aggregateRecord,
  type DraftRecord,
  type Extended,
  fileRecord,
  type Order,
  replayRecords,
} from '../property/list-writer.ts';
import { BINARY_SEGMENT, quoteOver } from '../property/made-quote.ts';

/** A list of an aggregate and `count` - 1 files. */
export function files(count: number, folder = '/usr/bin'): readonly DraftRecord[] {
  const names = Array.from({ length: count - 1 }, (_, at) => `${folder}/file-${at}`);
  return [aggregateRecord(), ...names.map((name) => fileRecord(name, `content of ${name}`))];
}

/** How the quoted PCRs were extended. */
export interface Quoting {
  readonly banks?: readonly HashName[];
  readonly pcrs?: readonly number[];
  readonly extended?: Extended;
  readonly order?: Order;
}

/** Evidence whose quote is over `records`. */
export function quoteOf(records: readonly DraftRecord[], quoting: Quoting = {}): Evidence {
  const { banks = ['sha256'], pcrs = [10], extended = 'own-hash', order = 'little' } = quoting;
  const values = new Map(
    banks.map((bank) => [
      bank,
      new Map(
        pcrs.map((pcr) => [pcr, replayRecords(records, { pcr, bank, extended, order })] as const),
      ),
    ]),
  );
  return quoteOver(values, [BINARY_SEGMENT]);
}

/** The verdict and the state behind `evidence` with `segments` as its list. */
export function judge(
  evidence: Evidence,
  segments: readonly Uint8Array[],
  state?: TimelineState,
): { readonly verdict: VerdictBody; readonly state: TimelineState | undefined } {
  return verifyRound(evidence, segments, { policy: STRUCTURAL_POLICY, state });
}

/** Fails unless the verdict is contraindicated and exactly `expected` explains it. */
export function assertDiagnosis(
  verdict: VerdictBody,
  expected: Pick<Diagnosis, 'hypothesis' | 'at' | 'reachesQuote'>,
): void {
  assert.equal(verdict.status, 'contraindicated');
  assert.deepEqual(
    verdict.diagnosis.map(({ hypothesis, at, reachesQuote }) => ({ hypothesis, at, reachesQuote })),
    [expected],
  );
}

/** Fails unless the verdict is contraindicated and nothing explains it. */
export function assertUnexplained(verdict: VerdictBody): void {
  assert.equal(verdict.status, 'contraindicated');
  assert.deepEqual(verdict.diagnosis, []);
}

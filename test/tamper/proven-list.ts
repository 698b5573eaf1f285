// A list that a genuine quote proves, and the structural policy with rules for its measurements.

import assert from 'node:assert/strict';
import type { AcceptancePolicy } from '../../src/policy/acceptance.ts';
import { compilePolicy, type PolicyResult } from '../../src/policy/compile.ts';
import { parsePolicy } from '../../src/policy/parse-policy.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import {
  aggregateRecord,
  type DraftRecord,
  hex,
  replayRecords,
  writeList,
} from '../property/list-writer.ts';
import { BINARY_SEGMENT, quoteOver } from '../property/made-quote.ts';
import { MINIMAL_POLICY, utf8 } from '../unit/policy-documents.ts';
import { policyWith } from '../unit/verify-scene.ts';

/** A rule that accepts every file with a path. */
export const EVERY_FILE = { id: 'files', path: '/**', then: 'accept' };

/** The verdict over an aggregate and `records`, with these PCRs quoted. */
export function verdictOver(
  records: readonly DraftRecord[],
  policy: AcceptancePolicy,
  pcrs: readonly number[] = [10],
): VerdictBody {
  const all = [aggregateRecord(), ...records];
  const replayed = (pcr: number) =>
    replayRecords(all, { pcr, bank: 'sha256', extended: 'own-hash' });
  const values = new Map(pcrs.map((pcr) => [pcr, replayed(pcr)]));
  const evidence = quoteOver(new Map([['sha256', values]]), [BINARY_SEGMENT]);
  return verifyEvidence(evidence, [writeList(all)], policy);
}

/** Compiles measurement rules; the reference set `good` holds `digests`. */
export function compileRules(
  rules: readonly object[],
  digests: readonly Uint8Array[] = [],
): PolicyResult {
  const text = digests.map((digest) => `${hex(digest)}  x\n`).join('');
  const good = readReferenceSet(utf8(text), { format: 'digest-lines' });
  assert.ok(good.ok);
  const parsing = parsePolicy({ ...MINIMAL_POLICY, ima: { measurements: rules } });
  if (!parsing.ok) return parsing;
  return compilePolicy(parsing.policy, { sets: new Map([['good', good.set]]), version: null });
}

/** The structural policy with these measurement rules, and the usual algorithms of digests. */
export function rulesOf(
  rules: readonly object[],
  digests?: readonly Uint8Array[],
): AcceptancePolicy {
  const compiled = compileRules(rules, digests);
  assert.ok(compiled.ok, JSON.stringify(compiled));
  const { ima } = compiled.policy;
  assert.ok(ima !== 'not-required');
  const { measurements, fileDigests, unquotedPcrs } = ima;
  return policyWith({ measurements, fileDigests, unquotedPcrs });
}

/** Codes of the findings about the record behind `index` others, sorted. */
export function codesAt({ findings }: VerdictBody, index: number): readonly string[] {
  return findings
    .filter(({ where }) => where.entryIndex === index)
    .map(({ code }) => code)
    .sort();
}

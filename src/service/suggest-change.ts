// What an admin could change so that a finding would not come, as an edit to look at and never one
// to make unseen. Nothing is suggested against a check that no policy can weaken. docs/policy.md

import { POLICY_LIMITS } from '../bytes/limits.ts';
import type { Finding } from '../findings/finding.ts';
import type { PolicyDocument } from '../policy/schema.ts';

/** What can be seen of a finding in a result. */
export type FindingSubject = Pick<Finding, 'code' | 'severity' | 'subject'>;

/** `set-entry`: add this entry to one of these sets. `policy-patch`: operations of RFC 6902 on the
 *  policy document. */
export type Suggestion =
  | {
      readonly kind: 'set-entry';
      readonly sets: readonly string[];
      readonly entry: { readonly digest: string; readonly path: string };
    }
  | {
      readonly kind: 'policy-patch';
      readonly patch: readonly [
        { readonly op: 'add'; readonly path: string; readonly value: unknown },
      ];
    };

/** The edit that fits a finding, if there is one. */
export function suggestChange(
  finding: FindingSubject,
  document: PolicyDocument,
): Suggestion | undefined {
  if (finding.code === 'ima.file_unknown') return forFile(finding, document);
  if (finding.code === 'ima.violation_present') return forViolation(finding, document);
  const key = KEYS[finding.code];
  if (key === undefined) return undefined;
  const weaker = finding.severity === 'contraindicated' ? 'warn' : 'report';
  return patch(document, key.path, key.value ?? weaker);
}

/** Values of sets are kept in the same place as those of the other files. */
function forFile({ subject }: FindingSubject, document: PolicyDocument): Suggestion | undefined {
  const { path, digest } = subject ?? {};
  if (path === undefined || digest === undefined || !PLAIN_PATH.test(path)) return undefined;
  const rules = document.ima === 'not-required' ? [] : document.ima.measurements;
  const sets = rules.flatMap(({ then, event, digestIn }) =>
    then === 'accept' && event === undefined ? (digestIn ?? []) : [],
  );
  if (sets.length > 0) {
    return { kind: 'set-entry', sets: [...new Set(sets)], entry: { digest, path } };
  }
  if (rules.length >= POLICY_LIMITS.rules) return undefined;
  const value = { id: freeId(rules), path: literal(path), then: 'warn' };
  return patch(document, ['ima', 'measurements', '-'], value);
}

function forViolation(
  { subject }: FindingSubject,
  document: PolicyDocument,
): Suggestion | undefined {
  const path = subject?.path;
  if (path === undefined || !PLAIN_PATH.test(path)) return undefined;
  const rule = { path: literal(path), then: 'warn' };
  const hasRules = document.ima !== 'not-required' && document.ima.violations?.rules !== undefined;
  const place = ['ima', 'violations', 'rules'];
  return hasRules ? patch(document, [...place, '-'], rule) : patch(document, place, [rule]);
}

/** An `add` at a place; what is missing on the way to it is added with it. */
function patch(document: PolicyDocument, place: readonly string[], value: unknown): Suggestion {
  let here: unknown = document;
  let depth = 0;
  for (const key of place.slice(0, -1)) {
    const next: unknown = typeof here === 'object' && here !== null ? Object(here)[key] : undefined;
    if (next === undefined) break;
    here = next;
    depth += 1;
  }
  const added = place.slice(depth + 1).reduceRight((inner, key) => ({ [key]: inner }), value);
  const path = `/${place.slice(0, depth + 1).join('/')}`;
  return { kind: 'policy-patch', patch: [{ op: 'add', path, value: added }] };
}

function freeId(rules: readonly { readonly id: string }[]): string {
  const taken = new Set(rules.map(({ id }) => id));
  let number = 1;
  while (taken.has(`suggested-${number}`)) number += 1;
  return `suggested-${number}`;
}

/** A pattern that matches this path alone. */
function literal(path: string): string {
  return path.replace(/[*?[\]{}]/g, (character) => `\\${character}`);
}

/** Absolute, and written as it is: no byte of it had to be escaped. */
const PLAIN_PATH = /^\/[!-[\]-~]{0,4095}$/;

/** The key that gives a finding its weight; `value` where that is no treatment. */
const KEYS: Readonly<
  Partial<Record<Finding['code'], { readonly path: readonly string[]; readonly value?: string }>>
> = {
  'ak.asserted': { path: ['attester', 'asserted'] },
  'quote.clock_unsafe': { path: ['quote', 'unsafeClock'] },
  'quote.firmware_changed': { path: ['quote', 'firmwareVersions', 'change'] },
  'boot.log_missing': { path: ['boot', 'eventLog'], value: 'optional' },
  'boot.secure_boot_off': { path: ['boot', 'secureBoot'], value: 'optional' },
  'boot.secure_boot_unproven': { path: ['boot', 'secureBoot'], value: 'optional' },
  'ima.boot_aggregate_late': { path: ['boot', 'bootAggregate', 'late'] },
  'ima.bank_padded': { path: ['ima', 'paddedBanks'] },
  'ima.kexec_unmarked': { path: ['ima', 'kexec', 'unmarked'] },
  'ima.epoch_kernel_unknown': { path: ['ima', 'kexec', 'newKernel'] },
};

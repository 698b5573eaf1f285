// The AR4SI trustworthiness vector of a verdict: what it says about five sides of the attester,
// each in one number. draft-ietf-rats-ar4si 2.3; docs/results.md has the rules as a table

import type { AkBinding } from '../enroll/ak-binding.ts';
import type { Severity } from '../findings/finding.ts';
import type { CheckName, VerdictStatus } from '../verify/verdict.ts';

/** The claims that are made, in the order of AR4SI. Nothing is said about the other three. */
export const CLAIMS = [
  'instance-identity',
  'configuration',
  'executables',
  'file-system',
  'hardware',
] as const;
export type Claim = (typeof CLAIMS)[number];

/** One value a claim: 0 claims nothing, from 2 on good, from 32 on a warning, from 96 on bad. */
export type TrustVector = Readonly<Record<Claim, number>>;

/** What the vector follows from: a verdict as it was decided or as it was stored. */
export interface AppraisedFacts {
  readonly status: VerdictStatus;
  readonly checks: readonly { readonly check: string; readonly outcome: string }[];
  readonly findings: readonly { readonly code: string; readonly severity: Severity }[];
  readonly findingCounts: Readonly<Record<string, number>>;
  /** The digest is null for the structural policy, which approves of nothing in particular. */
  readonly policy: { readonly digest: string | null };
}

/** The vector of a verdict about an attester whose key is bound in this way. No claim is worse than
 *  the status, and a contraindicated verdict shows in at least one claim. */
export function trustVector(facts: AppraisedFacts, binding: AkBinding): TrustVector {
  const findings = [...facts.findings, ...cutOff(facts)];
  const value = (claim: Claim) => {
    const values = findings
      .filter(({ code }) => claimsOf(code).includes(claim))
      .flatMap(({ code, severity }) => effectOf(claim, code, severity));
    // A bad value outweighs what is missing, and what is missing outweighs a warning.
    const worst = Math.max(...values, NO_CLAIM);
    const isBad = findings.some(
      ({ code, severity }) => severity === 'contraindicated' && claimsOf(code).includes(claim),
    );
    if (isBad) return worst;
    if (values.includes(NO_CLAIM)) return NO_CLAIM;
    return values.length > 0 ? worst : affirmed(claim, facts, binding);
  };
  return {
    'instance-identity': value('instance-identity'),
    configuration: value('configuration'),
    executables: value('executables'),
    'file-system': value('file-system'),
    hardware: value('hardware'),
  };
}

/** The claims that a finding with this code bears on. */
function claimsOf(code: string): readonly Claim[] {
  const [part = ''] = code.split('.');
  return CLAIMS_OF_CODE.get(code) ?? CLAIMS_OF_PART.get(part) ?? ['configuration'];
}

/** What one finding does to a claim: nothing when it is only information, `NO_CLAIM` when proof is
 *  missing. */
function effectOf(claim: Claim, code: string, severity: Severity): readonly number[] {
  if (severity === 'info') return [];
  if (severity === 'none') return [NO_CLAIM];
  if (claim === 'executables' && UNRECOGNISED.has(code)) return [33];
  if (severity === 'contraindicated') {
    const isUnrecognised = claim === 'hardware' ? code.startsWith('ek.') : NOT_BY_KEY.has(code);
    return [isUnrecognised ? 97 : 96];
  }
  // AR4SI knows no half-trusted instance.
  return [claim === 'instance-identity' ? NO_CLAIM : 32];
}

/** The value of a claim that nothing speaks against: good only where its checks have passed. */
function affirmed(claim: Claim, facts: AppraisedFacts, binding: AkBinding): number {
  const passed = (...checks: readonly CheckName[]) =>
    checks.every((wanted) =>
      facts.checks.some(({ check, outcome }) => check === wanted && outcome === 'passed'),
    );
  if (!passed('quote.structure', 'quote.signature', 'quote.nonce')) return NO_CLAIM;
  if (claim === 'instance-identity') return binding === 'asserted' ? NO_CLAIM : 2;
  if (claim === 'hardware') return binding === 'activated' ? 2 : NO_CLAIM;
  if (!passed('quote.selection', 'quote.composite')) return NO_CLAIM;
  const isApproved = facts.policy.digest !== null;
  if (claim === 'configuration' && passed('boot.replay')) return isApproved ? 2 : 3;
  if (claim === 'configuration' || !isApproved) return NO_CLAIM;
  const isAppraised = !facts.findings.some(({ code }) => code === 'ima.measurements_unappraised');
  if (isAppraised && passed('ima.replay', 'ima.structure', 'ima.measurements')) return 2;
  return claim === 'executables' && passed('boot.replay') ? 3 : NO_CLAIM;
}

/** Findings that the verdict only counts are taken to be as grave as the whole verdict, unless all
 *  that it shows of the code are information and all checks of that part have passed. */
function cutOff(facts: AppraisedFacts): AppraisedFacts['findings'] {
  const severity = facts.status === 'affirming' ? 'info' : facts.status;
  return Object.entries(facts.findingCounts).flatMap(([code, count]) => {
    const shown = facts.findings.filter((finding) => finding.code === code);
    if (count <= shown.length) return [];
    const [part = ''] = code.split('.');
    const checks = facts.checks.filter(({ check }) => check.startsWith(`${part}.`));
    const isQuiet =
      shown.length > 0 &&
      shown.every((finding) => finding.severity === 'info') &&
      checks.every(({ outcome }) => outcome === 'passed');
    return isQuiet ? [] : [{ code, severity }];
  });
}

const NO_CLAIM = 0;

const CLAIMS_OF_PART: ReadonlyMap<string, readonly Claim[]> = new Map([
  ['quote', ['instance-identity']],
  ['ak', ['instance-identity']],
  ['ek', ['hardware']],
  ['boot', ['configuration']],
  ['pcr', ['configuration']],
  ['policy', ['configuration']],
  ['limit', ['configuration']],
  ['ima', ['executables']],
]);

/** Codes that are about something else than their part. */
const CLAIMS_OF_CODE: ReadonlyMap<string, readonly Claim[]> = new Map<string, readonly Claim[]>([
  ['quote.selection_empty', ['configuration']],
  ['quote.selection_incomplete', ['configuration']],
  ['quote.selection_unexpected', ['configuration']],
  ['quote.composite_mismatch', ['configuration']],
  ['quote.composite_unproven', ['configuration']],
  ['quote.only_evidence', ['configuration']],
  ['quote.clock_unsafe', ['hardware']],
  ['quote.clock_regressed', ['hardware']],
  ['quote.counters_regressed', ['hardware']],
  ['quote.firmware_changed', ['hardware']],
  ['quote.reset_detected', ['hardware']],
  ['quote.restart_detected', ['hardware']],
  ['ima.file_digest_refused', ['executables', 'file-system']],
  ['ima.file_warned', ['executables', 'file-system']],
  ['ima.file_digest_weak', ['executables', 'file-system']],
  ['ima.file_content_unknown', ['executables', 'file-system']],
  ['ima.file_signature_malformed', ['executables', 'file-system']],
  ['ima.file_signature_unsupported', ['executables', 'file-system']],
  ['ima.file_signature_key_unknown', ['executables', 'file-system']],
  ['ima.file_signature_invalid', ['executables', 'file-system']],
  ['ima.file_signature_weak', ['executables', 'file-system']],
  ['ima.reference_not_in_force', ['executables', 'file-system']],
  ['ima.violation_present', ['executables', 'file-system']],
]);

/** Nobody knows what ran: that is less than knowing that it was bad. */
const UNRECOGNISED: ReadonlySet<string> = new Set([
  'ima.file_unknown',
  'ima.key_unknown',
  'ima.event_unknown',
  'ima.epoch_kernel_unknown',
]);

/** The evidence is not shown to be of this key, now. */
const NOT_BY_KEY: ReadonlySet<string> = new Set([
  'quote.field_malformed',
  'quote.trailing_bytes',
  'quote.magic_wrong',
  'quote.type_not_quote',
  'quote.signature_malformed',
  'quote.scheme_mismatch',
  'quote.signature_invalid',
  'quote.nonce_mismatch',
]);

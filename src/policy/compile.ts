// From a policy document and its reference sets to the acceptance policy that the procedure asks.
// docs/policy.md says for each key what comes out here.

import { toHex } from '../bytes/encoding.ts';
import type { HashName } from '../crypto/digest.ts';
import type { Keyring } from '../crypto/trusted-key.ts';
import type {
  AcceptancePolicy,
  AllowedValues,
  BankSelection,
  ImaAcceptance,
  Treatment,
} from './acceptance.ts';
import { compileGlob } from './glob.ts';
import { compileMeasurementRules, missingSets } from './measurement-rules.ts';
import { cappedProblems, completePolicy, type PolicyProblem } from './parse-policy.ts';
import { PINNED_PCRS } from './pinned-boot.ts';
import { policyDigest } from './policy-digest.ts';
import type { ReferenceSet } from './reference-set.ts';
import { isInForce } from './reference-set-terms.ts';
import type { CompleteImaPolicy, CompletePolicy, PolicyDocument } from './schema.ts';

/** What a document needs to become a policy. */
export interface PolicySurroundings {
  /** Reference sets by the names that rules use. */
  readonly sets: ReadonlyMap<string, ReferenceSet>;
  /** Keyrings by the names that rules use; absent: none. */
  readonly keyrings?: ReadonlyMap<string, Keyring>;
  /** Version in the service; null for a file. */
  readonly version: number | null;
  /** `policyDigest(document)`, where it is known already. */
  readonly digest?: string;
}

export type PolicyResult =
  | {
      readonly ok: true;
      readonly policy: AcceptancePolicy;
      /** What the author should know: options without effect, policies that refuse everything. */
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** Compiles a document. Fails when it names a set or keyring that is not there, or contradicts
 *  itself. */
export function compilePolicy(
  document: PolicyDocument,
  surroundings: PolicySurroundings,
): PolicyResult {
  const { sets, version, digest } = surroundings;
  const completion = completePolicy(document);
  if (!completion.ok) return completion;
  const complete = completion.policy;
  const ima = compileIma(complete, surroundings);
  const problems = [...bootProblems(complete, sets), ...ima.problems];
  if (problems.length > 0) return { ok: false, problems: cappedProblems(problems) };
  const identity = { name: complete.name, version, digest: digest ?? policyDigest(document) };
  const policy: AcceptancePolicy = {
    identity,
    freshness: complete.freshness,
    quote: compileQuote(complete),
    attester: complete.attester,
    boot: compileBoot(complete, sets),
    ima: ima.acceptance,
  };
  return { ok: true, policy, notes: policyNotes(complete) };
}

function compileQuote({ quote }: CompletePolicy): AcceptancePolicy['quote'] {
  return {
    selection: selectionOf(quote),
    signatureHashes: new Set(quote.signatureHashes),
    minRsaBits: quote.minRsaBits,
    unsafeClock: quote.unsafeClock,
    firmwareChange: quote.firmwareVersions?.change ?? 'warn',
    weakNonce: 'refuse',
  };
}

/** One selection a bank; none at all when there is no PCR to select, which refuses every quote. */
function selectionOf({ banks, pcrs }: CompletePolicy['quote']): BankSelection[] {
  const ascending = [...pcrs].sort((left, right) => left - right);
  return ascending.length === 0 ? [] : banks.map((bank) => ({ bank, pcrs: ascending }));
}

function compileBoot(
  { boot }: CompletePolicy,
  sets: ReadonlyMap<string, ReferenceSet>,
): AcceptancePolicy['boot'] {
  // Who requires the log requires that it explains the boot; where it is optional, a log that
  // explains little is told but must not make an attester worse off than one that sends none.
  const unexplained: Treatment = boot.eventLog === 'required' ? 'refuse' : 'warn';
  const { late, kernels, coverage } = boot.bootAggregate;
  return {
    eventLog: boot.eventLog,
    secureBoot: boot.secureBoot,
    pcrs: new Map(
      Object.entries(boot.pcrs).map(([pcr, lists]) => [Number(pcr), allowedValues(lists, sets)]),
    ),
    partial: unexplained,
    loader: unexplained,
    aggregate: {
      late,
      isPinned: digestsIn(kernels ?? [], sets),
      partialCoverage: coverage === '0-7' ? 'report' : 'refuse',
      zero: 'refuse',
    },
  };
}

type PinnedValues = CompletePolicy['boot']['pcrs'][string];

/** A list of values speaks of the banks that it names, sets speak of every bank that is quoted. */
function allowedValues(
  { allow = [], allowIn }: PinnedValues,
  sets: ReadonlyMap<string, ReferenceSet>,
): AllowedValues {
  const listed = new Set(allow);
  const banks = new Set(allow.map((value) => value.split(':')[0]));
  const isInSets = digestsIn(allowIn ?? [], sets);
  return {
    speaksOf: (bank) => allowIn !== undefined || banks.has(bank),
    has: (bank, value, bootedByMs) =>
      listed.has(`${bank}:${toHex(value)}`) || isInSets(bank, value, bootedByMs),
    expectation: [
      ...(allow.length > 0 || allowIn === undefined ? [`one of ${allow.length} values`] : []),
      ...(allowIn === undefined ? [] : [`a value in ${allowIn.join(', ')}`]),
    ].join(', or '),
  };
}

/** Membership in any of the named sets that is in force, by an entry that is bound to no path. */
function digestsIn(
  names: readonly string[],
  sets: ReadonlyMap<string, ReferenceSet>,
): (algorithm: HashName, digest: Uint8Array, atMs: number | undefined) => boolean {
  const named = names.flatMap((name) => sets.get(name) ?? []);
  return (algorithm, digest, atMs) =>
    named.some((set) => set.has(algorithm, digest, NO_PATH) && isInForce(set, atMs));
}

interface ImaCompilation {
  readonly acceptance: AcceptancePolicy['ima'];
  readonly problems: readonly PolicyProblem[];
}

function compileIma(
  { ima, boot }: CompletePolicy,
  { sets, keyrings = new Map() }: PolicySurroundings,
): ImaCompilation {
  if (ima === 'not-required') return { acceptance: ima, problems: [] };
  const { rules, problems } = compileMeasurementRules({ ima, sets, keyrings });
  const acceptance: ImaAcceptance = {
    list: 'required',
    templates: new Set(ima.templates),
    fileDigests: new Set<string>(ima.fileDigests),
    paddedBanks: ima.paddedBanks,
    weakBanks: 'refuse',
    violation: compileViolations(ima.violations),
    kexec: { ...ima.kexec, countSlack: SLACK_RECORDS, countBehind: 'report' },
    snapshots: ima.snapshots,
    updateCounter: compileCounter(ima),
    batches: ima.batches,
    extendOrderWindow: ima.extendOrder.window,
    unknownHistory: ima.history.unknown,
    unquotedPcrs: 'refuse',
    measurements: rules,
    isPinnedKernel: compileKernels(boot.bootAggregate.kernels ?? [], sets),
  };
  return { acceptance, problems };
}

function compileKernels(
  names: readonly string[],
  sets: ReadonlyMap<string, ReferenceSet>,
): ImaAcceptance['isPinnedKernel'] {
  const kernels = names.flatMap((name) => sets.get(name) ?? []);
  return ({ kind, algorithm, digest, name, provenAtMs }) =>
    kind === 'file' &&
    kernels.some((set) => set.has(algorithm, digest, name) && isInForce(set, provenAtMs));
}

/** Without a section the weakest bound holds: one extend a record, whatever the TPM counts. */
function compileCounter({
  updateCounter,
  batches,
}: CompleteImaPolicy): ImaAcceptance['updateCounter'] {
  // A batch extends once for many records, which no bound on single extends can judge.
  if (batches !== 'refuse') return { model: 'off', banks: 1, lag: 0, excess: 'accept' };
  if (updateCounter !== undefined) return { ...updateCounter, banks: 1 };
  return { model: 'per-command', banks: 1, lag: SLACK_RECORDS, excess: 'accept' };
}

function compileViolations(section: CompleteImaPolicy['violations']): ImaAcceptance['violation'] {
  const rules = section.rules.map(({ id, path, then }, index) => {
    const compiled = compileGlob(path);
    if (!compiled.ok) throw new Error(`not checked by the schema: ${compiled.problem.message}`);
    return { glob: compiled.glob, ruling: { then, rule: id ?? `ima.violations.rules[${index}]` } };
  });
  return (name) =>
    rules.find(({ glob }) => glob.matches(name))?.ruling ?? { then: section.default };
}

function bootProblems(
  { boot, quote }: CompletePolicy,
  sets: ReadonlyMap<string, ReferenceSet>,
): PolicyProblem[] {
  const problems = missingSets(boot.bootAggregate.kernels, sets, 'boot.bootAggregate.kernels');
  for (const [pcr, { allow = [], allowIn }] of Object.entries(boot.pcrs)) {
    const path = `boot.pcrs["${pcr}"]`;
    problems.push(...missingSets(allowIn, sets, `${path}.allowIn`));
    if (!quote.pcrs.includes(Number(pcr))) {
      problems.push({ path, message: 'quote.pcrs leaves this PCR out' });
    }
    for (const [index, value] of allow.entries()) {
      if (quote.banks.some((bank) => value.startsWith(`${bank}:`))) continue;
      const message = 'quote.banks leaves this bank out';
      problems.push({ path: `${path}.allow[${index}]`, message });
    }
  }
  return problems;
}

function policyNotes(policy: CompletePolicy): string[] {
  const { quote, boot, ima } = policy;
  const facts: readonly (readonly [boolean, string])[] = [
    [selectionOf(quote).length === 0, 'quote: selects nothing, so every quote is refused'],
    [quote.banks.includes('sm3'), 'quote.banks: sm3 cannot be computed, so it is never proven'],
    [quote.signatureHashes.length === 0, 'quote.signatureHashes: empty, every quote is refused'],
    [
      boot.bootAggregate.late === 'accept-if-pinned' && !canPin(quote.pcrs),
      'boot.bootAggregate.late: quote.pcrs leaves out 4, 8 or 9, so no boot is pinned',
    ],
    ...(ima === 'not-required' ? [] : imaFacts(ima)),
  ];
  return facts.flatMap(([applies, note]) => (applies ? [note] : []));
}

function imaFacts(ima: CompleteImaPolicy): readonly (readonly [boolean, string])[] {
  return [
    [ima.measurements.length === 0, 'ima.measurements: empty, so every measurement is refused'],
  ];
}

function canPin(pcrs: readonly number[]): boolean {
  return PINNED_PCRS.every((pcr) => pcrs.includes(pcr));
}

/** No record has an empty name, so that only entries without a path answer. */
const NO_PATH = new Uint8Array();
/** Records that may slip in between a count that the kernel took and the record that tells it. */
const SLACK_RECORDS = 16;

// What is probably not meant in a policy that is right by its form: rules that can never decide,
// acceptance of everything, proof by SHA-1. docs/policy.md, "Lints"

import { POLICY_LIMITS } from '../bytes/limits.ts';
import { readPattern } from './glob-pattern.ts';
import { includes, StepBudget } from './glob-relation.ts';
import { type ComparedRule, comparedRule, EarlierRules } from './lint-order.ts';
import { LINTS, type LintId, type LintSeverity } from './lint-table.ts';
import { completePolicy } from './parse-policy.ts';
import type {
  CompleteImaPolicy,
  CompletePolicy,
  MeasurementRule,
  PolicyDocument,
} from './schema.ts';
import { runSteps, type Steps } from './steps.ts';

/** Something about a policy that its author should look at. */
export interface Lint {
  readonly id: LintId;
  readonly severity: LintSeverity;
  /** Such as `ima.measurements[3].path`. */
  readonly path: string;
  /** What it is and what to do. */
  readonly message: string;
}

/** What is known around a policy; where something is left out nothing is said about it. */
export interface LintSurroundings {
  /** Reference sets by name. */
  readonly sets?: ReadonlyMap<string, { readonly entryCount: number }>;
  /** Other policies that are or will be in force. */
  readonly others?: readonly PolicyDocument[];
}

/** Looks a policy over, in the order of the document; at most `POLICY_LIMITS.problems` lints. The
 *  work is bounded by `POLICY_LIMITS.lintSteps`: where it runs out nothing more is said about the
 *  order of rules. */
export function lintPolicy(document: PolicyDocument, surroundings: LintSurroundings = {}): Lint[] {
  return runSteps(lintingPolicy(document, surroundings));
}

/** The same in steps. */
export function* lintingPolicy(
  document: PolicyDocument,
  { sets, others = [] }: LintSurroundings = {},
): Steps<Lint[]> {
  const completion = completePolicy(document);
  if (!completion.ok) throw new Error('not a policy document: parsePolicy gives those');
  const { policy } = completion;
  yield;
  const lints = [
    ...labelLints(document, others),
    ...quoteLints(policy),
    ...(policy.ima === 'not-required' ? [] : yield* imaLints(policy.ima)),
    ...setLints(policy, sets ?? new Map()),
  ];
  return lints.filter((_, index) => index < POLICY_LIMITS.problems);
}

/** A lint as one line. */
export function lintText({ id, path, message }: Lint): string {
  return `${path}: ${message} (${id})`;
}

function lint(id: LintId, path: string, told: string): Lint {
  const { severity, remedy } = LINTS[id];
  return { id, severity, path, message: `${told}: ${remedy}` };
}

function labelLints(document: PolicyDocument, others: readonly PolicyDocument[]): Lint[] {
  const own = Object.entries(document.appliesTo?.labels ?? {});
  return others.flatMap((other) => {
    const labels = other.appliesTo?.labels ?? {};
    const agrees = own.every(([key, value]) => (labels[key] ?? value) === value);
    if (other.name === document.name || !agrees) return [];
    if (Object.keys(labels).length !== own.length) return [];
    const told = `the policy ${other.name} can apply to the same attester with as many labels`;
    return [lint('labels.tie', 'appliesTo.labels', told)];
  });
}

function quoteLints({ quote, boot, ima }: CompletePolicy): Lint[] {
  const lints: Lint[] = [];
  if (isSha1Only(quote.banks)) {
    lints.push(lint('bank.sha1_only', 'quote.banks', 'SHA-1 alone proves no list'));
  }
  if (ima !== 'not-required' && !quote.pcrs.includes(10)) {
    lints.push(lint('selection.ima_pcr_missing', 'quote.pcrs', 'PCR 10 is not quoted'));
  }
  if (boot.secureBoot === 'required' && !quote.pcrs.includes(7)) {
    const told = 'boot.secureBoot is required and PCR 7 is not quoted';
    lints.push(lint('selection.secure_boot_pcr_missing', 'quote.pcrs', told));
  }
  for (const [pcr, { allow }] of Object.entries(boot.pcrs)) {
    const banks = (allow ?? []).map((value) => value.substring(0, value.indexOf(':')));
    if (!isSha1Only(banks)) continue;
    lints.push(lint('pin.sha1_only', `boot.pcrs["${pcr}"].allow`, 'every value is SHA-1'));
  }
  return lints;
}

function isSha1Only(algorithms: readonly string[]): boolean {
  return algorithms.length > 0 && algorithms.every((algorithm) => algorithm === 'sha1');
}

function* imaLints(ima: CompleteImaPolicy): Steps<Lint[]> {
  const budget = new StepBudget(POLICY_LIMITS.lintSteps);
  return [
    ...algorithmLints(ima),
    ...(yield* violationLints(ima.violations, budget)),
    ...emptinessLints(ima),
    ...(yield* ruleLints(ima.measurements, budget)),
  ];
}

function algorithmLints({ templates, fileDigests }: CompleteImaPolicy): Lint[] {
  const lints: Lint[] = [];
  if (templates.includes('ima')) {
    lints.push(lint('template.legacy', 'ima.templates', 'the template ima has SHA-1 or MD5'));
  }
  if (isSha1Only(fileDigests)) {
    lints.push(lint('digest.sha1_only', 'ima.fileDigests', 'SHA-1 alone is accepted'));
  } else if (fileDigests.includes('sha1')) {
    lints.push(lint('digest.sha1', 'ima.fileDigests', 'SHA-1 is accepted beside others'));
  }
  return lints;
}

function emptinessLints({ templates, fileDigests, measurements }: CompleteImaPolicy): Lint[] {
  const nothing: readonly (readonly [boolean, string, string])[] = [
    [templates.length === 0, 'ima.templates', 'no template is accepted'],
    [fileDigests.length === 0, 'ima.fileDigests', 'no algorithm is accepted'],
    [
      measurements.every(({ then }) => then === 'refuse'),
      'ima.measurements',
      'every measurement is refused',
    ],
  ];
  return nothing.flatMap(([applies, path, told]) =>
    applies ? [lint('acceptance.empty', path, told)] : [],
  );
}

function* violationLints(
  section: CompleteImaPolicy['violations'],
  budget: StepBudget,
): Steps<Lint[]> {
  const path = 'ima.violations';
  const rules = section.rules.map((rule, index) =>
    comparedRule(rule, index, rule.id ?? `number ${index}`),
  );
  const lints = yield* orderLints(rules, { path: `${path}.rules`, budget });
  if (section.default === 'accept') {
    lints.push(lint('violation.accepts_everything', `${path}.default`, 'violations pass unseen'));
  }
  for (const rule of rules.filter(({ then }) => then === 'accept')) {
    if (!takesEveryPath(rule)) continue;
    const at = `${path}.rules[${rule.index}]`;
    lints.push(lint('violation.accepts_everything', at, 'violations pass unseen'));
  }
  return lints;
}

function* ruleLints(measurements: readonly MeasurementRule[], budget: StepBudget): Steps<Lint[]> {
  const path = 'ima.measurements';
  const rules = measurements.map((rule, index) => comparedRule(rule, index, rule.id));
  yield;
  const lints = yield* orderLints(rules, { path, budget });
  return [...lints, ...rules.flatMap(contentLints)];
}

function* orderLints(
  rules: readonly ComparedRule[],
  { path, budget }: { readonly path: string; readonly budget: StepBudget },
): Steps<Lint[]> {
  const earlier = new EarlierRules(budget);
  const lints: Lint[] = [];
  for (const rule of rules) {
    if (rule.index % RULES_A_STEP === 0) yield;
    lints.push(...orderLint(rule, earlier, `${path}[${rule.index}]`));
  }
  return lints;
}

/** What a rule has to do with those before it, to which it is added. */
function orderLint(rule: ComparedRule, earlier: EarlierRules, at: string): Lint[] {
  const cover = earlier.coverOf(rule);
  if (cover !== undefined) {
    return [lint(shadowId(rule, cover), at, `rule ${cover.name} decides all that it matches`)];
  }
  const letting = isDenyList(rule) ? earlier.mayLetThrough(rule) : undefined;
  earlier.add(rule);
  if (letting === undefined) return [];
  const told = `rule ${letting.name} before it may let these digests through`;
  return [lint('rule.deny_list_late', at, told)];
}

/** A comparison with all rules before costs tens of microseconds. */
const RULES_A_STEP = 64;

function shadowId(rule: ComparedRule, cover: ComparedRule): LintId {
  if (rule.then === cover.then) return 'rule.unreachable';
  return rule.then === 'refuse' ? 'rule.refuse_shadowed' : 'rule.shadowed';
}

function isDenyList({ then, conditions }: ComparedRule): boolean {
  return then === 'refuse' && conditions.has('digestIn');
}

/** What a rule takes on trust. */
function contentLints(rule: ComparedRule): Lint[] {
  const at = `ima.measurements[${rule.index}]`;
  if (rule.then === 'refuse') return [];
  const pins = PINNING.filter((key) => rule.conditions.has(key));
  if (pins.length > 0) return [];
  if (rule.reach === 'buffer') {
    const told = 'any content is accepted';
    return rule.then === 'accept' ? [lint('rule.event_unpinned', at, told)] : [];
  }
  const isAll = takesEveryPath(rule);
  if (rule.then === 'warn') {
    return isAll ? [lint('rule.warns_everything', at, 'no file is refused as unknown')] : [];
  }
  return isAll
    ? [lint('rule.accepts_everything', at, 'every file is accepted')]
    : [lint('rule.accepts_any_content', at, 'any content is accepted under this path')];
}

/** Conditions that tie a measurement to a value. */
const PINNING = ['digestIn', 'signedBy', 'data', 'keyIn'];

function takesEveryPath({ pattern }: ComparedRule): boolean {
  if (pattern === undefined || !EVERY_PATH.ok) return false;
  const budget = new StepBudget(POLICY_LIMITS.lintPairSteps);
  return includes(pattern, EVERY_PATH.pattern, budget) === 'yes';
}

/** Every name that a file below the root can have. */
const EVERY_PATH = readPattern('/?**');

function setLints(
  { ima, boot }: CompletePolicy,
  sets: ReadonlyMap<string, { readonly entryCount: number }>,
): Lint[] {
  const named: (readonly [string, readonly string[] | undefined])[] = [
    ['boot.bootAggregate.kernels', boot.bootAggregate.kernels],
  ];
  for (const [pcr, { allowIn }] of Object.entries(boot.pcrs)) {
    named.push([`boot.pcrs["${pcr}"].allowIn`, allowIn]);
  }
  for (const [index, { digestIn }] of (ima === 'not-required' ? [] : ima.measurements).entries()) {
    named.push([`ima.measurements[${index}].digestIn`, digestIn]);
  }
  return named.flatMap(([path, names]) =>
    (names ?? []).flatMap((name, index) => {
      if (sets.get(name)?.entryCount !== 0) return [];
      return [lint('set.empty', `${path}[${index}]`, `the set ${name} has no entries`)];
    }),
  );
}

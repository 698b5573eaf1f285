// The ordered rules of `ima.measurements`, compiled: the first rule that matches decides, and what
// no rule matches is not accepted. docs/policy.md, "Measurement rules"

import { asciiBytes, equalBytes } from '../bytes/encoding.ts';
import type { Judgement, Measurement, MeasurementRules, Ruling } from './acceptance.ts';
import { hasLabel } from './event-data.ts';
import { compileGlob, type Glob } from './glob.ts';
import type { PolicyProblem } from './parse-policy.ts';
import type { ReferenceSet } from './reference-set.ts';
import type { CompleteImaPolicy, MeasurementRule } from './schema.ts';

export interface MeasurementRulesCompilation {
  readonly rules: MeasurementRules;
  readonly problems: readonly PolicyProblem[];
  /** Rules that this version can never match. */
  readonly notes: readonly string[];
}

/** Compiles the rules of a section `ima` against the reference sets that it may name. */
export function compileMeasurementRules(
  ima: CompleteImaPolicy,
  sets: ReadonlyMap<string, ReferenceSet>,
): MeasurementRulesCompilation {
  const problems: PolicyProblem[] = [];
  const notes: string[] = [];
  for (const [index, rule] of ima.measurements.entries()) {
    const path = `ima.measurements[${index}]`;
    problems.push(...missingSets(rule.digestIn, sets, `${path}.digestIn`));
    for (const key of UNSUPPORTED.filter((key) => rule[key] !== undefined)) {
      if (rule.then === 'accept') notes.push(`${path}.${key}: ${NEVER_MATCHES}`);
      else problems.push({ path: `${path}.${key}`, message: CANNOT_BE_SKIPPED });
    }
  }
  const accepted = new Set<string>(ima.fileDigests);
  const compiled = ima.measurements
    .filter((rule) => UNSUPPORTED.every((key) => rule[key] === undefined))
    .map((rule) => new CompiledRule(rule, sets, accepted));
  return { rules: new OrderedRules(compiled), problems, notes };
}

/** Conditions of the document that this version cannot judge. */
const UNSUPPORTED = ['signedBy', 'data', 'keyring', 'keyIn'] as const;

const NEVER_MATCHES = 'not supported by this version: the rule never matches';
const CANNOT_BE_SKIPPED =
  'not supported by this version, and a rule that warns or refuses cannot be skipped';

/** One problem for each name in `names` that no supplied set has. */
export function missingSets(
  names: readonly string[] | undefined,
  sets: ReadonlyMap<string, ReferenceSet>,
  path: string,
): PolicyProblem[] {
  return (names ?? []).flatMap((name, index) =>
    sets.has(name) ? [] : [{ path: `${path}[${index}]`, message: `no reference set "${name}"` }],
  );
}

class OrderedRules implements MeasurementRules {
  readonly #rules: readonly CompiledRule[];

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
  }

  judge(measurement: Measurement): Judgement {
    const ruling = this.#rules.find((rule) => rule.matches(measurement))?.ruling;
    return { ruling, remarks: [] };
  }

  expectation(measurement: Measurement): string {
    const hopes = this.#rules
      .filter((rule) => rule.ruling.then !== 'refuse' && rule.concerns(measurement))
      .map((rule) => rule.wants);
    return hopes.length === 0 ? `no ${measurement.kind} of this name` : listed(hopes, ' or ');
  }
}

/** A rule all of whose conditions this version can judge. */
class CompiledRule {
  readonly ruling: Ruling;
  /** What the rule asks of a measurement that it concerns, in words. */
  readonly wants: string;
  readonly #kind: Measurement['kind'] | 'any';
  readonly #path: Glob | undefined;
  readonly #event: Uint8Array | undefined;
  readonly #label: string | undefined;
  readonly #sets: readonly ReferenceSet[] | undefined;
  /** Algorithms in which a digest may speak for a measurement; `any` where it speaks against. */
  readonly #algorithms: 'any' | ReadonlySet<string>;

  constructor(
    rule: MeasurementRule,
    sets: ReadonlyMap<string, ReferenceSet>,
    accepted: ReadonlySet<string>,
  ) {
    this.ruling = { then: rule.then, rule: rule.id };
    this.#kind = kindOf(rule);
    this.#path = rule.path === undefined ? undefined : globOf(rule.path);
    this.#event = rule.event === undefined ? undefined : asciiBytes(rule.event);
    this.#label = rule.label;
    this.#sets = rule.digestIn?.flatMap((name) => sets.get(name) ?? []);
    this.#algorithms = rule.then === 'refuse' ? 'any' : accepted;
    this.wants =
      rule.digestIn === undefined
        ? `a match of rule ${rule.id}`
        : `a digest in ${listed(rule.digestIn, ' or ')} (rule ${rule.id})`;
  }

  /** Whether every condition holds. */
  matches(measurement: Measurement): boolean {
    return this.concerns(measurement) && this.#knowsDigest(measurement);
  }

  /** Whether every condition but the digest holds. */
  concerns({ kind, name }: Measurement): boolean {
    if (this.#kind !== 'any' && this.#kind !== kind) return false;
    if (this.#event !== undefined && !equalBytes(this.#event, name)) return false;
    if (this.#label !== undefined && !hasLabel(name, this.#label)) return false;
    return this.#path === undefined || this.#path.matches(name);
  }

  #knowsDigest({ algorithm, digest, name }: Measurement): boolean {
    if (this.#sets === undefined) return true;
    if (this.#algorithms !== 'any' && !this.#algorithms.has(algorithm)) return false;
    return this.#sets.some((set) => set.has(algorithm, digest, name));
  }
}

/** `path` is about files, `event` and `label` are about buffers. A rule with none of them refuses
 *  both, but accepts files only: a file that is known to be good is not thereby good as a key or a
 *  kernel policy. */
function kindOf(rule: MeasurementRule): Measurement['kind'] | 'any' {
  if ((rule.event ?? rule.label) !== undefined) return 'buffer';
  return rule.path === undefined && rule.then === 'refuse' ? 'any' : 'file';
}

function globOf(pattern: string): Glob {
  const compiled = compileGlob(pattern);
  if (!compiled.ok) throw new Error(`not checked by the schema: ${compiled.problem.message}`);
  return compiled.glob;
}

const LISTED = 3;

/** The first few of `items`, then a count: what is shown stays short. */
function listed(items: readonly string[], separator: string): string {
  const shown = items.filter((_, index) => index < LISTED).join(separator);
  return items.length > LISTED ? `${shown}${separator}${items.length - LISTED} more` : shown;
}

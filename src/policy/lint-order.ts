// Which rules can never decide, because an earlier one matches whatever they match.
// docs/policy.md, "Lints"

import { POLICY_LIMITS } from '../bytes/limits.ts';
import type { ByteSet } from './byte-ranges.ts';
import { type Pattern, readPattern } from './glob-pattern.ts';
import { type Decision, includes, overlaps, StepBudget } from './glob-relation.ts';

/** The part of a rule that decides what it matches. */
export interface RuleConditions {
  readonly path?: string | undefined;
  readonly then: string;
}

/** A rule made ready to be compared. */
export interface ComparedRule {
  readonly index: number;
  /** What findings and lints call it. */
  readonly name: string;
  readonly then: string;
  /** What kind of measurement it is about. */
  readonly reach: 'file' | 'buffer' | 'any';
  readonly pattern: Pattern | undefined;
  /** Bytes with which every name that it matches begins, as Latin-1; empty without a pattern. */
  readonly prefix: string;
  /** Bytes with which every such name ends. */
  readonly suffix: string;
  /** Every condition but the path. */
  readonly conditions: ReadonlyMap<string, unknown>;
}

/** Takes a checked rule apart. */
export function comparedRule(rule: RuleConditions, index: number, name: string): ComparedRule {
  const reading = rule.path === undefined ? undefined : readPattern(rule.path);
  if (reading?.ok === false) throw new Error(`not checked by the schema: ${rule.path}`);
  const pattern = reading?.pattern;
  const conditions = Object.entries(rule).filter(([key, value]) => {
    return !NO_CONDITIONS.includes(key) && value !== undefined;
  });
  return {
    index,
    name,
    then: rule.then,
    reach: reachOf(rule, new Map(conditions)),
    pattern,
    prefix: pattern === undefined ? '' : prefixOf(pattern),
    suffix: pattern === undefined ? '' : suffixOf(pattern),
    conditions: new Map(conditions),
  };
}

const NO_CONDITIONS = ['id', 'then', 'path'];

/** As in `measurement-rules.ts`: accepting rules without a path are about files. */
function reachOf(
  { path, then }: RuleConditions,
  conditions: ReadonlyMap<string, unknown>,
): ComparedRule['reach'] {
  if (BUFFER_KEYS.some((key) => conditions.has(key))) return 'buffer';
  return path === undefined && then === 'refuse' ? 'any' : 'file';
}

/** Conditions that only buffer events can satisfy. */
const BUFFER_KEYS = ['event', 'label', 'keyring'];

/** The literal bytes with which a pattern begins. */
function prefixOf({ tests, stars, doubleStars }: Pattern): string {
  let prefix = '';
  for (const [state, set] of tests.entries()) {
    const char = onlyChar(set);
    if (char === undefined || stars.has(state) || doubleStars.has(state)) break;
    prefix += char;
  }
  return prefix;
}

/** The literal bytes with which a pattern ends. */
function suffixOf({ tests, stars, doubleStars }: Pattern): string {
  let suffix = '';
  for (let state = tests.length; state > 0; state -= 1) {
    const char = onlyChar(tests[state - 1] ?? []);
    if (char === undefined || stars.has(state) || doubleStars.has(state)) break;
    suffix = char + suffix;
  }
  return suffix;
}

/** The byte of a set with one, as Latin-1. */
function onlyChar(set: ByteSet): string | undefined {
  const [range] = set;
  if (set.length !== 1 || range === undefined || range.low !== range.high) return undefined;
  return String.fromCharCode(range.low);
}

/** Whether names can end in both. */
function endAlike(one: string, other: string): boolean {
  return one.endsWith(other) || other.endsWith(one);
}

/** The rules so far that can still decide, found by the bytes with which their patterns begin. */
export class EarlierRules {
  readonly #byPrefix = new Map<string, ComparedRule[]>();
  readonly #lengths = new Set<number>();
  /** Those that accept or warn, in their order. */
  readonly #letting: ComparedRule[] = [];
  readonly #budget: StepBudget;

  constructor(budget: StepBudget) {
    this.#budget = budget;
  }

  add(rule: ComparedRule): void {
    this.#lengths.add(rule.prefix.length);
    const alike = this.#byPrefix.get(rule.prefix);
    if (alike === undefined) this.#byPrefix.set(rule.prefix, [rule]);
    else alike.push(rule);
    if (!isRefusal(rule)) this.#letting.push(rule);
  }

  /** The first rule that matches everything which `later` matches; undefined when there is none or
   *  when finding it would take too long. A pattern takes all of another only if its literal
   *  beginning is one of the other's. */
  coverOf(later: ComparedRule): ComparedRule | undefined {
    let first: ComparedRule | undefined;
    for (const length of this.#lengths) {
      if (length > later.prefix.length) continue;
      for (const rule of this.#byPrefix.get(later.prefix.substring(0, length)) ?? []) {
        if (first !== undefined && rule.index > first.index) break;
        if (covers(rule, later, this.#budget) === 'yes') first = rule;
      }
    }
    return first;
  }

  /** The first rule that lets through what `deny`, a rule that refuses by digest, may be about. */
  mayLetThrough(deny: ComparedRule): ComparedRule | undefined {
    return this.#letting.find((rule) => meet(rule, deny, this.#budget) === 'yes');
  }
}

function covers(earlier: ComparedRule, later: ComparedRule, budget: StepBudget): Decision {
  if (!budget.spend(1)) return 'unknown';
  if (earlier.reach !== 'any' && earlier.reach !== later.reach) return 'no';
  for (const [key, value] of earlier.conditions) {
    if (!isNarrowed(value, later.conditions.get(key))) return 'no';
    // What a signature says for a file it need not say against it.
    if (SIGNER_KEYS.includes(key) && isRefusal(earlier) !== isRefusal(later)) return 'no';
  }
  if (earlier.pattern === undefined) return 'yes';
  if (later.pattern === undefined) return 'no';
  if (!endAlike(earlier.suffix, later.suffix)) return 'no';
  const [wider, narrower] = [earlier.pattern, later.pattern];
  return within(budget, (part) => includes(wider, narrower, part));
}

const SIGNER_KEYS = ['signedBy', 'keyIn'];

function isRefusal({ then }: ComparedRule): boolean {
  return then === 'refuse';
}

/** Whether a condition holds wherever the other does. Lists are alternatives; all else is equal or
 *  not known to be narrower. */
function isNarrowed(wider: unknown, narrower: unknown): boolean {
  if (Array.isArray(wider) && Array.isArray(narrower)) {
    return narrower.every((item) => wider.includes(item));
  }
  return narrower !== undefined && JSON.stringify(wider) === JSON.stringify(narrower);
}

function meet(letting: ComparedRule, deny: ComparedRule, budget: StepBudget): Decision {
  if (!budget.spend(1)) return 'unknown';
  if (deny.reach !== 'any' && deny.reach !== letting.reach) return 'no';
  const [left, right] = [letting.pattern, deny.pattern];
  if (left === undefined || right === undefined) return 'yes';
  const isNear = letting.prefix.startsWith(deny.prefix) || deny.prefix.startsWith(letting.prefix);
  return isNear && endAlike(letting.suffix, deny.suffix)
    ? within(budget, (part) => overlaps(left, right, part))
    : 'no';
}

/** Decides with a part of the budget, so that one hard pair does not use up all of it. */
function within(budget: StepBudget, decide: (part: StepBudget) => Decision): Decision {
  const granted = Math.min(budget.left, POLICY_LIMITS.lintPairSteps);
  const part = new StepBudget(granted);
  const decision = decide(part);
  budget.settle(part, granted);
  return decision;
}

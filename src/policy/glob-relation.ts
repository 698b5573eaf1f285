// Whether one path pattern takes every name that another takes, or any: decided exactly on their
// automata, with a bound on the work. docs/policy.md, "Lints"

import { type ByteSet, holds } from './byte-ranges.ts';
import { type Pattern, SLASH } from './glob-pattern.ts';

/** `unknown`: the bound on the work was reached first. */
export type Decision = 'yes' | 'no' | 'unknown';

/** Steps that may still be taken; one takes about as long as looking at two rules takes at
 *  least. */
export class StepBudget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Takes `steps` away; false when there are not that many. */
  spend(steps: number): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }

  /** Takes away what `part` has used of the `granted` steps it began with. */
  settle(part: StepBudget, granted: number): void {
    this.#left -= granted - Math.max(part.#left, 0);
  }

  get left(): number {
    return Math.max(this.#left, 0);
  }
}

/** Whether `wider` takes every name that `narrower` takes. Looks for a name that only `narrower`
 *  takes: its states one by one, against all states in which `wider` can be. */
export function includes(wider: Pattern, narrower: Pattern, budget: StepBudget): Decision {
  if (!budget.spend(startOf(wider, narrower))) return 'unknown';
  const alphabet = representatives([wider, narrower]);
  const walk = new StateSets(wider);
  const seen = new Map<number, bigint[]>();
  const open: Pair[] = [{ state: 0, reached: 1n }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    if (pair.state === narrower.tests.length && !walk.hasLast(pair.reached)) return 'no';
    for (const { byte, next } of movesOf(narrower, pair.state, alphabet)) {
      if (!budget.spend(walk.words * MOVE_STEPS)) return 'unknown';
      const reached = walk.after(pair.reached, byte);
      // Every state of a pattern can still come to its end, so `narrower` takes what follows.
      if (reached === 0n) return 'no';
      for (const state of next) if (isNews(seen, { state, reached })) open.push({ state, reached });
    }
  }
  return 'yes';
}

/** Whether there is a name that both take. */
export function overlaps(left: Pattern, right: Pattern, budget: StepBudget): Decision {
  if (!budget.spend(startOf(left, right))) return 'unknown';
  const alphabet = representatives([left, right]);
  const walk = new StateSets(right);
  const reachedBy = new Map<number, bigint>([[0, 1n]]);
  const open = [0];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const from = reachedBy.get(state) ?? 0n;
    if (state === left.tests.length && walk.hasLast(from)) return 'yes';
    for (const { byte, next } of movesOf(left, state, alphabet)) {
      if (!budget.spend(walk.words * MOVE_STEPS)) return 'unknown';
      const reached = walk.after(from, byte);
      for (const each of next) {
        const before = reachedBy.get(each) ?? 0n;
        if ((reached | before) === before) continue;
        reachedBy.set(each, reached | before);
        open.push(each);
      }
    }
  }
  return 'no';
}

/** What it costs to begin. */
function startOf(left: Pattern, right: Pattern): number {
  return START_STEPS + left.tests.length + right.tests.length;
}

const START_STEPS = 40;
/** What it costs to leave 32 states with one byte. */
const MOVE_STEPS = 10;

/** A state of one pattern with the states in which the other can be after the same bytes. */
interface Pair {
  readonly state: number;
  readonly reached: bigint;
}

/** Whether the pair can show more than those seen before: fewer states of the other are worse. */
function isNews(seen: Map<number, bigint[]>, { state, reached }: Pair): boolean {
  const known = seen.get(state) ?? [];
  if (known.some((each) => (each & reached) === each)) return false;
  seen.set(state, [...known.filter((each) => (each & reached) !== reached), reached]);
  return true;
}

/** The states of a pattern as bits of one number. */
class StateSets {
  /** Sets of 32 states: what one step costs. */
  readonly words: number;
  readonly #pattern: Pattern;
  readonly #last: bigint;
  readonly #loopsAtSlash: bigint;
  readonly #loopsInComponent: bigint;
  readonly #moves = new Map<number, bigint>();

  constructor(pattern: Pattern) {
    this.#pattern = pattern;
    this.words = 1 + (pattern.tests.length >>> 5);
    this.#last = 1n << BigInt(pattern.tests.length);
    this.#loopsAtSlash = bitsOf(pattern.doubleStars);
    this.#loopsInComponent = bitsOf(pattern.stars) | this.#loopsAtSlash;
  }

  hasLast(states: bigint): boolean {
    return (states & this.#last) !== 0n;
  }

  after(states: bigint, byte: number): bigint {
    const loops = byte === SLASH ? this.#loopsAtSlash : this.#loopsInComponent;
    return ((states & this.#movesAt(byte)) << 1n) | (states & loops);
  }

  #movesAt(byte: number): bigint {
    const known = this.#moves.get(byte);
    if (known !== undefined) return known;
    const states = this.#pattern.tests.flatMap((set, state) => (holds(set, byte) ? [state] : []));
    const bits = bitsOf(states);
    this.#moves.set(byte, bits);
    return bits;
  }
}

/** Bit i for each state i: written as binary digits, which is read in one go. */
function bitsOf(states: Iterable<number>): bigint {
  const digits: string[] = ['0'];
  for (const state of states) {
    while (digits.length <= state) digits.push('0');
    digits[state] = '1';
  }
  return BigInt(`0b${digits.reverse().join('')}`);
}

interface Move {
  readonly byte: number;
  readonly next: readonly number[];
}

/** Where one state leads, with each representative that it takes. */
function movesOf(pattern: Pattern, state: number, alphabet: readonly number[]): Move[] {
  const test: ByteSet = pattern.tests[state] ?? [];
  const crosses = pattern.doubleStars.has(state);
  const stays = crosses || pattern.stars.has(state);
  const [only] = test;
  if (!stays && test.length === 1 && only?.low === only?.high && only !== undefined) {
    return [{ byte: only.low, next: [state + 1] }];
  }
  const moves: Move[] = [];
  for (const byte of alphabet) {
    const next: number[] = [];
    if (stays && (crosses || byte !== SLASH)) next.push(state);
    if (holds(test, byte)) next.push(state + 1);
    if (next.length > 0) moves.push({ byte, next });
  }
  return moves;
}

/** One byte of each kind that no test of the patterns tells apart: the first of each. */
function representatives(patterns: readonly Pattern[]): number[] {
  const first = new Set([0, SLASH, SLASH + 1]);
  for (const { tests } of patterns) {
    for (const { low, high } of tests.flat()) {
      first.add(low);
      if (high < 255) first.add(high + 1);
    }
  }
  return [...first];
}

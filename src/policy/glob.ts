// Path patterns as matchers: byte-exact, anchored at both ends, one pass over the name with a fixed
// amount of work for each byte. No backtracking, no regular expression. docs/policy.md

import type { ByteSet } from './byte-ranges.ts';
import { type GlobProblem, type Pattern, readPattern, SLASH } from './glob-pattern.ts';

/** A compiled pattern. */
export interface Glob {
  /** Whether the whole of `name` matches. Reads each byte of `name` at most once. */
  matches(name: Uint8Array): boolean;
}

export type GlobCompilation =
  | { readonly ok: true; readonly glob: Glob }
  | { readonly ok: false; readonly problem: GlobProblem };

/** Compiles a pattern, once for every name: 32 bytes for each test of the pattern, at least 1 KiB,
 *  in time proportional to that. */
export function compileGlob(pattern: string): GlobCompilation {
  const reading = readPattern(pattern);
  return reading.ok ? { ok: true, glob: new StateSetGlob(reading.pattern) } : reading;
}

/** The set of reachable states as bits, moved along all at once (Shift-And with self-loops). */
class StateSetGlob implements Glob {
  readonly #words: number;
  readonly #finalState: number;
  /** Row `byte`, column `word`: bit i when test i consumes the byte. */
  readonly #moves: Uint32Array;
  readonly #loopsInComponent: Uint32Array;
  readonly #loopsAtSlash: Uint32Array;
  /** Scratch of one match: a match is never interrupted. */
  readonly #states: Uint32Array;

  constructor(pattern: Pattern) {
    this.#finalState = pattern.tests.length;
    this.#words = (this.#finalState >>> 5) + 1;
    this.#moves = moveTable(pattern.tests, this.#words);
    this.#loopsAtSlash = bitSet(pattern.doubleStars, this.#words);
    this.#loopsInComponent = bitSet([...pattern.stars, ...pattern.doubleStars], this.#words);
    this.#states = new Uint32Array(this.#words);
  }

  matches(name: Uint8Array): boolean {
    this.#states.fill(0);
    this.#states[0] = 1;
    for (let index = 0; index < name.length; index += 1) {
      if (!this.#step(name[index] ?? 0)) return false;
    }
    return (((this.#states[this.#finalState >>> 5] ?? 0) >>> (this.#finalState & 31)) & 1) === 1;
  }

  /** Consumes one byte; false when no state is left. */
  #step(byte: number): boolean {
    const loops = byte === SLASH ? this.#loopsAtSlash : this.#loopsInComponent;
    const row = byte * this.#words;
    let carry = 0;
    let alive = 0;
    for (let word = 0; word < this.#words; word += 1) {
      const states = this.#states[word] ?? 0;
      const moved = states & (this.#moves[row + word] ?? 0);
      const next = (moved << 1) | carry | (states & (loops[word] ?? 0));
      carry = moved >>> 31;
      alive |= next;
      this.#states[word] = next;
    }
    return alive !== 0;
  }
}

/** The rows of all bytes. The bits of a test change only where one of its ranges begins or ends:
 *  those changes are set first, then every row takes over the one before it. */
function moveTable(tests: readonly ByteSet[], words: number): Uint32Array {
  const table = new Uint32Array(256 * words);
  for (const [state, set] of tests.entries()) {
    const column = state >>> 5;
    const bit = 1 << (state & 31);
    for (const { low, high } of set) {
      flip(table, low * words + column, bit);
      if (high < 255) flip(table, (high + 1) * words + column, bit);
    }
  }
  for (let cell = words; cell < table.length; cell += 1) {
    flip(table, cell, table[cell - words] ?? 0);
  }
  return table;
}

function flip(table: Uint32Array, cell: number, bits: number): void {
  table[cell] = (table[cell] ?? 0) ^ bits;
}

function bitSet(states: Iterable<number>, words: number): Uint32Array {
  const bits = new Uint32Array(words);
  for (const state of states) bits[state >>> 5] = (bits[state >>> 5] ?? 0) | (1 << (state & 31));
  return bits;
}

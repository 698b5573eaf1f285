// Path patterns: byte-exact, anchored at both ends, one pass over the name with a fixed amount of
// work for each byte. No backtracking, no regular expression. docs/policy.md, "Path patterns"
//
// | pattern       | matches                                                          |
// | ------------- | ---------------------------------------------------------------- |
// | `?`           | one byte that is not `/`                                         |
// | `*`           | any number of bytes, none of them `/`                            |
// | `**`          | any number of bytes                                              |
// | `[a-z_]`      | one of these ASCII bytes, never `/`                              |
// | `[!a-z_]`     | one byte that is none of these and not `/`                       |
// | `\*`          | the byte behind the backslash: one of `* ? [ ] { } \ ! ^ -`      |
// | anything else | its own UTF-8 bytes                                              |

import { POLICY_LIMITS } from '../bytes/limits.ts';

/** A compiled pattern. */
export interface Glob {
  /** Whether the whole of `name` matches. Reads each byte of `name` at most once. */
  matches(name: Uint8Array): boolean;
}

/** Where and why a text is no pattern. */
export interface GlobProblem {
  /** Byte of the pattern's UTF-8 form, from 0. */
  readonly offsetBytes: number;
  readonly message: string;
}

export type GlobCompilation =
  | { readonly ok: true; readonly glob: Glob }
  | { readonly ok: false; readonly problem: GlobProblem };

/** Compiles a pattern, once for every name. It must start with `/`, so that a name which does not
 *  (a record that only carries a basename, FORMATS 2.3) never matches. */
export function compileGlob(pattern: string): GlobCompilation {
  try {
    return { ok: true, glob: new StateSetGlob(new PatternReader(pattern).read()) };
  } catch (error) {
    if (!(error instanceof GlobProblemError)) throw error;
    return { ok: false, problem: error.problem };
  }
}

/** One place in a pattern that consumes one byte. */
type ByteTest = (byte: number) => boolean;

/** A pattern taken apart. State i means: the first i tests have each consumed a byte. */
interface Pattern {
  readonly tests: readonly ByteTest[];
  /** States in which `*` stands: they may consume any byte but `/`. */
  readonly stars: ReadonlySet<number>;
  /** States in which `**` stands: they may consume any byte. */
  readonly doubleStars: ReadonlySet<number>;
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

function moveTable(tests: readonly ByteTest[], words: number): Uint32Array {
  const table = new Uint32Array(256 * words);
  for (const [state, test] of tests.entries()) {
    for (let byte = 0; byte < 256; byte += 1) {
      const cell = byte * words + (state >>> 5);
      if (test(byte)) table[cell] = (table[cell] ?? 0) | (1 << (state & 31));
    }
  }
  return table;
}

function bitSet(states: Iterable<number>, words: number): Uint32Array {
  const bits = new Uint32Array(words);
  for (const state of states) bits[state >>> 5] = (bits[state >>> 5] ?? 0) | (1 << (state & 31));
  return bits;
}

class GlobProblemError extends Error {
  readonly problem: GlobProblem;
  constructor(problem: GlobProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

class PatternReader {
  readonly #bytes: Uint8Array;
  readonly #tests: ByteTest[] = [];
  readonly #stars = new Set<number>();
  readonly #doubleStars = new Set<number>();
  #at = 0;

  constructor(pattern: string) {
    this.#bytes = new TextEncoder().encode(pattern);
    if (/\p{Cs}/u.test(pattern)) this.#fail('half of a surrogate pair has no UTF-8 bytes');
  }

  read(): Pattern {
    if (this.#bytes.length > POLICY_LIMITS.patternBytes) {
      this.#fail(`a pattern has at most ${POLICY_LIMITS.patternBytes} bytes`);
    }
    if (this.#peek() !== SLASH) this.#fail('a pattern starts with /: bare names are never paths');
    while (this.#at < this.#bytes.length) this.#token();
    return { tests: this.#tests, stars: this.#stars, doubleStars: this.#doubleStars };
  }

  #token(): void {
    const byte = this.#next();
    if (byte === STAR) this.#star();
    else if (byte === QUESTION) this.#tests.push((other) => other !== SLASH);
    else if (byte === OPEN_BRACKET) this.#tests.push(this.#class());
    else if (byte === OPEN_BRACE || byte === CLOSE_BRACE) {
      this.#failAtLast('braces are no alternatives here: write two rules, or escape them');
    } else {
      const literal = byte === BACKSLASH ? this.#escaped() : this.#plain(byte);
      this.#tests.push((other) => other === literal);
    }
  }

  #star(): void {
    const state = this.#tests.length;
    if (this.#peek() !== STAR) {
      this.#stars.add(state);
      return;
    }
    this.#at += 1;
    if (this.#peek() === STAR) this.#fail('three stars mean nothing: write * or **');
    this.#doubleStars.add(state);
  }

  #class(): ByteTest {
    const start = this.#at - 1;
    const negated = this.#peek() === BANG;
    if (negated) this.#at += 1;
    if (this.#peek() === CARET) this.#fail('a class is negated with !, as in [!a]');
    const members = new Uint8Array(256);
    if (this.#peek() === CLOSE_BRACKET) this.#fail('an empty class matches nothing; ] is \\]');
    while (this.#peek() !== CLOSE_BRACKET) {
      if (this.#at >= this.#bytes.length) this.#fail('this class has no end', start);
      const low = this.#member();
      const high = this.#rangeEnd() ?? low;
      if (high < low) this.#failAtLast('a range goes from the lower byte to the higher');
      members.fill(1, low, high + 1);
    }
    this.#at += 1;
    const wanted = negated ? 0 : 1;
    return (byte) => byte !== SLASH && members[byte] === wanted;
  }

  /** The upper end of a range when one follows. */
  #rangeEnd(): number | undefined {
    if (this.#peek() !== DASH) return undefined;
    this.#at += 1;
    if (this.#peek() === CLOSE_BRACKET) this.#failAtLast('write \\- for a dash');
    return this.#member();
  }

  #member(): number {
    const byte = this.#next();
    if (byte === BACKSLASH) return this.#escaped();
    if (byte === SLASH) this.#failAtLast('a class never matches /');
    if (byte > 0x7f) this.#failAtLast('a class lists ASCII characters only');
    if (byte === DASH) this.#failAtLast('write \\- for a dash');
    if (byte === OPEN_BRACKET) this.#failAtLast('write \\[ for a bracket');
    return this.#plain(byte);
  }

  #escaped(): number {
    if (this.#at >= this.#bytes.length) this.#failAtLast('nothing follows the backslash');
    const byte = this.#next();
    if (!ESCAPABLE.includes(byte)) {
      this.#failAtLast('only * ? [ ] { } \\ ! ^ - can follow a backslash');
    }
    return byte;
  }

  #plain(byte: number): number {
    if (byte === 0) this.#failAtLast('a name holds no NUL');
    if (byte === SPACE) this.#failAtLast('the kernel writes every space as _: write _');
    return byte;
  }

  #peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The next byte; only called where one is left, or right before a check that fails. */
  #next(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) this.#fail('the pattern ends too early');
    this.#at += 1;
    return byte;
  }

  #failAtLast(message: string): never {
    this.#fail(message, this.#at - 1);
  }

  #fail(message: string, offsetBytes = this.#at): never {
    throw new GlobProblemError({ offsetBytes, message });
  }
}

const SPACE = 0x20;
const BANG = 0x21;
const STAR = 0x2a;
const DASH = 0x2d;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const CARET = 0x5e;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const ESCAPABLE: readonly number[] = [
  STAR,
  QUESTION,
  OPEN_BRACKET,
  CLOSE_BRACKET,
  OPEN_BRACE,
  CLOSE_BRACE,
  BACKSLASH,
  BANG,
  CARET,
  DASH,
];

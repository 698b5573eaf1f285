// Path patterns taken apart: what each place of a pattern takes, or where the text is no pattern.
// docs/policy.md, "Path patterns"
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
import { type ByteRange, type ByteSet, byteSet, complement, without } from './byte-ranges.ts';

/** A pattern taken apart. State i means: the first i tests have each taken a byte. */
export interface Pattern {
  /** What each test takes: never nothing. */
  readonly tests: readonly ByteSet[];
  /** States in which `*` stands: they may take any byte but `/`. */
  readonly stars: ReadonlySet<number>;
  /** States in which `**` stands: they may take any byte. */
  readonly doubleStars: ReadonlySet<number>;
}

/** Where and why a text is no pattern. */
export interface GlobProblem {
  /** Byte of the pattern's UTF-8 form, from 0. */
  readonly offsetBytes: number;
  readonly message: string;
}

export type PatternReading =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly problem: GlobProblem };

/** Reads a pattern. It must start with `/`, so that a name which does not (a record that only
 *  carries a basename, FORMATS 2.3) never matches. */
export function readPattern(text: string): PatternReading {
  try {
    return { ok: true, pattern: new PatternReader(text).read() };
  } catch (error) {
    if (!(error instanceof GlobProblemError)) throw error;
    return { ok: false, problem: error.problem };
  }
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
  readonly #tests: ByteSet[] = [];
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
    else if (byte === QUESTION) this.#tests.push(IN_COMPONENT);
    else if (byte === OPEN_BRACKET) this.#tests.push(this.#class());
    else if (byte === OPEN_BRACE || byte === CLOSE_BRACE) {
      this.#failAtLast('braces are no alternatives here: write two rules, or escape them');
    } else {
      const literal = byte === BACKSLASH ? this.#escaped() : this.#plain(byte);
      this.#tests.push([{ low: literal, high: literal }]);
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

  #class(): ByteSet {
    const start = this.#at - 1;
    const negated = this.#peek() === BANG;
    if (negated) this.#at += 1;
    if (this.#peek() === CARET) this.#fail('a class is negated with !, as in [!a]');
    const members: ByteRange[] = [];
    if (this.#peek() === CLOSE_BRACKET) this.#fail('an empty class matches nothing; ] is \\]');
    while (this.#peek() !== CLOSE_BRACKET) {
      if (this.#at >= this.#bytes.length) this.#fail('this class has no end', start);
      const low = this.#member();
      const high = this.#rangeEnd() ?? low;
      if (high < low) this.#failAtLast('a range goes from the lower byte to the higher');
      members.push({ low, high });
    }
    this.#at += 1;
    const listed = byteSet(members);
    return without(negated ? complement(listed) : listed, SLASH);
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

/** `/`, which separates the components of a path. */
export const SLASH = 0x2f;

const SPACE = 0x20;
const BANG = 0x21;
const STAR = 0x2a;
const DASH = 0x2d;
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

/** Every byte but the slash. */
const IN_COMPONENT = without([{ low: 0, high: 255 }], SLASH);

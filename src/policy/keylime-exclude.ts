// An exclude of a Keylime runtime policy, a regular expression of Python's `re.match`, as a path
// pattern that matches no absolute path that the expression does not match. Only the forms of the
// table are carried over; whoever wrote another one has to say what it means.
// Python library reference, "re"; docs/policy.md, "From Keylime"
//
// | expression         | pattern | means here                                     |
// | ------------------ | ------- | ---------------------------------------------- |
// | `^` at the start   |         | `re.match` starts there anyway                 |
// | `$` at the end     |         | without it anything may follow: `**`           |
// | `.*`               | `**`    | any bytes                                      |
// | `.` `.+`           | `?` `?**` | a byte that is not `/`: narrower             |
// | `[^/]*` `[^/]+`    | `*` `?*` | bytes of one component                        |
// | `[a-z0-9_]`        | the same | one of these                                  |
// | `\d`               | `[0-9]` | ASCII digits: narrower                         |
// | `\.` and the like  | the character |                                          |

import { POLICY_LIMITS } from '../bytes/limits.ts';
import { compileGlob } from './glob.ts';

/** What became of an expression. */
export type ExcludeReading =
  | {
      readonly ok: true;
      /** Patterns that together stand for it. */
      readonly globs: readonly string[];
      /** Whether it names nothing but how paths begin, or one whole path. */
      readonly isPlain: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/** Reads one exclude. */
export function readExclude(expression: string): ExcludeReading {
  if (expression.length > POLICY_LIMITS.patternBytes)
    return { ok: false, reason: 'it is too long' };
  // Between brackets or parentheses a bar would mean something else.
  const branches = /[[\](){}]/.test(expression) ? [expression] : expression.split('|');
  const globs: string[] = [];
  let isPlain = branches.length === 1;
  for (const branch of branches) {
    const read = readBranch(branch);
    if (typeof read === 'string') return { ok: false, reason: read };
    globs.push(read.glob);
    isPlain &&= read.isPlain;
  }
  return { ok: true, globs, isPlain };
}

interface Branch {
  readonly glob: string;
  readonly isPlain: boolean;
}

function readBranch(branch: string): Branch | string {
  const isEnded = /(?:^|[^\\])(?:\\\\)*\$$/.test(branch);
  const start = branch.startsWith('^') ? 1 : 0;
  const body = branch.substring(start, branch.length - (isEnded ? 1 : 0));
  const parts = partsOf(body);
  if (typeof parts === 'string') return parts;
  const last = parts.at(-1);
  const inside =
    last?.glob === ANYTHING ? parts.filter((_, index) => index + 1 < parts.length) : parts;
  const isPlain = inside.every(({ isLiteral }) => isLiteral);
  const text = inside.map(({ glob }) => glob).join('');
  const isOpen = !isEnded || last?.glob === ANYTHING;
  const anchored = text.startsWith(ANYTHING) ? `/${text}` : text;
  const glob = isOpen ? `${anchored}${ANYTHING}` : anchored;
  if (glob === ANYTHING || glob === `/${ANYTHING}`) return 'it would accept every file';
  if (!glob.startsWith('/')) return 'it names no absolute path, and a bare name proves no path';
  if (!/[^/*?]/.test(glob)) return 'it would accept nearly every file: nothing in it has a name';
  const compiled = compileGlob(glob);
  return compiled.ok
    ? { glob, isPlain }
    : `no path pattern says the same: ${compiled.problem.message}`;
}

interface Part {
  readonly glob: string;
  /** Whether it stands for one character, itself. */
  readonly isLiteral: boolean;
}

function partsOf(body: string): Part[] | string {
  const parts: Part[] = [];
  for (let at = 0; at < body.length; ) {
    const rest = body.substring(at);
    const form = FORMS.map(({ pattern, glob }) => ({ match: pattern.exec(rest), glob })).find(
      ({ match }) => match !== null,
    );
    const [text] = form?.match ?? [];
    if (form === undefined || text === undefined) return `${NOT_KNOWN} at character ${at + 1}`;
    const glob = form.glob ?? escaped(text.replace('\\', ''));
    parts.push({ glob: form.glob === CLASS ? text : glob, isLiteral: form.glob === undefined });
    at += text.length;
  }
  return parts;
}

/** A character of the pattern that stands for itself. */
function escaped(character: string): string {
  return /[*?[\]{}\\]/.test(character) ? `\\${character}` : character;
}

const ANYTHING = '**';
const CLASS = '[]';
const NOT_KNOWN = 'it is no form of expression that can be carried over:';

/** What may stand behind one of these: no quantifier. */
const ONCE = '(?![*+?{])';

/** In this order; without `glob` a character stands for itself, `CLASS` stands as it is. */
const FORMS: readonly { readonly pattern: RegExp; readonly glob?: string }[] = [
  { pattern: /^\.\*(?![*+?{])/, glob: ANYTHING },
  { pattern: /^\.\+(?![*+?{])/, glob: '?**' },
  { pattern: new RegExp(`^\\.${ONCE}`), glob: '?' },
  { pattern: /^\[\^\/\]\*(?![*+?{])/, glob: '*' },
  { pattern: /^\[\^\/\]\+(?![*+?{])/, glob: '?*' },
  { pattern: new RegExp(`^\\[(?:[A-Za-z0-9_](?:-[A-Za-z0-9])?)+\\]${ONCE}`), glob: CLASS },
  { pattern: new RegExp(`^\\\\d${ONCE}`), glob: '[0-9]' },
  // Letters and digits behind a backslash have meanings of their own.
  { pattern: new RegExp(`^\\\\[!-/:-@[-\`{-~]${ONCE}`) },
  // IMA writes a space as "_", so an expression with one matches nothing anyway.
  { pattern: new RegExp(`^[^\\s\\p{Cc}\\\\^$.|?*+()[\\]{}]${ONCE}`, 'u') },
];

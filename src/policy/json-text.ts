// JSON text with a line and column for every fault, and without the two traps of JSON.parse: of a
// repeated key the last one silently wins, and `__proto__` passes for a key. RFC 8259; RFC 7493.

import { POLICY_LIMITS } from '../bytes/limits.ts';

export interface JsonFault {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  readonly message: string;
}

export type JsonReading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly fault: JsonFault };

/** Caps on what one text may hold, above those on its size and nesting. */
export interface JsonCaps {
  /** Values of all kinds, at any depth. */
  readonly values: number;
  /** Items of one array that are neither objects nor arrays. */
  readonly items: number;
  /** Members of one object. */
  readonly members: number;
}

/** The value of a JSON text, or the first place where it is not strict JSON: a grammar fault, a
 *  repeated key, the key `__proto__`, half of a surrogate pair, nesting above
 *  `POLICY_LIMITS.nesting`, or more than `caps` allow. */
export function readJsonText(text: string, caps: JsonCaps = NO_CAPS): JsonReading {
  try {
    new JsonScan(text, caps).document();
  } catch (error) {
    if (!(error instanceof JsonFaultError)) throw error;
    return { ok: false, fault: placeOf(text, error) };
  }
  const value: unknown = JSON.parse(text);
  return { ok: true, value };
}

const NO_CAPS: JsonCaps = {
  values: Number.POSITIVE_INFINITY,
  items: Number.POSITIVE_INFINITY,
  members: Number.POSITIVE_INFINITY,
};

class JsonFaultError extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

function placeOf(text: string, { at, message }: JsonFaultError): JsonFault {
  let line = 1;
  let lineStart = 0;
  for (;;) {
    const end = text.indexOf('\n', lineStart);
    if (end === -1 || end >= at) return { line, column: at - lineStart + 1, message };
    line += 1;
    lineStart = end + 1;
  }
}

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const LONGEST_NUMBER_CHARS = 64;
const ESCAPES = '"\\/bfnrt';
const WORDS = ['true', 'false', 'null'];

/** Walks the text once; recursion is bounded by the nesting cap. */
class JsonScan {
  readonly #text: string;
  readonly #caps: JsonCaps;
  #at = 0;
  #values = 0;

  constructor(text: string, caps: JsonCaps) {
    this.#text = text;
    this.#caps = caps;
  }

  document(): void {
    if (this.#text.startsWith(BYTE_ORDER_MARK)) {
      this.#fail('a byte order mark: save the text as UTF-8 without one');
    }
    this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('the document ends here, but text follows');
  }

  #value(depth: number): void {
    if (depth > POLICY_LIMITS.nesting) this.#fail(`nested deeper than ${POLICY_LIMITS.nesting}`);
    this.#space();
    this.#values += 1;
    if (this.#values > this.#caps.values) this.#fail(`more than ${this.#caps.values} values`);
    const first = this.#text.charAt(this.#at);
    if (first === '{') this.#object(depth);
    else if (first === '[') this.#array(depth);
    else if (first === '"') this.#string();
    else if (first === '-' || isDigit(first)) this.#number();
    else this.#word();
  }

  #object(depth: number): void {
    const keys = new Set<string>();
    this.#at += 1;
    if (this.#closes('}')) return;
    do {
      this.#key(keys);
      this.#expect(':');
      this.#value(depth + 1);
    } while (this.#continues('}'));
  }

  #key(keys: Set<string>): void {
    this.#space();
    const start = this.#at;
    if (this.#text.charAt(start) !== '"') this.#fail('a key in double quotes is expected');
    this.#string();
    const key: unknown = JSON.parse(this.#text.substring(start, this.#at));
    if (typeof key !== 'string') this.#fail('a key in double quotes is expected', start);
    if (key === '__proto__') this.#fail('"__proto__" cannot be a key', start);
    if (keys.has(key)) this.#fail(`the key ${shown(key)} is repeated`, start);
    keys.add(key);
    const { members } = this.#caps;
    if (keys.size > members) this.#fail(`more than ${members} keys in one object`, start);
  }

  #array(depth: number): void {
    this.#at += 1;
    if (this.#closes(']')) return;
    let items = 0;
    do {
      this.#value(depth + 1);
      if (!this.#isBehindStructure()) items += 1;
      if (items > this.#caps.items) this.#fail(`more than ${this.#caps.items} items in one list`);
    } while (this.#continues(']'));
  }

  #string(): void {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code)) this.#fail('the string that starts here does not end', start);
      if (code < SPACE) this.#fail('a control character in a string must be escaped');
      this.#at += 1;
      if (code === QUOTE) return;
      if (code === BACKSLASH) this.#escape();
      else if (isHighHalf(code) && isLowHalf(this.#text.charCodeAt(this.#at))) this.#at += 1;
      else if (isHighHalf(code) || isLowHalf(code)) this.#fail(HALF_PAIR, this.#at - 1);
    }
  }

  #escape(): void {
    const char = this.#text.charAt(this.#at);
    if (char === 'u') {
      const start = this.#at - 1;
      const unit = this.#unit();
      if (isLowHalf(unit)) this.#fail(HALF_PAIR, start);
      if (isHighHalf(unit)) this.#secondHalf(start);
      return;
    }
    if (char === '' || !ESCAPES.includes(char)) this.#fail('no such escape in JSON');
    this.#at += 1;
  }

  /** The UTF-16 code unit of `uXXXX`. */
  #unit(): number {
    const digits = this.#text.substring(this.#at + 1, this.#at + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail('\\u needs four hex digits');
    this.#at += 5;
    return Number.parseInt(digits, 16);
  }

  #secondHalf(start: number): void {
    const follows = this.#text.startsWith('\\u', this.#at);
    if (follows) this.#at += 1;
    if (!follows || !isLowHalf(this.#unit())) this.#fail(HALF_PAIR, start);
  }

  #number(): void {
    const start = this.#at;
    while (isNumberChar(this.#text.charAt(this.#at))) this.#at += 1;
    const token = this.#text.substring(start, this.#at);
    if (token.length > LONGEST_NUMBER_CHARS || !NUMBER.test(token)) {
      this.#fail('this is not a number in JSON', start);
    }
  }

  #word(): void {
    const word = WORDS.find((candidate) => this.#text.startsWith(candidate, this.#at));
    if (word === undefined) this.#fail('a JSON value is expected here');
    this.#at += word.length;
  }

  /** Whether the structure is empty; then steps behind its end. */
  #closes(end: string): boolean {
    this.#space();
    if (this.#text.charAt(this.#at) !== end) return false;
    this.#at += 1;
    return true;
  }

  /** Steps over a comma (true) or over the end (false). */
  #continues(end: string): boolean {
    this.#space();
    const char = this.#text.charAt(this.#at);
    if (char !== ',' && char !== end) this.#fail(`a comma or ${end} is expected here`);
    this.#at += 1;
    return char === ',';
  }

  #isBehindStructure(): boolean {
    const last = this.#text.charAt(this.#at - 1);
    return last === '}' || last === ']';
  }

  #expect(char: string): void {
    this.#space();
    if (this.#text.charAt(this.#at) !== char) this.#fail(`${char} is expected here`);
    this.#at += 1;
  }

  #space(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #fail(message: string, at = this.#at): never {
    throw new JsonFaultError(message, at);
  }
}

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HALF_PAIR = 'half of a surrogate pair is no character';
const BYTE_ORDER_MARK = '\ufeff';
const SHOWN_KEY_CHARS = 80;

/** A key in quotes: keys are the author's, of any length. */
function shown(key: string): string {
  const isLong = key.length > SHOWN_KEY_CHARS;
  return JSON.stringify(isLong ? `${key.substring(0, SHOWN_KEY_CHARS)}…` : key);
}

function isHighHalf(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowHalf(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Space, line feed, carriage return, tab. */
function isSpace(code: number): boolean {
  return code === SPACE || code === 0x0a || code === 0x0d || code === 0x09;
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function isNumberChar(char: string): boolean {
  return isDigit(char) || (char !== '' && '+-.eE'.includes(char));
}

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

/** The value of a JSON text, or the first place where it is not strict JSON: a grammar fault, a
 *  repeated key, the key `__proto__`, or nesting above `POLICY_LIMITS.nesting`. */
export function readJsonText(text: string): JsonReading {
  try {
    new JsonScan(text).document();
  } catch (error) {
    if (!(error instanceof JsonFaultError)) throw error;
    return { ok: false, fault: placeOf(text, error) };
  }
  const value: unknown = JSON.parse(text);
  return { ok: true, value };
}

class JsonFaultError extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

function placeOf(text: string, error: JsonFaultError): JsonFault {
  const before = text.substring(0, error.at).split('\n');
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    message: error.message,
  };
}

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const LONGEST_NUMBER_CHARS = 64;
const ESCAPES = '"\\/bfnrt';
const WORDS = ['true', 'false', 'null'];

/** Walks the text once; recursion is bounded by the nesting cap. */
class JsonScan {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('the document ends here, but text follows');
  }

  #value(depth: number): void {
    if (depth > POLICY_LIMITS.nesting) this.#fail(`nested deeper than ${POLICY_LIMITS.nesting}`);
    this.#space();
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
    if (keys.has(key)) this.#fail(`the key ${JSON.stringify(key)} is repeated`, start);
    keys.add(key);
  }

  #array(depth: number): void {
    this.#at += 1;
    if (this.#closes(']')) return;
    do this.#value(depth + 1);
    while (this.#continues(']'));
  }

  #string(): void {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      const char = this.#text.charAt(this.#at);
      if (char === '') this.#fail('the string that starts here does not end', start);
      if (char < ' ') this.#fail('a control character in a string must be escaped');
      this.#at += 1;
      if (char === '"') return;
      if (char === '\\') this.#escape();
    }
  }

  #escape(): void {
    const char = this.#text.charAt(this.#at);
    if (char === 'u') {
      const digits = this.#text.substring(this.#at + 1, this.#at + 5);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail('\\u needs four hex digits');
      this.#at += 5;
      return;
    }
    if (char === '' || !ESCAPES.includes(char)) this.#fail('no such escape in JSON');
    this.#at += 1;
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

  #expect(char: string): void {
    this.#space();
    if (this.#text.charAt(this.#at) !== char) this.#fail(`${char} is expected here`);
    this.#at += 1;
  }

  #space(): void {
    while (isSpace(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #fail(message: string, at = this.#at): never {
    throw new JsonFaultError(message, at);
  }
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function isNumberChar(char: string): boolean {
  return isDigit(char) || (char !== '' && '+-.eE'.includes(char));
}

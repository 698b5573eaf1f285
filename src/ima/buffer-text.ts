// A walk over the text of a buffer, phrase by phrase: what breaks the grammar is found at its byte.
// FORMATS 11.

import { asciiBytes, escapeText, latinText } from '../bytes/encoding.ts';
import type { ByteReader } from '../bytes/reader.ts';

/** One piece of a grammar. */
export interface Phrase {
  /** Sticky, and linear in the text: the alternatives of a repetition begin with different bytes.
   *  Its first group, where it has one, is the value. */
  readonly pattern: RegExp;
  /** The phrase in a few words. */
  readonly expected: string;
}

/** A phrase out of regular expression source. */
export function phrase(source: string, expected: string): Phrase {
  return { pattern: new RegExp(source, 'y'), expected };
}

/** The phrase `key=value` and what ends it, with a value that `valueSource` matches. */
export function pairPhrase(key: string, valueSource: string, end: string): Phrase {
  return phrase(`${key}=(${valueSource})${end}`, `${key}=…${end}`);
}

/** The Latin text of everything that a reader has left, and a place in it. */
export class BufferText {
  readonly #reader: ByteReader;
  readonly #startBytes: number;
  readonly #text: string;
  #at = 0;

  constructor(reader: ByteReader) {
    this.#reader = reader;
    this.#startBytes = reader.offsetBytes;
    this.#text = latinText(reader.take(reader.leftBytes, 'text'));
  }

  /** Whether anything is left. */
  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** Takes a phrase and gives its value, or throws MalformedError at the byte where it should have
   *  begun. */
  take(wanted: Phrase): string {
    return this.tryTake(wanted) ?? this.fail(wanted.expected);
  }

  /** Takes a phrase if it comes next. */
  tryTake({ pattern }: Phrase): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match[1] ?? '';
  }

  /** Throws MalformedError unless everything was taken. */
  end(): void {
    if (!this.isAtEnd) this.fail('the end of the buffer');
  }

  /** Throws MalformedError at the next byte. */
  fail(expected: string): never {
    const next = this.#text.substring(this.#at, this.#at + SHOWN_BYTES);
    return this.#reader.fail('bad-value', 'text', {
      expected,
      actual: next === '' ? 'the end of the buffer' : escapeText(asciiBytes(next)),
      offsetBytes: this.#startBytes + this.#at,
    });
  }
}

const SHOWN_BYTES = 24;

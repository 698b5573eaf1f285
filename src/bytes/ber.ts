// Elements of certificates and revocation lists, read as the field writes them: definite lengths
// only, but what DER asks beyond BER may be missing, and is then noted. ITU-T X.690, 8 and 10.

import { latinText } from './encoding.ts';
import type { ByteReader } from './reader.ts';

/** Identifier octets of the types that certificates are made of. */
export const BER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Identifier octet of a context-specific element with this number. */
export function contextTag(number: number, form: 'primitive' | 'constructed'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | number;
}

/** One element. */
export interface BerElement {
  readonly tag: number;
  /** The contents octets. */
  readonly bytes: Uint8Array;
  /** Identifier, length and contents as received: what signatures and comparisons are over. */
  readonly whole: Uint8Array;
  /** A reader over the contents. */
  readonly content: BerReader;
}

/** Reads elements one after the other. All readers below one share the list of departures. */
export class BerReader {
  readonly #reader: ByteReader;
  /** Fields whose encoding is not DER, by the name they were read with. */
  readonly departures: Set<string>;

  constructor(reader: ByteReader, departures = new Set<string>()) {
    this.#reader = reader;
    this.departures = departures;
  }

  /** Whether every element was read. */
  get isAtEnd(): boolean {
    return this.#reader.leftBytes === 0;
  }

  /** Whether the next element has this tag. */
  startsWith(tag: number): boolean {
    return this.#reader.nextByte === tag;
  }

  /** Reads the next element, whatever it is. */
  any(field: string): BerElement {
    const reader = this.#reader;
    const startBytes = reader.offsetBytes;
    const tag = reader.u8(`${field}.tag`);
    if ((tag & TAG_NUMBER) === TAG_NUMBER) {
      this.#refuse(field, { expected: 'a tag number below 31', actual: 'a longer one' });
    }
    const lengthBytes = this.#length(field);
    const contentBytes = reader.offsetBytes;
    const content = new BerReader(reader.sub(lengthBytes, field), this.departures);
    const bytes = reader.since(contentBytes);
    return { tag, bytes, whole: reader.since(startBytes), content };
  }

  /** Reads the next element, which must have this tag. */
  element(tag: number, field: string): BerElement {
    const actual = this.#reader.nextByte;
    if (actual !== undefined && actual !== tag) {
      this.#refuse(field, { expected: `tag ${hexByte(tag)}`, actual: `tag ${hexByte(actual)}` });
    }
    return this.any(field);
  }

  /** Reads the next element if it has this tag. */
  optional(tag: number, field: string): BerElement | undefined {
    return this.startsWith(tag) ? this.any(field) : undefined;
  }

  /** Reads an INTEGER and returns its contents: two's complement, big endian, never empty. */
  integer(field: string): Uint8Array {
    const { bytes } = this.element(BER_TAG.integer, field);
    const [first, second] = bytes;
    if (first === undefined) this.#refuse(field, { expected: 'a number', actual: 'no bytes' });
    const spare = second !== undefined && ((first === 0 && second < 0x80) || isFill(first, second));
    if (spare) this.departures.add(field);
    return bytes;
  }

  /** Reads an INTEGER from 0 to 2^31 - 1. */
  count(field: string): number {
    const bytes = this.integer(field);
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    if ((bytes[0] ?? 0) < 0x80 && value <= MAX_COUNT) return value;
    return this.#refuse(field, { expected: 'a small number', actual: `${bytes.byteLength} bytes` });
  }

  /** Reads a BOOLEAN. */
  boolean(field: string): boolean {
    const { bytes } = this.element(BER_TAG.boolean, field);
    const [value] = bytes;
    if (value === undefined || bytes.byteLength !== 1) {
      this.#refuse(field, { expected: 'one byte', actual: `${bytes.byteLength} bytes` });
    }
    if (value !== 0 && value !== 0xff) this.departures.add(field);
    return value !== 0;
  }

  /** Reads an OBJECT IDENTIFIER as dotted numbers. */
  oid(field: string): string {
    const { bytes } = this.element(BER_TAG.oid, field);
    return (
      oidText(bytes) ?? this.#refuse(field, { expected: 'an object identifier', actual: 'none' })
    );
  }

  /** Reads a BIT STRING of whole bytes. */
  bitString(field: string): Uint8Array {
    const { content, bytes } = this.element(BER_TAG.bitString, field);
    const unused = content.#reader.u8(`${field}.unusedBits`);
    if (unused !== 0) {
      this.#refuse(field, { expected: 'whole bytes', actual: `${unused} unused bits` });
    }
    return content.#reader.take(bytes.byteLength - 1, field);
  }

  /** Reads a UTCTime or GeneralizedTime in UTC with seconds (RFC 5280, 4.1.2.5): milliseconds
   *  since 1970. */
  time(field: string): number {
    const { tag, bytes } = this.any(field);
    const text = latinText(bytes);
    const time = tag === BER_TAG.utcTime ? utcTime(text) : undefined;
    const value = tag === BER_TAG.generalizedTime ? timeOf(text) : time;
    return value ?? this.#refuse(field, { expected: 'a time in UTC', actual: 'another form' });
  }

  /** Fails unless every element was read. */
  end(structure: string): void {
    this.#reader.end(structure);
  }

  /** Fails with a place: a value that no well-formed structure has here. */
  refuse(field: string, seen: { readonly expected: string; readonly actual: string }): never {
    return this.#refuse(field, seen);
  }

  #length(field: string): number {
    const first = this.#reader.u8(`${field}.length`);
    if (first < 0x80) return first;
    const sizeBytes = first & 0x7f;
    if (sizeBytes === 0 || sizeBytes > MAX_LENGTH_BYTES) {
      this.#refuse(field, { expected: 'a definite length', actual: hexByte(first) });
    }
    const bytes = this.#reader.take(sizeBytes, `${field}.length`);
    const length = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    if (length < 0x80 || bytes[0] === 0) this.departures.add(field);
    return length;
  }

  #refuse(field: string, seen: { readonly expected: string; readonly actual: string }): never {
    return this.#reader.fail('bad-value', field, seen);
  }
}

/** An object identifier as dotted numbers, or undefined when the bytes are none. */
function oidText(bytes: Uint8Array): string | undefined {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) return undefined;
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first, ...rest] = arcs;
  if (first === undefined || (bytes.at(-1) ?? 0) >= 0x80) return undefined;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join('.');
}

/** Two digits of a year stand for 1950 to 2049. */
function utcTime(text: string): number | undefined {
  return timeOf(`${text < '5' ? '20' : '19'}${text}`);
}

function timeOf(text: string): number | undefined {
  const parts = TIME.exec(text)?.map(Number);
  if (parts === undefined) return undefined;
  const [, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Whether the first byte of a negative number only repeats its sign. */
function isFill(first: number, second: number): boolean {
  return first === 0xff && second >= 0x80;
}

function hexByte(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const TAG_NUMBER = 0x1f;
/** Four bytes of length reach beyond every cap on what is read. */
const MAX_LENGTH_BYTES = 4;
const MAX_COUNT = 0x7fff_ffff;

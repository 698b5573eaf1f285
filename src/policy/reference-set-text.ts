// Streaming readers of reference sets as text: the lines of sha256sum and its siblings, and NDJSON.
// docs/policy.md, "Reference sets"; GNU coreutils manual, "md5sum invocation" for the first form.

import { fromHex } from '../bytes/encoding.ts';
import { POLICY_LIMITS } from '../bytes/limits.ts';
import { ByteReader } from '../bytes/reader.ts';
import { type HashName, hashByName } from '../crypto/digest.ts';
import { type ReferenceEntry, type ReferenceSet, ReferenceSetBuilder } from './reference-set.ts';

/** `digest-lines`: lines of sha1sum, sha256sum, sha384sum or sha512sum, told apart by length. */
export type ReferenceFormat = 'digest-lines' | 'ndjson';

export interface ReferenceReading {
  readonly format: ReferenceFormat;
  /** What the paths in digest lines mean. `free` (default): nothing; package paths often are not
   *  those of the installed file. `bound`: each digest counts for its own absolute path only. */
  readonly paths?: 'free' | 'bound';
}

/** A line that is no entry. */
export interface ReferenceProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export type ReferenceResult =
  | { readonly ok: true; readonly set: ReferenceSet }
  | { readonly ok: false; readonly problems: readonly ReferenceProblem[] };

/** Reads a reference set from text that arrives in pieces cut anywhere. A set with one bad line is
 *  refused whole: half a set is a trap. Gives up after `POLICY_LIMITS.problems` problems. */
export class ReferenceSetReader {
  readonly #builder = new ReferenceSetBuilder();
  readonly #problems: ReferenceProblem[] = [];
  readonly #readLine: (line: Uint8Array) => ReferenceEntry | string | undefined;
  /** The start of a line that the windows cut. */
  readonly #kept = new Uint8Array(POLICY_LIMITS.setLineBytes);
  /** How long that start is; more than `#kept` holds when the line is too long. */
  #keptBytes = 0;
  #lineNumber = 1;

  constructor({ format, paths = 'free' }: ReferenceReading) {
    const bound = paths === 'bound';
    this.#readLine = format === 'ndjson' ? readNdjsonLine : (line) => readDigestLine(line, bound);
  }

  /** Feeds the next bytes. */
  push(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes, 'big');
    for (let start = 0; start < bytes.byteLength && !this.#gaveUp(); ) {
      const newline = bytes.indexOf(LF, start);
      if (newline < 0) {
        this.#keep(reader.take(reader.leftBytes, 'line'));
        return;
      }
      this.#endLine(reader.take(newline - start, 'line'));
      reader.take(1, 'newline');
      start = newline + 1;
    }
  }

  /** Ends the text (the last line may lack its newline) and gives the set. Call once. */
  end(): ReferenceResult {
    if (!this.#gaveUp()) this.#endLine(new Uint8Array());
    if (this.#problems.length > 0) return { ok: false, problems: this.#problems };
    return { ok: true, set: this.#builder.build() };
  }

  /** Keeps a piece of a line whose end is still to come. */
  #keep(piece: Uint8Array): void {
    const lengthBytes = this.#keptBytes + piece.byteLength;
    if (lengthBytes <= this.#kept.byteLength) this.#kept.set(piece, this.#keptBytes);
    this.#keptBytes = lengthBytes;
  }

  #endLine(rest: Uint8Array): void {
    const message = this.#take(rest);
    if (message !== undefined) this.#problems.push({ line: this.#lineNumber, message });
    this.#lineNumber += 1;
    this.#keptBytes = 0;
  }

  /** Adds the entry of the line that ends with `rest`; what is wrong with it, if anything is. */
  #take(rest: Uint8Array): string | undefined {
    const cut = this.#keptBytes > 0;
    if (cut) this.#keep(rest);
    const lengthBytes = cut ? this.#keptBytes : rest.byteLength;
    if (lengthBytes > this.#kept.byteLength) {
      return `a line has at most ${this.#kept.byteLength} bytes`;
    }
    if (lengthBytes === 0) return undefined;
    const line = cut ? new ByteReader(this.#kept, 'big').take(lengthBytes, 'line') : rest;
    const entry = this.#readLine(line);
    if (entry === undefined || typeof entry === 'string') return entry;
    return this.#builder.add(entry);
  }

  #gaveUp(): boolean {
    return this.#problems.length >= POLICY_LIMITS.problems;
  }
}

/** Reads a whole text at once. */
export function readReferenceSet(text: Uint8Array, reading: ReferenceReading): ReferenceResult {
  const reader = new ReferenceSetReader(reading);
  reader.push(text);
  return reader.end();
}

/** An entry, a reason, or undefined for a comment. */
function readDigestLine(line: Uint8Array, bound: boolean): ReferenceEntry | string | undefined {
  if (line[0] === HASH_SIGN) return undefined;
  if (line[line.byteLength - 1] === CR) return 'the line ends with CR LF: use LF alone';
  const escaped = line[0] === BACKSLASH;
  const start = escaped ? 1 : 0;
  const hexChars = hexRun(line, start);
  const algorithm = BY_HEX_CHARS.get(hexChars);
  const pathAt = start + hexChars + 2;
  if (algorithm === undefined || !hasSeparator(line, pathAt)) return NO_DIGEST_LINE;
  const digest = bytesOfHex(line, start, hexChars);
  if (!bound && !escaped) return { algorithm, digest };
  const path = pathFrom(line, pathAt, escaped);
  if (path === undefined) return 'a name that starts with \\ knows only \\\\, \\n and \\r';
  return bound ? { algorithm, digest, path } : { algorithm, digest };
}

/** The name behind the separator, unescaped; undefined when its escapes are not GNU's. */
function pathFrom(line: Uint8Array, at: number, escaped: boolean): Uint8Array | undefined {
  const reader = new ByteReader(line, 'big');
  reader.take(at, 'digest');
  const name = reader.take(reader.leftBytes, 'path');
  return escaped ? unescaped(name) : name;
}

/** Two spaces (text) or a space and a star (binary) before `pathAt`, and a path behind. */
function hasSeparator(line: Uint8Array, pathAt: number): boolean {
  const mark = line[pathAt - 1];
  return line[pathAt - 2] === SPACE && (mark === SPACE || mark === STAR) && pathAt < line.length;
}

function hexRun(line: Uint8Array, start: number): number {
  let at = start;
  while (at < line.byteLength && (NIBBLES[line[at] ?? 0] ?? -1) >= 0) at += 1;
  return at - start;
}

function bytesOfHex(line: Uint8Array, start: number, chars: number): Uint8Array {
  const bytes = new Uint8Array(chars / 2);
  for (let index = 0; index < bytes.byteLength; index += 1) {
    const at = start + 2 * index;
    bytes[index] = ((NIBBLES[line[at] ?? 0] ?? 0) << 4) | (NIBBLES[line[at + 1] ?? 0] ?? 0);
  }
  return bytes;
}

/** Undoes GNU escaping; undefined when a backslash is followed by anything else. */
function unescaped(name: Uint8Array): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < name.byteLength; at += 1) {
    const byte = name[at] ?? 0;
    if (byte !== BACKSLASH) {
      bytes.push(byte);
      continue;
    }
    at += 1;
    const meant = GNU_ESCAPES.get(name[at] ?? 0);
    if (meant === undefined) return undefined;
    bytes.push(meant);
  }
  return Uint8Array.from(bytes);
}

/** `{"digest":"sha256:hex"}`, with `"path"` where the digest counts for that path only. */
function readNdjsonLine(line: Uint8Array): ReferenceEntry | string {
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(line));
  } catch {
    return 'the line is not a JSON value in UTF-8';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return NO_OBJECT;
  const fields = new Map<string, unknown>(Object.entries(value));
  const digest = fields.get('digest');
  const path = fields.get('path');
  const known = 1 + (fields.has('path') ? 1 : 0);
  if (typeof digest !== 'string' || fields.size !== known) return NO_OBJECT;
  const parsed = parseDigest(digest);
  if (parsed === undefined) return 'digest is an algorithm, a colon and hex of its size';
  if (!fields.has('path')) return parsed;
  if (typeof path !== 'string' || /\p{Cs}/u.test(path))
    return 'path is a string of whole characters';
  return { ...parsed, path: new TextEncoder().encode(path) };
}

function parseDigest(text: string): ReferenceEntry | undefined {
  const colon = text.indexOf(':');
  const algorithm = hashByName(text.substring(0, colon));
  const digest = fromHex(text.substring(colon + 1));
  if (algorithm === undefined || digest?.byteLength !== algorithm.sizeBytes) return undefined;
  return { algorithm: algorithm.name, digest };
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const HASH_SIGN = 0x23;
const STAR = 0x2a;
const BACKSLASH = 0x5c;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Value of each ASCII hex digit of either case; -1 for every other byte. */
const NIBBLES = new Int8Array(256).fill(-1);
for (const digits of ['0123456789abcdef', '0123456789ABCDEF']) {
  for (let value = 0; value < 16; value += 1) NIBBLES[digits.charCodeAt(value)] = value;
}

/** Hex digits of a digest: SHA-2, because the tools that write such lines are its tools. */
const BY_HEX_CHARS: ReadonlyMap<number, HashName> = new Map([
  [40, 'sha1'],
  [64, 'sha256'],
  [96, 'sha384'],
  [128, 'sha512'],
]);

const GNU_ESCAPES: ReadonlyMap<number, number> = new Map([
  [BACKSLASH, BACKSLASH],
  [0x6e, LF],
  [0x72, CR],
]);

const NO_DIGEST_LINE =
  'not a line of sha256sum: 40, 64, 96 or 128 hex digits, two spaces (or space and *), a path';
const NO_OBJECT = 'not an object with "digest" and, optionally, "path" alone';

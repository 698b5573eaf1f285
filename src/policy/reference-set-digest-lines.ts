// One line of sha1sum, sha256sum, sha384sum or sha512sum as an entry of a reference set.
// docs/policy.md, "Reference sets"; GNU coreutils manual, "md5sum invocation".

import { ByteReader } from '../bytes/reader.ts';
import type { HashName } from '../crypto/digest.ts';
import type { ReferenceEntry } from './reference-set.ts';

/** The entry of a line, what is wrong with it, or undefined for a comment. `bound`: the digest
 *  counts for the path behind it only. */
export function readDigestLine(
  line: Uint8Array,
  bound: boolean,
): ReferenceEntry | string | undefined {
  if (line[0] === HASH_SIGN) return undefined;
  if (line[line.byteLength - 1] === CR) return 'the line ends with CR LF: use LF alone';
  const escaped = line[0] === BACKSLASH;
  const start = escaped ? 1 : 0;
  const hexChars = hexRun(line, start);
  const algorithm = algorithmOfHex(hexChars);
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

/** The algorithm whose digests have so many hex digits: SHA-2, because the tools that write bare
 *  digests are its tools. */
export function algorithmOfHex(chars: number): HashName | undefined {
  return BY_HEX_CHARS.get(chars);
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const HASH_SIGN = 0x23;
const STAR = 0x2a;
const BACKSLASH = 0x5c;

/** Value of each ASCII hex digit of either case; -1 for every other byte. */
const NIBBLES = new Int8Array(256).fill(-1);
for (const digits of ['0123456789abcdef', '0123456789ABCDEF']) {
  for (let value = 0; value < 16; value += 1) NIBBLES[digits.charCodeAt(value)] = value;
}

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

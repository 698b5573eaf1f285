// Reference sets as NDJSON, read and written: `{"digest":"sha256:hex"}` a line, with `"path"` where
// the digest counts for that path only. The first line may say terms of the whole set instead:
// `{"format":"plumbline-reference-set/1","validFrom":…,"retireAt":…,"basis":…}`. docs/policy.md

import { fromHex, toHex } from '../bytes/encoding.ts';
import { hashByName } from '../crypto/digest.ts';
import type { ReferenceEntry } from './reference-set.ts';
import { momentMs, SET_BASES, type SetBasis, type SetTerms } from './reference-set-terms.ts';

/** Terms as a first line says them; moments are RFC 3339 in UTC. */
export interface WrittenTerms {
  readonly validFrom?: string;
  readonly retireAt?: string;
  readonly basis?: SetBasis;
}

/** The first line of a set with terms, without its newline. */
export function ndjsonHead(terms: WrittenTerms): string {
  return JSON.stringify({ format: FORMAT, ...terms });
}

/** The line of an entry, without its newline. A path that is not UTF-8 cannot be written. */
export function ndjsonLine({ algorithm, digest, path }: ReferenceEntry): string {
  const value = `${algorithm}:${toHex(digest)}`;
  return JSON.stringify({ digest: value, ...(path && { path: UTF8.decode(path) }) });
}

/** The entry of a line, the terms that a first line says, or what is wrong with it. */
export function readNdjsonLine(
  line: Uint8Array,
  isFirst: boolean,
): ReferenceEntry | SetTerms | string {
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(line));
  } catch {
    return 'the line is not a JSON value in UTF-8';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return NO_OBJECT;
  const fields = new Map<string, unknown>(Object.entries(value));
  if (isFirst && fields.has('format')) return readHead(fields);
  const digest = fields.get('digest');
  const path = fields.get('path');
  const known = 1 + (fields.has('path') ? 1 : 0);
  if (typeof digest !== 'string' || fields.size !== known) return NO_OBJECT;
  const parsed = parseDigest(digest);
  if (parsed === undefined) return NO_DIGEST;
  if (!fields.has('path')) return parsed;
  if (typeof path !== 'string' || /\p{Cs}/u.test(path))
    return 'path is a string of whole characters';
  return { ...parsed, path: new TextEncoder().encode(path) };
}

/** The digest in `algorithm:hex`; undefined for any other text. */
export function parseDigest(text: string): ReferenceEntry | undefined {
  const colon = text.indexOf(':');
  const algorithm = hashByName(text.substring(0, colon));
  const digest = fromHex(text.substring(colon + 1));
  if (algorithm === undefined || digest?.byteLength !== algorithm.sizeBytes) return undefined;
  return { algorithm: algorithm.name, digest };
}

function readHead(fields: ReadonlyMap<string, unknown>): SetTerms | string {
  if (fields.get('format') !== FORMAT) return `format is ${FORMAT}`;
  const stranger = [...fields.keys()].find((key) => !HEAD_KEYS.has(key));
  if (stranger !== undefined) return `a first line with format knows ${[...HEAD_KEYS].join(', ')}`;
  const validFromMs = readMoment(fields.get('validFrom'));
  const retireAtMs = readMoment(fields.get('retireAt'));
  if (validFromMs === null) return `validFrom ${NO_MOMENT}`;
  if (retireAtMs === null) return `retireAt ${NO_MOMENT}`;
  const claimed = fields.get('basis');
  const basis = SET_BASES.find((known) => known === claimed);
  if (claimed !== undefined && basis === undefined) return `basis is ${SET_BASES.join(' or ')}`;
  const validity = {
    ...(validFromMs !== undefined && { validFromMs }),
    ...(retireAtMs !== undefined && { retireAtMs }),
  };
  return { validity, ...(basis && { basis }) };
}

/** Milliseconds since 1970, undefined where nothing is said, null where it is no moment. */
function readMoment(value: unknown): number | undefined | null {
  if (value === undefined) return undefined;
  return (typeof value === 'string' ? momentMs(value) : undefined) ?? null;
}

const FORMAT = 'plumbline-reference-set/1';
const HEAD_KEYS: ReadonlySet<string> = new Set(['format', 'validFrom', 'retireAt', 'basis']);
const NO_MOMENT = 'is a moment in UTC, such as 2026-11-22T08:00:00Z';
/** Said of a text that is no `algorithm:hex`. */
const NO_DIGEST = 'digest is an algorithm, a colon and hex of its size';
const NO_OBJECT = 'not an object with "digest" and, optionally, "path" alone';
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

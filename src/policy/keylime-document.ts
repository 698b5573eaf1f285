// The text of a Keylime runtime policy as its sections, each of the right shape, and a log of what
// has no place here. Keylime, keylime/ima/types.py and keylime/ima/ima.py; docs/policy.md, "From
// Keylime"

import { z } from 'zod';
import { POLICY_LIMITS } from '../bytes/limits.ts';
import type { Steps } from './steps.ts';

/** The sections of a runtime policy that say what is accepted. */
export interface KeylimeDocument {
  /** Hex digests by path. */
  readonly digests: Digests;
  /** Regular expressions of Python. */
  readonly excludes: readonly string[];
  /** Hex digests by name of the keyring, and by name of any other buffer. */
  readonly keyrings: Digests;
  readonly buffers: Digests;
}

export type Digests = ReadonlyMap<string, readonly string[]>;

/** Something that was not carried over as it stood. */
export interface LeftOut {
  /** Where it stands in the document. */
  readonly at: string;
  /** What became of it. */
  readonly message: string;
}

/** Keeps the first of what was left out, and counts the rest. */
export class LeftOutLog {
  readonly #kept: LeftOut[] = [];
  #more = 0;

  add(at: string, message: string): void {
    if (this.#kept.length < POLICY_LIMITS.problems) this.#kept.push({ at, message });
    else this.#more += 1;
  }

  get all(): readonly LeftOut[] {
    if (this.#more === 0) return this.#kept;
    return [...this.#kept, { at: '', message: `and ${this.#more} more that were left out` }];
  }
}

/** Reads a document in the format of today or an older form in JSON. What says nothing about
 *  acceptance here goes to `log`. Gives the place and the reason when it is neither. */
export function* readingKeylimeDocument(
  text: Uint8Array,
  log: LeftOutLog,
): Steps<{ readonly document: KeylimeDocument } | { readonly problem: LeftOut }> {
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(text));
  } catch {
    return { problem: { at: '', message: 'not a JSON document in UTF-8' } };
  }
  yield;
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = (issue?.path ?? []).map(String).join('.');
    return { problem: { at, message: issue?.message ?? 'not a runtime policy' } };
  }
  sayWhatHasNoPlace(parsed.data, log);
  yield;
  const { digests, hashes, excludes, keyrings, 'ima-buf': buffers } = parsed.data;
  const sections: Digests[] = [];
  const wanted: readonly (readonly [string, unknown])[] = [
    digests === undefined ? ['hashes', hashes] : ['digests', digests],
    ['keyrings', keyrings],
    ['ima-buf', buffers],
  ];
  for (const [at, section] of wanted) {
    const read = yield* readDigests(at, section);
    if ('problem' in read) return read;
    sections.push(read.digests);
  }
  const [files = NONE, ofKeyrings = NONE, ofBuffers = NONE] = sections;
  const document = { digests: files, keyrings: ofKeyrings, buffers: ofBuffers };
  return { document: { ...document, excludes: excludes ?? [] } };
}

/** A section of very many names: in steps, which a schema would not be. */
function* readDigests(
  at: string,
  section: unknown,
): Steps<{ readonly digests: Digests } | { readonly problem: LeftOut }> {
  const digests = new Map<string, readonly string[]>();
  if (section === undefined || section === null) return { digests };
  if (typeof section !== 'object' || Array.isArray(section)) {
    return { problem: { at, message: 'an object of lists of hex digests' } };
  }
  for (const [name, list] of Object.entries(section)) {
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
      const place = `${at}[${JSON.stringify(name)}]`;
      return { problem: { at: place, message: 'a list of hex digests' } };
    }
    digests.set(name, list);
    if (digests.size % STEP_NAMES === 0) yield;
  }
  return { digests };
}

const shape = z
  .looseObject({
    meta: z.looseObject({
      version: z.int().min(1).max(5, 'versions 1 to 5 are known'),
    }),
    digests: z.unknown().optional(),
    hashes: z.unknown().optional(),
    excludes: z.array(z.string()).nullish(),
    keyrings: z.unknown().optional(),
    ima: z.looseObject({ ignored_keyrings: z.array(z.string()).nullish() }).nullish(),
    'ima-buf': z.unknown().optional(),
  })
  .refine(
    (document) => (document.digests === undefined) !== (document.hashes === undefined),
    'one of digests and, in older forms, hashes is needed',
  );

function sayWhatHasNoPlace(document: z.output<typeof shape>, log: LeftOutLog): void {
  for (const name of document.ima?.ignored_keyrings ?? []) {
    log.add('ima.ignored_keyrings', `${JSON.stringify(name)}: ${NO_IGNORED_KEYRING}`);
  }
  const { dm_policy: deviceMapper, ...ima } = document.ima ?? {};
  if (!isEmpty(deviceMapper)) log.add('ima.dm_policy', NO_DEVICE_MAPPER);
  for (const key of Object.keys(ima)) {
    if (!KNOWN_IMA.has(key)) log.add(`ima.${key}`, NOT_KNOWN);
  }
  if (!isEmpty(document['verification-keys'])) log.add('verification-keys', NO_KEYS);
  for (const key of Object.keys(document)) if (!KNOWN.has(key)) log.add(key, NOT_KNOWN);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** `meta` and `release` describe the document; which digest column a list has, `log_hash_alg`, is
 *  said by the evidence and checked. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['meta', 'release', 'digests', 'hashes', 'excludes', 'keyrings', 'ima', 'ima-buf'],
  'verification-keys',
]);
const KNOWN_IMA: ReadonlySet<string> = new Set(['ignored_keyrings', 'log_hash_alg']);

const NOT_KNOWN = 'nothing is known of this key: it has no effect';
const NO_IGNORED_KEYRING =
  'keys on this keyring are refused unless a rule accepts them: an event rule without digests ' +
  'would accept any buffer of that name, not keys alone';
const NO_DEVICE_MAPPER =
  'device mapper events are refused: write rules on their events, with digests or data';
const NO_KEYS =
  'no signature by these keys is accepted: upload them as a keyring and name it in signedBy';
const UTF8 = new TextDecoder('utf-8', { fatal: true });
const NONE: Digests = new Map();
/** Some milliseconds of checks. */
const STEP_NAMES = 4096;

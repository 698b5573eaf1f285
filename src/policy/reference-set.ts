// Reference sets: the known digests that rules name with `digestIn`. Content-addressed, so that a
// verdict can say by which values it came about. docs/policy.md, "Reference sets"

import { concatBytes, isAllZero } from '../bytes/encoding.ts';
import { IMA_LIMITS, POLICY_LIMITS } from '../bytes/limits.ts';
import { digest, type HashName, hashByName } from '../crypto/digest.ts';
import { addressOf } from './reference-set-address.ts';
import type { SetBasis, SetTerms, SetValidity } from './reference-set-terms.ts';
import { type SortedRecords, SortedRecordsBuilder } from './sorted-records.ts';
import { runSteps, type Steps } from './steps.ts';

/** A set of digests, each acceptable for any name or for one path only. */
export interface ReferenceSet extends SetTerms {
  /** Content address: `sha256:` and hex. Independent of order and repeats of the upload; the terms
   *  are part of it. */
  readonly digest: string;
  /** How many different entries it has. */
  readonly entryCount: number;
  /** Whether the set has `digest` under this algorithm's name, path-free or bound to exactly
   *  `name` (spaces as underscores, as IMA records them). False for an algorithm unknown here. */
  has(algorithm: string, digest: Uint8Array, name: Uint8Array): boolean;
}

/** A set with its records at hand: to share it between threads and to compare it. */
export interface IndexedReferenceSet extends ReferenceSet {
  /** By name of the algorithm. */
  readonly tables: ReferenceTables;
  /** Whether it has exactly this entry: the path, or its absence, included. */
  hasEntry(entry: ReferenceEntry): boolean;
}

export type ReferenceTables = ReadonlyMap<string, ReferenceTable>;

/** The entries of one algorithm. */
export interface ReferenceTable {
  readonly sizeBytes: number;
  /** Digests. */
  readonly free: SortedRecords;
  /** Digests, each with the key of its path behind it. */
  readonly bound: SortedRecords;
}

/** One entry on its way into a set. */
export interface ReferenceEntry {
  readonly algorithm: HashName;
  readonly digest: Uint8Array;
  /** The only path for which the digest counts; absent: it counts for every name. */
  readonly path?: Uint8Array;
}

/** Gathers entries in any order. */
export class ReferenceSetBuilder {
  readonly #tables = new Map<HashName, TableBuilder>();
  #count = 0;

  /** Adds an entry, or says in words why it cannot be one. */
  add(entry: ReferenceEntry): string | undefined {
    const refusal = entryRefusal(entry);
    if (refusal !== undefined) return refusal;
    if (this.#count >= POLICY_LIMITS.setEntries) {
      return `a reference set has at most ${POLICY_LIMITS.setEntries} entries`;
    }
    this.#count += 1;
    const table = this.#table(entry.algorithm, entry.digest.byteLength);
    if (entry.path === undefined) table.free.add(entry.digest);
    else table.bound.add(boundRecord(entry.digest, asRecorded(entry.path)));
    return undefined;
  }

  /** The set of everything that was added, in one go. Call it or `building`, once. */
  build(terms: SetTerms = NO_TERMS): IndexedReferenceSet {
    return runSteps(this.building(terms));
  }

  /** The same in steps: a million entries take some hundred milliseconds. */
  *building(terms: SetTerms = NO_TERMS): Steps<IndexedReferenceSet> {
    const tables = new Map<string, ReferenceTable>();
    for (const [algorithm, { free, bound }] of this.#tables) {
      const sizeBytes = hashByName(algorithm)?.sizeBytes ?? 0;
      const table = { sizeBytes, free: yield* free.build(), bound: yield* bound.build() };
      tables.set(algorithm, table);
    }
    return openTables(tables, terms, yield* addressOf(tables, terms));
  }

  #table(algorithm: HashName, sizeBytes: number): TableBuilder {
    const known = this.#tables.get(algorithm);
    if (known !== undefined) return known;
    const table = {
      free: new SortedRecordsBuilder(sizeBytes),
      bound: new SortedRecordsBuilder(sizeBytes + PATH_KEY_BYTES),
    };
    this.#tables.set(algorithm, table);
    return table;
  }
}

/** A set over tables that were built, under the address that was computed for them. */
export function openTables(
  tables: ReferenceTables,
  terms: SetTerms,
  address: string,
): IndexedReferenceSet {
  return new TableReferenceSet(tables, terms, address);
}

interface TableBuilder {
  readonly free: SortedRecordsBuilder;
  readonly bound: SortedRecordsBuilder;
}

class TableReferenceSet implements IndexedReferenceSet {
  readonly digest: string;
  readonly entryCount: number;
  readonly validity: SetValidity;
  readonly basis?: SetBasis;
  readonly tables: ReferenceTables;

  constructor(tables: ReferenceTables, { validity, basis }: SetTerms, address: string) {
    this.tables = tables;
    this.digest = address;
    this.validity = validity;
    if (basis !== undefined) this.basis = basis;
    this.entryCount = [...tables.values()].reduce(
      (sum, { free, bound }) => sum + free.count + bound.count,
      0,
    );
  }

  has(algorithm: string, fileDigest: Uint8Array, name: Uint8Array): boolean {
    const table = this.tables.get(algorithm);
    if (table === undefined || table.sizeBytes !== fileDigest.byteLength) return false;
    if (table.free.has(fileDigest)) return true;
    // The path's key costs a hash: look first whether the digest is bound to anything.
    return table.bound.has(fileDigest) && table.bound.has(boundRecord(fileDigest, name));
  }

  hasEntry({ algorithm, digest: value, path }: ReferenceEntry): boolean {
    const table = this.tables.get(algorithm);
    if (table === undefined || table.sizeBytes !== value.byteLength) return false;
    if (path === undefined) return table.free.has(value);
    return table.bound.has(value) && table.bound.has(boundRecord(value, asRecorded(path)));
  }
}

/** What keeps an entry out of a set, in words; undefined when nothing does. */
export function entryRefusal({
  algorithm,
  digest: value,
  path,
}: ReferenceEntry): string | undefined {
  if (value.byteLength !== hashByName(algorithm)?.sizeBytes) {
    return `a ${algorithm} digest has another length`;
  }
  if (isAllZero(value)) return 'an all-zero digest stands for unknown content (FORMATS 2.3)';
  if (path === undefined) return undefined;
  if (path[0] !== SLASH) return 'a bound path is absolute';
  if (path.includes(0)) return 'a path holds no NUL';
  if (path.byteLength >= IMA_LIMITS.nameBytes) return 'the path is longer than the kernel records';
  return undefined;
}

/** The path as IMA records it: every space an underscore (FORMATS 2.3). */
function asRecorded(path: Uint8Array): Uint8Array {
  return path.includes(SPACE) ? path.map((byte) => (byte === SPACE ? UNDERSCORE : byte)) : path;
}

/** A digest and behind it the fixed-size stand-in for its path. */
function boundRecord(value: Uint8Array, recordedPath: Uint8Array): Uint8Array {
  const pathKey = digest('sha256', recordedPath);
  if (pathKey === undefined) throw new Error('SHA-256 cannot be computed');
  return concatBytes(value, pathKey);
}

const NO_TERMS: SetTerms = { validity: {} };
const SLASH = 0x2f;
const SPACE = 0x20;
const UNDERSCORE = 0x5f;
const PATH_KEY_BYTES = 32;

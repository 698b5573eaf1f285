// Reference sets: the known digests that rules name with `digestIn`. Content-addressed, so that a
// verdict can say by which values it came about. docs/policy.md, "Reference sets"

import { asciiBytes, concatBytes, isAllZero, toHex } from '../bytes/encoding.ts';
import { IMA_LIMITS, POLICY_LIMITS } from '../bytes/limits.ts';
import { digest, type HashName, hashByName } from '../crypto/digest.ts';
import { type SortedRecords, SortedRecordsBuilder } from './sorted-records.ts';

/** A set of digests, each acceptable for any name or for one path only. */
export interface ReferenceSet {
  /** Content address: `sha256:` and hex. Independent of order and repeats of the upload. */
  readonly digest: string;
  /** How many different entries it has. */
  readonly entryCount: number;
  /** Whether the set has `digest` under this algorithm's name, path-free or bound to exactly
   *  `name` (spaces as underscores, as IMA records them). False for an algorithm unknown here. */
  has(algorithm: string, digest: Uint8Array, name: Uint8Array): boolean;
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
    const refusal = refusalOf(entry);
    if (refusal !== undefined) return refusal;
    if (this.#count >= POLICY_LIMITS.setEntries) {
      return `a reference set has at most ${POLICY_LIMITS.setEntries} entries`;
    }
    this.#count += 1;
    const table = this.#table(entry.algorithm, entry.digest.byteLength);
    if (entry.path === undefined) table.free.add(entry.digest);
    else table.bound.add(concatBytes(entry.digest, pathKey(asRecorded(entry.path))));
    return undefined;
  }

  /** The set of everything that was added. */
  build(): ReferenceSet {
    const tables = new Map<string, Table>();
    for (const [algorithm, { free, bound }] of this.#tables) {
      const sizeBytes = hashByName(algorithm)?.sizeBytes ?? 0;
      tables.set(algorithm, { sizeBytes, free: free.build(), bound: bound.build() });
    }
    return new TableReferenceSet(tables);
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

interface TableBuilder {
  readonly free: SortedRecordsBuilder;
  readonly bound: SortedRecordsBuilder;
}

interface Table {
  readonly sizeBytes: number;
  /** Digests. */
  readonly free: SortedRecords;
  /** Digests, each with the key of its path behind it. */
  readonly bound: SortedRecords;
}

class TableReferenceSet implements ReferenceSet {
  readonly digest: string;
  readonly entryCount: number;
  readonly #tables: ReadonlyMap<string, Table>;

  constructor(tables: ReadonlyMap<string, Table>) {
    this.#tables = tables;
    this.digest = `sha256:${toHex(sha256(asciiBytes(canonicalForm(tables))))}`;
    this.entryCount = [...tables.values()].reduce(
      (sum, { free, bound }) => sum + free.count + bound.count,
      0,
    );
  }

  has(algorithm: string, fileDigest: Uint8Array, name: Uint8Array): boolean {
    const table = this.#tables.get(algorithm);
    if (table === undefined || table.sizeBytes !== fileDigest.byteLength) return false;
    if (table.free.has(fileDigest)) return true;
    // The path's key costs a hash: look first whether the digest is bound to anything.
    return table.bound.has(fileDigest) && table.bound.has(concatBytes(fileDigest, pathKey(name)));
  }
}

/** One line a non-empty table, by algorithm: kind, count, SHA-256 of the sorted records. */
function canonicalForm(tables: ReadonlyMap<string, Table>): string {
  const lines = ['plumbline-reference-set/1'];
  for (const [algorithm, table] of [...tables].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const kind of ['free', 'bound'] as const) {
      const { bytes, count } = table[kind];
      if (count > 0) lines.push(`${algorithm} ${kind} ${count} ${toHex(sha256(bytes))}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function refusalOf({ algorithm, digest: value, path }: ReferenceEntry): string | undefined {
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
  return path.map((byte) => (byte === SPACE ? UNDERSCORE : byte));
}

/** Fixed-size stand-in for a path. */
function pathKey(path: Uint8Array): Uint8Array {
  return sha256(path);
}

function sha256(bytes: Uint8Array): Uint8Array {
  const value = digest('sha256', bytes);
  if (value === undefined) throw new Error('SHA-256 cannot be computed');
  return value;
}

const SLASH = 0x2f;
const SPACE = 0x20;
const UNDERSCORE = 0x5f;
const PATH_KEY_BYTES = 32;

// A reference set for several threads: the same memory opened again, nothing copied or sorted anew.
// docs/policy.md, "Reference sets"

import { type IndexedReferenceSet, openTables, type ReferenceTable } from './reference-set.ts';
import type { SetTerms } from './reference-set-terms.ts';
import type { IndexedRecords } from './sort-buckets.ts';
import { SortedRecords } from './sorted-records.ts';

/** A set as a plain object. Its bytes lie in SharedArrayBuffers: posting it to another thread sends
 *  a few hundred bytes. */
export interface SharedReferenceSet {
  readonly digest: string;
  readonly terms: SetTerms;
  readonly tables: readonly {
    readonly algorithm: string;
    readonly sizeBytes: number;
    readonly free: IndexedRecords;
    readonly bound: IndexedRecords;
  }[];
}

/** What another thread needs to open this set. */
export function shareReferenceSet(set: IndexedReferenceSet): SharedReferenceSet {
  const { digest, validity, basis } = set;
  const tables = [...set.tables].map(([algorithm, { sizeBytes, free, bound }]) => {
    return { algorithm, sizeBytes, free: free.indexed, bound: bound.indexed };
  });
  return { digest, terms: { validity, ...(basis && { basis }) }, tables };
}

/** Opens a set that `shareReferenceSet` gave, and believes it. Nobody writes to its memory. */
export function openReferenceSet(shared: SharedReferenceSet): IndexedReferenceSet {
  const { digest, terms, tables } = shared;
  const opened = tables.map(({ algorithm, sizeBytes, free, bound }): [string, ReferenceTable] => [
    algorithm,
    { sizeBytes, free: new SortedRecords(free), bound: new SortedRecords(bound) },
  ]);
  return openTables(new Map(opened), terms, digest);
}

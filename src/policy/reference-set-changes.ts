// What changed from one version of a reference set to another: counts from the sets alone, and the
// entries with their paths from the texts. docs/policy.md, "Reference sets"

import { toHex, viewBytes } from '../bytes/encoding.ts';
import { POLICY_LIMITS } from '../bytes/limits.ts';
import type { IndexedReferenceSet, ReferenceEntry } from './reference-set.ts';
import { ReferenceEntryReader, type ReferenceReading } from './reference-set-text.ts';
import type { SortedRecords } from './sorted-records.ts';
import type { Steps } from './steps.ts';

/** How many entries changed, in all and for each algorithm and kind of entry that did. */
export interface SetChanges extends ChangeCount {
  readonly tables: readonly (ChangeCount & {
    readonly algorithm: string;
    readonly paths: 'free' | 'bound';
  })[];
}

export interface ChangeCount {
  readonly added: number;
  readonly removed: number;
}

/** Counts what `to` has and `from` lacks, and the reverse. */
export function* countingChanges(
  from: IndexedReferenceSet,
  to: IndexedReferenceSet,
): Steps<SetChanges> {
  const tables: SetChanges['tables'][number][] = [];
  for (const algorithm of new Set([...from.tables.keys(), ...to.tables.keys()])) {
    for (const paths of ['free', 'bound'] as const) {
      const [old, now] = [from.tables.get(algorithm)?.[paths], to.tables.get(algorithm)?.[paths]];
      const common = old === undefined || now === undefined ? 0 : yield* countCommon(old, now);
      const [added, removed] = [(now?.count ?? 0) - common, (old?.count ?? 0) - common];
      if (added + removed > 0) tables.push({ algorithm, paths, added, removed });
    }
  }
  const sum = (key: keyof ChangeCount) => tables.reduce((total, table) => total + table[key], 0);
  return { added: sum('added'), removed: sum('removed'), tables };
}

/** Finds in the text of one set what another set lacks: each entry once, and of all readers that
 *  share `budget` no more than it allows. */
export class ChangedEntries {
  readonly #reader: ReferenceEntryReader;
  readonly #seen = new Set<string>();
  #found: ReferenceEntry[] = [];

  constructor(reading: ReferenceReading, other: IndexedReferenceSet, budget: ChangeBudget) {
    this.#reader = new ReferenceEntryReader(reading, (entry) => {
      if (budget.left > 0 && !other.hasEntry(entry) && this.#isNew(entry)) {
        budget.left -= 1;
        this.#found.push(entry);
      }
      return undefined;
    });
  }

  /** Feeds the next bytes of the text; gives what they had. */
  push(bytes: Uint8Array): readonly ReferenceEntry[] {
    this.#reader.push(bytes);
    return this.#take();
  }

  /** Ends the text; gives what was left. */
  end(): readonly ReferenceEntry[] {
    this.#reader.end();
    return this.#take();
  }

  #isNew(entry: ReferenceEntry): boolean {
    const key = changeLine('added', entry);
    const isNew = !this.#seen.has(key);
    this.#seen.add(key);
    return isNew;
  }

  #take(): readonly ReferenceEntry[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }
}

/** How many changed entries may still be told. */
export interface ChangeBudget {
  left: number;
}

/** As many as one comparison tells. */
export function changeBudget(): ChangeBudget {
  return { left: POLICY_LIMITS.shownChanges };
}

/** A changed entry as a line of NDJSON, without its newline. Bytes of a path that are not UTF-8
 *  show as U+FFFD. */
export function changeLine(
  change: 'added' | 'removed',
  { algorithm, digest, path }: ReferenceEntry,
): string {
  const value = `${algorithm}:${toHex(digest)}`;
  return JSON.stringify({ change, digest: value, ...(path && { path: UTF8.decode(path) }) });
}

function* countCommon(one: SortedRecords, other: SortedRecords): Steps<number> {
  const [few, many] = one.count < other.count ? [one, other] : [other, one];
  const { bytes, recordBytes } = few;
  let common = 0;
  for (let record = 0; record < few.count; record += 1) {
    const at = record * recordBytes;
    if (many.has(viewBytes(bytes, at, at + recordBytes))) common += 1;
    if (record % STEP_RECORDS === STEP_RECORDS - 1) yield;
  }
  return common;
}

/** Some milliseconds of look-ups. */
const STEP_RECORDS = 16_384;
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

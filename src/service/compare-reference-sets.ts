// What changed between two versions of a reference set, told as it is found. docs/api.md,
// "Reference sets"

import type { IndexedReferenceSet } from '../policy/reference-set.ts';
import {
  type ChangeBudget,
  ChangedEntries,
  changeBudget,
  changeLine,
  countingChanges,
} from '../policy/reference-set-changes.ts';
import type { SetVersion } from './ports.ts';
import type { Service } from './service.ts';
import { inSlices } from './slices.ts';
import { unknownSet } from './upload-reference-set.ts';

/** Lines of NDJSON: the counts first, then each changed entry with its path, removed ones first, as
 *  many as `POLICY_LIMITS.shownChanges`. Problem: `reference_set.unknown`. */
export async function compareReferenceSets(
  service: Service,
  name: string,
  versions: { readonly from: number; readonly to: number },
): Promise<AsyncIterable<string>> {
  const { referenceSets } = service.ports;
  const from = await referenceSets.find(name, versions.from);
  const to = await referenceSets.find(name, versions.to);
  if (from === undefined || to === undefined) throw unknownSet();
  const [old, now] = [
    await service.policies.referenceSet(from),
    await service.policies.referenceSet(to),
  ];
  const counts = await inSlices(countingChanges(old, now));
  return changeLines(service, { from, to, old, now, head: { ...versions, ...counts } });
}

interface Comparison {
  readonly from: SetVersion;
  readonly to: SetVersion;
  readonly old: IndexedReferenceSet;
  readonly now: IndexedReferenceSet;
  readonly head: object;
}

async function* changeLines(
  service: Service,
  { from, to, old, now, head }: Comparison,
): AsyncIterable<string> {
  yield `${JSON.stringify(head)}\n`;
  const budget = changeBudget();
  yield* entryLines(service, from, { change: 'removed', other: now, budget });
  yield* entryLines(service, to, { change: 'added', other: old, budget });
}

async function* entryLines(
  { ports }: Service,
  version: SetVersion,
  search: {
    readonly change: 'added' | 'removed';
    readonly other: IndexedReferenceSet;
    readonly budget: ChangeBudget;
  },
): AsyncIterable<string> {
  const { format, paths } = version;
  const { change, other, budget } = search;
  const entries = new ChangedEntries({ format, paths }, other, budget);
  for await (const window of ports.referenceSets.read(version.digest)) {
    for (const entry of entries.push(window)) yield `${changeLine(change, entry)}\n`;
    if (budget.left === 0) return;
  }
  for (const entry of entries.end()) yield `${changeLine(change, entry)}\n`;
}

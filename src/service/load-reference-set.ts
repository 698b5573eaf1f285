// A stored reference set made ready: its text read again, its records sorted. docs/api.md,
// "Reference sets"

import type { IndexedReferenceSet } from '../policy/reference-set.ts';
import { ReferenceSetReader } from '../policy/reference-set-text.ts';
import type { ReferenceSetStore, SetVersion } from './ports.ts';
import { inSlices } from './slices.ts';

/** Reads a version from its store, a window at a time. Throws when what is stored is not what was
 *  uploaded. */
export async function loadReferenceSet(
  store: Pick<ReferenceSetStore, 'read'>,
  { digest, format, paths, terms }: SetVersion,
): Promise<IndexedReferenceSet> {
  const reader = new ReferenceSetReader({ format, paths, terms });
  for await (const window of store.read(digest)) reader.push(window);
  const result = await inSlices(reader.ending());
  if (!result.ok || result.set.digest !== digest) {
    throw new Error(`stored reference set ${digest} is damaged`);
  }
  return result.set;
}

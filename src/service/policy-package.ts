// A policy with everything that it needs, as plain data: what a worker thread is given, so that it
// asks no database. docs/decisions/0020-worker-threads.md

import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { compilePolicy } from '../policy/compile.ts';
import { openReferenceSet, type SharedReferenceSet } from '../policy/reference-set-share.ts';
import type { PolicyDocument } from '../policy/schema.ts';

/** A policy version as it was pinned. Posting it to a thread copies the document; the values of the
 *  sets lie in shared memory. */
export interface PolicyPackage {
  /** Equal for equal policies: digest, version, and the content of each set by its name. */
  readonly key: string;
  readonly document: PolicyDocument;
  /** `policyDigest(document)`. */
  readonly digest: string;
  readonly version: number;
  readonly sets: readonly (readonly [name: string, set: SharedReferenceSet])[];
}

/** Packs a policy under its key. */
export function packPolicy(content: Omit<PolicyPackage, 'key'>): PolicyPackage {
  const sets = content.sets.map(([name, { digest }]) => `${name}=${digest}`);
  return { ...content, key: [content.digest, content.version, ...sets].join(' ') };
}

/** The policy in a package, ready to appraise. Throws when it does not compile: it did before it
 *  was packed. */
export function openPackage({ document, digest, version, sets }: PolicyPackage): AcceptancePolicy {
  const opened = new Map(sets.map(([name, shared]) => [name, openReferenceSet(shared)]));
  const result = compilePolicy(document, { sets: opened, version, digest });
  if (!result.ok) throw new Error(`policy ${document.name}@${version} does not compile any more`);
  return result.policy;
}

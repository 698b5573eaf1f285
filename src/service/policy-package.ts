// A policy with everything that it needs, as plain data: what a worker thread is given, so that it
// asks no database. docs/decisions/0020-worker-threads.md

import type { Keyring } from '../crypto/trusted-key.ts';
import { readKeyring } from '../enroll/keyring-file.ts';
import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { compilePolicy } from '../policy/compile.ts';
import { openReferenceSet, type SharedReferenceSet } from '../policy/reference-set-share.ts';
import type { PolicyDocument } from '../policy/schema.ts';

/** A policy version as it was pinned. Posting it to a thread copies the document; the values of the
 *  sets lie in shared memory. */
export interface PolicyPackage {
  /** Equal for equal policies: digest, version, and the content of each set and keyring
   *  by its name. */
  readonly key: string;
  readonly document: PolicyDocument;
  /** `policyDigest(document)`. */
  readonly digest: string;
  readonly version: number;
  readonly sets: readonly (readonly [name: string, set: SharedReferenceSet])[];
  readonly keyrings: readonly (readonly [name: string, keyring: PackedKeyring])[];
}

/** A keyring as it was uploaded: prepared keys do not go from thread to thread. */
export interface PackedKeyring {
  readonly digest: string;
  readonly content: Uint8Array;
}

/** Packs a policy under its key. */
export function packPolicy(content: Omit<PolicyPackage, 'key'>): PolicyPackage {
  const named = (all: readonly (readonly [string, { readonly digest: string }])[]) =>
    all.map(([name, { digest }]) => `${name}=${digest}`).join(' ');
  const { digest, version, sets, keyrings } = content;
  return { ...content, key: [digest, version, named(sets), named(keyrings)].join('; ') };
}

/** The policy in a package, ready to appraise. Throws when it does not compile: it did before it
 *  was packed. */
export function openPackage({
  document,
  digest,
  version,
  ...named
}: PolicyPackage): AcceptancePolicy {
  const sets = new Map(named.sets.map(([name, shared]) => [name, openReferenceSet(shared)]));
  const keyrings = new Map(named.keyrings.map(([name, packed]) => [name, openKeyring(packed)]));
  const result = compilePolicy(document, { sets, keyrings, version, digest });
  if (!result.ok) throw new Error(`policy ${document.name}@${version} does not compile any more`);
  return result.policy;
}

function openKeyring({ digest, content }: PackedKeyring): Keyring {
  const reading = readKeyring(content);
  if (!reading.ok) throw new Error(`stored keyring ${digest} is damaged`);
  return reading.keyring;
}

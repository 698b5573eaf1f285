// Digests of a file in several algorithms, over content that comes in pieces and is read once.
// FIPS 180-4, FIPS 202.

import { createHash } from 'node:crypto';
import type { HashName } from './digest.ts';

/** Algorithms in which IMA measures files and this verifier takes reference values. */
export const FILE_HASHES = ['sha1', 'sha256', 'sha384', 'sha512'] as const satisfies HashName[];
export type FileHash = (typeof FILE_HASHES)[number];

/** The digests of `content` under each of `algorithms`, in their order. */
export async function digestsOf(
  content: AsyncIterable<Uint8Array>,
  algorithms: readonly FileHash[],
): Promise<readonly Uint8Array[]> {
  const hashes = algorithms.map((algorithm) => createHash(algorithm));
  for await (const window of content) {
    for (const hash of hashes) hash.update(window);
  }
  return hashes.map((hash) => new Uint8Array(hash.digest()));
}

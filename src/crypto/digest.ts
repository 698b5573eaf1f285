// The table of digest algorithms, by the names that PCR banks carry and the numbers that TPMs use.
// TCG Algorithm Registry, TPM_ALG_ID; kernel drivers/char/tpm/tpm2-cmd.c: tpm2_hash_map.

import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { sha3_256, sha3_384, sha3_512 } from '@noble/hashes/sha3.js';

/** Name of a bank or digest algorithm, as the API and the evidence bundle spell it. */
export type HashName =
  | 'sha1'
  | 'sha256'
  | 'sha384'
  | 'sha512'
  | 'sm3'
  | 'sha3-256'
  | 'sha3-384'
  | 'sha3-512';

export interface HashAlgorithm {
  readonly name: HashName;
  /** TPM_ALG_ID. */
  readonly tpmAlg: number;
  readonly sizeBytes: number;
  /** Absent where we can name the algorithm but not compute it (SM3). */
  readonly digest?: (data: Uint8Array) => Uint8Array;
}

/** Every algorithm that a PCR bank, a quote or a list column may name. */
export const HASH_ALGORITHMS: readonly HashAlgorithm[] = [
  { name: 'sha1', tpmAlg: 0x0004, sizeBytes: 20, digest: sha1 },
  { name: 'sha256', tpmAlg: 0x000b, sizeBytes: 32, digest: sha256 },
  { name: 'sha384', tpmAlg: 0x000c, sizeBytes: 48, digest: sha384 },
  { name: 'sha512', tpmAlg: 0x000d, sizeBytes: 64, digest: sha512 },
  { name: 'sm3', tpmAlg: 0x0012, sizeBytes: 32 },
  { name: 'sha3-256', tpmAlg: 0x0027, sizeBytes: 32, digest: sha3_256 },
  { name: 'sha3-384', tpmAlg: 0x0028, sizeBytes: 48, digest: sha3_384 },
  { name: 'sha3-512', tpmAlg: 0x0029, sizeBytes: 64, digest: sha3_512 },
];

const BY_NAME = new Map(HASH_ALGORITHMS.map((algorithm) => [algorithm.name as string, algorithm]));
const BY_TPM_ALG = new Map(HASH_ALGORITHMS.map((algorithm) => [algorithm.tpmAlg, algorithm]));

/** The algorithm called `name`, or undefined: an unlisted name is reported, never guessed. */
export function hashByName(name: string): HashAlgorithm | undefined {
  return BY_NAME.get(name);
}

/** The algorithm with this TPM_ALG_ID, or undefined. */
export function hashByTpmAlg(tpmAlg: number): HashAlgorithm | undefined {
  return BY_TPM_ALG.get(tpmAlg);
}

/** Digest of `data` under a named algorithm that we can compute; undefined for SM3. */
export function digest(name: HashName, data: Uint8Array): Uint8Array | undefined {
  return BY_NAME.get(name)?.digest?.(data);
}

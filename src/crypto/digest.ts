// The table of digest algorithms, by the names that PCR banks carry and the numbers that TPMs use.
// TCG Algorithm Registry, TPM_ALG_ID; kernel drivers/char/tpm/tpm2-cmd.c: tpm2_hash_map.

import { hash as nativeHash } from 'node:crypto';
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

/** Where the costs meet: a call of OpenSSL costs as much as one block in JavaScript. */
const NATIVE_FROM_BYTES = 64;

/** Every algorithm that a PCR bank, a quote or a list column may name. */
export const HASH_ALGORITHMS: readonly HashAlgorithm[] = [
  { name: 'sha1', tpmAlg: 0x0004, sizeBytes: 20, digest: quickFor('sha1', sha1) },
  { name: 'sha256', tpmAlg: 0x000b, sizeBytes: 32, digest: quickFor('sha256', sha256) },
  { name: 'sha384', tpmAlg: 0x000c, sizeBytes: 48, digest: quickFor('sha384', sha384) },
  { name: 'sha512', tpmAlg: 0x000d, sizeBytes: 64, digest: quickFor('sha512', sha512) },
  { name: 'sm3', tpmAlg: 0x0012, sizeBytes: 32 },
  { name: 'sha3-256', tpmAlg: 0x0027, sizeBytes: 32, digest: quickFor('sha3-256', sha3_256) },
  { name: 'sha3-384', tpmAlg: 0x0028, sizeBytes: 48, digest: quickFor('sha3-384', sha3_384) },
  { name: 'sha3-512', tpmAlg: 0x0029, sizeBytes: 64, digest: quickFor('sha3-512', sha3_512) },
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

/** JavaScript for what is very short, OpenSSL for the rest: hashing a megabyte in JavaScript holds
 *  the event loop for thirty times as long. */
function quickFor(name: string, short: (data: Uint8Array) => Uint8Array) {
  return (data: Uint8Array): Uint8Array =>
    data.byteLength < NATIVE_FROM_BYTES
      ? short(data)
      : new Uint8Array(nativeHash(name, data, 'buffer'));
}

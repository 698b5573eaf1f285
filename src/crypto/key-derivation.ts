// HMAC and the two key derivation functions of TPMs.
// TPM 2.0 Part 1, 11.4.10.2 KDFa and 11.4.10.3 KDFe; FORMATS 14.4.

import { createHmac } from 'node:crypto';
import { asciiBytes, concatBytes, u32Bytes, viewBytes } from '../bytes/encoding.ts';
import { digest, type HashName } from './digest.ts';

/** What a derivation binds the key to. */
export interface DerivationContext {
  /** Without its final zero byte, which is added here. */
  readonly label: string;
  /** KDFa: contextU; KDFe: PartyUInfo. */
  readonly u: Uint8Array;
  /** KDFa: contextV; KDFe: PartyVInfo. */
  readonly v: Uint8Array;
  /** How much is wanted; whole bytes. */
  readonly bits: number;
}

/** HMAC of `data`. The hash must be one that can be computed. */
export function hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac(hash, key).update(data).digest());
}

/** KDFa: a key of `context.bits` bits from `key`. */
export function kdfa(hash: HashName, key: Uint8Array, context: DerivationContext): Uint8Array {
  const fixed = concatBytes(
    labelBytes(context.label),
    context.u,
    context.v,
    u32Bytes(context.bits, 'big'),
  );
  return blocks(context.bits, (counter) => hmac(hash, key, concatBytes(counter, fixed)));
}

/** KDFe: a key of `context.bits` bits from `z`, the x-coordinate of an ECDH point as long as the
 *  curve's coordinates. */
export function kdfe(hash: HashName, z: Uint8Array, context: DerivationContext): Uint8Array {
  const fixed = concatBytes(z, labelBytes(context.label), context.u, context.v);
  return blocks(context.bits, (counter) => digestOf(hash, concatBytes(counter, fixed)));
}

function labelBytes(label: string): Uint8Array {
  return asciiBytes(`${label}\0`);
}

function blocks(bits: number, block: (counter: Uint8Array) => Uint8Array): Uint8Array {
  const sizeBytes = bits / 8;
  let derived = new Uint8Array();
  for (let counter = 1; derived.byteLength < sizeBytes; counter += 1) {
    derived = new Uint8Array(concatBytes(derived, block(u32Bytes(counter, 'big'))));
  }
  return viewBytes(derived, 0, sizeBytes);
}

function digestOf(hash: HashName, data: Uint8Array): Uint8Array {
  const value = digest(hash, data);
  if (value === undefined) throw new Error(`${hash} cannot be computed`);
  return value;
}

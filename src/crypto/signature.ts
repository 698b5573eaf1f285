// Checks of RSASSA-PKCS1-v1_5, RSASSA-PSS and ECDSA signatures with a key that was prepared once.
// RFC 8017 8.1 and 8.2, FIPS 186-5 6; TPM 2.0 Part 1, annex B.

import {
  constants,
  createPublicKey,
  type KeyObject,
  type SigningOptions,
  verify,
} from 'node:crypto';
import { concatBytes, leftPadded } from '../bytes/encoding.ts';
import type { HashName } from './digest.ts';
import { type DigestSignature, verifiesDigest } from './digest-signature.ts';
import {
  coordinateBytes,
  type EccPublicKey,
  jwkOf,
  type PublicKey,
  type RsaPublicKey,
} from './public-key.ts';

/** A signature in parts, with the scheme and hash that it claims. */
export type Signature = RsaSignature | EcdsaSignature;

export interface RsaSignature {
  readonly scheme: 'rsassa' | 'rsapss';
  readonly hash: HashName;
  /** Big endian, as long as the modulus: any other length does not verify. */
  readonly value: Uint8Array;
}

export interface EcdsaSignature {
  readonly scheme: 'ecdsa';
  readonly hash: HashName;
  /** Big endian, leading zeros optional, at most as long as a coordinate. */
  readonly r: Uint8Array;
  /** As `r`. */
  readonly s: Uint8Array;
}

/** A public key that is usable: on its curve, or with a modulus and exponent that RSA can have.
 *  Preparing costs more than one check, so keep it for the key's lifetime. */
export class VerifyingKey {
  readonly publicKey: PublicKey;
  readonly #handle: KeyObject;

  constructor(publicKey: PublicKey, handle: KeyObject) {
    this.publicKey = publicKey;
    this.#handle = handle;
  }

  /** Whether `signature` is one of this key over `message`. False too when the scheme belongs to
   *  another kind of key or when the hash cannot be computed. */
  verifies(signature: Signature, message: Uint8Array): boolean {
    const form = wireForm(this.publicKey, signature);
    if (form === undefined) return false;
    try {
      const how = { key: this.#handle, ...form.options };
      return verify(signature.hash, message, how, form.bytes);
    } catch {
      // OpenSSL refuses some keys and hashes by exception. What it refuses does not verify.
      return false;
    }
  }

  /** Whether `signature` is one of this key over a message of which only the digest is known. */
  verifiesDigest(signature: DigestSignature): boolean {
    return verifiesDigest(this.publicKey, this.#handle, signature);
  }
}

/** Prepares a key, or undefined when no signature of it could mean anything: a point off its
 *  curve, an even modulus, an exponent that is even or below 3. */
export function prepareKey(publicKey: PublicKey): VerifyingKey | undefined {
  if (publicKey.kind === 'rsa' && !isRsaKey(publicKey)) return undefined;
  try {
    const handle = createPublicKey({ key: jwkOf(publicKey), format: 'jwk' });
    return new VerifyingKey(publicKey, handle);
  } catch {
    return undefined;
  }
}

/** With exponent 1 everybody could sign; a product of odd primes is odd. */
function isRsaKey(key: RsaPublicKey): boolean {
  return isOdd(key.modulus.at(-1) ?? 0) && isOdd(key.exponent) && key.exponent >= 3;
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

/** Bytes and options in which node:crypto wants a signature. */
interface WireForm {
  readonly bytes: Uint8Array;
  readonly options: SigningOptions;
}

/** Undefined when the signature cannot be one of `key`. */
function wireForm(key: PublicKey, signature: Signature): WireForm | undefined {
  if (signature.scheme === 'ecdsa') {
    return key.kind === 'ecc' ? ecdsaForm(key, signature) : undefined;
  }
  return key.kind === 'rsa' ? rsaForm(key, signature) : undefined;
}

function rsaForm(key: RsaPublicKey, signature: RsaSignature): WireForm | undefined {
  if (signature.value.byteLength !== Math.ceil(key.bits / 8)) return undefined;
  const options =
    signature.scheme === 'rsassa'
      ? { padding: constants.RSA_PKCS1_PADDING }
      : {
          padding: constants.RSA_PKCS1_PSS_PADDING,
          // TPMs differ in the salt length (TPM 2.0 Part 1, B.7): take the signature's own.
          saltLength: constants.RSA_PSS_SALTLEN_AUTO,
        };
  return { bytes: signature.value, options };
}

function ecdsaForm(key: EccPublicKey, signature: EcdsaSignature): WireForm | undefined {
  const sizeBytes = coordinateBytes(key.curve);
  const r = leftPadded(signature.r, sizeBytes);
  const s = leftPadded(signature.s, sizeBytes);
  if (r === undefined || s === undefined) return undefined;
  return { bytes: concatBytes(r, s), options: { dsaEncoding: 'ieee-p1363' } };
}

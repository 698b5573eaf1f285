// Encryption to a TPM with randomness from outside: RSAES-OAEP, one-pass ECDH and AES in CFB mode.
// RFC 8017 7.1; NIST SP 800-56A; TPM 2.0 Part 1, B.4, C.6.1 and 11.4.

import { constants, createCipheriv, createECDH, createPublicKey, publicEncrypt } from 'node:crypto';
import { concatBytes, fromHex, leftPadded, toHex, u32Bytes, viewBytes } from '../bytes/encoding.ts';
import { digest, type HashName } from './digest.ts';
import { coordinateBytes, type EccPublicKey, jwkOf, type RsaPublicKey } from './public-key.ts';

/** What OAEP needs beside key and message. */
export interface OaepParameters {
  /** Of the label and of MGF1. */
  readonly hash: HashName;
  /** All bytes that are hashed; for TPMs with a final zero byte. */
  readonly label: Uint8Array;
  /** Random, as long as a digest of `hash`. */
  readonly seed: Uint8Array;
}

/** RSAES-OAEP of `message`, as long as the modulus; undefined when the message is too long for the
 *  key or the key is none. */
export function encryptOaep(
  key: RsaPublicKey,
  message: Uint8Array,
  { hash, label, seed }: OaepParameters,
): Uint8Array | undefined {
  const labelDigest = digest(hash, label);
  if (labelDigest === undefined || seed.byteLength !== labelDigest.byteLength) return undefined;
  const sizeBytes = key.modulus.byteLength;
  const spareBytes = sizeBytes - 2 * seed.byteLength - 2 - message.byteLength;
  if (spareBytes < 0) return undefined;
  const padding = concatBytes(new Uint8Array(spareBytes), new Uint8Array([1]));
  const block = concatBytes(labelDigest, padding, message);
  const maskedBlock = xor(block, mgf1(hash, seed, block.byteLength));
  const maskedSeed = xor(seed, mgf1(hash, maskedBlock, seed.byteLength));
  const encoded = concatBytes(new Uint8Array(1), maskedSeed, maskedBlock);
  try {
    const handle = createPublicKey({ key: jwkOf(key), format: 'jwk' });
    const how = { key: handle, padding: constants.RSA_NO_PADDING };
    return new Uint8Array(publicEncrypt(how, encoded));
  } catch {
    return undefined;
  }
}

/** What both sides of a one-pass ECDH know. */
export interface SharedPoint {
  /** Coordinates of the ephemeral public key, as long as the curve's. */
  readonly ephemeral: { readonly x: Uint8Array; readonly y: Uint8Array };
  /** x-coordinate of the shared point, likewise. */
  readonly z: Uint8Array;
}

/** Bytes of randomness that an ephemeral key takes: 64 bits more than the group order, so that the
 *  remainder is even enough (FIPS 186-5, A.2.1). */
export function ephemeralBytes(key: EccPublicKey): number {
  return coordinateBytes(key.curve) + 8;
}

/** ECDH of a new key, made from `ephemeralBytes(key)` random bytes, with `key`; undefined when the
 *  point is not on its curve, or the curve not P-256 or P-384. */
export function shareEphemeral(key: EccPublicKey, random: Uint8Array): SharedPoint | undefined {
  if (key.curve === 'p521') return undefined;
  const sizeBytes = coordinateBytes(key.curve);
  const { openssl, order } = CURVES[key.curve];
  const scalar = (BigInt(`0x${toHex(random)}`) % (order - 1n)) + 1n;
  const secret = leftPadded(bytesOf(scalar), sizeBytes) ?? new Uint8Array();
  try {
    const ecdh = createECDH(openssl);
    ecdh.setPrivateKey(secret);
    const point = new Uint8Array(ecdh.getPublicKey());
    const z = ecdh.computeSecret(concatBytes(new Uint8Array([4]), key.x, key.y));
    const x = viewBytes(point, 1, 1 + sizeBytes);
    const y = viewBytes(point, 1 + sizeBytes, 1 + 2 * sizeBytes);
    return { ephemeral: { x, y }, z: leftPadded(new Uint8Array(z), sizeBytes) ?? new Uint8Array() };
  } catch {
    return undefined;
  }
}

/** AES-CFB with a zero IV; `key` of 16, 24 or 32 bytes. The result is as long as `data`. */
export function encryptCfb(key: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`aes-${key.byteLength * 8}-cfb`, key, new Uint8Array(16));
  return concatBytes(new Uint8Array(cipher.update(data)), new Uint8Array(cipher.final()));
}

/** RFC 8017, B.2.1. */
function mgf1(hash: HashName, seed: Uint8Array, sizeBytes: number): Uint8Array {
  let mask = new Uint8Array();
  for (let counter = 0; mask.byteLength < sizeBytes; counter += 1) {
    const block = digest(hash, concatBytes(seed, u32Bytes(counter, 'big')));
    if (block === undefined) throw new Error(`${hash} cannot be computed`);
    mask = new Uint8Array(concatBytes(mask, block));
  }
  return viewBytes(mask, 0, sizeBytes);
}

function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, index) => byte ^ (right[index] ?? 0));
}

function bytesOf(value: bigint): Uint8Array {
  const digits = value.toString(16);
  return fromHex(digits.padStart(digits.length + (digits.length % 2), '0')) ?? new Uint8Array();
}

/** Group orders: SEC 2, 2.4.2 and 2.5.1. */
const CURVES = {
  p256: {
    openssl: 'prime256v1',
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  p384: {
    openssl: 'secp384r1',
    order: BigInt(
      '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf' +
        '581a0db248b0a77aecec196accc52973',
    ),
  },
} as const;

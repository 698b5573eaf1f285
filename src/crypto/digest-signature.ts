// Checks of signatures over messages of which only the digest is left: what IMA records of a signed
// file. RFC 8017 8.2.2 and 9.2 (compared as a whole, never parsed), FIPS 186-5 6.4.2.

import { constants, type KeyObject, publicDecrypt } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { concatBytes, equalBytes, fromHex, leftPadded } from '../bytes/encoding.ts';
import { ByteReader, readAtDoor } from '../bytes/reader.ts';
import { type HashName, hashByName } from './digest.ts';
import { readEcdsaSigValue } from './ecdsa-sig-value.ts';
import { coordinateBytes, type EccCurve, type EccPublicKey, type PublicKey } from './public-key.ts';

/** A signature and the digest that it is said to cover. */
export interface DigestSignature {
  /** Algorithm of `digest`; an RSA signature names it too. */
  readonly hash: HashName;
  readonly digest: Uint8Array;
  /** RSASSA-PKCS1-v1_5, as long as the modulus; or ECDSA as a DER Ecdsa-Sig-Value. */
  readonly value: Uint8Array;
}

/** Whether `value` has the form of a signature by `key`: the cheap part of the check. */
export function couldBeSignedBy(key: PublicKey, value: Uint8Array): boolean {
  if (key.kind === 'rsa') return value.byteLength === Math.ceil(key.bits / 8);
  return ecdsaHalves(key, value) !== undefined;
}

/** Whether `signature` is one of `key`, whose handle is given, over its digest. */
export function verifiesDigest(
  key: PublicKey,
  handle: KeyObject,
  signature: DigestSignature,
): boolean {
  if (signature.digest.byteLength !== hashByName(signature.hash)?.sizeBytes) return false;
  if (key.kind === 'ecc') return verifiesEcdsa(key, signature);
  if (!couldBeSignedBy(key, signature.value)) return false;
  const expected = encodedMessage(signature, signature.value.byteLength);
  const recovered = recoveredMessage(handle, signature.value);
  return expected !== undefined && recovered !== undefined && equalBytes(expected, recovered);
}

/** node:crypto has no ECDSA over a given digest. The digest is cut to the curve's order, and the
 *  larger of the two possible `s` is as good as the smaller, as in every signer of files. */
function verifiesEcdsa(key: EccPublicKey, { digest, value }: DigestSignature): boolean {
  const halves = ecdsaHalves(key, value);
  if (halves === undefined) return false;
  const point = concatBytes(UNCOMPRESSED, key.x, key.y);
  try {
    return CURVES[key.curve].verify(halves, digest, point, { prehash: false, lowS: false });
  } catch {
    // Halves outside the order, points off the curve: such a signature does not verify.
    return false;
  }
}

/** r and s, each as long as a coordinate; undefined when `value` is no signature on that curve. */
function ecdsaHalves(key: EccPublicKey, value: Uint8Array): Uint8Array | undefined {
  const reading = readAtDoor(() => readEcdsaSigValue(new ByteReader(value, 'big')));
  if (!reading.ok) return undefined;
  const sizeBytes = coordinateBytes(key.curve);
  const r = leftPadded(reading.value.r, sizeBytes);
  const s = leftPadded(reading.value.s, sizeBytes);
  return r === undefined || s === undefined ? undefined : concatBytes(r, s);
}

function recoveredMessage(handle: KeyObject, value: Uint8Array): Uint8Array | undefined {
  try {
    return publicDecrypt({ key: handle, padding: constants.RSA_NO_PADDING }, value);
  } catch {
    // A number that is not below the modulus.
    return undefined;
  }
}

/** EMSA-PKCS1-v1_5: 00 01 FF… 00 DigestInfo. Undefined for a hash without DigestInfo here, or where
 *  the modulus is too short for it. */
function encodedMessage(
  { hash, digest }: DigestSignature,
  sizeBytes: number,
): Uint8Array | undefined {
  const prefix = fromHex(DIGEST_INFO_PREFIXES[hash] ?? '');
  if (prefix === undefined || prefix.byteLength === 0) return undefined;
  const info = concatBytes(prefix, digest);
  const fillBytes = sizeBytes - info.byteLength - 3;
  if (fillBytes < 8) return undefined;
  const fill = new Uint8Array(fillBytes).fill(0xff);
  return concatBytes(new Uint8Array([0, 1]), fill, new Uint8Array(1), info);
}

const UNCOMPRESSED = new Uint8Array([4]);

const CURVES = { p256, p384, p521 } as const satisfies Record<EccCurve, unknown>;

/** DER of a DigestInfo up to the digest: RFC 8017 9.2, note 1; SHA-3: NIST CSOR. */
const DIGEST_INFO_PREFIXES: Readonly<Partial<Record<HashName, string>>> = {
  sha1: '3021300906052b0e03021a05000414',
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
  'sha3-256': '3031300d060960864801650304020805000420',
  'sha3-384': '3041300d060960864801650304020905000430',
  'sha3-512': '3051300d060960864801650304020a05000440',
};

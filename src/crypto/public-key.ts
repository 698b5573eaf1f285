// Public keys as plain numbers, and the way from SubjectPublicKeyInfo to them.
// RFC 5280 4.1.2.7, RFC 3279 2.3, RFC 5480; JSON Web Keys of RFC 7517 in between.

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { BER_TAG, BerReader } from '../bytes/ber.ts';
import { DER_TAG, derElement, derUnsigned } from '../bytes/der.ts';
import {
  asBuffer,
  bitLength,
  equalBytes,
  fromBase64Url,
  fromHex,
  toBase64Url,
} from '../bytes/encoding.ts';
import { TPM_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Malformed, readAtDoor } from '../bytes/reader.ts';

export interface RsaPublicKey {
  readonly kind: 'rsa';
  /** Big endian, no leading zeros. */
  readonly modulus: Uint8Array;
  /** Below 2^32, as TPMS_RSA_PARMS.exponent is. */
  readonly exponent: number;
  /** Length of the modulus. */
  readonly bits: number;
}

export type EccCurve = 'p256' | 'p384' | 'p521';

export interface EccPublicKey {
  readonly kind: 'ecc';
  readonly curve: EccCurve;
  /** Big endian, exactly `coordinateBytes(curve)` long. */
  readonly x: Uint8Array;
  /** As `x`. */
  readonly y: Uint8Array;
}

export type PublicKey = RsaPublicKey | EccPublicKey;

/** The outcome of reading a SubjectPublicKeyInfo. `unsupported` names what it holds instead. */
export type SpkiReading =
  | {
      readonly state: 'key';
      readonly key: PublicKey;
      /** Set when the algorithm is id-RSAES-OAEP: the key says that it makes no signatures. */
      readonly onlyFor?: 'oaep';
    }
  | { readonly state: 'malformed'; readonly malformed: Malformed }
  | { readonly state: 'unsupported'; readonly actual: string };

/** Reads a DER SubjectPublicKeyInfo, all of it, into an RSA or ECC key. */
export function readSpki(der: Uint8Array): SpkiReading {
  if (namesOaep(der)) return oaepKey(der);
  const whole = readAtDoor(() => {
    const reader = new ByteReader(der, 'big');
    const info = derElement(reader, DER_TAG.sequence, 'subjectPublicKeyInfo');
    info.take(info.leftBytes, 'algorithm');
    reader.end('subjectPublicKeyInfo');
  });
  if (!whole.ok) return { state: 'malformed', malformed: whole.malformed };
  let handle: KeyObject;
  try {
    handle = createPublicKey({ key: asBuffer(der), format: 'der', type: 'spki' });
  } catch {
    return { state: 'malformed', malformed: NOT_SPKI };
  }
  const key = publicKeyOf(handle);
  if (key !== undefined) return { state: 'key', key };
  const name = handle.asymmetricKeyDetails?.namedCurve ?? handle.asymmetricKeyType ?? 'unknown';
  return { state: 'unsupported', actual: `a key of type ${name}` };
}

/** An RSA key from its modulus, big endian without leading zeros, and exponent. */
export function rsaPublicKey(modulus: Uint8Array, exponent: number): RsaPublicKey {
  return { kind: 'rsa', modulus, exponent, bits: bitLength(modulus) };
}

/** Bytes of one coordinate, or of one half of a signature, on `curve`. */
export function coordinateBytes(curve: EccCurve): number {
  return CURVES[curve].sizeBytes;
}

/** The key as a JSON Web Key (RFC 7518, 6.2.1 and 6.3.1). */
export function jwkOf(key: PublicKey): JsonWebKey {
  if (key.kind === 'ecc') {
    const { jwk } = CURVES[key.curve];
    return { kty: 'EC', crv: jwk, x: toBase64Url(key.x), y: toBase64Url(key.y) };
  }
  const exponent = key.exponent.toString(16);
  const bytes = fromHex(exponent.padStart(exponent.length + (exponent.length % 2), '0'));
  return { kty: 'RSA', n: toBase64Url(key.modulus), e: toBase64Url(bytes ?? new Uint8Array()) };
}

/** Whether two keys are the same numbers. */
export function isSameKey(left: PublicKey, right: PublicKey): boolean {
  if (left.kind === 'rsa' && right.kind === 'rsa') {
    return left.exponent === right.exponent && equalBytes(left.modulus, right.modulus);
  }
  if (left.kind === 'rsa' || right.kind === 'rsa' || left.curve !== right.curve) return false;
  return equalBytes(left.x, right.x) && equalBytes(left.y, right.y);
}

/** Kind and size of a key for people: `RSA 2048`, `ECC P-256`. */
export function keyWords(key: PublicKey): string {
  return key.kind === 'rsa' ? `RSA ${key.bits}` : `ECC ${CURVES[key.curve].jwk}`;
}

/** EK certificates name RSAES-OAEP instead of RSA, with parameters or without. OpenSSL refuses
 *  such keys, but behind the name stands an ordinary RSAPublicKey (RFC 4055, 4.1). */
function namesOaep(der: Uint8Array): boolean {
  const reading = readAtDoor(() => {
    const info = new BerReader(new ByteReader(der, 'big')).element(BER_TAG.sequence, 'spki');
    return info.content.element(BER_TAG.sequence, 'algorithm').content.oid('algorithm');
  });
  return reading.ok && reading.value === ID_RSAES_OAEP;
}

function oaepKey(der: Uint8Array): SpkiReading {
  const reading = readAtDoor(() => {
    const reader = new BerReader(new ByteReader(der, 'big', { prefix: 'subjectPublicKeyInfo.' }));
    const info = reader.element(BER_TAG.sequence, 'info').content;
    reader.end('subjectPublicKeyInfo');
    info.element(BER_TAG.sequence, 'algorithm');
    const bits = new ByteReader(info.bitString('subjectPublicKey'), 'big');
    info.end('subjectPublicKey');
    const key = derElement(bits, DER_TAG.sequence, 'rsaPublicKey');
    bits.end('rsaPublicKey');
    const modulus = derUnsigned(key, 'modulus', TPM_LIMITS.rsaBytes);
    const exponent = derUnsigned(key, 'publicExponent', 4);
    key.end('publicExponent');
    return rsaPublicKey(
      modulus,
      exponent.reduce((value, byte) => value * 256 + byte, 0),
    );
  });
  if (!reading.ok) return { state: 'malformed', malformed: reading.malformed };
  return { state: 'key', key: reading.value, onlyFor: 'oaep' };
}

/** Undefined for every key that a TPM key of an accepted kind cannot be. */
function publicKeyOf(handle: KeyObject): PublicKey | undefined {
  const type = handle.asymmetricKeyType;
  if (type === 'rsa') return rsaKeyOf(handle.export({ format: 'jwk' }));
  if (type === 'ec') return eccKeyOf(handle);
  return undefined;
}

function rsaKeyOf(jwk: JsonWebKey): RsaPublicKey | undefined {
  const modulus = fromBase64Url(jwk.n ?? '');
  const exponent = fromBase64Url(jwk.e ?? '');
  if (modulus === undefined || modulus.byteLength > TPM_LIMITS.rsaBytes) return undefined;
  if (exponent === undefined || bitLength(exponent) > 32) return undefined;
  return rsaPublicKey(
    modulus,
    exponent.reduce((value, byte) => value * 256 + byte, 0),
  );
}

function eccKeyOf(handle: KeyObject): EccPublicKey | undefined {
  const named = handle.asymmetricKeyDetails?.namedCurve;
  const curve = CURVE_NAMES.find((name) => CURVES[name].openssl === named);
  if (curve === undefined) return undefined;
  const jwk = handle.export({ format: 'jwk' });
  const x = fromBase64Url(jwk.x ?? '');
  const y = fromBase64Url(jwk.y ?? '');
  return x === undefined || y === undefined ? undefined : { kind: 'ecc', curve, x, y };
}

const CURVES = {
  p256: { jwk: 'P-256', openssl: 'prime256v1', sizeBytes: 32 },
  p384: { jwk: 'P-384', openssl: 'secp384r1', sizeBytes: 48 },
  p521: { jwk: 'P-521', openssl: 'secp521r1', sizeBytes: 66 },
} as const;
const CURVE_NAMES = ['p256', 'p384', 'p521'] as const satisfies readonly EccCurve[];

/** RFC 4055, 4.1. */
const ID_RSAES_OAEP = '1.2.840.113549.1.1.7';

const NOT_SPKI: Malformed = {
  kind: 'bad-value',
  field: 'subjectPublicKeyInfo',
  offsetBytes: 0,
  expected: 'a SubjectPublicKeyInfo',
  actual: 'a SEQUENCE that is none',
};

// Public keys as plain numbers, and the way from SubjectPublicKeyInfo to them.
// RFC 5280 4.1.2.7, RFC 3279 2.3, RFC 5480; JSON Web Keys of RFC 7517 in between.

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { DER_TAG, derElement } from '../bytes/der.ts';
import { asBuffer, bitLength, fromBase64Url, fromHex, toBase64Url } from '../bytes/encoding.ts';
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
  | { readonly state: 'key'; readonly key: PublicKey }
  | { readonly state: 'malformed'; readonly malformed: Malformed }
  | { readonly state: 'unsupported'; readonly actual: string };

/** Reads a DER SubjectPublicKeyInfo, all of it, into an RSA or ECC key. */
export function readSpki(der: Uint8Array): SpkiReading {
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

const NOT_SPKI: Malformed = {
  kind: 'bad-value',
  field: 'subjectPublicKeyInfo',
  offsetBytes: 0,
  expected: 'a SubjectPublicKeyInfo',
  actual: 'a SEQUENCE that is none',
};

// Writes the TPM structures of a quote for tests, with keys that node:crypto makes.
// TPM 2.0 Part 2: 10.12.12 TPMS_ATTEST, 11.3.4 TPMT_SIGNATURE, 12.2.4 TPMT_PUBLIC.

import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { concatBytes, fromHex, u16Bytes, u32Bytes } from '../../src/bytes/encoding.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import { hashByName } from '../../src/crypto/digest.ts';
import type { SignatureScheme } from '../../src/quote/signature.ts';

/** Bytes of hex with spaces between the fields. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text.replaceAll(' ', ''));
  if (bytes === undefined) throw new Error(`no hex: ${text}`);
  return bytes;
}

/** A TPM2B: a 16-bit size and the bytes. */
export function sized(bytes: Uint8Array): Uint8Array {
  return concatBytes(u16Bytes(bytes.byteLength, 'big'), bytes);
}

export interface AttestFields {
  readonly magic?: string;
  readonly type?: string;
  readonly qualifiedSigner?: Uint8Array;
  readonly extraData?: Uint8Array;
  readonly safe?: string;
  /** Each entry as hex: hash, sizeofSelect, bitmap. */
  readonly selections?: readonly string[];
  readonly pcrDigest?: Uint8Array;
}

/** TPMS_ATTEST of a quote; every field may be replaced by another one or by nonsense. */
export function writeAttest(fields: AttestFields = {}): Uint8Array {
  const selections = fields.selections ?? ['000b 03 000400'];
  return concatBytes(
    hex(fields.magic ?? 'ff544347'),
    hex(fields.type ?? '8018'),
    sized(fields.qualifiedSigner ?? concatBytes(hex('000b'), new Uint8Array(32))),
    sized(fields.extraData ?? NONCE),
    hex('00000000000003e8 00000005 00000000'),
    hex(fields.safe ?? '01'),
    hex('2019102300163636'),
    u32Bytes(selections.length, 'big'),
    ...selections.map(hex),
    sized(fields.pcrDigest ?? new Uint8Array(32)),
  );
}

/** 00 01 … 0f. */
export const NONCE = hex('000102030405060708090a0b0c0d0e0f');

/** A key pair with its parts as a TPM writes them. */
export interface MadeKey {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export type EccName = 'P-256' | 'P-384' | 'P-521';

export function makeEccKey(namedCurve: EccName): MadeKey {
  return generateKeyPairSync('ec', { namedCurve });
}

export function makeRsaKey(modulusLength: number): MadeKey {
  return generateKeyPairSync('rsa', { modulusLength });
}

/** A bare signature over `message`: RSA bytes, or r and s one after the other. */
export function signBare(
  key: MadeKey,
  message: Uint8Array,
  how: { readonly scheme: SignatureScheme; readonly hash: HashName; readonly saltLength?: number },
): Uint8Array {
  const { privateKey } = key;
  if (how.scheme === 'ecdsa') {
    const options = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return new Uint8Array(sign(how.hash, message, options));
  }
  const padding =
    how.scheme === 'rsassa' ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING;
  const { saltLength = constants.RSA_PSS_SALTLEN_DIGEST } = how;
  const salt = how.scheme === 'rsapss' ? { saltLength } : {};
  return new Uint8Array(sign(how.hash, message, { key: privateKey, padding, ...salt }));
}

/** TPMT_SIGNATURE over `message`. */
export function signTpmt(
  key: MadeKey,
  message: Uint8Array,
  how: { readonly scheme: SignatureScheme; readonly hash: HashName; readonly saltLength?: number },
): Uint8Array {
  const bare = signBare(key, message, how);
  const half = bare.byteLength / 2;
  const parts = how.scheme === 'ecdsa' ? [bare.slice(0, half), bare.slice(half)] : [bare];
  return concatBytes(
    hex(SIG_ALG[how.scheme]),
    u16Bytes(algOf(how.hash), 'big'),
    ...parts.map(sized),
  );
}

/** TPMT_PUBLIC of an ECC key; `scheme` and `curve` as hex, attributes of an attestation key. */
export function writeEccPublic(
  key: MadeKey,
  fields: { readonly curve: string; readonly scheme?: string; readonly attributes?: string },
): Uint8Array {
  const jwk = key.publicKey.export({ format: 'jwk' });
  return concatBytes(
    hex('0023 000b'),
    hex(fields.attributes ?? '00050072'),
    hex('0000 0010'),
    hex(fields.scheme ?? '0018 000b'),
    hex(fields.curve),
    hex('0010'),
    sized(base64Url(jwk.x)),
    sized(base64Url(jwk.y)),
  );
}

function base64Url(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? '', 'base64url'));
}

function algOf(hash: HashName): number {
  return hashByName(hash)?.tpmAlg ?? 0;
}

const SIG_ALG = { rsassa: '0014', rsapss: '0016', ecdsa: '0018' } as const;

// Reader of TPMT_PUBLIC and TPM2B_PUBLIC: key, scheme, attributes and Name of a TPM key.
// TPM 2.0 Part 2, 12.2.4 TPMT_PUBLIC, 12.2.3 parameters; Part 1, 16 Names; FORMATS 14.3.
//
//   bytes  field                        RSA parameters and unique     ECC parameters and unique
//   2      type                         2 (6) symmetric               2 (6) symmetric
//   2      nameAlg                      2 (4) scheme                  2 (4, 6) scheme
//   4      objectAttributes             2     keyBits                 2     curveID
//   2 + n  authPolicy                   4     exponent, 0 = 65537     2 (4) kdf
//   …      parameters, unique           2 + n unique                  2 + n x, 2 + n y

import { concatBytes, leftPadded, u16Bytes } from '../bytes/encoding.ts';
import { TPM_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Reading, readAtDoor } from '../bytes/reader.ts';
import { hashByTpmAlg } from '../crypto/digest.ts';
import {
  coordinateBytes,
  type EccCurve,
  type PublicKey,
  rsaPublicKey,
} from '../crypto/public-key.ts';
import { TPM_ALG, TPM_ECC_CURVE, tpmNumber } from './constants.ts';

/** A scheme in the parameters of a key: what it may be used with, as numbers. */
export interface KeyScheme {
  /** TPM_ALG_ID; TPM_ALG.NULL when the key leaves the scheme to its user. */
  readonly scheme: number;
  /** TPM_ALG_ID; absent where the scheme has none. */
  readonly hashAlg?: number;
}

/** The symmetric cipher of a storage key: what a TPM encrypts for it and its children with. */
export interface SymmetricScheme {
  /** TPM_ALG_ID. */
  readonly algorithm: number;
  readonly keyBits: number;
  /** TPM_ALG_ID. */
  readonly mode: number;
}

/** A public area as its bytes say. */
export interface TpmtPublic {
  /** TPM_ALG_ID of the key type. */
  readonly type: number;
  /** TPM_ALG_ID of the hash in the Name. */
  readonly nameAlg: number;
  /** TPMA_OBJECT. */
  readonly objectAttributes: number;
  readonly authPolicy: Uint8Array;
  /** nameAlg and the digest of the structure's bytes as received; undefined when nameAlg cannot
   *  be computed or the structure was not read whole. */
  readonly name: Uint8Array | undefined;
  readonly detail:
    | {
        readonly state: 'readable';
        readonly scheme: KeyScheme;
        readonly key: PublicKey;
        /** Absent for every key that is not a storage key. */
        readonly symmetric?: SymmetricScheme;
      }
    /** Neither RSA nor ECC: the layout of the rest is not looked at. */
    | { readonly state: 'type-unsupported' }
    | { readonly state: 'curve-unsupported'; readonly curve: number };
}

/** Reads a TPMT_PUBLIC, all of it unless its type is unsupported. */
export function readTpmtPublic(bytes: Uint8Array): Reading<TpmtPublic> {
  return readAtDoor(() => publicArea(new ByteReader(bytes, 'big')));
}

/** Reads a TPM2B_PUBLIC, all of it. */
export function readTpm2bPublic(bytes: Uint8Array): Reading<TpmtPublic> {
  return readAtDoor(() => {
    const reader = new ByteReader(bytes, 'big');
    const sizeBytes = reader.u16('size');
    const inner = reader.sub(sizeBytes, 'publicArea');
    reader.end('publicArea');
    return publicArea(inner);
  });
}

function publicArea(reader: ByteReader): TpmtPublic {
  const startBytes = reader.offsetBytes;
  const type = reader.u16('type');
  const nameAlg = reader.u16('nameAlg');
  const objectAttributes = reader.u32('objectAttributes');
  const authPolicy = reader.sized16('authPolicy', TPM_LIMITS.digestBytes);
  const detail = keyDetail(reader, type);
  const isWhole = detail.state !== 'type-unsupported';
  const name = isWhole ? nameOf(nameAlg, reader.since(startBytes)) : undefined;
  return { type, nameAlg, objectAttributes, authPolicy, name, detail };
}

function keyDetail(reader: ByteReader, type: number): TpmtPublic['detail'] {
  if (type !== TPM_ALG.RSA && type !== TPM_ALG.ECC) return { state: 'type-unsupported' };
  const symmetric = symmetricScheme(reader, 'parameters.symmetric');
  const scheme = keyScheme(reader, 'parameters.scheme');
  const detail = type === TPM_ALG.RSA ? rsaDetail(reader, scheme) : eccDetail(reader, scheme);
  reader.end('unique');
  if (detail.state !== 'readable' || symmetric === undefined) return detail;
  return { ...detail, symmetric };
}

function rsaDetail(reader: ByteReader, scheme: KeyScheme): TpmtPublic['detail'] {
  const keyBits = reader.u16('parameters.keyBits');
  const exponent = reader.u32('parameters.exponent');
  const offsetBytes = reader.offsetBytes;
  const modulus = reader.sized16('unique', TPM_LIMITS.rsaBytes);
  const key = rsaPublicKey(modulus, exponent === 0 ? DEFAULT_EXPONENT : exponent);
  if (key.bits !== keyBits || modulus.byteLength * 8 !== keyBits) {
    reader.fail('bad-value', 'unique', {
      expected: `a modulus of ${keyBits} bits`,
      actual: `${key.bits} bits in ${modulus.byteLength} bytes`,
      offsetBytes,
    });
  }
  return { state: 'readable', scheme, key };
}

function eccDetail(reader: ByteReader, scheme: KeyScheme): TpmtPublic['detail'] {
  const curveId = reader.u16('parameters.curveID');
  skipKdf(reader, 'parameters.kdf');
  const curve = CURVES.get(curveId);
  const sizeBytes = curve === undefined ? TPM_LIMITS.eccBytes : coordinateBytes(curve);
  const x = coordinate(reader, 'unique.x', sizeBytes);
  const y = coordinate(reader, 'unique.y', sizeBytes);
  if (curve === undefined) return { state: 'curve-unsupported', curve: curveId };
  return { state: 'readable', scheme, key: { kind: 'ecc', curve, x, y } };
}

/** Some TPMs leave out leading zeros. */
function coordinate(reader: ByteReader, field: string, sizeBytes: number): Uint8Array {
  const bytes = reader.sized16(field, sizeBytes);
  return leftPadded(bytes, sizeBytes) ?? bytes;
}

/** TPMT_SYM_DEF_OBJECT: only storage keys have one. */
function symmetricScheme(reader: ByteReader, field: string): SymmetricScheme | undefined {
  const algorithm = reader.u16(`${field}.algorithm`);
  if (algorithm === TPM_ALG.NULL) return undefined;
  return { algorithm, keyBits: reader.u16(`${field}.keyBits`), mode: reader.u16(`${field}.mode`) };
}

/** TPMT_RSA_SCHEME and TPMT_ECC_SCHEME. */
function keyScheme(reader: ByteReader, field: string): KeyScheme {
  const offsetBytes = reader.offsetBytes;
  const scheme = reader.u16(`${field}.scheme`);
  if (scheme === TPM_ALG.NULL || scheme === TPM_ALG.RSAES) return { scheme };
  if (!SCHEMES_WITH_HASH.has(scheme)) {
    reader.fail('bad-value', `${field}.scheme`, {
      expected: 'a scheme of an RSA or ECC key',
      actual: tpmNumber(scheme),
      offsetBytes,
    });
  }
  const hashAlg = reader.u16(`${field}.hashAlg`);
  if (scheme === TPM_ALG.ECDAA) reader.u16(`${field}.count`);
  return { scheme, hashAlg };
}

/** TPMT_KDF_SCHEME. */
function skipKdf(reader: ByteReader, field: string): void {
  if (reader.u16(`${field}.scheme`) !== TPM_ALG.NULL) reader.u16(`${field}.hashAlg`);
}

function nameOf(nameAlg: number, received: Uint8Array): Uint8Array | undefined {
  const digest = hashByTpmAlg(nameAlg)?.digest?.(received);
  return digest && concatBytes(u16Bytes(nameAlg, 'big'), digest);
}

/** What exponent 0 stands for. Part 2, 12.2.3.5 TPMS_RSA_PARMS. */
const DEFAULT_EXPONENT = 65_537;

const CURVES: ReadonlyMap<number, EccCurve> = new Map([
  [TPM_ECC_CURVE.NIST_P256, 'p256'],
  [TPM_ECC_CURVE.NIST_P384, 'p384'],
  [TPM_ECC_CURVE.NIST_P521, 'p521'],
] as const);

const SCHEMES_WITH_HASH: ReadonlySet<number> = new Set([
  TPM_ALG.RSASSA,
  TPM_ALG.RSAPSS,
  TPM_ALG.OAEP,
  TPM_ALG.ECDSA,
  TPM_ALG.ECDH,
  TPM_ALG.ECDAA,
  TPM_ALG.SM2,
  TPM_ALG.ECSCHNORR,
  TPM_ALG.ECMQV,
]);

// The demo host: stands in for a TPM. It signs quotes over given PCR values with a key made at
// start, because a captured quote cannot answer a fresh nonce. For `plumbline demo` and tests only.
// TPM 2.0 Part 2: 10.12.12 TPMS_ATTEST, 11.3.4 TPMT_SIGNATURE, 12.2.4 TPMT_PUBLIC.

import { generateKeyPairSync, sign } from 'node:crypto';
import { asciiBytes, concatBytes, fromBase64Url, u16Bytes, u32Bytes } from '../bytes/encoding.ts';
import { ByteReader } from '../bytes/reader.ts';
import { digest } from '../crypto/digest.ts';

/** A software key that answers challenges as the AK of a TPM would. */
export interface DemoHost {
  /** TPMT_PUBLIC of the key. Its attributes claim a TPM key; nothing proves them. */
  readonly akPublic: Uint8Array;
  /** TPMS_ATTEST over these SHA-256 PCR values with `nonce` as extraData, and its
   *  TPMT_SIGNATURE (ECDSA, SHA-256). */
  quote(
    nonce: Uint8Array,
    pcrs: ReadonlyMap<number, Uint8Array>,
  ): { readonly attest: Uint8Array; readonly signature: Uint8Array };
}

/** Makes a demo host with a new P-256 key. */
export function makeDemoHost(): DemoHost {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' });
  const akPublic = tpmtPublic(coordinate(x), coordinate(y));
  return {
    akPublic,
    quote(nonce, pcrs) {
      const attest = tpmsAttest(akPublic, nonce, pcrs);
      const bare = sign('sha256', attest, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return { attest, signature: tpmtSignature(toHalves(bare)) };
    },
  };
}

/** u16 type, u16 nameAlg, u32 objectAttributes, TPM2B authPolicy, symmetric, scheme with hash,
 *  curve, kdf, TPM2B x, TPM2B y. */
function tpmtPublic(x: Uint8Array, y: Uint8Array): Uint8Array {
  return concatBytes(
    u16(TPM_ALG_ECC),
    u16(TPM_ALG_SHA256),
    u32(AK_ATTRIBUTES),
    sized(new Uint8Array(0)),
    u16(TPM_ALG_NULL),
    u16(TPM_ALG_ECDSA),
    u16(TPM_ALG_SHA256),
    u16(TPM_ECC_NIST_P256),
    u16(TPM_ALG_NULL),
    sized(x),
    sized(y),
  );
}

/** Magic, type, qualifiedSigner, extraData, clock info, firmware version, selection, pcrDigest. */
function tpmsAttest(
  akPublic: Uint8Array,
  nonce: Uint8Array,
  pcrs: ReadonlyMap<number, Uint8Array>,
): Uint8Array {
  const ascending = [...pcrs].sort(([left], [right]) => left - right);
  return concatBytes(
    u32(TPM_GENERATED),
    u16(TPM_ST_ATTEST_QUOTE),
    sized(concatBytes(u16(TPM_ALG_SHA256), sha256(akPublic))),
    sized(nonce),
    u32(0),
    u32(CLOCK_MS),
    u32(RESET_COUNT),
    u32(0),
    Uint8Array.of(1),
    asciiBytes('PLUMBDEM'),
    u32(1),
    u16(TPM_ALG_SHA256),
    selectBitmap(ascending.map(([pcr]) => pcr)),
    sized(sha256(concatBytes(...ascending.map(([, value]) => value)))),
  );
}

function tpmtSignature(halves: readonly [Uint8Array, Uint8Array]): Uint8Array {
  const [r, s] = halves;
  return concatBytes(u16(TPM_ALG_ECDSA), u16(TPM_ALG_SHA256), sized(r), sized(s));
}

/** sizeofSelect 3, then PCR n as bit n mod 8 of byte n div 8. */
function selectBitmap(pcrs: readonly number[]): Uint8Array {
  const select = new Uint8Array(4);
  select[0] = 3;
  for (const pcr of pcrs) {
    const at = 1 + (pcr >> 3);
    select[at] = (select[at] ?? 0) | (1 << (pcr & 7));
  }
  return select;
}

/** r and s, each half of the IEEE P1363 form. */
function toHalves(bare: Uint8Array): [Uint8Array, Uint8Array] {
  const reader = new ByteReader(bare, 'big');
  return [reader.take(bare.byteLength / 2, 'r'), reader.take(bare.byteLength / 2, 's')];
}

/** A coordinate from a JSON Web Key, leading zeros kept. */
function coordinate(text: string | undefined): Uint8Array {
  const bytes = fromBase64Url(text ?? '');
  if (bytes?.byteLength !== P256_BYTES) throw new Error('a P-256 coordinate has 32 bytes');
  return bytes;
}

function sha256(data: Uint8Array): Uint8Array {
  const value = digest('sha256', data);
  if (value === undefined) throw new Error('SHA-256 is always computable');
  return value;
}

function u16(value: number): Uint8Array {
  return u16Bytes(value, 'big');
}

function u32(value: number): Uint8Array {
  return u32Bytes(value, 'big');
}

/** TPM2B: a 16-bit size before the bytes. */
function sized(bytes: Uint8Array): Uint8Array {
  return concatBytes(u16(bytes.byteLength), bytes);
}

const TPM_GENERATED = 0xff544347;
const TPM_ST_ATTEST_QUOTE = 0x8018;
const TPM_ALG_NULL = 0x0010;
const TPM_ALG_SHA256 = 0x000b;
const TPM_ALG_ECDSA = 0x0018;
const TPM_ALG_ECC = 0x0023;
const TPM_ECC_NIST_P256 = 0x0003;
/** fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign. */
const AK_ATTRIBUTES = 0x00050072;
const P256_BYTES = 32;
const CLOCK_MS = 3_600_000;
const RESET_COUNT = 1;

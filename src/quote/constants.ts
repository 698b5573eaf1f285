// Numbers of TPM structures by their specification names.
// TPM 2.0 Part 2: 6.2 TPM_GENERATED, 6.3 TPM_ALG_ID, 6.4 TPM_ECC_CURVE, 6.9 TPM_ST, 8.3
// TPMA_OBJECT.

/** TPM_GENERATED_VALUE: the first four bytes of everything that a TPM says about itself. */
export const TPM_GENERATED_VALUE = 0xff544347;

/** TPM_ST: what an attestation is about. */
export const TPM_ST = { ATTEST_CERTIFY: 0x8017, ATTEST_QUOTE: 0x8018 } as const;

/** TPM_ALG_ID of keys, schemes and key derivation. Hash algorithms are in src/crypto/digest.ts. */
export const TPM_ALG = {
  RSA: 0x0001,
  AES: 0x0006,
  NULL: 0x0010,
  RSASSA: 0x0014,
  RSAES: 0x0015,
  RSAPSS: 0x0016,
  OAEP: 0x0017,
  ECDSA: 0x0018,
  ECDH: 0x0019,
  ECDAA: 0x001a,
  SM2: 0x001b,
  ECSCHNORR: 0x001c,
  ECMQV: 0x001d,
  ECC: 0x0023,
  CFB: 0x0043,
} as const;

/** TPM_ECC_CURVE. */
export const TPM_ECC_CURVE = {
  NIST_P256: 0x0003,
  NIST_P384: 0x0004,
  NIST_P521: 0x0005,
} as const;

/** TPMA_OBJECT, each attribute as its bit. */
export const TPMA_OBJECT = {
  fixedTPM: 1 << 1,
  stClear: 1 << 2,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  userWithAuth: 1 << 6,
  adminWithPolicy: 1 << 7,
  noDA: 1 << 10,
  encryptedDuplication: 1 << 11,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
  x509sign: 1 << 19,
} as const;

/** Name of one attribute. */
export type ObjectAttribute = keyof typeof TPMA_OBJECT;

/** A 16-bit number of a TPM structure as findings show it. */
export function tpmNumber(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`;
}

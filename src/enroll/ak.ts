// The attestation key as the attester or an operator gives it. PLACEHOLDER TYPES FIRST.

/** An attestation key in one of the encodings that the field uses. */
export interface AkClaim {
  readonly bytes: Uint8Array;
  readonly encoding: AkEncoding;
}

export const AK_ENCODINGS = [
  'tpmt-public',
  'tpm2b-public',
  'spki-pem',
  'x509-pem',
  'x509-der',
] as const;
export type AkEncoding = (typeof AK_ENCODINGS)[number];

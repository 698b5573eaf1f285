// Public keys that somebody said to trust for something: the content of keyrings. What a key is
// trusted for is said where the keyring is named. FORMATS 13.2; docs/policy.md, "Keyrings"

import type { VerifyingKey } from './signature.ts';

/** One key of a keyring. */
export interface TrustedKey {
  readonly key: VerifyingKey;
  /** SHA-256 over the DER SubjectPublicKeyInfo, hex: which key this is. */
  readonly fingerprint: string;
  /** Last four bytes, as an unsigned number, of each identifier that signers take for this key: a
   *  hint that finds the key sooner, and no proof. */
  readonly keyids: readonly number[];
  /** DER issuer name and serial number of its certificate, hex, one behind the other: the other
   *  hint that signers give. */
  readonly issuerAndSerial?: string;
  /** The DER certificate that the key came in, where it came in one. */
  readonly certificate?: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
}

/** A named, versioned collection of keys. */
export interface Keyring {
  /** Content address: `sha256:` and hex over the sorted fingerprints. */
  readonly digest: string;
  readonly keys: readonly TrustedKey[];
}

// The signature over a quote: TPMT_SIGNATURE or raw. PLACEHOLDER TYPES FIRST.

import type { HashName } from '../crypto/digest.ts';

export const SIGNATURE_SCHEMES = ['rsassa', 'rsapss', 'ecdsa'] as const;
export type SignatureScheme = (typeof SIGNATURE_SCHEMES)[number];

/** A signature as received: a TPMT_SIGNATURE, or bare bytes (ECDSA: DER) with its scheme named. */
export type SignatureClaim =
  | { readonly encoding: 'tpmt'; readonly bytes: Uint8Array }
  | {
      readonly encoding: 'raw';
      readonly bytes: Uint8Array;
      readonly scheme: SignatureScheme;
      readonly hash: HashName;
    };

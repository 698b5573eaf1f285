// The signature over a quote as attesters send it: a TPMT_SIGNATURE, or bare with its scheme named.
// RFC 3279 2.2.3 Ecdsa-Sig-Value for bare ECDSA; FORMATS 14.2.

import { TPM_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Reading, readAtDoor } from '../bytes/reader.ts';
import type { HashName } from '../crypto/digest.ts';
import { readEcdsaSigValue } from '../crypto/ecdsa-sig-value.ts';
import type { Signature } from '../crypto/signature.ts';
import { type QuoteSignature, readTpmtSignature } from './tpmt-signature.ts';

/** Name of a signature scheme that this verifier checks, as the API and the bundle spell it. */
export type SignatureScheme = Signature['scheme'];

export const SIGNATURE_SCHEMES = [
  'rsassa',
  'rsapss',
  'ecdsa',
] as const satisfies readonly SignatureScheme[];

/** A signature as received: a TPMT_SIGNATURE, or bare bytes (ECDSA: DER) with its scheme named. */
export type SignatureClaim =
  | { readonly encoding: 'tpmt'; readonly bytes: Uint8Array }
  | RawSignatureClaim;

/** What tools write as a `plain` signature: RSA bytes, or a DER Ecdsa-Sig-Value. */
export interface RawSignatureClaim {
  readonly encoding: 'raw';
  readonly bytes: Uint8Array;
  readonly scheme: SignatureScheme;
  readonly hash: HashName;
}

/** Reads a signature in either encoding, all of it. Whether it verifies is another question. */
export function readSignature(claim: SignatureClaim): Reading<QuoteSignature> {
  if (claim.encoding === 'tpmt') return readTpmtSignature(claim.bytes);
  return readAtDoor(() => ({ state: 'readable', signature: rawSignature(claim) }));
}

function rawSignature(claim: RawSignatureClaim): Signature {
  const { scheme, hash } = claim;
  const reader = new ByteReader(claim.bytes, 'big', { prefix: 'signature.' });
  if (scheme === 'ecdsa') return { scheme, hash, ...readEcdsaSigValue(reader) };
  if (claim.bytes.byteLength > TPM_LIMITS.rsaBytes) {
    reader.fail('over-cap', 'value', {
      expected: `at most ${TPM_LIMITS.rsaBytes} bytes`,
      actual: `${claim.bytes.byteLength} bytes`,
    });
  }
  return { scheme, hash, value: claim.bytes };
}

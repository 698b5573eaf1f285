// The signature over a quote as attesters send it: a TPMT_SIGNATURE, or bare with its scheme named.
// RFC 3279 2.2.3 Ecdsa-Sig-Value for bare ECDSA; FORMATS 14.2.

import { DER_TAG, derElement, derUnsigned } from '../bytes/der.ts';
import { TPM_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Reading, readAtDoor } from '../bytes/reader.ts';
import type { HashName } from '../crypto/digest.ts';
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
  if (scheme === 'ecdsa') return { scheme, hash, ...ecdsaSigValue(reader) };
  if (claim.bytes.byteLength > TPM_LIMITS.rsaBytes) {
    reader.fail('over-cap', 'value', {
      expected: `at most ${TPM_LIMITS.rsaBytes} bytes`,
      actual: `${claim.bytes.byteLength} bytes`,
    });
  }
  return { scheme, hash, value: claim.bytes };
}

/** SEQUENCE { r INTEGER, s INTEGER }. */
function ecdsaSigValue(reader: ByteReader): { readonly r: Uint8Array; readonly s: Uint8Array } {
  const sequence = derElement(reader, DER_TAG.sequence, 'ecdsaSigValue');
  const r = derUnsigned(sequence, 'r', TPM_LIMITS.eccBytes);
  const s = derUnsigned(sequence, 's', TPM_LIMITS.eccBytes);
  sequence.end('s');
  reader.end('ecdsaSigValue');
  return { r, s };
}

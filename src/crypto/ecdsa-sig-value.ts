// ECDSA signatures in the encoding that everything but TPMs uses.
// RFC 3279 2.2.3 Ecdsa-Sig-Value; X.690 for DER.

import { DER_TAG, derElement, derUnsigned } from '../bytes/der.ts';
import { TPM_LIMITS } from '../bytes/limits.ts';
import type { ByteReader } from '../bytes/reader.ts';

/** The halves of a signature, big endian, without leading zeros. */
export interface EcdsaSigValue {
  readonly r: Uint8Array;
  readonly s: Uint8Array;
}

/** Reads SEQUENCE { r INTEGER, s INTEGER } and nothing behind it. Throws MalformedError. */
export function readEcdsaSigValue(reader: ByteReader): EcdsaSigValue {
  const sequence = derElement(reader, DER_TAG.sequence, 'ecdsaSigValue');
  const r = derUnsigned(sequence, 'r', TPM_LIMITS.eccBytes);
  const s = derUnsigned(sequence, 's', TPM_LIMITS.eccBytes);
  sequence.end('s');
  reader.end('ecdsaSigValue');
  return { r, s };
}

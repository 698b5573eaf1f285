// Reader of TPMT_SIGNATURE.
// TPM 2.0 Part 2, 11.3.4 TPMT_SIGNATURE; FORMATS 14.2.
//
//   bytes  field                              bytes  field
//   2      sigAlg                             RSA:   2 + n sig
//   2      hash                               ECDSA: 2 + n signatureR, 2 + n signatureS

import { TPM_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Reading, readAtDoor } from '../bytes/reader.ts';
import { hashByTpmAlg } from '../crypto/digest.ts';
import type { EcdsaSignature, RsaSignature, Signature } from '../crypto/signature.ts';
import { TPM_ALG } from './constants.ts';

/** A signature that could be read, or the number that says why it cannot be checked. */
export type QuoteSignature =
  | { readonly state: 'readable'; readonly signature: Signature }
  /** A TPMT_SIGNATURE of another scheme: its layout is not looked at. */
  | { readonly state: 'scheme-unsupported'; readonly sigAlg: number }
  /** A known scheme with a hash that is not in our table. */
  | { readonly state: 'hash-unknown'; readonly hashAlg: number };

/** Reads a TPMT_SIGNATURE, all of it unless its scheme is unsupported. */
export function readTpmtSignature(bytes: Uint8Array): Reading<QuoteSignature> {
  return readAtDoor(() => {
    const reader = new ByteReader(bytes, 'big', { prefix: 'signature.' });
    const sigAlg = reader.u16('sigAlg');
    const scheme = signatureSchemeOf(sigAlg);
    if (scheme === undefined) return { state: 'scheme-unsupported', sigAlg };
    const hashAlg = reader.u16('hash');
    const parts = scheme === 'ecdsa' ? ecdsaParts(reader) : rsaParts(reader, scheme);
    reader.end('signature');
    const hash = hashByTpmAlg(hashAlg)?.name;
    if (hash === undefined) return { state: 'hash-unknown', hashAlg };
    return { state: 'readable', signature: { ...parts, hash } };
  });
}

/** The scheme with this TPM_ALG_ID, or undefined when this verifier does not check it. */
export function signatureSchemeOf(sigAlg: number): Signature['scheme'] | undefined {
  return SCHEMES.get(sigAlg);
}

function rsaParts(reader: ByteReader, scheme: RsaSignature['scheme']): Omit<RsaSignature, 'hash'> {
  return { scheme, value: reader.sized16('sig', TPM_LIMITS.rsaBytes) };
}

function ecdsaParts(reader: ByteReader): Omit<EcdsaSignature, 'hash'> {
  const r = reader.sized16('signatureR', TPM_LIMITS.eccBytes);
  const s = reader.sized16('signatureS', TPM_LIMITS.eccBytes);
  return { scheme: 'ecdsa', r, s };
}

const SCHEMES: ReadonlyMap<number, Signature['scheme']> = new Map([
  [TPM_ALG.RSASSA, 'rsassa'],
  [TPM_ALG.RSAPSS, 'rsapss'],
  [TPM_ALG.ECDSA, 'ecdsa'],
] as const);

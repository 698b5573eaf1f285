// Signatures of certificates and revocation lists: the algorithm as X.509 names it, and its check.
// RFC 5280 4.1.1.2; RFC 4055 5 RSA, RFC 5758 3.2 ECDSA.

import { BER_TAG, BerReader, contextTag } from '../bytes/ber.ts';
import { ByteReader, readAtDoor } from '../bytes/reader.ts';
import type { HashName } from './digest.ts';
import { readEcdsaSigValue } from './ecdsa-sig-value.ts';
import type { Signature, VerifyingKey } from './signature.ts';

/** An algorithm that this verifier checks. */
export interface CertificateAlgorithm {
  readonly scheme: Signature['scheme'];
  readonly hash: HashName;
}

/** Bytes and the signature over them, all as received. */
export interface SignedBytes {
  readonly tbs: Uint8Array;
  /** DER AlgorithmIdentifier. */
  readonly algorithm: Uint8Array;
  /** Contents of the BIT STRING: RSA bytes, or a DER Ecdsa-Sig-Value. */
  readonly signature: Uint8Array;
}

/** The algorithm that an AlgorithmIdentifier names; undefined when it is another one. */
export function certificateAlgorithm(identifier: Uint8Array): CertificateAlgorithm | undefined {
  const reading = readAtDoor(() => {
    const reader = new BerReader(new ByteReader(identifier, 'big'));
    const { content } = reader.element(BER_TAG.sequence, 'algorithm');
    const oid = content.oid('algorithm');
    return oid === ID_RSASSA_PSS ? pssAlgorithm(content) : ALGORITHMS.get(oid);
  });
  return reading.ok ? reading.value : undefined;
}

/** Whether `signed` carries a signature of `key`. False too for every algorithm not checked. */
export function isSignedBy(key: VerifyingKey, signed: SignedBytes): boolean {
  const algorithm = certificateAlgorithm(signed.algorithm);
  if (algorithm === undefined) return false;
  const signature = signatureOf(algorithm, signed.signature);
  return signature !== undefined && key.verifies(signature, signed.tbs);
}

function signatureOf(algorithm: CertificateAlgorithm, bytes: Uint8Array): Signature | undefined {
  const { scheme, hash } = algorithm;
  if (scheme !== 'ecdsa') return { scheme, hash, value: bytes };
  const halves = readAtDoor(() => readEcdsaSigValue(new ByteReader(bytes, 'big')));
  return halves.ok ? { scheme, hash, ...halves.value } : undefined;
}

/** RSASSA-PSS-params: the hash is the only parameter that matters here. MGF1 with another hash is
 *  not checked by OpenSSL as we call it, so it does not verify; salt lengths may differ. */
function pssAlgorithm(content: BerReader): CertificateAlgorithm | undefined {
  const parameters = content.optional(BER_TAG.sequence, 'parameters');
  const named = parameters?.content.optional(contextTag(0, 'constructed'), 'hashAlgorithm');
  if (named === undefined) return { scheme: 'rsapss', hash: 'sha1' };
  const oid = named.content.element(BER_TAG.sequence, 'hashAlgorithm').content.oid('hash');
  const hash = HASHES.get(oid);
  return hash && { scheme: 'rsapss', hash };
}

const ID_RSASSA_PSS = '1.2.840.113549.1.1.10';

const ALGORITHMS: ReadonlyMap<string, CertificateAlgorithm> = new Map([
  ['1.2.840.113549.1.1.5', { scheme: 'rsassa', hash: 'sha1' }],
  ['1.2.840.113549.1.1.11', { scheme: 'rsassa', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { scheme: 'rsassa', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { scheme: 'rsassa', hash: 'sha512' }],
  ['1.2.840.10045.4.1', { scheme: 'ecdsa', hash: 'sha1' }],
  ['1.2.840.10045.4.3.2', { scheme: 'ecdsa', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { scheme: 'ecdsa', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { scheme: 'ecdsa', hash: 'sha512' }],
] as const);

const HASHES: ReadonlyMap<string, HashName> = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
] as const);

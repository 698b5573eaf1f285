// Rules about keys that were put on a keyring: which records these are, and whether such a key is
// one that the policy trusts. FORMATS 11; docs/policy.md, "Events and keys"

import { DER_TAG, derContextTag, derElement } from '../bytes/der.ts';
import { equalBytes, latinText } from '../bytes/encoding.ts';
import { ByteReader, readAtDoor } from '../bytes/reader.ts';
import type { TrustedKey } from '../crypto/trusted-key.ts';
import { knownEvent } from '../ima/buffer-grammar.ts';
import type { Measurement } from './acceptance.ts';

/** Whether a measurement can be that of a key on the keyring `keyring`. A keyring may be called
 *  like an event: its records are judged as the event then. */
export function concernsKeyring(measurement: Measurement, keyring: string): boolean {
  const name = latinText(measurement.name);
  return measurement.kind === 'buffer' && name === keyring && knownEvent(name) === undefined;
}

/** Whether `payload`, what was put on a keyring, is one of `keys`: its very certificate, its public
 *  key, or another certificate of the same public key. Signatures of certificates are not checked:
 *  the kernel puts a key on a keyring, not the trust in whoever signed it. */
export function isKeyOf(payload: Uint8Array, keys: readonly TrustedKey[]): boolean {
  const spki = publicKeyOf(payload) ?? payload;
  return keys.some(
    (key) =>
      equalBytes(key.spki, spki) ||
      (key.certificate !== undefined && equalBytes(key.certificate, payload)),
  );
}

/** Whether `payload` has the form of a certificate or of a public key. */
export function looksLikeKey(payload: Uint8Array): boolean {
  return publicKeyOf(payload) !== undefined || readAtDoor(() => readSpki(payload)).ok;
}

/** The DER SubjectPublicKeyInfo in a DER certificate (X.509: Certificate, TBSCertificate);
 *  undefined for anything else. */
function publicKeyOf(payload: Uint8Array): Uint8Array | undefined {
  for (const hasVersion of [true, false]) {
    const reading = readAtDoor(() => readCertificate(payload, hasVersion));
    if (reading.ok) return reading.value;
  }
  return undefined;
}

/** `hasVersion`: whether the certificate says its version, as all but those of version 1 do. */
function readCertificate(payload: Uint8Array, hasVersion: boolean): Uint8Array {
  const reader = new ByteReader(payload, 'big');
  const certificate = derElement(reader, DER_TAG.sequence, 'certificate');
  reader.end('certificate');
  const tbs = derElement(certificate, DER_TAG.sequence, 'tbsCertificate');
  derElement(certificate, DER_TAG.sequence, 'signatureAlgorithm');
  derElement(certificate, DER_TAG.bitString, 'signatureValue');
  certificate.end('certificate');
  if (hasVersion) derElement(tbs, derContextTag(0), 'version');
  derElement(tbs, DER_TAG.integer, 'serialNumber');
  for (const field of ['signature', 'issuer', 'validity', 'subject']) {
    derElement(tbs, DER_TAG.sequence, field);
  }
  const startBytes = tbs.offsetBytes;
  derElement(tbs, DER_TAG.sequence, 'subjectPublicKeyInfo');
  return tbs.since(startBytes);
}

/** SubjectPublicKeyInfo: an algorithm and the bits of the key. */
function readSpki(payload: Uint8Array): void {
  const reader = new ByteReader(payload, 'big');
  const info = derElement(reader, DER_TAG.sequence, 'subjectPublicKeyInfo');
  reader.end('subjectPublicKeyInfo');
  derElement(info, DER_TAG.sequence, 'algorithm');
  derElement(info, DER_TAG.bitString, 'subjectPublicKey');
  info.end('subjectPublicKeyInfo');
}

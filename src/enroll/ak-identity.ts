// What an attester's id is bound to: a key itself, however it was described.
// RFC 7638, JSON Web Key Thumbprint.

import { asciiBytes, toHex } from '../bytes/encoding.ts';
import { digest } from '../crypto/digest.ts';
import { jwkOf, type PublicKey } from '../crypto/public-key.ts';
import type { AttestationKey } from '../quote/attestation-key.ts';

/** The identity of an attestation key. */
export function akIdentity(ak: AttestationKey): string {
  return keyIdentity(ak.key.publicKey);
}

/** `sha256:` and the thumbprint of the key in hex. The same for a public area, a certificate and a
 *  PEM of one key: no change of encoding makes a second attester. */
export function keyIdentity(key: PublicKey): string {
  const jwk = Object.entries(jwkOf(key)).sort(([a], [b]) => (a < b ? -1 : 1));
  const thumbprint = digest('sha256', asciiBytes(JSON.stringify(Object.fromEntries(jwk))));
  if (thumbprint === undefined) throw new Error('SHA-256 cannot be computed');
  return `sha256:${toHex(thumbprint)}`;
}

// Digests by which enrolment knows things again: certificates, and secrets that it must not keep.
// docs/decisions/0013-trust-paths.md

import { equalBytes, toHex } from '../bytes/encoding.ts';
import { digest } from '../crypto/digest.ts';

/** SHA-256 over the bytes as they are, hex. */
export function fingerprintOf(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}

/** What is kept of a secret until it comes back. The secret is random: no digest tells it. */
export function secretDigest(secret: Uint8Array): Uint8Array {
  return sha256(secret);
}

/** Whether `answer` is the secret behind a digest, in time that depends on lengths alone. */
export function isSecretOf(answer: Uint8Array, kept: Uint8Array): boolean {
  return equalBytes(sha256(answer), kept);
}

function sha256(bytes: Uint8Array): Uint8Array {
  const value = digest('sha256', bytes);
  if (value === undefined) throw new Error('SHA-256 cannot be computed');
  return value;
}

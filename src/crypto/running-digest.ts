// SHA-256 over bytes that come in pieces: for content of hundreds of megabytes, which one call
// would hash in one go. FIPS 180-4.

import { createHash } from 'node:crypto';

/** Collects bytes and gives their SHA-256 once. */
export class RunningSha256 {
  readonly #hash = createHash('sha256');

  /** Takes the next bytes. */
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The 32 bytes of the digest over everything taken. Call once. */
  digest(): Uint8Array {
    return new Uint8Array(this.#hash.digest());
  }
}

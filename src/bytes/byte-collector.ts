// Collects bytes that arrive in pieces of any size, so that very many tiny ones cost no more than a
// few large ones.

import { viewBytes } from './encoding.ts';

/** Grows as pieces are added and gives them back as one array. */
export class ByteCollector {
  #buffer = new Uint8Array();
  #sizeBytes = 0;

  /** Bytes added since the last `take`. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Adds a copy of `bytes`. */
  add(bytes: Uint8Array): void {
    const needed = this.#sizeBytes + bytes.byteLength;
    if (needed > this.#buffer.byteLength) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.byteLength));
      grown.set(viewBytes(this.#buffer, 0, this.#sizeBytes));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#sizeBytes);
    this.#sizeBytes = needed;
  }

  /** Gives all bytes and starts anew. Nobody writes to them afterwards: views may be kept. */
  take(): Uint8Array {
    const taken = viewBytes(this.#buffer, 0, this.#sizeBytes);
    this.#buffer = new Uint8Array();
    this.#sizeBytes = 0;
    return taken;
  }
}

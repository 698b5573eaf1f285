// Fingerprints of the newest records of a list, to notice that a segment begins with records that
// an earlier one already held. Bounded: an overlap longer than what is kept is not noticed.
// FORMATS 8.3, 8.4 rule 2.

import { equalBytes, viewBytes } from '../bytes/encoding.ts';
import { TIMELINE_LIMITS } from '../bytes/limits.ts';

/** Fingerprint of a record: the SHA-1 digest of its template data, ones for a violation. */
export type Fingerprint = Uint8Array;

/** A ring of fingerprints, by the position of their record in the order of arrival. */
export class RecordHistory {
  readonly #ring = new Uint8Array(TIMELINE_LIMITS.overlapRecords * FINGERPRINT_BYTES);
  #count = 0;

  /** Records seen so far, kept or not. */
  get count(): number {
    return this.#count;
  }

  /** Adds the next record. */
  push(fingerprint: Fingerprint): void {
    this.#ring.set(fingerprint, this.#slot(this.#count));
    this.#count += 1;
  }

  /** Whether the record at `position` is kept and has this fingerprint. */
  isAt(position: number, fingerprint: Fingerprint): boolean {
    const isKept =
      position < this.#count && position >= this.#count - TIMELINE_LIMITS.overlapRecords;
    if (!isKept || position < 0) return false;
    const slot = this.#slot(position);
    return equalBytes(viewBytes(this.#ring, slot, slot + FINGERPRINT_BYTES), fingerprint);
  }

  /** Positions of the newest kept records with this fingerprint, newest first. */
  find(fingerprint: Fingerprint, most: number): readonly number[] {
    const found: number[] = [];
    const oldest = Math.max(0, this.#count - TIMELINE_LIMITS.overlapRecords);
    for (let position = this.#count - 1; position >= oldest; position -= 1) {
      if (!this.isAt(position, fingerprint)) continue;
      found.push(position);
      if (found.length === most) break;
    }
    return found;
  }

  #slot(position: number): number {
    return (position % TIMELINE_LIMITS.overlapRecords) * FINGERPRINT_BYTES;
  }
}

const FINGERPRINT_BYTES = 20;

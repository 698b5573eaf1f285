// Fingerprints of the newest records of a list, to notice that a segment begins with records that
// an earlier one already held. Bounded: an overlap longer than what is kept is not noticed.
// FORMATS 8.3, 8.4 rule 2.

import { equalBytes, viewBytes } from '../bytes/encoding.ts';
import { TIMELINE_LIMITS } from '../bytes/limits.ts';

/** Fingerprint of a record: the SHA-1 digest of its template data, ones for a violation. */
export type Fingerprint = Uint8Array;

/** A ring of fingerprints, by the position of their record in the order of arrival. Positions of
 *  fingerprints that begin alike are chained, newest first, so that looking one up does not depend
 *  on how many are kept. */
export class RecordHistory {
  readonly #ring = new Uint8Array(TIMELINE_LIMITS.overlapRecords * FINGERPRINT_BYTES);
  readonly #newest = new Map<number, number>();
  /** By slot: the position of the next older fingerprint that begins alike, -1 for none. */
  readonly #older = new Float64Array(TIMELINE_LIMITS.overlapRecords).fill(-1);
  #count = 0;

  /** Records seen so far, kept or not. */
  get count(): number {
    return this.#count;
  }

  /** Adds the next record. */
  push(fingerprint: Fingerprint): void {
    const position = this.#count;
    const start = startOf(fingerprint);
    this.#forget(position - TIMELINE_LIMITS.overlapRecords);
    this.#ring.set(fingerprint, this.#slot(position));
    this.#older[position % TIMELINE_LIMITS.overlapRecords] = this.#newest.get(start) ?? -1;
    this.#newest.set(start, position);
    this.#count += 1;
  }

  /** Keeps the map as small as the ring. */
  #forget(position: number): void {
    if (position < 0) return;
    const slot = this.#slot(position);
    const start = startOf(viewBytes(this.#ring, slot, slot + FINGERPRINT_BYTES));
    if (this.#newest.get(start) === position) this.#newest.delete(start);
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
    let position = this.#newest.get(startOf(fingerprint)) ?? -1;
    while (position >= oldest && found.length < most) {
      if (this.isAt(position, fingerprint)) found.push(position);
      position = this.#older[position % TIMELINE_LIMITS.overlapRecords] ?? -1;
    }
    return found;
  }

  #slot(position: number): number {
    return (position % TIMELINE_LIMITS.overlapRecords) * FINGERPRINT_BYTES;
  }
}

/** The first 32 bits. */
function startOf(fingerprint: Fingerprint): number {
  const [first = 0, second = 0, third = 0, fourth = 0] = fingerprint;
  return ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0;
}

const FINGERPRINT_BYTES = 20;

// How much a diagnosis may compute: extends are counted, not time, so that the same evidence always
// gets the same diagnosis.

/** A number of extends to spend, in shares, so that no hypothesis starves the later ones. */
export class Work {
  readonly #cap: number;
  #spent = 0;
  #shareEnd: number;
  #isCut = false;

  constructor(cap: number) {
    this.#cap = cap;
    this.#shareEnd = cap;
  }

  /** Extends computed so far: never more than the cap. */
  get spent(): number {
    return this.#spent;
  }

  /** Whether something was not computed since the share began, for want of work to spend. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Begins a share: an equal part of what is left for each of `claimants` still to come. */
  beginShare(claimants: number): void {
    this.#shareEnd = this.#spent + Math.floor((this.#cap - this.#spent) / claimants);
    this.#isCut = false;
  }

  /** Takes `extendCount` from the share, or from all that is left; false when there are not as
   *  many. */
  spend(extendCount: number, from: 'share' | 'all' = 'share'): boolean {
    const end = from === 'share' ? this.#shareEnd : this.#cap;
    if (this.#spent + extendCount > end) {
      this.#isCut = true;
      return false;
    }
    this.#spent += extendCount;
    return true;
  }
}

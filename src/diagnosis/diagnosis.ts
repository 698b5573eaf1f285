// What a diagnosis is, and the hypotheses that there are, by name: an explanation of a replay that
// missed the quoted values, for people. It proves nothing. docs/formats/diagnosis.md

/** Every hypothesis, in the order in which they are tried, with what it says. */
export const HYPOTHESES = {
  'quote-at-checkpoint':
    'the quoted values are those of an earlier checkpoint of this boot; the list is another one',
  'pcr-of-another-boot': 'the quoted values are those of a checkpoint of the boot before',
  'list-of-another-boot': 'the list begins with the records of the boot before',
  'list-starts-elsewhere': 'the list is right, but starts at another record than claimed',
  'violation-extended-as-zeros': 'violations were extended as zeros, not as ones',
  'other-byte-order': 'the length words were hashed in the other byte order',
  'altered-data': 'the digest columns lead to the quote; the data beside some of them do not',
  'segments-in-other-order': 'the segments lead to the quote in another order',
  'pcr-index-altered': 'a record belongs to another PCR than it says',
  'record-marked-as-violation': 'a violation is a record whose digest column was zeroed',
  'record-duplicated': 'a record that stands elsewhere in the list too was put in',
  'foreign-record': 'a record was put in that was never extended',
  'adjacent-extends-swapped': 'two neighbours were extended in the other order',
  'violation-sent-as-record': 'a record stands where a violation was extended',
  'violation-left-out': 'a violation was extended that the list does not hold',
  'counter-above-list':
    'the unsigned update counter leaves room for extends that neither boot log nor list explains',
  'counter-below-list':
    'the unsigned update counter is lower than the boot log and the list together make it',
  'search-cut-short':
    'the work cap ended the search: a change at this record or before it was not tried',
} as const;

export type HypothesisName = keyof typeof HYPOTHESES;

/** A hypothesis that explains a failed replay; never improves a verdict. */
export interface Diagnosis {
  readonly hypothesis: HypothesisName;
  /** Absolute indices of the records it is about, as they stand in the list; at most
   *  DIAGNOSIS_LIMITS.places. */
  readonly at: readonly number[];
  /** Whether the quoted values follow from the list under this hypothesis. */
  readonly reachesQuote: boolean;
  /** What else there is to know, in words. */
  readonly note?: string;
}

// Hypotheses that one record was put in, left out, moved or marked. Each position is tried, newest
// first: that is where most changes are and where a trial is cheapest. FORMATS 4.4, 4.5, 12.3.

import { equalBytes } from '../bytes/encoding.ts';
import type { RecordDigests } from '../ima/registers.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Change, Search } from './search.ts';
import type { TrailRecord } from './trail.ts';

/** Changes one thing at `position`, 0 up to and with the number of records; undefined where there
 *  is nothing to change. */
export interface SingleChange {
  readonly changeAt: (search: Search, position: number) => Change | undefined;
  /** What it means that the list changed at `position` reaches the quote. */
  readonly meaning: (search: Search, position: number) => Diagnosis;
}

/** In the order in which they are tried: those that fit few positions first. */
export const SINGLE_CHANGES: readonly SingleChange[] = [
  {
    changeAt({ trail, pcr }, position) {
      const record = trail.records[position];
      if (record === undefined || record.pcr === pcr) return undefined;
      return replace(position, { ...record, pcr });
    },
    meaning: (search, position) => ({
      hypothesis: 'pcr-index-altered',
      at: [indexAt(search, position)],
      reachesQuote: true,
      note: `It was extended into PCR ${search.pcr}.`,
    }),
  },
  {
    changeAt({ trail }, position) {
      const record = trail.records[position];
      if (record?.unmarked === undefined) return undefined;
      return replace(position, { ...record, digests: record.unmarked });
    },
    meaning: (search, position) => found('record-marked-as-violation', search, position),
  },
  {
    changeAt({ trail, pcr }, position) {
      if (trail.records[position]?.pcr !== pcr) return undefined;
      return { from: position, put: [], then: position + 1 };
    },
    meaning: extraRecord,
  },
  {
    changeAt({ trail, pcr }, position) {
      const [first, second] = [trail.records[position], trail.records[position + 1]];
      if (first?.pcr !== pcr || second?.pcr !== pcr) return undefined;
      return { from: position, put: [second, first], then: position + 2 };
    },
    meaning: (search, position) => ({
      hypothesis: 'adjacent-extends-swapped',
      at: [indexAt(search, position), indexAt(search, position + 1)],
      reachesQuote: true,
    }),
  },
  {
    changeAt({ trail, pcr }, position) {
      const record = trail.records[position];
      if (record?.pcr !== pcr || record.digests.violation) return undefined;
      return replace(position, { ...record, digests: VIOLATION });
    },
    meaning: (search, position) => found('violation-sent-as-record', search, position),
  },
  {
    changeAt({ trail, pcr }, position) {
      const beside = trail.records[position] ?? trail.records[position - 1];
      if (beside === undefined) return undefined;
      return { from: position, put: [{ ...beside, pcr, digests: VIOLATION }], then: position };
    },
    meaning: (search, position) => ({
      hypothesis: 'violation-left-out',
      at: [indexAt(search, position)],
      reachesQuote: true,
      note: 'It was extended right before the record at this index.',
    }),
  },
];

function replace(position: number, record: TrailRecord): Change {
  return { from: position, put: [record], then: position + 1 };
}

function found(hypothesis: Diagnosis['hypothesis'], search: Search, position: number): Diagnosis {
  return { hypothesis, at: [indexAt(search, position)], reachesQuote: true };
}

/** The index of the record at `position`, or the one that a next record would have. */
function indexAt({ trail }: Search, position: number): number {
  return trail.start.index + position;
}

/** A record too many is a duplicate if there is another like it. */
function extraRecord(search: Search, position: number): Diagnosis {
  const { records } = search.trail;
  const record = records[position];
  const twin = records.find((other) => other !== record && record && isAlike(other, record));
  const at = [indexAt(search, position)];
  if (twin === undefined) return { hypothesis: 'foreign-record', at, reachesQuote: true };
  const note = `It repeats record ${twin.index}.`;
  return { hypothesis: 'record-duplicated', at, reachesQuote: true, note };
}

function isAlike(left: TrailRecord, right: TrailRecord): boolean {
  const isSameKind = left.digests.violation === right.digests.violation;
  return left.pcr === right.pcr && isSameKind && equalBytes(left.data, right.data);
}

const VIOLATION: RecordDigests = { violation: true, of: () => undefined };

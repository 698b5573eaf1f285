// Says why the replay of a list did not reach the quoted values: hypotheses are tried in a fixed
// order and bounded work, until one reaches them. A diagnosis explains and never improves a
// verdict. FORMATS 19, step 6; docs/formats/diagnosis.md

import { DIAGNOSIS_LIMITS } from '../bytes/limits.ts';
import type { PcrValues } from '../pcr/selection.ts';
import type { Diagnosis } from './diagnosis.ts';
import { Search } from './search.ts';
import { SINGLE_CHANGES, type SingleChange } from './single-change.ts';
import type { OpenTrail, Trail } from './trail.ts';
import { type EarlierPoint, isAltered, WHOLE_LIST_HYPOTHESES } from './whole-list.ts';
import { Work } from './work.ts';

/** A list that did not lead to the quote. */
export interface DiagnosisInput {
  /** Its records, as the plain reading took them. */
  readonly trail: Trail;
  /** Proven PCR values. */
  readonly quoted: PcrValues;
  /** Our checkpoints of this boot, or of the boot before. */
  readonly earlier: readonly EarlierPoint[];
}

/** Tries every hypothesis until one reaches the quoted values; what else was found stands before
 *  it. `work` bounds the extends. Empty when nothing explains the list. */
export function diagnose(
  { trail, quoted, earlier }: DiagnosisInput,
  work: Work = new Work(DIAGNOSIS_LIMITS.extends),
): readonly Diagnosis[] {
  const opened = trail.open();
  const search = opened && Search.begin(opened, quoted, work);
  if (search === undefined) return work.isCut ? [cutAt()] : [];
  const positions = suspects(search.trail);
  const looks = [
    ...WHOLE_LIST_HYPOTHESES.map((look) => () => look(search, earlier)),
    ...SINGLE_CHANGES.map((change) => () => findChange(search, positions, change)),
  ];
  const found: Diagnosis[] = [];
  for (const [at, look] of looks.entries()) {
    work.beginShare(looks.length - at);
    const diagnosis = look();
    if (diagnosis !== undefined) found.push(diagnosis);
    else if (work.isCut) found.push(cutAt());
    if (diagnosis?.reachesQuote === true) return found.filter(isNotCut);
  }
  return withOneCut(found);
}

/** Positions at which something may have been changed, newest first: where records do not fit their
 *  columns only those, as whatever else is changed beside them would be a second change. */
function suspects({ records }: OpenTrail): readonly number[] {
  const altered = [...records.keys()].filter((position) => isAltered(records[position]));
  const positions = altered.length > 0 ? altered : [...records.keys(), records.length];
  return positions.reverse();
}

/** Tries a change at each position, as far as the share of work goes. */
function findChange(
  search: Search,
  positions: readonly number[],
  { changeAt, meaning }: SingleChange,
): Diagnosis | undefined {
  const { start } = search.trail;
  for (const position of positions) {
    const change = changeAt(search, position);
    if (change === undefined) continue;
    if (search.reaches(change)) return meaning(search, position);
    if (search.work.isCut) return cutAt(start.index + position);
  }
  return undefined;
}

function isNotCut({ hypothesis }: Diagnosis): boolean {
  return hypothesis !== CUT;
}

/** Of all searches that were cut short, the one that came least far. */
function withOneCut(found: readonly Diagnosis[]): readonly Diagnosis[] {
  const cuts = found.filter((one) => !isNotCut(one));
  if (cuts.length === 0) return found;
  const places = cuts.flatMap(({ at }) => at);
  return [...found.filter(isNotCut), cutAt(...(places.length > 0 ? [Math.max(...places)] : []))];
}

function cutAt(...at: readonly number[]): Diagnosis {
  return { hypothesis: CUT, at, reachesQuote: false };
}

const CUT = 'search-cut-short';

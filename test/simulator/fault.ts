// What a fault is: something wrong that is done to the evidence of one round, or on the host before
// it, with the finding that has to name it.

import type { FindingCode } from '../../src/findings/codes.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import type { VerdictStatus } from '../../src/verify/verdict.ts';
import { type Cut, cutList, type HeldRecord } from './agent.ts';
import { type Ask, selectionOf } from './histories.ts';
import type { Round } from './host.ts';
import { ListRecord } from './records.ts';
import { requestOf, type Scene } from './rounds.ts';
import type { Bank } from './tpm.ts';

/** Evidence with something wrong in it. */
export interface FaultyRound {
  readonly evidence: Evidence;
  readonly segments: readonly Uint8Array[];
  /** The verifier has never seen this host. */
  readonly isFirstContact?: boolean;
}

/** Where a fault is put in. */
export interface FaultSite {
  readonly scene: Scene;
  /** How the round is asked. */
  readonly ask: Ask;
  /** A whole number from 0 to below `count`, the same in every run. */
  readonly pick: (count: number) => number;
}

export interface Fault {
  readonly name: string;
  /** One of these has to be found. */
  readonly codes: readonly FindingCode[];
  readonly statuses: readonly VerdictStatus[];
  /** Whether the host is judged right in its next honest round. `from zero`: the quote proves the
   *  records but not how they were sent, so what was found stays until the list is sent anew;
   *  `never`: the host itself is not what it was. */
  readonly recovers: 'at once' | 'from zero' | 'never';
  /** Gives the faulty round; undefined where the scene has nothing to do it to. */
  readonly inject: (site: FaultSite) => FaultyRound | undefined;
}

/** An honest round with some records that were not proven before, to be spoiled. */
export function freshRound(site: FaultSite, cuts: readonly Cut[] = []): Round {
  const { scene, ask, pick } = site;
  scene.host.measureFiles(5 + pick(4));
  return scene.host.evidence({ ...requestOf(scene, ask), cuts });
}

/** Positions in `round.held` of records that this round has to prove and whose bytes the quote
 *  covers: of a quoted PCR and no violations. */
export function coveredPositions(site: FaultSite, round: Round): readonly number[] {
  const { scene, ask } = site;
  const fromIndex = round.evidence.ima?.fromIndex ?? 0;
  const quoted = new Set(selectionOf(scene.history, ask).flatMap(({ pcrs }) => pcrs));
  return round.held.flatMap(({ record }, position) => {
    const index = fromIndex + position;
    const isJudged = (fromIndex === 0 || index >= scene.askedIndex) && index < round.provenCount;
    const isCovered = quoted.has(record.draft.pcr) && !record.isViolation;
    return isJudged && isCovered ? [position] : [];
  });
}

/** One of `values`; undefined when there are none. */
export function pickOne<T>(values: readonly T[], pick: FaultSite['pick']): T | undefined {
  return values.length === 0 ? undefined : values[pick(values.length)];
}

/** The evidence of `round` with another list. */
export function withList(
  round: Round,
  held: readonly HeldRecord[],
  cuts: readonly Cut[] = [],
): FaultyRound {
  const { claims, segments } = cutList(held, cuts);
  return { evidence: withClaim(round.evidence, { segments: claims }), segments };
}

/** Evidence with other claims about its list. */
export function withClaim(
  evidence: Evidence,
  claim: Partial<NonNullable<Evidence['ima']>>,
): Evidence {
  const { segments = [], fromIndex = 0 } = evidence.ima ?? {};
  return { ...evidence, ima: { segments, fromIndex, ...claim } };
}

/** A record whose data were altered and whose digest column was left as it was. */
export class StaleColumnRecord extends ListRecord {
  readonly #original: ListRecord;

  constructor(altered: ListRecord['draft'], original: ListRecord) {
    super(altered, original.order);
    this.#original = original;
  }

  override bytes(column: Bank): Uint8Array {
    const bytes = super.bytes(column).slice();
    const columnBytes = this.#original.digest(column).byteLength;
    bytes.set(this.#original.bytes(column).slice(4, 4 + columnBytes), 4);
    return bytes;
  }
}

// Where a round's replay starts: at record 0, or at a checkpoint of ours, never where the host
// says. docs/formats/segments.md; FORMATS 8.4 rules 3 to 5, 14.6.

import type { HashName } from '../crypto/digest.ts';
import type { BootRelation } from './boot-identity.ts';
import type { Checkpoint } from './checkpoint.ts';

/** What is known when a round begins. */
export interface OriginQuestion<C extends Checkpoint> {
  /** Where the evidence says that its list starts. */
  readonly fromIndex: number;
  readonly relation: BootRelation;
  /** Newest first; the newest is where the next round should start. */
  readonly checkpoints: readonly C[];
  /** Banks that have to be followed. */
  readonly banks: readonly HashName[];
}

/** Where to start, or why not. */
export type Origin<C extends Checkpoint> =
  | {
      readonly kind: 'replay';
      /** Where the replay goes on from; undefined: record 0, registers at their reset value. */
      readonly from: C | undefined;
      /** Leading records of the evidence that were proven before and are skipped by count. */
      readonly skip: number;
      /** Checkpoints that the replay has to pass. */
      readonly waypoints: readonly C[];
    }
  | {
      /** Records between what we have proven and what was sent are missing. */
      readonly kind: 'gap';
      readonly neededIndex: number;
    };

/** Decides where the replay of a round starts. */
export function originOf<C extends Checkpoint>(question: OriginQuestion<C>): Origin<C> {
  const { fromIndex, relation, banks } = question;
  const isKnownBoot = relation === 'same' || relation === 'resumed';
  const usable = isKnownBoot ? question.checkpoints.filter((one) => follows(one, banks)) : [];
  const [newest] = usable;
  if (fromIndex === 0) {
    const waypoints = isKnownBoot ? question.checkpoints : [];
    return { kind: 'replay', from: undefined, skip: 0, waypoints };
  }
  if (newest === undefined) return { kind: 'gap', neededIndex: 0 };
  if (fromIndex > newest.index) return { kind: 'gap', neededIndex: newest.index };
  const exact = usable.find(({ index }) => index === fromIndex);
  if (exact !== undefined) {
    const waypoints = usable.filter(({ index }) => index > fromIndex);
    return { kind: 'replay', from: exact, skip: 0, waypoints };
  }
  return { kind: 'replay', from: newest, skip: newest.index - fromIndex, waypoints: [] };
}

/** Whether a checkpoint has a running value in every bank that has to be followed. */
export function follows(checkpoint: Checkpoint, banks: readonly HashName[]): boolean {
  return banks.every((bank) => checkpoint.registers.some((register) => register.bank === bank));
}

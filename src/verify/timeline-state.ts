// What is kept of an attester from round to round: plain data, ours alone. docs/formats/segments.md

import { TIMELINE_LIMITS } from '../bytes/limits.ts';
import type { SavedAppraisal } from '../policy/ima-rules.ts';
import type { TpmsAttest } from '../quote/attest.ts';
import { type BootIdentity, bootAfter } from '../timeline/boot-identity.ts';
import { type Checkpoint, keepRegisters } from '../timeline/checkpoint.ts';
import type { ProvenPrefix } from './list-reading.ts';

export interface TimelineState {
  readonly format: 'plumbline-timeline/1';
  readonly boot: BootIdentity;
  /** Newest first. Empty: nothing of this boot's list is proven yet. */
  readonly checkpoints: readonly Checkpoint[];
  /** What the proven records said; null without a checkpoint. */
  readonly appraisal: SavedAppraisal | null;
}

/** The state behind a round whose replay stands. */
export function stateAfter(
  known: TimelineState | undefined,
  round: {
    readonly attest: TpmsAttest;
    /** Whether the PCRs started anew since the known state. */
    readonly isNewBoot: boolean;
    readonly proven: ProvenPrefix | undefined;
  },
): TimelineState {
  const { attest, isNewBoot, proven } = round;
  const boot = bootAfter(known?.boot, attest, isNewBoot);
  const kept = isNewBoot ? undefined : known;
  const earlier = kept?.checkpoints ?? [];
  if (proven === undefined) {
    return {
      format: 'plumbline-timeline/1',
      boot,
      checkpoints: earlier,
      appraisal: kept?.appraisal ?? null,
    };
  }
  const checkpoint: Checkpoint = {
    index: proven.match.recordCount,
    bytes: proven.bytes,
    registers: keepRegisters(proven.registers),
  };
  const older = earlier.filter(({ index }) => index < checkpoint.index);
  return {
    format: 'plumbline-timeline/1',
    boot,
    checkpoints: [checkpoint, ...older.slice(0, TIMELINE_LIMITS.earlierCheckpoints)],
    appraisal: proven.appraisal.save(),
  };
}

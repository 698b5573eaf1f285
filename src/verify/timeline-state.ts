// What is kept of an attester from round to round: plain data, ours alone. docs/formats/segments.md

import { TIMELINE_LIMITS } from '../bytes/limits.ts';
import type { SavedAppraisal } from '../policy/ima-rules.ts';
import type { TpmsAttest } from '../quote/attest.ts';
import { type BootIdentity, bootAfter } from '../timeline/boot-identity.ts';
import { type Checkpoint, keepRegisters } from '../timeline/checkpoint.ts';
import type { ProvenPrefix } from './list-reading.ts';

/** A proven point and what the records up to it said: everything a replay from there needs. */
export interface KeptCheckpoint extends Checkpoint {
  readonly appraisal: SavedAppraisal;
  /** Id of the newest batch, decimal; empty for none (FORMATS 12.2). */
  readonly lastBatch: string;
  /** When the round that proved it arrived, in milliseconds since 1970; absent where nobody told
   *  the time. */
  readonly provenAtMs?: number;
}

export interface TimelineState {
  readonly format: 'plumbline-timeline/1';
  readonly boot: BootIdentity;
  /** Newest first. Empty: nothing of this boot's list is proven yet. */
  readonly checkpoints: readonly KeptCheckpoint[];
  /** Where the list that the running kernel shows begins, after a kexec that began a new one; null
   *  while it begins at record 0. */
  readonly listBase: KeptCheckpoint | null;
}

/** The state behind a round whose replay stands. */
export function stateAfter(
  known: TimelineState | undefined,
  round: {
    readonly attest: TpmsAttest;
    /** Whether the PCRs started anew since the known state. */
    readonly isNewBoot: boolean;
    readonly proven: ProvenPrefix | undefined;
    /** The point from which the list was read as a new one. */
    readonly continues: KeptCheckpoint | undefined;
    readonly receivedAtMs: number | undefined;
  },
): TimelineState {
  const { attest, isNewBoot, proven, continues, receivedAtMs } = round;
  const boot = bootAfter(known?.boot, attest, isNewBoot);
  const kept = isNewBoot ? undefined : known;
  const earlier = kept?.checkpoints ?? [];
  const listBase = continues ?? kept?.listBase ?? null;
  if (proven === undefined) {
    return {
      format: 'plumbline-timeline/1',
      boot,
      checkpoints: earlier,
      listBase,
    };
  }
  const checkpoint: KeptCheckpoint = {
    index: proven.match.recordCount,
    bytes: proven.bytes,
    registers: keepRegisters(proven.registers),
    appraisal: proven.appraisal.save(),
    lastBatch: proven.lastBatch,
    ...provenAt(earlier, proven.match.recordCount, receivedAtMs),
  };
  const older = earlier
    .filter(({ index }) => index < checkpoint.index)
    .filter((_, at) => at < TIMELINE_LIMITS.earlierCheckpoints);
  return {
    format: 'plumbline-timeline/1',
    boot,
    checkpoints: [checkpoint, ...older],
    listBase,
  };
}

/** A time by which the boot that a quote belongs to had begun: that of our oldest proof of it, or
 *  now. In milliseconds since 1970. */
export function bootBeganBy(
  known: TimelineState | undefined,
  attest: TpmsAttest | undefined,
  nowMs: number | undefined,
): number | undefined {
  const isKnown = known !== undefined && attest?.resetCount === known.boot.resetCount;
  return (isKnown ? known.checkpoints.at(-1)?.provenAtMs : undefined) ?? nowMs;
}

/** What was proven before keeps the time at which it first was. */
function provenAt(
  earlier: readonly KeptCheckpoint[],
  recordCount: number,
  nowMs: number | undefined,
): Pick<KeptCheckpoint, 'provenAtMs'> {
  const provenAtMs = earlier.find(({ index }) => index === recordCount)?.provenAtMs ?? nowMs;
  return provenAtMs === undefined ? {} : { provenAtMs };
}

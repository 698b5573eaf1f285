// The rules about aggregate records: the one that opens a boot, and those that open later epochs.
// FORMATS 5, 6, 7.2.

import { equalBytes, isAllZero, toHex } from '../bytes/encoding.ts';
import type { FindingLog, Where } from '../findings/finding.ts';
import type { AggregateRecord, EpochTracker } from '../timeline/epochs.ts';
import { type ImaAcceptance, severityOf, type Treatment } from './acceptance.ts';
import type { PinnedBoot } from './pinned-boot.ts';

/** How a policy treats `boot_aggregate_late`. */
export type LateTreatment = Treatment | 'accept-if-pinned';

/** What a rule about an aggregate works with. */
export interface EpochContext {
  readonly epochs: EpochTracker;
  readonly findings: FindingLog;
  readonly where: Where;
  readonly rules: {
    readonly ima: ImaAcceptance;
    readonly lateAggregate: LateTreatment;
    /** What the event log pins; undefined where nobody asked. */
    readonly pinnedBoot: PinnedBoot | undefined;
    readonly zeroAggregate: Treatment;
  };
}

/** Judges record 0 of a boot. `aggregate` is undefined when the record is none. */
export function judgeFirstAggregate(
  aggregate: AggregateRecord | undefined,
  context: EpochContext,
): void {
  const { epochs, findings, where, rules } = context;
  if (aggregate === undefined) {
    findings.add('ima.boot_aggregate_missing', {
      severity: 'contraindicated',
      where,
      expected: 'boot_aggregate or boot_aggregate_late',
      actual: 'another record',
    });
    return;
  }
  epochs.open(aggregate);
  judgeName(aggregate, context, rules.pinnedBoot ?? UNASKED);
  const zero = severityOf(rules.zeroAggregate);
  if (zero !== undefined && isAllZero(aggregate.digest.bytes)) {
    findings.add('ima.boot_aggregate_zero', { severity: zero, where });
  }
}

/** Judges a record that carries an aggregate name behind record 0. Gives false when it is no
 *  aggregate but a file that happens to be called so: an ordinary measurement. */
export function judgeLaterAggregate(aggregate: AggregateRecord, context: EpochContext): boolean {
  const { epochs, findings, where, rules } = context;
  const isRepeat = repeatsFirst(aggregate, epochs.first);
  if (!isRepeat && !aggregate.afterExecute) return false;
  const isKernelKnown = epochs.isNextKernelKnown;
  epochs.open(aggregate);
  judgeName(aggregate, context, isKernelKnown ? { isPinned: true } : UNKNOWN_KERNEL);
  if (!isRepeat && aggregate.digest.algorithm === epochs.first?.digest.algorithm) {
    findings.add('ima.boot_aggregate_mismatch', {
      severity: 'contraindicated',
      where,
      expected: toHex(epochs.first.digest.bytes),
      actual: toHex(aggregate.digest.bytes),
      note: 'A kexec leaves PCR 0–9 as they are, so a later aggregate equals the first.',
    });
  }
  const unmarked = severityOf(rules.ima.kexec.unmarked);
  if (!aggregate.afterExecute && unmarked !== undefined) {
    findings.add('ima.kexec_unmarked', { severity: unmarked, where });
  }
  const newKernel = severityOf(rules.ima.kexec.newKernel);
  if (newKernel !== undefined && !isKernelKnown) {
    findings.add('ima.epoch_kernel_unknown', { severity: newKernel, where });
  }
  return true;
}

function repeatsFirst(aggregate: AggregateRecord, first: AggregateRecord | undefined): boolean {
  return (
    first !== undefined &&
    first.digest.algorithm === aggregate.digest.algorithm &&
    equalBytes(first.digest.bytes, aggregate.digest.bytes)
  );
}

/** Under `accept-if-pinned` the name is as good as the kernel that wrote it: the first is pinned by
 *  the event log, a later one by the records of its kexec. */
function judgeName(
  aggregate: AggregateRecord,
  { findings, where, rules }: EpochContext,
  kernel: PinnedBoot,
): void {
  if (aggregate.name !== 'boot_aggregate_late') return;
  if (rules.lateAggregate !== 'accept-if-pinned') {
    const severity = severityOf(rules.lateAggregate);
    if (severity !== undefined) findings.add('ima.boot_aggregate_late', { severity, where });
  } else if (!kernel.isPinned) {
    findings.add('ima.boot_aggregate_late', {
      severity: 'contraindicated',
      where,
      expected: 'a pinned kernel',
      actual: `not pinned: ${kernel.lacks}`,
    });
  }
}

const UNASKED: PinnedBoot = { isPinned: false, lacks: 'the event log' };
const UNKNOWN_KERNEL: PinnedBoot = { isPinned: false, lacks: 'the image of the kexec' };

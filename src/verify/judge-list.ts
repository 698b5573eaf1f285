// From the outcome of a list to checks and findings: is it proven, by which banks, and does
// boot_aggregate bind it to this boot. FORMATS 4.3, 5, 19; docs/verdicts.md.

import { isAllZero, toHex } from '../bytes/encoding.ts';
import { VERDICT_LIMITS } from '../bytes/limits.ts';
import { hashByName } from '../crypto/digest.ts';
import { FindingLog } from '../findings/finding.ts';
import { type AggregateComparison, compareAggregate } from '../ima/boot-aggregate.ts';
import type { BrokenSegment } from '../ima/list-walk.ts';
import { canExtend } from '../pcr/extend.ts';
import type { PcrValues } from '../pcr/selection.ts';
import { type AcceptancePolicy, type ImaAcceptance, severityOf } from '../policy/acceptance.ts';
import type { AggregateRecord } from '../timeline/epochs.ts';
import type { ImaClaim } from './evidence.ts';
import type { ListOutcome } from './list-follower.ts';
import type { ListPlan } from './list-plan.ts';
import { isLostAtKexec } from './lost-history.ts';
import { isStrong, neverExtended, quotedValues, replayedHex } from './quoted-values.ts';

/** Findings about the form of the list: they hold whether or not it is proven. */
export function judgeForm(claim: ImaClaim, outcome: ListOutcome): FindingLog {
  const log = newLog();
  claim.segments.forEach(({ digestColumn }, segment) => {
    if (hashByName(digestColumn)?.digest !== undefined) return;
    log.add('ima.column_unsupported', {
      severity: 'contraindicated',
      where: { part: 'ima', segment, field: 'template_digest' },
      expected: 'sha1, sha256, sha384 or sha512',
      actual: digestColumn,
    });
  });
  const { proven, appraisal } = outcome.reading;
  if (proven === undefined) {
    if (outcome.walk.broken !== undefined) addBroken(log, outcome.walk.broken);
    for (const short of outcome.walk.shortSegments) {
      log.add('ima.segment_incomplete', {
        severity: 'contraindicated',
        where: { part: 'ima', segment: short.segment, field: 'records' },
        expected: `${short.claimedRecords} records`,
        actual: `${short.foundRecords} records`,
      });
    }
  }
  log.absorb((proven?.appraisal ?? appraisal).integrity);
  return log;
}

function addBroken(log: FindingLog, { segment, index, malformed }: BrokenSegment): void {
  const { field, offsetBytes, expected, actual } = malformed;
  const isByteOrder = index === 0 && field === 'pcr' && malformed.kind === 'bad-value';
  const brokenCode = isByteOrder ? 'ima.byte_order_undecided' : 'ima.record_malformed';
  log.add(malformed.kind === 'cut-short' ? 'ima.truncated' : brokenCode, {
    severity: 'contraindicated',
    where: { part: 'ima', segment, entryIndex: index, offsetBytes, field },
    expected,
    actual,
  });
}

/** Findings about the replay: whether, how far and by which banks the quote proves the list. */
export function judgeReplay(outcome: ListOutcome, proven: PcrValues, plan: ListPlan): FindingLog {
  const { ima, relation } = plan;
  const log = newLog();
  addUnsupported(log, outcome, proven);
  if (isLostAtKexec(plan, outcome)) {
    addListLost(log, outcome);
    return log;
  }
  if (outcome.reading.proven === undefined) addMismatch(log, outcome, proven);
  else addBankFindings(log, outcome, ima);
  // A TPM Restart clears the PCRs: a list that proves itself from record 0 is then a new boot's.
  const isCleared = relation === 'resumed' && outcome.reading.proven !== undefined;
  if (!isCleared) addMissedWaypoint(log, outcome);
  addOverlaps(log, outcome);
  addOrder(log, plan);
  addPending(log, outcome);
  return log;
}

/** A bank that nobody here can extend proves nothing; alone it leaves the list unproven. */
function addUnsupported(log: FindingLog, outcome: ListOutcome, proven: PcrValues): void {
  const { registers } = outcome.reading;
  for (const { bank, pcr } of quotedValues(registers, proven)) {
    if (canExtend(bank)) continue;
    log.add('pcr.bank_unsupported', {
      severity: outcome.reading.proven === undefined ? 'contraindicated' : 'info',
      where: { part: 'ima', bank, pcr },
    });
  }
}

/** A kexec without carry-over began a new list, and records before it were never sent. */
function addListLost(log: FindingLog, { reading }: ListOutcome): void {
  const known = reading.lastWaypoint?.index ?? 0;
  log.add('ima.kexec_list_lost', {
    severity: 'none',
    where: { part: 'ima', entryIndex: known },
    expected: `the records from ${known} up to the kexec`,
    actual: `a new list of ${reading.nextIndex} records`,
  });
}

function addMismatch(log: FindingLog, outcome: ListOutcome, proven: PcrValues): void {
  const { registers } = outcome.reading;
  const bypassed = neverExtended(registers, proven);
  for (const { bank, pcr, value } of bypassed) {
    log.add('ima.pcr_never_extended', {
      severity: 'contraindicated',
      where: { part: 'ima', bank, pcr },
      expected: 'a value that the records extended',
      actual: toHex(value),
    });
  }
  const missed = quotedValues(registers, proven).filter(
    (one) =>
      canExtend(one.bank) &&
      !bypassed.some(({ bank, pcr }) => bank === one.bank && pcr === one.pcr),
  );
  for (const one of missed) {
    log.add('ima.replay_mismatch', {
      severity: 'contraindicated',
      where: { part: 'ima', bank: one.bank, pcr: one.pcr },
      expected: toHex(one.value),
      actual: replayedHex(registers, one),
      note: `After all ${outcome.reading.nextIndex} records the replay stands elsewhere.`,
    });
  }
  if (proven.size === 0) {
    log.add('ima.replay_mismatch', {
      severity: 'contraindicated',
      where: { part: 'ima' },
      note: 'No running value completes the composite digest of the quote.',
    });
  }
}

function addBankFindings(log: FindingLog, outcome: ListOutcome, ima: ImaAcceptance): void {
  const modes = [...(outcome.reading.proven?.match.modes ?? [])];
  const isProvenStrongly = modes.some(([bank, mode]) => isStrong(bank, mode));
  const weak = severityOf(ima.weakBanks);
  if (!isProvenStrongly && weak !== undefined) {
    log.add('ima.bank_weak', {
      severity: weak,
      where: { part: 'ima' },
      expected: 'a bank of SHA-256 or better, extended with its own hash',
      actual: modes.map(([bank, mode]) => `${bank} (${mode})`).join(', '),
    });
  }
  const padded = severityOf(ima.paddedBanks);
  for (const [bank, mode] of modes) {
    if (!isProvenStrongly || mode === 'own-hash' || padded === undefined) continue;
    log.add('ima.bank_padded', {
      severity: padded,
      where: { part: 'ima', bank },
      expected: 'own-hash',
      actual: mode,
    });
  }
}

/** Replaying what was proven before must lead to where it led then. */
function addMissedWaypoint(log: FindingLog, outcome: ListOutcome): void {
  const missed = outcome.reading.missedWaypoint;
  if (missed === undefined) return;
  log.add('ima.history_rewritten', {
    severity: 'contraindicated',
    where: { part: 'ima', entryIndex: missed.index },
    expected: 'the running values of our checkpoint',
    actual: 'others',
  });
}

function addOverlaps(log: FindingLog, outcome: ListOutcome): void {
  if (outcome.reading.proven === undefined) return;
  for (const { segment, recordCount } of outcome.overlaps) {
    log.add('ima.overlap_removed', {
      severity: 'info',
      where: { part: 'ima', segment },
      actual: `${recordCount} records`,
    });
  }
}

function addOrder(log: FindingLog, { order }: ListPlan): void {
  if (order === undefined) return;
  const where = { part: 'ima', field: 'extendOrder' } as const;
  if (order.ok) {
    const { fromIndex, positions } = order.order;
    if (positions.every((position, at) => position === fromIndex + at)) return;
    const actual = `${order.order.positions.length} records`;
    log.add('ima.extends_reordered', { severity: 'info', where, actual });
    return;
  }
  const { expected, actual } = order;
  log.add('ima.extend_order_refused', { severity: 'info', where, expected, actual });
}

function addPending(log: FindingLog, outcome: ListOutcome): void {
  const { proven, nextIndex } = outcome.reading;
  if (proven === undefined) return;
  const pendingCount = nextIndex - proven.match.recordCount;
  if (pendingCount > 0) {
    log.add('ima.records_pending', {
      severity: 'info',
      where: { part: 'ima', entryIndex: proven.match.recordCount },
      actual: `${pendingCount} records`,
    });
  }
  for (const where of outcome.pendingAnomalies) {
    log.add('ima.pending_malformed', { severity: 'info', where });
  }
}

/** What boot_aggregate is held against. */
export interface AggregateEvidence {
  /** Proven PCR values. */
  readonly proven: PcrValues;
  /** PCR 0–9 of a bank as the event log gives them. */
  readonly replayed: (bank: string) => PcrValues | undefined;
}

/** Compares the aggregate of record 0 with PCR 0–9: as quoted, else as the event log replays them.
 *  Gives undefined when there is nothing proven to compare it with. */
export function judgeAggregate(
  first: AggregateRecord,
  evidence: AggregateEvidence,
  aggregate: AcceptancePolicy['boot']['aggregate'],
): FindingLog | undefined {
  const { algorithm } = first.digest;
  const log = newLog();
  const { index: entryIndex, segment, offsetBytes } = first;
  const where = { part: 'ima', entryIndex, segment, offsetBytes, field: 'd-ng' } as const;
  if (isAllZero(first.digest.bytes)) return undefined;
  const comparison = compareAggregate(first.digest, evidence.proven);
  if (comparison.outcome === 'not-comparable') return undefined;
  const replayed = evidence.replayed(algorithm);
  const atBoot: AggregateComparison =
    replayed === undefined ? comparison : compareAggregate(first.digest, replayed);
  const fitting = [comparison, atBoot].find(({ outcome }) => outcome === 'equal');
  if (fitting === undefined && comparison.outcome === 'different') {
    log.add('ima.boot_aggregate_mismatch', {
      severity: 'contraindicated',
      where,
      expected: toHex(comparison.expected),
      actual: toHex(first.digest.bytes),
    });
    return log;
  }
  if (comparison.outcome === 'different') {
    log.add('boot.drift_detected', { severity: 'warning', where: { part: 'boot' } });
  }
  const partial = severityOf(aggregate.partialCoverage);
  const isPartial = fitting?.outcome === 'equal' && fitting.coverage === '0-7';
  if (isPartial && algorithm !== 'sha1' && partial !== undefined) {
    log.add('ima.boot_aggregate_partial', { severity: partial, where });
  }
  return log;
}

function newLog(): FindingLog {
  return new FindingLog(VERDICT_LIMITS.findingsPerCode);
}

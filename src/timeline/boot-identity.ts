// Which boot a quote belongs to, told from the TPM's own counters. FORMATS 14.6; TPM 2.0 Part 2,
// 10.11.1 TPMS_CLOCK_INFO. For most AKs the counters carry a constant offset: only differences
// count.

import { type Finding, makeFinding, type Severity } from '../findings/finding.ts';
import type { TpmsAttest } from '../quote/attest.ts';

/** The boot of a quote as plain data. 64-bit numbers are decimal text. */
export interface BootIdentity {
  /** Boots of this AK that were seen, from 1. */
  readonly number: number;
  readonly resetCount: number;
  readonly restartCount: number;
  readonly clockMs: string;
  readonly safe: boolean;
  readonly firmwareVersion: string;
}

/** How a quote relates to the boot known so far.
 *  `first`: nothing is known. `same`: the PCRs only grew. `resumed`: the TPM was restarted inside
 *  the boot, which keeps the PCRs (Resume) or clears them (Restart). `rebooted`: TPM Reset. */
export type BootRelation = 'first' | 'same' | 'resumed' | 'rebooted';

export interface BootExpectations {
  /** For a firmware version other than in the last round. */
  readonly firmwareChange: Severity | undefined;
}

/** Relates a genuine quote to the known boot. */
export function relateBoot(known: BootIdentity | undefined, attest: TpmsAttest): BootRelation {
  if (known === undefined) return 'first';
  if (known.resetCount !== attest.resetCount) return 'rebooted';
  return known.restartCount === attest.restartCount ? 'same' : 'resumed';
}

/** The boot identity to keep after a round whose replay stands. */
export function bootAfter(
  known: BootIdentity | undefined,
  attest: TpmsAttest,
  isNewBoot: boolean,
): BootIdentity {
  return {
    number: (known?.number ?? 0) + (isNewBoot ? 1 : 0),
    resetCount: attest.resetCount,
    restartCount: attest.restartCount,
    clockMs: `${attest.clock}`,
    safe: attest.safe,
    firmwareVersion: `${attest.firmwareVersion}`,
  };
}

/** What the counters, the clock and the firmware say beside the relation. */
export function judgeBootIdentity(
  known: BootIdentity | undefined,
  attest: TpmsAttest,
  expectations: BootExpectations,
): readonly Finding[] {
  if (known === undefined) return [];
  const relation = relateBoot(known, attest);
  const findings: Finding[] = [];
  const where = { part: 'quote', field: 'clockInfo' } as const;
  if (relation === 'rebooted' || relation === 'resumed') {
    findings.push(
      makeFinding(relation === 'rebooted' ? 'quote.reset_detected' : 'quote.restart_detected', {
        severity: 'info',
        where,
        expected: showCounts(known),
        actual: showCounts(attest),
      }),
    );
  }
  findings.push(...judgeOrder(known, attest), ...judgeFirmware(known, attest, expectations));
  return findings;
}

/** Counters never go back; neither does the clock inside a boot, unless it is marked unsafe. */
function judgeOrder(known: BootIdentity, attest: TpmsAttest): readonly Finding[] {
  const isSameReset = known.resetCount === attest.resetCount;
  const isBack = isSameReset
    ? attest.restartCount < known.restartCount
    : attest.resetCount < known.resetCount;
  const findings: Finding[] = [];
  if (isBack) {
    findings.push(
      makeFinding('quote.counters_regressed', {
        severity: isSameReset ? 'contraindicated' : 'warning',
        where: { part: 'quote', field: isSameReset ? 'restartCount' : 'resetCount' },
        expected: `at least ${showCounts(known)}`,
        actual: showCounts(attest),
      }),
    );
  }
  if (isSameReset && attest.clock < BigInt(known.clockMs)) {
    findings.push(
      makeFinding('quote.clock_regressed', {
        severity: attest.safe ? 'contraindicated' : 'warning',
        where: { part: 'quote', field: 'clockInfo.clock' },
        expected: `at least ${known.clockMs} ms`,
        actual: `${attest.clock} ms`,
      }),
    );
  }
  return findings;
}

function judgeFirmware(
  known: BootIdentity,
  attest: TpmsAttest,
  { firmwareChange }: BootExpectations,
): readonly Finding[] {
  if (`${attest.firmwareVersion}` === known.firmwareVersion || firmwareChange === undefined) {
    return [];
  }
  return [
    makeFinding('quote.firmware_changed', {
      severity: firmwareChange,
      where: { part: 'quote', field: 'firmwareVersion' },
      expected: known.firmwareVersion,
      actual: `${attest.firmwareVersion}`,
    }),
  ];
}

function showCounts(counts: {
  readonly resetCount: number;
  readonly restartCount: number;
}): string {
  return `reset ${counts.resetCount}, restart ${counts.restartCount}`;
}

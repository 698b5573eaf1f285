// The boot step of the procedure: does the firmware event log explain the quoted PCRs, and what
// does the policy ask of the boot. FORMATS 19, step 4.

import { judgeEventData } from '../boot/event-data.ts';
import { type EventLog, readEventLog } from '../boot/event-log.ts';
import { type ExplainedBoot, explainBoot } from '../boot/explain.ts';
import { judgeBoot } from '../boot/judge-boot.ts';
import { type ReplayedEventLog, replayEventLog } from '../boot/replay.ts';
import { secureBootFact } from '../boot/secure-boot.ts';
import { joinUserspaceLog, readUserspaceLog } from '../boot/userspace-log.ts';
import { toHex } from '../bytes/encoding.ts';
import { malformedFinding } from '../bytes/malformed-finding.ts';
import type { HashName } from '../crypto/digest.ts';
import { type Finding, makeFinding } from '../findings/finding.ts';
import { type PcrValues, pcrValue } from '../pcr/selection.ts';
import { type AcceptancePolicy, severityOf } from '../policy/acceptance.ts';
import type { VerifiedQuote } from '../quote/verify-quote.ts';
import type { CheckSheet } from './check-sheet.ts';
import type { BootCoverage } from './verdict.ts';

/** What the boot step leaves behind. */
export interface BootOutcome {
  readonly replay: ReplayedEventLog | undefined;
  readonly coverage: BootCoverage | null;
}

/** Judges the event log against proven PCR values. */
export function judgeBootStep(
  sheet: CheckSheet,
  input: {
    readonly bootLog: Uint8Array | undefined;
    readonly userspaceLog: Uint8Array | undefined;
    readonly quote: VerifiedQuote | undefined;
    readonly proven: PcrValues | undefined;
    readonly policy: AcceptancePolicy;
    /** A time by which this boot had begun, in milliseconds since 1970. */
    readonly bootedByMs: number | undefined;
  },
): BootOutcome {
  const { bootLog, userspaceLog, quote, proven, policy, bootedByMs } = input;
  const isRequired = policy.boot.eventLog === 'required';
  if (isRequired) sheet.require('boot.replay');
  const reading = bootLog === undefined ? undefined : readEventLog(bootLog);
  const malformed = reading?.malformed;
  if (malformed !== undefined) {
    const code = malformed.kind === 'cut-short' ? 'boot.truncated' : 'boot.field_malformed';
    sheet.ran('boot.replay', [malformedFinding(code, 'boot', malformed)]);
  }
  const userspace = readUserspaceLog(userspaceLog ?? new Uint8Array());
  if (userspace.malformed !== undefined) {
    const code = 'boot.userspace_log_malformed';
    sheet.findings.addAll([malformedFinding(code, 'boot', userspace.malformed)]);
  }
  if (quote === undefined || proven === undefined) {
    if (malformed === undefined) sheet.notRun('boot.replay', { blockedBy: 'quote.composite' });
    return { replay: undefined, coverage: reading ? coverageOf(reading, {}) : null };
  }
  const findings = [
    ...judgeQuotedBoot(quote, proven),
    ...judgeAllowLists(proven, policy.boot.pcrs, bootedByMs),
  ];
  if (reading === undefined) {
    const severity = isRequired ? 'contraindicated' : 'info';
    findings.push(makeFinding('boot.log_missing', { severity, where: { part: 'boot' } }));
    findings.push(...judgeSecureBoot(undefined, policy));
    sheet.findings.addAll(findings);
    sheet.notRun('boot.replay', { reason: 'no event log was supplied' });
    return { replay: undefined, coverage: null };
  }
  const replay = replayEventLog(joinUserspaceLog(reading, userspace.records));
  const boot = explainBoot(replay, { banks: new Set(banksOf(quote)), values: proven });
  const expectations = {
    partial: severityOf(policy.boot.partial),
    loader: severityOf(policy.boot.loader),
  };
  findings.push(...judgeBoot(boot, expectations), ...judgeEventData(boot));
  findings.push(...judgeSecureBoot(boot, policy));
  const isCompared = Object.values(boot.explanations).some(({ explained, unexplained }) => {
    return explained.length + unexplained.length > 0;
  });
  if (malformed === undefined && isCompared) {
    sheet.ran('boot.replay', findings);
  } else {
    sheet.findings.addAll(findings);
    if (malformed === undefined) sheet.notRun('boot.replay', { reason: UNCOMPARED });
  }
  return {
    replay: malformed === undefined ? replay : undefined,
    coverage: coverageOf(reading, boot.explanations),
  };
}

function coverageOf(log: EventLog, banks: BootCoverage['banks']): BootCoverage {
  return { events: log.events.length, banks };
}

function banksOf(quote: VerifiedQuote): readonly HashName[] {
  return quote.attest.pcrSelect.flatMap(({ bank }) => (bank === undefined ? [] : [bank]));
}

/** Notes that the boot is not part of the verdict when no quoted bank has all of PCR 0–9. */
function judgeQuotedBoot(quote: VerifiedQuote, proven: PcrValues): readonly Finding[] {
  const isCovered = banksOf(quote).some((bank) =>
    BOOT_PCRS.every((pcr) => pcrValue(proven, bank, pcr) !== undefined),
  );
  return isCovered
    ? []
    : [makeFinding('pcr.values_unquoted', { severity: 'info', where: { part: 'pcr' } })];
}

/** Each PCR with an allow list must hold one of its values in every quoted bank that the list
 *  speaks of, and in at least one. */
function judgeAllowLists(
  proven: PcrValues,
  lists: AcceptancePolicy['boot']['pcrs'],
  bootedByMs: number | undefined,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [pcr, allowed] of lists) {
    const quoted = [...proven].flatMap(([bank, values]) => {
      const value = values.get(pcr);
      return value === undefined || !allowed.speaksOf(bank) ? [] : [{ bank, value }];
    });
    const refused = quoted.filter(({ bank, value }) => !allowed.has(bank, value, bootedByMs));
    if (quoted.length > 0 && refused.length === 0) continue;
    const [first] = refused;
    findings.push(
      makeFinding('pcr.value_refused', {
        severity: 'contraindicated',
        where: { part: 'pcr', pcr, ...(first && { bank: first.bank }) },
        expected: allowed.expectation,
        actual: first ? `${first.bank}:${toHex(first.value)}` : 'not quoted in a bank of the list',
      }),
    );
  }
  return findings;
}

function judgeSecureBoot(
  boot: ExplainedBoot | undefined,
  policy: AcceptancePolicy,
): readonly Finding[] {
  const fact = boot === undefined ? undefined : secureBootFact(boot);
  const findings = [...(fact?.findings ?? [])];
  if (policy.boot.secureBoot === 'optional' || fact?.state === 'on') return findings;
  const isOff = fact?.state === 'off';
  const where = fact?.eventIndex === undefined ? {} : { entryIndex: fact.eventIndex };
  findings.push(
    makeFinding(isOff ? 'boot.secure_boot_off' : 'boot.secure_boot_unproven', {
      severity: 'contraindicated',
      where: { part: 'boot', pcr: 7, ...where },
      expected: 'Secure Boot on',
      actual: isOff ? 'off' : 'not shown',
    }),
  );
  return findings;
}

const UNCOMPARED = 'no quoted PCR is one that the event log explains';
const BOOT_PCRS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

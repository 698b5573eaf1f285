// A verdict for people: status first, then what was covered, then each finding with its place.
// docs/verdicts.md. Everything an attester wrote is shown escaped.

import type { Finding, Where } from '../findings/finding.ts';
import type { Check, ImaCoverage, VerdictBody, VerdictStatus } from '../verify/verdict.ts';
import { type Paint, printable } from './terminal.ts';

/** How a verdict is shown. */
export interface ReportContext {
  readonly paint: Paint;
  /** Records of this boot that were proven before the round; absent where that is not known. */
  readonly knownCount?: number;
}

/** The verdict on `subject` (a bundle, a host) as lines of text, the last one ended too. */
export function reportVerdict(
  subject: string,
  verdict: VerdictBody,
  { paint, knownCount }: ReportContext,
): string {
  const head = `${paintStatus(verdict.status, paint)}  ${paint.strong(printable(subject))}`;
  const lines = [
    head,
    ...roundLines(verdict, knownCount),
    ...coverageLines(verdict),
    ...checkLines(verdict.checks),
  ];
  for (const severity of GRAVEST_FIRST) {
    const findings = verdict.findings.filter((finding) => finding.severity === severity);
    for (const finding of findings) lines.push(...findingLines(finding, paint));
  }
  lines.push(...uncountedLines(verdict));
  for (const { hypothesis, at, note } of verdict.diagnosis) {
    const place = at.length === 0 ? hypothesis : `${hypothesis} at ${at.join(', ')}`;
    lines.push(row('diagnosis', note === undefined ? place : `${place}: ${note}`));
  }
  if (verdict.status === 'none') {
    lines.push(row('next', `send the list from record ${verdict.next.fromIndex} with a new quote`));
  }
  return `${lines.join('\n')}\n`;
}

/** A status in the colour of its meaning. */
function paintStatus(status: VerdictStatus, paint: Paint): string {
  if (status === 'affirming') return paint.good(status);
  return status === 'contraindicated' ? paint.bad(status) : paint.doubtful(status);
}

/** A place in the evidence in words, for example `record 6, byte 612, field d-ng`. */
function placeWords(where: Where): string {
  const words: string[] = [];
  const item = where.part === 'boot' ? 'event' : 'entry';
  if (where.segment !== undefined && where.segment > 0) words.push(`segment ${where.segment}`);
  if (where.entryIndex !== undefined) words.push(`${item} ${where.entryIndex}`);
  if (where.offsetBytes !== undefined) words.push(`byte ${where.offsetBytes}`);
  if (where.field !== undefined) words.push(`field ${where.field}`);
  if (where.bank !== undefined) words.push(`bank ${where.bank}`);
  if (where.pcr !== undefined) words.push(`PCR ${where.pcr}`);
  return words.join(', ');
}

const GRAVEST_FIRST = ['contraindicated', 'none', 'warning', 'info'] as const;
const LABEL_CHARS = 11;

function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_CHARS)}${printable(text)}`;
}

/** Which boot it was, where the list began, and what the round added to earlier ones. */
function roundLines(verdict: VerdictBody, knownCount: number | undefined): string[] {
  const { timeline, coverage } = verdict;
  if (timeline === null) return [];
  const words = [`boot ${timeline.boot}`];
  if (coverage.ima !== null) {
    const { fromIndex, provenCount } = coverage.ima;
    words.push(`list from record ${fromIndex}`);
    if (knownCount !== undefined) {
      const added = Math.max(0, (provenCount ?? 0) - Math.max(knownCount, fromIndex));
      words.push(added === 1 ? '1 new record' : `${added} new records`);
    }
  }
  return [row('round', words.join('; '))];
}

function coverageLines(verdict: VerdictBody): string[] {
  const { ima, boot } = verdict.coverage;
  const lines: string[] = [];
  if (ima !== null) lines.push(row('list', imaWords(ima)));
  if (boot !== null) {
    const banks = Object.entries(boot.banks).map(
      ([bank, { explained, unexplained }]) =>
        `${bank} explains PCR ${pcrWords(explained)}` +
        (unexplained.length === 0 ? '' : `, not PCR ${pcrWords(unexplained)}`),
    );
    lines.push(row('event log', [`${boot.events} events`, ...banks].join('; ')));
  }
  return lines;
}

function imaWords(ima: ImaCoverage): string {
  const banks = Object.entries(ima.banks).flatMap(([bank, { state, extended }]) => {
    if (state === 'not-quoted') return [];
    return [extended === 'padded-sha1' ? `${bank} ${state} (padded SHA-1)` : `${bank} ${state}`];
  });
  const proven =
    ima.provenCount === null ? 'no records proven' : `${ima.provenCount} records proven`;
  return [proven, `${ima.pendingCount} pending`, ...banks].join('; ');
}

/** PCR numbers with runs joined: 0–7, 9. */
function pcrWords(pcrs: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const pcr of pcrs) {
    const open = runs.at(-1);
    if (open !== undefined && pcr === open.last + 1) open.last = pcr;
    else runs.push({ first: pcr, last: pcr });
  }
  const words = runs.map(({ first, last }) => (first === last ? `${first}` : `${first}–${last}`));
  return words.length === 0 ? 'none' : words.join(', ');
}

function checkLines(checks: readonly Check[]): string[] {
  const of = (outcome: Check['outcome']) => checks.filter((check) => check.outcome === outcome);
  const [passed, failed, notRun] = [of('passed'), of('failed'), of('not-run')];
  const counts = `${passed.length} passed, ${failed.length} failed, ${notRun.length} not run`;
  return [
    row('checks', counts),
    ...(failed.length === 0 ? [] : [row('failed', failed.map(({ check }) => check).join(', '))]),
    ...notRunWords(notRun).map((words) => row('not run', words)),
  ];
}

/** Checks that did not run, together with those that have the same reason. */
function notRunWords(checks: readonly Check[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { check, blockedBy, reason } of checks) {
    const why =
      blockedBy === undefined ? (reason ?? 'no reason given') : `${blockedBy} comes first`;
    byReason.set(why, [...(byReason.get(why) ?? []), check]);
  }
  return [...byReason].map(([why, names]) => `${names.join(', ')}: ${why}`);
}

function findingLines(finding: Finding, paint: Paint): string[] {
  const { code, severity, where, subject, expected, actual, rule } = finding;
  const mark = paintSeverity(severity, paint);
  const lines = ['', `  ${mark}  ${paint.strong(code)}`, `    ${printable(finding.message)}`];
  const rows: readonly [string, string | undefined][] = [
    ['at', placeWords(where) || undefined],
    ['path', subject?.path],
    ['digest', subject?.digest],
    ['expected', expected],
    ['actual', actual],
    ['rule', rule],
    ['hint', finding.hint],
  ];
  for (const [label, text] of rows) {
    if (text !== undefined) lines.push(`  ${row(label, text)}`);
  }
  return lines;
}

function paintSeverity(severity: Finding['severity'], paint: Paint): string {
  if (severity === 'info') return paint.faint(severity);
  return paintStatus(severity, paint);
}

/** Codes of which only the first few findings are listed. */
function uncountedLines(verdict: VerdictBody): string[] {
  const lines: string[] = [];
  for (const [code, count] of Object.entries(verdict.findingCounts)) {
    const listed = verdict.findings.filter((finding) => finding.code === code).length;
    if (count > listed) lines.push('', `  and ${count - listed} more of ${code}`);
  }
  return lines;
}

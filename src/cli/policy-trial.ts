// `plumbline policy trial`: what a version would make of the stored evidence, told as it goes on
// and summed up. docs/api.md, "Trials"

import type { z } from 'zod';
import { trialLine, type trialResult } from '../api/policy-schema.ts';
import { STATUSES } from '../service/ports.ts';
import { TRIAL_ATTESTERS } from '../service/trial.ts';
import { linesOf, openAnswer } from './api-client.ts';
import { readArguments, readNumber } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readVersion, versionPath } from './policy-service.ts';
import { addressOf, asked, SERVICE_OPTIONS } from './service-calls.ts';
import { type Environment, printable, type Terminal } from './terminal.ts';

/** Runs `plumbline policy trial NAME VERSION` and gives its exit code: `warning` where a status
 *  would become worse, or where stored evidence does not tell. */
export async function runPolicyTrial(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('policy', args, {
    ...SERVICE_OPTIONS,
    label: { type: 'string', multiple: true, default: [] },
    attester: { type: 'string', multiple: true },
    status: { type: 'string', multiple: true },
    limit: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  const path = `${versionPath(readVersion('trial', positionals))}/trial`;
  const selection = {
    labels: Object.fromEntries(values.label.map(readLabel)),
    ...(values.attester && { attesters: values.attester }),
    ...(values.status && { statuses: values.status.map(readStatus) }),
    ...(values.limit !== undefined && {
      limit: readNumber('--limit', values.limit, { min: 1, max: TRIAL_ATTESTERS.most }),
    }),
  };
  const service = addressOf(values, environment);
  const { windows } = await asked(() => openAnswer(service, path, selection));
  const told = await follow(windows, terminal);
  await terminal.out(values.json ? `${JSON.stringify(told)}\n` : summary(told, terminal));
  return isWorse(told.result) ? EXIT.warning : EXIT.ok;
}

type Line = z.output<typeof trialLine>;
type Result = z.output<typeof trialResult>;

interface Told {
  readonly trial: Extract<Line, { readonly trial: object }>['trial'];
  readonly result: Result;
}

/** Reads the lines of a trial and shows how far it is. */
async function follow(windows: AsyncIterable<Uint8Array>, terminal: Terminal): Promise<Told> {
  let trial: Told['trial'] | undefined;
  let result: Result | undefined;
  let flips = 0;
  for await (const text of linesOf(windows)) {
    const line = trialLine.parse(JSON.parse(text));
    if ('trial' in line) trial = line.trial;
    if ('result' in line) result = line.result;
    if ('flip' in line) flips += 1;
    if ('progress' in line && terminal.progress) {
      const { done, total } = line.progress;
      terminal.err(`\r${done} of ${total} attesters, ${flips} would change`);
    }
  }
  if (terminal.progress) terminal.err('\r\u001b[K');
  if (trial !== undefined && result !== undefined) return { trial, result };
  throw new UsageError('the trial failed in the service.', 'Its log has the reason.');
}

function isWorse({ statuses, notDerivable }: Result): boolean {
  return notDerivable.length > 0 || statuses.some(({ from, to }) => WORSE[to] > WORSE[from]);
}

function summary({ trial, result }: Told, { paint }: Terminal): string {
  const { policy, referenceSets, keyrings } = trial;
  const used = Object.entries({ ...referenceSets, ...keyrings });
  const uses = used.map(([name, version]) => `${name} version ${version}`).join(', ');
  const { otherPolicy, withoutVerdict } = result.leftOut;
  const lines = [
    paint.strong(`${policy.name} version ${policy.version}: ${result.total} attesters`),
    ...(uses === '' ? [] : [`  with      ${uses}`]),
    ...(otherPolicy === 0 ? [] : [`  left out  ${otherPolicy}: another policy speaks for them`]),
    ...(withoutVerdict === 0 ? [] : [`  left out  ${withoutVerdict} without a verdict`]),
    ...result.statuses.map(statusLine),
    ...flipLines(result),
    ...result.newFindings.flatMap(findingLines),
    ...undecidedLines(result),
  ];
  return `${lines.map((line) => `${line}\n`).join('')}`;
}

function statusLine({ from, to, count }: Result['statuses'][number]): string {
  return from === to ? `  ${count} stay ${to}` : `  ${count} change from ${from} to ${to}`;
}

function flipLines({ flips }: Result): string[] {
  const shown = flips.filter((_, index) => index < SHOWN);
  const lines = shown.map(
    ({ attester, from, to, codes }) => `  ${attester}  ${from} to ${to}: ${codes.join(', ')}`,
  );
  if (flips.length > SHOWN) lines.push(`  … and ${flips.length - SHOWN} more: --json has them`);
  return lines.length === 0 ? [] : ['who would change', ...lines];
}

function findingLines(found: Result['newFindings'][number], index: number): string[] {
  const { code, attesters, subject, suggestion } = found;
  const about = [subject?.path, subject?.digest].filter((text) => text !== undefined);
  return [
    ...(index === 0 ? ['new findings'] : []),
    `  ${code}  ${attesters} attesters  ${printable(about.join('  '))}`.trimEnd(),
    ...(suggestion === null ? [] : [`    would help: ${printable(suggestionText(suggestion))}`]),
  ];
}

type Suggestion = NonNullable<Result['newFindings'][number]['suggestion']>;

function suggestionText(suggestion: Suggestion): string {
  if (suggestion.kind === 'policy-patch') return `the patch ${JSON.stringify(suggestion.patch)}`;
  const { sets, entry } = suggestion;
  return `in ${sets.join(' or ')} the entry ${JSON.stringify(entry)}`;
}

function undecidedLines({ notDerivableCounts }: Result): string[] {
  const counts = Object.entries(notDerivableCounts);
  if (counts.length === 0) return [];
  return ['stored evidence does not tell', ...counts.map(([why, many]) => `  ${many}  ${why}`)];
}

function readLabel(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.substring(0, at), text.substring(at + 1)];
  throw new UsageError(`--label: ${printable(text)} is not KEY=VALUE.`);
}

function readStatus(text: string): (typeof STATUSES)[number] {
  const known = STATUSES.find((status) => status === text);
  if (known !== undefined) return known;
  throw new UsageError(`--status: ${printable(text)} is none of ${STATUSES.join(', ')}.`);
}

const SHOWN = 20;
const WORSE = { affirming: 0, warning: 1, none: 2, contraindicated: 3 } as const;

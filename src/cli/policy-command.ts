// `plumbline policy …`; and `policy check`: policies read exactly as the service reads them, and
// looked over for what was hardly meant. docs/cli.md, "policy check"

import { explainPolicy } from '../policy/explain.ts';
import { type Lint, lintPolicy, lintText } from '../policy/lint.ts';
import { keyringNames, setNames } from '../policy/named-material.ts';
import { policyDigest } from '../policy/policy-digest.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, problemText, UsageError } from './exit.ts';
import { runImportKeylime } from './import-keylime.ts';
import {
  type LoadedPolicy,
  loadPolicy,
  readPolicyDocument,
  requireKeyrings,
  UnusablePolicy,
} from './policy-files.ts';
import { runPolicyActivate, runPolicyList, runPolicyUpload } from './policy-service.ts';
import { runPolicyTrial } from './policy-trial.ts';
import { type Environment, printable, type Terminal } from './terminal.ts';

/** Runs `plumbline policy …` and gives its exit code: `warning` where a lint warns. */
export async function runPolicy(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const [action = '', ...rest] = args;
  const run = ACTIONS.get(action);
  if (run !== undefined) return run(rest, terminal, environment);
  const names = [...ACTIONS.keys()].join(', ');
  throw new UsageError(`policy: the actions are ${names}.`, helpHint('policy'));
}

async function runPolicyCheck(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments('policy', args, {
    explain: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    keyrings: { type: 'string' },
    sets: { type: 'string' },
  });
  if (positionals.length === 0) {
    throw new UsageError('policy check: name one or more policy files.', helpHint('policy'));
  }
  const checks: PolicyCheck[] = [];
  for (const file of positionals) checks.push(await checkFile(file, values));
  const linted = withLints(checks);
  for (const check of linted) {
    if (values.json) await terminal.out(`${JSON.stringify(asJson(check, values.explain))}\n`);
    else if (!check.ok) terminal.err(problemText(check.problem));
    else await terminal.out(values.explain ? explainPolicy(check.document) : text(check, terminal));
  }
  return exitCode(linted);
}

interface Options {
  readonly sets?: string;
  readonly keyrings?: string;
}

interface UsableFile {
  readonly ok: true;
  readonly file: string;
  readonly document: PolicyDocument;
  /** Only where sets were to be looked for. */
  readonly loaded: LoadedPolicy | undefined;
}

interface UnusableFile {
  readonly ok: false;
  readonly file: string;
  readonly problem: UsageError;
}

type PolicyCheck = UsableFile | UnusableFile;
type LintedCheck = (UsableFile & { readonly lints: readonly Lint[] }) | UnusableFile;

async function checkFile(file: string, { sets, keyrings }: Options): Promise<PolicyCheck> {
  try {
    const document = await readPolicyDocument(file);
    if (keyrings !== undefined) await requireKeyrings(file, document, keyrings);
    const folders = { sets, keyrings, assumesKeyrings: keyrings === undefined };
    const loaded = sets === undefined ? undefined : await loadPolicy(file, folders);
    return { ok: true, file, document, loaded };
  } catch (problem) {
    if (!(problem instanceof UsageError)) throw problem;
    return { ok: false, file, problem };
  }
}

/** Files of one call are taken for policies that are in force together. */
function withLints(checks: readonly PolicyCheck[]): LintedCheck[] {
  return checks.map((check) => {
    if (!check.ok) return check;
    const others = checks.flatMap((other) => (other.ok && other !== check ? [other.document] : []));
    const sets = check.loaded?.sets ?? new Map();
    return { ...check, lints: lintPolicy(check.document, { sets, others }) };
  });
}

function exitCode(checks: readonly LintedCheck[]): number {
  if (checks.some(({ ok }) => !ok)) return EXIT.usage;
  const hasWarning = checks.some((check) => check.ok && warns(check.lints));
  return hasWarning ? EXIT.warning : EXIT.ok;
}

function warns(lints: readonly Lint[]): boolean {
  return lints.some(({ severity }) => severity === 'warning');
}

type Linted = Extract<LintedCheck, { readonly ok: true }>;

function text({ file, document, loaded, lints }: Linted, { paint }: Terminal): string {
  const word = warns(lints) ? paint.doubtful('usable, with warnings') : paint.good('usable');
  const lines = [
    `${word}  ${paint.strong(printable(file))}`,
    `  digest  ${policyDigest(document)}`,
  ];
  for (const name of setNames(document)) {
    const set = loaded?.sets.get(name);
    lines.push(`  needs   set ${name}${set === undefined ? '' : `: ${set.entryCount} entries`}`);
  }
  for (const name of keyringNames(document)) lines.push(`  needs   keyring ${name}`);
  for (const note of loaded?.notes ?? []) lines.push(`  note    ${printable(note)}`);
  for (const lint of lints) {
    const told = printable(lintText(lint));
    const isWarning = lint.severity === 'warning';
    lines.push(isWarning ? `  ${paint.doubtful('warning')} ${told}` : `  note    ${told}`);
  }
  return `${lines.join('\n')}\n`;
}

/** One document for programs; with `explain` also the policy with every default. */
function asJson(check: LintedCheck, explain: boolean): object {
  const { file } = check;
  if (!check.ok) {
    const { problem } = check;
    const problems = problem instanceof UnusablePolicy ? problem.problems : [];
    return { file, usable: false, message: problem.message, problems };
  }
  const { document, loaded, lints } = check;
  const sets = setNames(document).map((name) => {
    const set = loaded?.sets.get(name);
    return { name, ...(set === undefined ? {} : { entries: set.entryCount }) };
  });
  return {
    file,
    usable: true,
    name: document.name,
    digest: policyDigest(document),
    needs: { sets, keyrings: keyringNames(document) },
    notes: loaded?.notes ?? [],
    lints,
    ...(explain ? { policy: JSON.parse(explainPolicy(document)) } : {}),
  };
}

type Run = (
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
) => Promise<number>;

const ACTIONS: ReadonlyMap<string, Run> = new Map<string, Run>([
  ['check', runPolicyCheck],
  ['upload', runPolicyUpload],
  ['trial', runPolicyTrial],
  ['activate', runPolicyActivate],
  ['list', runPolicyList],
  ['import-keylime', runImportKeylime],
]);

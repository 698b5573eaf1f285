// `plumbline reference …`: makes, compares, uploads and lists reference sets. docs/cli.md

import type { IndexedReferenceSet } from '../policy/reference-set.ts';
import {
  type ChangeBudget,
  ChangedEntries,
  changeBudget,
  changeLine,
  countingChanges,
} from '../policy/reference-set-changes.ts';
import { runSteps } from '../policy/steps.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readWindows } from './files.ts';
import { runReferenceMake } from './reference-make.ts';
import { runReferenceList, runReferenceUpload } from './reference-service.ts';
import { formatOfSet, readSetFile } from './set-files.ts';
import type { Environment, Terminal } from './terminal.ts';

/** Runs `plumbline reference …` and gives its exit code. */
export async function runReference(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const [action = '', ...rest] = args;
  const run = ACTIONS.get(action);
  if (run !== undefined) return run(rest, terminal, environment);
  const names = [...ACTIONS.keys()].join(', ');
  throw new UsageError(`reference: the actions are ${names}.`, helpHint('reference'));
}

/** Prints the counts of what changed from one file to another, then each entry: NDJSON. */
async function runReferenceDiff(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments('reference', args, {
    bound: { type: 'boolean', default: false },
  });
  const [from, to, ...more] = positionals;
  if (from === undefined || to === undefined || more.length > 0) {
    throw new UsageError('reference diff: name two files of sets.', helpHint('reference'));
  }
  const paths = values.bound ? 'bound' : 'free';
  const [old, now] = [await readSetFile(from, paths), await readSetFile(to, paths)];
  await terminal.out(`${JSON.stringify(runSteps(countingChanges(old, now)))}\n`);
  const budget = changeBudget();
  await tell(terminal, { change: 'removed', file: from, paths, other: now, budget });
  await tell(terminal, { change: 'added', file: to, paths, other: old, budget });
  return EXIT.ok;
}

interface Telling {
  readonly change: 'added' | 'removed';
  readonly file: string;
  readonly paths: 'free' | 'bound';
  readonly other: IndexedReferenceSet;
  readonly budget: ChangeBudget;
}

async function tell(terminal: Terminal, telling: Telling): Promise<void> {
  const { change, file, paths, other, budget } = telling;
  const entries = new ChangedEntries({ format: formatOfSet(file), paths }, other, budget);
  const say = async (found: ReturnType<ChangedEntries['end']>) => {
    for (const entry of found) await terminal.out(`${changeLine(change, entry)}\n`);
  };
  for await (const window of readWindows(file)) await say(entries.push(window));
  await say(entries.end());
}

type Run = (
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
) => Promise<number>;

const ACTIONS: ReadonlyMap<string, Run> = new Map<string, Run>([
  ['make', runReferenceMake],
  ['diff', runReferenceDiff],
  ['upload', runReferenceUpload],
  ['list', runReferenceList],
]);

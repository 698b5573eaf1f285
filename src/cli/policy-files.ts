// A policy file and the folder of its reference sets, read and compiled. docs/policy.md

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { POLICY_LIMITS } from '../bytes/limits.ts';
import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { compilePolicy } from '../policy/compile.ts';
import { completePolicy, type PolicyProblem, parsePolicy } from '../policy/parse-policy.ts';
import type { ReferenceSet } from '../policy/reference-set.ts';
import { type ReferenceFormat, ReferenceSetReader } from '../policy/reference-set-text.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import { UsageError } from './exit.ts';
import { readUpTo, readWindows } from './files.ts';
import { printable } from './terminal.ts';

/** A policy from files. */
export interface LoadedPolicy {
  readonly document: PolicyDocument;
  readonly policy: AcceptancePolicy;
  /** The reference sets that it names, by name. */
  readonly sets: ReadonlyMap<string, ReferenceSet>;
  /** What its author should know. */
  readonly notes: readonly string[];
}

/** A policy file that cannot be used, with every mistake by its place. */
export class UnusablePolicy extends UsageError {
  readonly problems: readonly PolicyProblem[];

  constructor(file: string, problems: readonly PolicyProblem[], hint: string) {
    const lines = problems.map(
      ({ path: place, message }) => `  ${printable(place || '(document)')}: ${printable(message)}`,
    );
    super(`${printable(file)}: not a usable policy:\n${lines.join('\n')}`, hint);
    this.problems = problems;
  }
}

/** Reads the policy in `file` and, from the folder `setsFolder`, the reference sets it names. Fails
 *  with a `UsageError` that names every mistake by its place. */
export async function loadPolicy(file: string, setsFolder?: string): Promise<LoadedPolicy> {
  const document = await readPolicyDocument(file);
  const names = setNames(document);
  const sets = setsFolder === undefined ? new Map() : await loadSets(setsFolder, names);
  const compiled = compilePolicy(document, { sets, version: null });
  if (compiled.ok) return { document, policy: compiled.policy, sets, notes: compiled.notes };
  throw badPolicy(file, compiled.problems, setsHint(names, setsFolder));
}

/** Reads and checks the document alone: reference sets are not looked for. */
export async function readPolicyDocument(file: string): Promise<PolicyDocument> {
  const parsed = parsePolicy(await readUpTo(file, POLICY_LIMITS.documentBytes));
  if (parsed.ok) return parsed.policy;
  throw badPolicy(file, parsed.problems, 'docs/policy.md describes every key.');
}

/** The names of the reference sets that a policy needs, each once. */
export function setNames(document: PolicyDocument): readonly string[] {
  const completion = completePolicy(document);
  if (!completion.ok) throw new Error('not a policy document: readPolicyDocument gives those');
  const { ima, boot } = completion.policy;
  const rules = ima === 'not-required' ? [] : ima.measurements;
  const inRules = rules.flatMap(({ digestIn }) => digestIn ?? []);
  const inPcrs = Object.values(boot.pcrs).flatMap(({ allowIn }) => allowIn ?? []);
  return [...new Set([...inRules, ...inPcrs, ...(boot.bootAggregate.kernels ?? [])])];
}

/** The names of the keyrings that a policy needs, each once. */
export function keyringNames(document: PolicyDocument): readonly string[] {
  const rules = document.ima === 'not-required' ? [] : document.ima.measurements;
  return [
    ...new Set(rules.flatMap(({ signedBy, keyIn }) => [...(signedBy ?? []), ...(keyIn ?? [])])),
  ];
}

/** Fails with a `UsageError` unless the folder has a file for each keyring that the policy in `file`
 *  names: its name without the last extension is that of the keyring. What is in it is not read. */
export async function requireKeyrings(
  file: string,
  document: PolicyDocument,
  folder: string,
): Promise<void> {
  const found = new Set(
    (await listFolder('--keyrings', folder)).map((each) => path.parse(each).name),
  );
  const problems = keyringNames(document)
    .filter((name) => !found.has(name))
    .map((name) => ({ path: 'ima.measurements', message: `no keyring "${name}"` }));
  if (problems.length === 0) return;
  throw badPolicy(file, problems, `${printable(folder)} was searched for keyrings.`);
}

async function loadSets(
  folder: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, ReferenceSet>> {
  const files = await listFolder('--sets', folder);
  const sets = new Map<string, ReferenceSet>();
  for (const name of names) {
    const candidates = files.filter((file) => path.parse(file).name === name);
    const [file] = candidates;
    if (candidates.length > 1) {
      throw new UsageError(
        `${printable(folder)}: several files for the set ${name}: ${candidates.join(', ')}.`,
        'Keep one of them in the folder.',
      );
    }
    if (file !== undefined) sets.set(name, await readSet(path.join(folder, file)));
  }
  return sets;
}

async function listFolder(option: string, folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    throw new UsageError(
      `${option}: ${printable(folder)} is not a folder that can be read.`,
      'Name a folder.',
    );
  }
}

async function readSet(file: string): Promise<ReferenceSet> {
  const reader = new ReferenceSetReader({ format: formatOf(file) });
  for await (const window of readWindows(file)) reader.push(window);
  const result = reader.end();
  if (result.ok) return result.set;
  const lines = result.problems.map(({ line, message }) => `  line ${line}: ${printable(message)}`);
  throw new UsageError(
    `${printable(file)}: not a reference set:\n${lines.join('\n')}`,
    'One bad line refuses the whole set.',
  );
}

function formatOf(file: string): ReferenceFormat {
  const extension = path.extname(file);
  const format = FORMATS.get(extension);
  if (format !== undefined) return format;
  const reason = extension === '.csv' ? 'is not supported by this version' : 'is not known';
  throw new UsageError(
    `${printable(file)}: a reference set with the extension "${printable(extension)}" ${reason}.`,
    `Sets are lines of sha256sum (.sha256sum, .txt) or one JSON object a line (.ndjson).`,
  );
}

const FORMATS: ReadonlyMap<string, ReferenceFormat> = new Map([
  ['.sha256sum', 'digest-lines'],
  ['.txt', 'digest-lines'],
  ['.ndjson', 'ndjson'],
]);

function badPolicy(file: string, problems: readonly PolicyProblem[], hint: string): UnusablePolicy {
  return new UnusablePolicy(file, problems, hint);
}

function setsHint(names: readonly string[], setsFolder: string | undefined): string {
  if (names.length === 0) return 'docs/policy.md describes every key.';
  const wanted = names.join(', ');
  return setsFolder === undefined
    ? `It names the reference sets ${wanted}: say --sets DIR.`
    : `It names the reference sets ${wanted}; ${printable(setsFolder)} was searched.`;
}

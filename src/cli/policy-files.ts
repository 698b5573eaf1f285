// A policy file and the folder of its reference sets, read and compiled. docs/policy.md

import { POLICY_LIMITS } from '../bytes/limits.ts';
import type { Keyring } from '../crypto/trusted-key.ts';
import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { compilePolicy } from '../policy/compile.ts';
import { keyringNames, setNames } from '../policy/named-material.ts';
import { type PolicyProblem, parsePolicy } from '../policy/parse-policy.ts';
import type { ReferenceSet } from '../policy/reference-set.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import { UsageError } from './exit.ts';
import { readUpTo } from './files.ts';
import { loadKeyrings } from './keyring-files.ts';
import { namedFiles } from './named-files.ts';
import { readSetFile } from './set-files.ts';
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

/** Folders in which the names of a policy are looked up; absent: it may name nothing there. */
export interface PolicyFolders {
  readonly sets?: string | undefined;
  readonly keyrings?: string | undefined;
  /** Takes every keyring for there and empty: for looking at the rest of a policy. */
  readonly assumesKeyrings?: boolean;
}

/** Reads the policy in `file` and what it names from folders. Fails with a `UsageError` that names
 *  every mistake by its place. */
export async function loadPolicy(file: string, folders: PolicyFolders = {}): Promise<LoadedPolicy> {
  const document = await readPolicyDocument(file);
  const sets =
    folders.sets === undefined ? new Map() : await loadSets(folders.sets, setNames(document));
  const keyrings = await keyringsOf(document, folders);
  const compiled = compilePolicy(document, { sets, keyrings, version: null });
  if (compiled.ok) return { document, policy: compiled.policy, sets, notes: compiled.notes };
  throw badPolicy(file, compiled.problems, foldersHint(document, folders));
}

async function keyringsOf(
  document: PolicyDocument,
  { keyrings, assumesKeyrings }: PolicyFolders,
): Promise<ReadonlyMap<string, Keyring>> {
  const names = keyringNames(document);
  if (keyrings !== undefined) return loadKeyrings(keyrings, names);
  return new Map(assumesKeyrings === true ? names.map((name) => [name, NO_KEYS]) : []);
}

/** Reads and checks the document alone: reference sets are not looked for. */
export async function readPolicyDocument(file: string): Promise<PolicyDocument> {
  const parsed = parsePolicy(await readUpTo(file, POLICY_LIMITS.documentBytes));
  if (parsed.ok) return parsed.policy;
  throw badPolicy(file, parsed.problems, 'docs/policy.md describes every key.');
}

/** Fails with a `UsageError` unless the folder has each keyring that the policy in `file` names. */
export async function requireKeyrings(
  file: string,
  document: PolicyDocument,
  folder: string,
): Promise<void> {
  const names = keyringNames(document);
  const found = await loadKeyrings(folder, names);
  const problems = names
    .filter((name) => !found.has(name))
    .map((name) => ({ path: 'ima.measurements', message: `no keyring "${name}"` }));
  if (problems.length === 0) return;
  throw badPolicy(file, problems, `${printable(folder)} was searched for keyrings.`);
}

async function loadSets(
  folder: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, ReferenceSet>> {
  const files = await namedFiles(names, { option: '--sets', folder, what: 'set' });
  const sets = new Map<string, ReferenceSet>();
  for (const [name, file] of files) sets.set(name, await readSetFile(file));
  return sets;
}

function badPolicy(file: string, problems: readonly PolicyProblem[], hint: string): UnusablePolicy {
  return new UnusablePolicy(file, problems, hint);
}

function foldersHint(document: PolicyDocument, { sets, keyrings }: PolicyFolders): string {
  const hints = [
    lookUpHint(setNames(document), { words: 'reference sets', option: '--sets', folder: sets }),
    lookUpHint(keyringNames(document), {
      words: 'keyrings',
      option: '--keyrings',
      folder: keyrings,
    }),
  ].filter((hint) => hint !== '');
  return hints.length === 0 ? 'docs/policy.md describes every key.' : hints.join(' ');
}

function lookUpHint(
  names: readonly string[],
  told: { readonly words: string; readonly option: string; readonly folder: string | undefined },
): string {
  if (names.length === 0) return '';
  const wanted = `It names the ${told.words} ${names.join(', ')}`;
  if (told.folder === undefined) return `${wanted}: say ${told.option} DIR.`;
  return `${wanted}; ${printable(told.folder)} was searched.`;
}

const NO_KEYS: Keyring = { digest: '', keys: [] };

// Files in a folder by the names that a policy gives them. docs/policy.md

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from './exit.ts';
import { printable } from './terminal.ts';

/** Where to look, and what for. */
export interface NamedFolder {
  /** The option that named the folder. */
  readonly option: string;
  readonly folder: string;
  /** What one file is, in a word. */
  readonly what: string;
}

/** For each of `names` the path of the only file that is called so without its last extension.
 *  Names without a file are left out; a name with several fails with a `UsageError`. */
export async function namedFiles(
  names: readonly string[],
  { option, folder, what }: NamedFolder,
): Promise<ReadonlyMap<string, string>> {
  const files = await listFolder(option, folder);
  const found = new Map<string, string>();
  for (const name of names) {
    const candidates = files.filter((file) => path.parse(file).name === name);
    const [file] = candidates;
    if (candidates.length > 1) {
      const listed = candidates.map((each) => printable(each)).join(', ');
      throw new UsageError(
        `${printable(folder)}: several files for the ${what} ${name}: ${listed}.`,
        'Keep one of them in the folder.',
      );
    }
    if (file !== undefined) found.set(name, path.join(folder, file));
  }
  return found;
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

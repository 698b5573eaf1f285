// The keyrings that a policy names, from a folder. docs/policy.md, "Keyrings"

import path from 'node:path';
import { KEYRING_LIMITS } from '../bytes/limits.ts';
import type { Keyring } from '../crypto/trusted-key.ts';
import { readKeyring } from '../enroll/keyring-file.ts';
import { UsageError } from './exit.ts';
import { readUpTo } from './files.ts';
import { namedFiles } from './named-files.ts';
import { printable } from './terminal.ts';

/** Reads the keyrings with these names. One without a file is left out: whoever compiles the policy
 *  says where it was named. */
export async function loadKeyrings(
  folder: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, Keyring>> {
  const files = await namedFiles(names, { option: '--keyrings', folder, what: 'keyring' });
  const keyrings = new Map<string, Keyring>();
  for (const [name, file] of files) keyrings.set(name, await loadKeyring(file));
  return keyrings;
}

async function loadKeyring(file: string): Promise<Keyring> {
  if (!EXTENSIONS.includes(path.extname(file))) {
    throw new UsageError(
      `${printable(file)}: a keyring with the extension "${printable(path.extname(file))}".`,
      `Keyrings are files ${EXTENSIONS.join(', ')}: PEM blocks, or one certificate or key in DER.`,
    );
  }
  const reading = readKeyring(await readUpTo(file, KEYRING_LIMITS.fileBytes));
  if (reading.ok) return reading.keyring;
  const lines = reading.problems.map(({ line, message }) => `  line ${line}: ${message}`);
  throw new UsageError(
    `${printable(file)}: not a keyring:\n${lines.join('\n')}`,
    'One bad block refuses the whole keyring.',
  );
}

const EXTENSIONS = ['.pem', '.crt', '.der'];

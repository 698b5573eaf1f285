// `plumbline policy import-keylime`: a Keylime runtime policy as a policy and its reference sets.
// docs/policy.md, "From Keylime"

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { FILE_LIMITS } from '../bytes/limits.ts';
import { convertingKeylimePolicy } from '../policy/keylime-policy.ts';
import { ndjsonLine } from '../policy/reference-set-ndjson.ts';
import { runSteps } from '../policy/steps.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readUpTo, replaceFile } from './files.ts';
import { printable, type Terminal } from './terminal.ts';

/** Runs `plumbline policy import-keylime FILE --out DIR` and gives its exit code. */
export async function runImportKeylime(
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { values, positionals } = readArguments('policy', args, {
    out: { type: 'string' },
    name: { type: 'string', default: 'keylime' },
  });
  const [file, ...more] = positionals;
  const { out, name } = values;
  if (file === undefined || more.length > 0 || out === undefined) {
    const message = 'policy import-keylime: name one file, and a folder with --out.';
    throw new UsageError(message, helpHint('policy'));
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(name)) {
    throw new UsageError('--name: letters, digits, ".", "_" and "-", at most 40.');
  }
  const text = await readUpTo(file, FILE_LIMITS.keylimeBytes);
  if (text.byteLength > FILE_LIMITS.keylimeBytes) {
    throw new UsageError(`${printable(file)}: longer than ${FILE_LIMITS.keylimeBytes} bytes.`);
  }
  const result = runSteps(convertingKeylimePolicy(text, name));
  if (!result.ok) {
    const { at, message } = result.problem;
    throw new UsageError(`${printable(file)}: ${printable(at || '(document)')}: ${message}.`);
  }
  const { policy, sets, leftOut } = result.conversion;
  const folder = path.join(out, 'sets');
  await makeFolder(folder);
  await replaceFile(path.join(out, 'policy.json'), `${JSON.stringify(policy, undefined, 2)}\n`);
  const lines = [`wrote  ${printable(path.join(out, 'policy.json'))}`];
  for (const { name: set, entries } of sets) {
    const target = path.join(folder, `${set}.ndjson`);
    await replaceFile(target, entries.map((entry) => `${ndjsonLine(entry)}\n`).join(''));
    lines.push(`wrote  ${printable(target)}: ${entries.length} entries`);
  }
  for (const { at, message } of leftOut) {
    lines.push(`${terminal.paint.doubtful('note')}  ${printable(at)}: ${printable(message)}`);
  }
  await terminal.out(`${lines.join('\n')}\n`);
  return EXIT.ok;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch {
    throw new UsageError(`--out: the folder ${printable(folder)} cannot be made.`);
  }
}

// `plumbline policy check`: an acceptance policy read exactly as the service reads it.
// docs/policy.md

import { explainPolicy } from '../policy/explain.ts';
import { policyDigest } from '../policy/policy-digest.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { loadPolicy, readPolicyDocument, setNames } from './policy-files.ts';
import { printable, type Terminal } from './terminal.ts';

/** Runs `plumbline policy …` and gives its exit code. */
export async function runPolicy(args: readonly string[], terminal: Terminal): Promise<number> {
  const [action, ...rest] = args;
  if (action !== 'check') {
    throw new UsageError('policy: the only action is check.', helpHint('policy'));
  }
  const { values, positionals } = readArguments('policy', rest, {
    explain: { type: 'boolean', default: false },
    sets: { type: 'string' },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new UsageError('policy check: name one policy file.', helpHint('policy'));
  }
  const document = await readPolicyDocument(file);
  const loaded = values.sets === undefined ? undefined : await loadPolicy(file, values.sets);
  if (values.explain) {
    await terminal.out(explainPolicy(document));
    return EXIT.ok;
  }
  const lines = [`${terminal.paint.good('usable')}  ${terminal.paint.strong(printable(file))}`];
  lines.push(`  digest  ${policyDigest(document)}`);
  for (const name of setNames(document)) {
    const set = loaded?.sets.get(name);
    lines.push(`  needs   ${name}${set === undefined ? '' : `: ${set.entryCount} entries`}`);
  }
  for (const note of loaded?.notes ?? []) lines.push(`  note    ${printable(note)}`);
  await terminal.out(`${lines.join('\n')}\n`);
  return EXIT.ok;
}

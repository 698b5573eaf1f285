// Commands in the documents and what they print: run as a reader would run them.

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { ROOT } from './source-tree.ts';

const EXAMPLE = /```console\n\$ (.*)\n([\s\S]*?)```/g;

/** A command in a `console` block, and the output that the block shows. */
export interface Example {
  readonly command: string;
  readonly printed: string;
}

/** Every example of a document, in order. */
export function examplesOf(text: string): readonly Example[] {
  return [...text.matchAll(EXAMPLE)].map(([, command = '', printed = '']) => ({
    command,
    printed,
  }));
}

/** `text` with what each example really prints. */
export function withExamples(text: string): string {
  return text.replaceAll(EXAMPLE, (_, command: string) => {
    const { stdout } = runLine(command);
    return `\`\`\`console\n$ ${command}\n${stdout}\`\`\``;
  });
}

/** Runs a line of the shell in the repository, on the Node that runs this, without colours. */
export function runLine(line: string): SpawnSyncReturns<string> {
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, PATH: path, NO_COLOR: '1' };
  return spawnSync('bash', ['-c', line], { cwd: ROOT, encoding: 'utf8', env });
}

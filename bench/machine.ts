// Where a table was measured: without these lines a figure means nothing.

import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Machine, Node version and commit, a line each. */
export function machineLines(): readonly string[] {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return [
    `machine: ${model}, ${processors.length} cores`,
    `node: ${process.version}`,
    `commit: ${commit()}`,
  ];
}

function commit(): string {
  try {
    const id = git('rev-parse', '--short', 'HEAD');
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
    return isChanged ? `${id} and changes that are not committed` : id;
  } catch {
    return 'unknown';
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

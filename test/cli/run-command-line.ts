// Runs the command line as a user does: a process of its own, its streams and its exit code.

import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** What a command left behind. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Arguments for `node` that start the command line of this checkout. */
export const COMMAND_LINE: readonly string[] = [
  '--import',
  import.meta.resolve('tsx'),
  path.join(ROOT, 'src/cli/main.ts'),
];

/** Runs `plumbline` with these arguments to its end. */
export async function plumbline(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [...COMMAND_LINE, ...args], { cwd: ROOT });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end();
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, stdout, stderr };
}

/** A folder that is removed after the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The path of a file below `test/evidence`. */
export function evidencePath(name: string): string {
  return path.join(ROOT, 'test/evidence', name);
}

/** The path of a file below `demo`. */
export function demoPath(name: string): string {
  return path.join(ROOT, 'demo', name);
}

/** A copy of the demo's capture, and its bundle to be changed and written back. */
export async function copyCapture(t: TestContext): Promise<{
  readonly folder: string;
  readonly bundle: Record<string, unknown>;
  /** Writes the bundle after `change` and gives its path. */
  write(change?: (bundle: Record<string, unknown>) => void): Promise<string>;
}> {
  const folder = await temporaryFolder(t);
  await cp(demoPath('capture'), folder, { recursive: true });
  const file = path.join(folder, 'host.bundle.json');
  const bundle: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8'));
  return {
    folder,
    bundle,
    async write(change) {
      const changed = structuredClone(bundle);
      change?.(changed);
      await writeFile(file, JSON.stringify(changed));
      return file;
    },
  };
}

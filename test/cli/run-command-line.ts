// Runs the command line: in this process where that tells as much, as a process of its own where
// signals, streams or start-up count.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { terminalOf } from '../../src/cli/terminal.ts';

/** What a command left behind. */
export interface Outcome {
  readonly exitCode: number;
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

/** Runs `plumbline` with these arguments in this process. */
export async function plumbline(...args: readonly string[]): Promise<Outcome> {
  const [stdout, stderr] = [new Collector(), new Collector()];
  const exitCode = await runCommandLine(args, terminalOf({ stdout, stderr }, {}), {});
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}

/** Runs `plumbline` with these arguments as a process of its own. */
export async function plumblineProcess(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [...COMMAND_LINE, ...args], { cwd: ROOT });
  const [stdout, stderr] = [new Collector(), new Collector()];
  child.stdout.pipe(stdout);
  child.stderr.pipe(stderr);
  child.stdin.end();
  const [exitCode] = await once(child, 'close');
  return { exitCode: Number(exitCode), stdout: stdout.text, stderr: stderr.text };
}

/** A stream that keeps the text written to it. */
class Collector extends Writable {
  text = '';
  readonly #decoder = new TextDecoder();

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.text += this.#decoder.decode(chunk, { stream: true });
    done();
  }
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

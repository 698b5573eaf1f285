// Runs the public tools that our answers are compared with. Where a tool is missing its tests are
// skipped with the reason; in CI they run, and fail.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface ToolAnswer {
  readonly accepted: boolean;
  /** Both streams. */
  readonly output: string;
}

/** No tool takes longer over a capture. */
const TIMEOUT_MS = 30_000;

/** Options of a test that needs these programs. */
export function needing(...programs: readonly string[]): { readonly skip: string | false } {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0 || process.env['CI'] !== undefined) return { skip: false };
  return { skip: `not installed: ${missing.join(', ')} (.ci/tools installs them on Debian)` };
}

/** Where a program runs. */
export interface Surroundings {
  /** Beside the environment of the tests. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
}

/** Runs a program to its end. Throws when it cannot be started or does not end in time. */
export function runTool(
  program: string,
  args: readonly string[],
  { environment = {}, folder }: Surroundings = {},
): ToolAnswer {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'latin1',
    timeout: TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...environment },
    ...(folder !== undefined && { cwd: folder }),
  });
  if (error !== undefined) throw error;
  return { accepted: status === 0, output: `${stdout}${stderr}` };
}

/** Gives `use` a folder that is gone afterwards. */
export async function inFolder(use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-differential-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isInstalled(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.some((folder) => isExecutable(path.join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

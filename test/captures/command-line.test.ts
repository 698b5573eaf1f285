// `plumbline verify --json` prints for every capture the verdict that the procedure gives, and
// exits with its status.

import assert from 'node:assert/strict';
import path from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { exitOf } from '../../src/cli/exit.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { runVerify } from '../../src/cli/verify-command.ts';
import { bundlesBelow, EVIDENCE_FOLDER, loadCapture, structuralVerdict } from './load-capture.ts';

for (const name of bundlesBelow(EVIDENCE_FOLDER)) {
  test(`plumbline verify --json ${path.relative(EVIDENCE_FOLDER, name)}`, async () => {
    const verdict = structuralVerdict(await loadCapture(name));
    const bundle = `${name}.bundle.json`;
    const { exitCode, lines } = await run([bundle, '--json']);
    assert.equal(lines.length, 1);
    assert.deepEqual(JSON.parse(lines[0] ?? ''), asJson({ bundle, ...verdict }));
    assert.equal(exitCode, exitOf(verdict.status));
  });
}

async function run(
  args: readonly string[],
): Promise<{ readonly exitCode: number; readonly lines: readonly string[] }> {
  let printed = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      printed += String(chunk);
      done();
    },
  });
  const exitCode = await runVerify(args, terminalOf({ stdout, stderr: process.stderr }, {}));
  return { exitCode, lines: printed.split('\n').slice(0, -1) };
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

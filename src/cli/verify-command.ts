// `plumbline verify`: evidence bundles in, verdicts out; offline, by the same procedure as the
// service. docs/cli.md

import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { STRUCTURAL_POLICY } from '../policy/structural.ts';
import type { VerdictBody } from '../verify/verdict.ts';
import { beginVerification } from '../verify/verify.ts';
import { helpHint, readArguments } from './arguments.ts';
import { openBundle } from './bundle.ts';
import { EXIT, exitOf, problemText, UsageError } from './exit.ts';
import { readWindows } from './files.ts';
import { loadPolicy } from './policy-files.ts';
import { showProgress } from './progress.ts';
import { reportVerdict } from './report.ts';
import type { Terminal } from './terminal.ts';

/** Runs `plumbline verify` and gives its exit code: that of the last bundle, or 2 when any bundle
 *  could not be read. Every bundle that can be read is judged. */
export async function runVerify(args: readonly string[], terminal: Terminal): Promise<number> {
  const { bundles, policyFile, setsFolder, json } = readRequest(args);
  const policy =
    policyFile === undefined
      ? STRUCTURAL_POLICY
      : (await loadPolicy(policyFile, setsFolder)).policy;
  let exitCode: number = EXIT.ok;
  let unread = false;
  for (const bundle of bundles) {
    try {
      const verdict = await verifyBundle(bundle, policy, terminal);
      await terminal.out(
        json
          ? `${JSON.stringify({ bundle, ...verdict })}\n`
          : reportVerdict(bundle, verdict, terminal.paint),
      );
      exitCode = exitOf(verdict.status);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      terminal.err(problemText(error));
      unread = true;
    }
  }
  return unread ? EXIT.usage : exitCode;
}

/** Judges one bundle; the list is streamed, never held whole. */
export async function verifyBundle(
  bundlePath: string,
  policy: AcceptancePolicy,
  terminal: Terminal,
): Promise<VerdictBody> {
  const { evidence, segmentFiles } = await openBundle(bundlePath);
  const verification = beginVerification(evidence, policy);
  const progress = showProgress(terminal);
  try {
    for (const [segment, { realPath }] of segmentFiles.entries()) {
      for await (const window of readWindows(realPath)) {
        verification.push(segment, window);
        progress.advance(window.byteLength);
      }
    }
  } finally {
    progress.end();
  }
  return verification.conclude();
}

interface Request {
  readonly bundles: readonly string[];
  readonly policyFile: string | undefined;
  readonly setsFolder: string | undefined;
  readonly json: boolean;
}

function readRequest(args: readonly string[]): Request {
  const { values, positionals } = readArguments('verify', args, {
    policy: { type: 'string' },
    sets: { type: 'string' },
    json: { type: 'boolean', default: false },
    keyrings: { type: 'string' },
    state: { type: 'string' },
  });
  for (const [option, value] of [
    ['--keyrings', values.keyrings],
    ['--state', values.state],
  ]) {
    if (value !== undefined) {
      throw new UsageError(`verify: ${option} is not available in this version.`, NOT_YET);
    }
  }
  if (positionals.length === 0) {
    throw new UsageError('verify: name at least one evidence bundle.', helpHint('verify'));
  }
  if (values.sets !== undefined && values.policy === undefined) {
    throw new UsageError(
      'verify: --sets without --policy: nothing would use the sets.',
      'Add --policy FILE, or leave out --sets.',
    );
  }
  return {
    bundles: positionals,
    policyFile: values.policy,
    setsFolder: values.sets,
    json: values.json,
  };
}

const NOT_YET = 'Each bundle is judged by itself, and no rule can ask for signatures.';

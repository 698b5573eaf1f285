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
import { loadPolicy, type PolicyFolders } from './policy-files.ts';
import { showProgress } from './progress.ts';
import { reportVerdict } from './report.ts';
import type { Terminal } from './terminal.ts';
import { attesterKey, loadTimelines, saveTimelines, type Timelines } from './timeline-file.ts';

/** Runs `plumbline verify` and gives its exit code: that of the last bundle, or 2 when any bundle
 *  could not be read. Every bundle that can be read is judged. */
export async function runVerify(args: readonly string[], terminal: Terminal): Promise<number> {
  const { bundles, policyFile, folders, stateFile, json } = readRequest(args);
  const policy =
    policyFile === undefined ? STRUCTURAL_POLICY : (await loadPolicy(policyFile, folders)).policy;
  const timelines: Timelines = stateFile === undefined ? new Map() : await loadTimelines(stateFile);
  let exitCode: number = EXIT.ok;
  let unread = false;
  for (const bundle of bundles) {
    try {
      const { verdict, knownCount } = await verifyBundle(bundle, { policy, timelines }, terminal);
      await terminal.out(
        json
          ? `${JSON.stringify({ bundle, ...verdict })}\n`
          : reportVerdict(bundle, verdict, { paint: terminal.paint, knownCount }),
      );
      exitCode = exitOf(verdict.status);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      terminal.err(problemText(error));
      unread = true;
    }
  }
  if (stateFile !== undefined) await saveTimelines(stateFile, timelines);
  return unread ? EXIT.usage : exitCode;
}

/** One bundle, judged. */
export interface JudgedBundle {
  readonly verdict: VerdictBody;
  /** Records of this boot that earlier rounds had proven. */
  readonly knownCount: number;
}

/** Judges one bundle as the next round of its attester, whose timeline moves on in `timelines`; the
 *  list is streamed, never held whole. */
export async function verifyBundle(
  bundlePath: string,
  under: { readonly policy: AcceptancePolicy; readonly timelines: Timelines },
  terminal: Terminal,
): Promise<JudgedBundle> {
  const { evidence, segmentFiles } = await openBundle(bundlePath);
  const key = attesterKey(evidence.ak);
  const known = key === undefined ? undefined : under.timelines.get(key);
  const verification = beginVerification(evidence, under.policy, known);
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
  const verdict = verification.conclude();
  const { stateAfter } = verification;
  if (key !== undefined && stateAfter !== undefined) under.timelines.set(key, stateAfter);
  const isSameBoot = known?.boot.number === verdict.timeline?.boot;
  return { verdict, knownCount: isSameBoot ? (known?.checkpoints[0]?.index ?? 0) : 0 };
}

interface Request {
  readonly bundles: readonly string[];
  readonly policyFile: string | undefined;
  readonly folders: PolicyFolders;
  readonly stateFile: string | undefined;
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
  if (positionals.length === 0) {
    throw new UsageError('verify: name at least one evidence bundle.', helpHint('verify'));
  }
  for (const option of ['sets', 'keyrings'] as const) {
    if (values[option] === undefined || values.policy !== undefined) continue;
    throw new UsageError(
      `verify: --${option} without --policy: nothing would use the ${option}.`,
      `Add --policy FILE, or leave out --${option}.`,
    );
  }
  return {
    bundles: positionals,
    policyFile: values.policy,
    folders: { sets: values.sets, keyrings: values.keyrings },
    stateFile: values.state,
    json: values.json,
  };
}

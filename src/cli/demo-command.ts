// `plumbline demo`: a service, a captured measurement list and altered copies of it, to the first
// verdicts in seconds. demo/ABOUT.md says what is real and what is not.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILE_LIMITS } from '../bytes/limits.ts';
import { settingsFrom } from '../config.ts';
import type { RunningService } from '../main.ts';
import { STRUCTURAL_POLICY } from '../policy/structural.ts';
import type { Verdict, VerdictStatus } from '../verify/verdict.ts';
import { helpHint, readArguments, readNumber } from './arguments.ts';
import { openBundle } from './bundle.ts';
import { alterDigest, alterDigestAndColumn, findTarget } from './demo-list.ts';
import { type DemoMaterial, type DemoSession, openSession } from './demo-session.ts';
import { EXIT, UsageError } from './exit.ts';
import { readUpTo } from './files.ts';
import { reportVerdict } from './report.ts';
import { startOrSayWhy } from './serve-command.ts';
import { untilSignal } from './signals.ts';
import type { Terminal } from './terminal.ts';
import { verifyBundle } from './verify-command.ts';

/** Runs `plumbline demo`; exit 0 when every verdict was the expected one. */
export async function runDemo(args: readonly string[], terminal: Terminal): Promise<number> {
  const { keep, port } = readRequest(args);
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-demo-'));
  const stopped = untilSignal();
  await terminal.out('Starting the service on an embedded database in a temporary folder …\n');
  try {
    const settings = settingsFrom({ PORT: port, PLUMBLINE_DATA: folder, ...QUIET });
    const service = await startOrSayWhy(settings);
    try {
      const shown = await Promise.race([show(service, terminal), stopped]);
      if (shown !== 'shown') return EXIT.interrupted;
      await terminal.out(lookFurther(service, keep));
      if (keep) await stopped;
      return EXIT.ok;
    } finally {
      await service.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readRequest(args: readonly string[]): { readonly keep: boolean; readonly port: string } {
  const { values, positionals } = readArguments('demo', args, {
    keep: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
  });
  if (positionals.length > 0) throw new UsageError('demo: takes options only.', helpHint('demo'));
  readNumber('--port', values.port, { min: 0, max: 65_535 });
  return values;
}

async function show(service: RunningService, terminal: Terminal): Promise<'shown'> {
  const token = service.bootstrapToken;
  if (token === undefined) throw new Error('a new database gives an admin token');
  const material = await readMaterial();
  const session = await openSession({ url: service.url, token }, material);
  await terminal.out(opening(service, session));
  await showRounds(session, material.list, terminal);
  await showCapturedQuote(terminal);
  return 'shown';
}

async function readMaterial(): Promise<DemoMaterial> {
  const { evidence, segmentFiles } = await openBundle(demoFile('capture/host.bundle.json'));
  const [segment] = segmentFiles;
  if (segment === undefined) throw new Error('the capture has a list');
  return {
    policy: await readFile(demoFile('policy.json'), 'utf8'),
    set: await readFile(demoFile('sets/demo-host.sha256sum'), 'utf8'),
    evidence,
    list: await readUpTo(segment.realPath, FILE_LIMITS.gunzippedBytes),
  };
}

function opening({ url }: RunningService, { setEntries }: DemoSession): string {
  return `It listens on ${url}.

The policy "demo" is in force: it wants PCR 0–10 quoted, the firmware event log, and
every measured file to be one of ${setEntries} known digests.

A demo host is enrolled. Its measurement list, event log and PCR values were captured
on Linux 6.12 with a software TPM (demo/ABOUT.md). A captured quote cannot answer a
fresh nonce, so this host signs fresh quotes over the captured PCR values, with a key
made in software just now. Everything below goes over HTTP, challenge and all.
`;
}

async function showRounds(
  session: DemoSession,
  list: Uint8Array,
  terminal: Terminal,
): Promise<void> {
  const target = findTarget(list, ALTERED_FILE);
  const { entryIndex, digestOffsetBytes } = target;
  const place = `entry ${entryIndex} (${ALTERED_FILE}), byte ${digestOffsetBytes}`;
  const rounds: readonly (readonly [string, Uint8Array, VerdictStatus])[] = [
    ['The list as it was captured', list, 'affirming'],
    [
      `The same list, one bit of a file digest altered: ${place}`,
      alterDigest(list, target),
      'contraindicated',
    ],
    [
      'The same forgery, its digest column recomputed: now only the quote tells',
      alterDigestAndColumn(list, target),
      'contraindicated',
    ],
  ];
  for (const [index, [title, sent, expected]] of rounds.entries()) {
    const verdict = await session.attest(sent);
    await terminal.out(`\n${terminal.paint.strong(`${index + 1}. ${title}`)}\n\n`);
    await terminal.out(reportVerdict(`verdict ${verdict.id}`, verdict, terminal));
    requireStatus(verdict, expected);
  }
}

async function showCapturedQuote(terminal: Terminal): Promise<void> {
  const { verdict } = await verifyBundle(
    demoFile('capture/host.bundle.json'),
    { policy: STRUCTURAL_POLICY, timelines: new Map() },
    terminal,
  );
  const title = '4. The captured quote itself, offline, under the structural policy';
  await terminal.out(`\n${terminal.paint.strong(title)}\n\n`);
  await terminal.out('  $ plumbline verify demo/capture/host.bundle.json\n\n');
  await terminal.out(reportVerdict('demo/capture/host.bundle.json', verdict, terminal));
  requireStatus(verdict, 'affirming');
}

function requireStatus(verdict: Pick<Verdict, 'status'>, expected: VerdictStatus): void {
  if (verdict.status === expected) return;
  throw new Error(`the demo expected ${expected} and got ${verdict.status}`);
}

function lookFurther({ url, bootstrapToken }: RunningService, keep: boolean): string {
  const howLong = keep
    ? 'The service goes on; Ctrl-C ends it and removes its data.'
    : 'The service ends now; `plumbline demo --keep` leaves it running to look around:';
  return `
${howLong}

  curl -H 'Authorization: Bearer ${bootstrapToken}' ${url}/v1/verdicts
  curl ${url}/openapi.json
`;
}

/** The same place from `src/cli` and from `dist/cli`. */
function demoFile(name: string): string {
  return fileURLToPath(new URL(`../../demo/${name}`, import.meta.url));
}

const ALTERED_FILE = '/usr/bin/tpm2';
const QUIET = { PLUMBLINE_LOG_LEVEL: 'error' };

// The timelines of attesters in a file of the user's, between one call and the next. What the file
// says was proven is believed as it stands: it belongs to the verifier. docs/cli.md, "Rounds"

import path from 'node:path';
import { z } from 'zod';
import { FILE_LIMITS } from '../bytes/limits.ts';
import { type AkClaim, readAk } from '../enroll/ak.ts';
import { akIdentity } from '../enroll/ak-identity.ts';
import { readJsonText } from '../policy/json-text.ts';
import { dotted } from '../policy/parse-policy.ts';
import { readTimelineState } from '../service/timeline-schema.ts';
import type { TimelineState } from '../verify/timeline-state.ts';
import { UsageError } from './exit.ts';
import { isThere, readText, replaceFile } from './files.ts';
import { printable } from './terminal.ts';

/** Timelines by the key of their attester, as `attesterKey` gives it. */
export type Timelines = Map<string, TimelineState>;

/** What tells one attester from another: its attestation key, however it is encoded. A host with
 *  two of them is two attesters. Undefined for a key that cannot be read. */
export function attesterKey(claim: AkClaim): string | undefined {
  const reading = readAk(claim);
  return reading.ok ? akIdentity(reading.ak) : undefined;
}

/** The timelines in `file`; none when it is not there yet. Fails with a `UsageError` that names the
 *  first place where the file is not one of timelines. */
export async function loadTimelines(file: string): Promise<Timelines> {
  if (file.endsWith('.gz')) throw new UsageError(`${printable(file)}: not kept compressed.`, HINT);
  if (!(await isThere(file))) {
    await requireFolder(file);
    return new Map();
  }
  const reading = readJsonText(await readText(file, FILE_LIMITS.stateBytes));
  if (!reading.ok) {
    const { line, column, message } = reading.fault;
    throw unusable(`${printable(file)}, line ${line}, column ${column}`, message);
  }
  const document = documentSchema.safeParse(reading.value);
  if (!document.success) {
    const [issue] = document.error.issues;
    throw unusable(printable(file), placed(issue?.path ?? [], issue?.message ?? ''));
  }
  return readAttesters(file, document.data.attesters);
}

/** Puts all timelines into `file`, for its owner only, in place of what it held. */
export async function saveTimelines(file: string, timelines: Timelines): Promise<void> {
  const document: StateDocument = { format: FORMAT, attesters: Object.fromEntries(timelines) };
  const text = `${JSON.stringify(document)}\n`;
  if (new TextEncoder().encode(text).byteLength > FILE_LIMITS.stateBytes) {
    throw new UsageError(
      `${printable(file)}: its timelines need more than ${FILE_LIMITS.stateBytes} bytes; not kept.`,
      'Keep fewer attesters in one file.',
    );
  }
  await replaceFile(file, text);
}

function readAttesters(file: string, attesters: StateDocument['attesters']): Timelines {
  const timelines: Timelines = new Map();
  for (const [key, kept] of Object.entries(attesters)) {
    const reading = readTimelineState(kept);
    if (!reading.ok) {
      const [problem] = reading.problems;
      const within = problem?.path === '' ? '' : `.${problem?.path}`;
      const place = `${dotted(['attesters', key])}${within}`;
      throw unusable(printable(file), `${place}: ${problem?.message}`);
    }
    timelines.set(key, reading.state);
  }
  return timelines;
}

async function requireFolder(file: string): Promise<void> {
  const folder = path.dirname(file);
  if (await isThere(folder)) return;
  throw new UsageError(`${printable(file)}: there is no folder ${printable(folder)}.`, HINT);
}

function placed(at: readonly PropertyKey[], message: string): string {
  return at.length === 0 ? message : `${dotted(at)}: ${message}`;
}

function unusable(place: string, message: string): UsageError {
  return new UsageError(`${place}: not the timelines of attesters: ${printable(message)}.`, HINT);
}

const HINT =
  'Name the file that an earlier call wrote, or a new one: then every attester is at its first ' +
  'contact.';

const FORMAT = 'plumbline-timelines/1';
const documentSchema = z.strictObject({
  format: z.literal(FORMAT),
  attesters: z.record(z.string().regex(/^sha256:[0-9a-f]{64}$/), z.unknown()),
});
type StateDocument = z.output<typeof documentSchema>;

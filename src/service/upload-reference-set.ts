// Reference sets: upload of an immutable version as text of any length, and activation.
// docs/api.md, "Reference sets"

import { ByteCollector } from '../bytes/byte-collector.ts';
import { POLICY_LIMITS } from '../bytes/limits.ts';
import type { LeftOut } from '../policy/keylime-document.ts';
import { convertingKeylimePolicy } from '../policy/keylime-policy.ts';
import type { ReferenceEntry } from '../policy/reference-set.ts';
import { ndjsonLine } from '../policy/reference-set-ndjson.ts';
import type { SetTerms } from '../policy/reference-set-terms.ts';
import { type ReferenceProblem, ReferenceSetReader } from '../policy/reference-set-text.ts';
import type { AccessToken, Ports, SetReading, SetVersion } from './ports.ts';
import { Problem } from './problem.ts';
import { inSlices, nextTurn } from './slices.ts';
import { type VersionsOfName, versionsByName } from './versions-by-name.ts';

/** A set on its way in. */
export interface SetUpload {
  readonly name: string;
  readonly reading: SetReading;
  readonly body: AsyncIterable<Uint8Array>;
  readonly capBytes: number;
  readonly by: AccessToken;
}

/** A version as it is kept now. */
export interface UploadedSet {
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  readonly entries: number;
  readonly terms: SetTerms;
  /** False when the name has this content under these terms already. */
  readonly created: boolean;
  /** What a document of another tool says beside the digests. */
  readonly leftOut: LeftOut[];
}

/** Keeps a set as the next version of its name. One bad line refuses all of it. Problems:
 *  `reference_set.invalid`, `limit.exceeded`. */
export async function uploadReferenceSet(ports: Ports, upload: SetUpload): Promise<UploadedSet> {
  const at = ports.clock.now();
  const { name, reading } = upload;
  const draft = ports.referenceSets.begin({ id: ports.random.id(), reading, at });
  try {
    const reader = new ReferenceSetReader(reading);
    let sizeBytes = 0;
    for await (const window of upload.body) {
      sizeBytes += window.byteLength;
      if (sizeBytes > upload.capBytes) throw tooLarge(upload.capBytes);
      reader.push(window);
      await draft.write(window);
    }
    const result = await inSlices(reader.ending());
    if (!result.ok) throw invalidSet(result.problems);
    const { digest, entryCount: entries, validity, basis } = result.set;
    const terms = { validity, ...(basis && { basis }) };
    const kept = await draft.finish({ name, digest, entries, terms, at });
    if (kept.created) {
      const entry = { at, actor: upload.by.id, action: 'reference_set.upload', subject: name };
      await ports.audit.append({ ...entry, detail: { version: kept.version, digest } });
    }
    return { name, digest, entries, terms, ...kept, leftOut: [] };
  } catch (error) {
    await draft.abandon();
    throw error;
  }
}

/** Keeps the file digests of a Keylime runtime policy as the next version of a set, and says what
 *  else the document says. It is kept as NDJSON. Problems as of `uploadReferenceSet`. */
export async function uploadKeylimePolicy(
  ports: Ports,
  upload: Omit<SetUpload, 'reading'> & { readonly terms: SetTerms },
): Promise<UploadedSet> {
  const text = new ByteCollector();
  const capBytes = Math.min(upload.capBytes, POLICY_LIMITS.keylimeBytes);
  for await (const window of upload.body) {
    text.add(window);
    if (text.sizeBytes > capBytes) throw keylimeTooLarge(capBytes);
  }
  const result = await inSlices(convertingKeylimePolicy(text.take(), 'keylime'));
  if (!result.ok) throw invalidKeylime(result.problem);
  const { sets, leftOut, policy } = result.conversion;
  const files = sets.find(({ name }) => name === 'keylime-files')?.entries ?? [];
  const reading = { format: 'ndjson', paths: 'free', terms: upload.terms } as const;
  const kept = await uploadReferenceSet(ports, { ...upload, reading, body: ndjsonOf(files) });
  const rules = policy.ima === 'not-required' ? [] : policy.ima.measurements;
  const others = rules.filter(({ id }) => id !== 'files').map(({ id }) => ruleLeftOut(id));
  return { ...kept, leftOut: [...leftOut, ...others] };
}

/** Makes a version the active one of its name: from the next challenge on, every policy that
 *  names the set uses it. Problem: `reference_set.unknown`. */
export async function activateReferenceSet(
  ports: Ports,
  set: { readonly name: string; readonly version: number },
  by: AccessToken,
): Promise<void> {
  const at = ports.clock.now();
  if (!(await ports.referenceSets.activate(set.name, set.version, at))) throw unknownSet();
  const entry = { at, actor: by.id, action: 'reference_set.activate', subject: set.name };
  await ports.audit.append({ ...entry, detail: { version: set.version } });
}

/** Every set with its newest and its active version, by name. */
export async function listReferenceSets(ports: Ports): Promise<VersionsOfName[]> {
  return versionsByName(await ports.referenceSets.list(), await ports.referenceSets.active());
}

/** Every version of a set, newest first. Problem: `reference_set.unknown`. */
export async function setVersions(ports: Ports, name: string): Promise<SetVersion[]> {
  const versions = await ports.referenceSets.versions(name);
  if (versions.length === 0) throw unknownSet();
  return versions;
}

/** The text of one version, as it was uploaded. Problem: `reference_set.unknown`. */
export async function setContent(
  ports: Ports,
  name: string,
  version: number,
): Promise<{ readonly set: SetVersion; readonly content: AsyncIterable<Uint8Array> }> {
  const set = await ports.referenceSets.find(name, version);
  if (set === undefined) throw unknownSet();
  return { set, content: ports.referenceSets.read(set.digest) };
}

async function* ndjsonOf(entries: readonly ReferenceEntry[]): AsyncIterable<Uint8Array> {
  for (let start = 0; start < entries.length; start += WINDOW_ENTRIES) {
    const lines = entries.slice(start, start + WINDOW_ENTRIES).map(ndjsonLine);
    yield new TextEncoder().encode(`${lines.join('\n')}\n`);
    await nextTurn();
  }
}

function ruleLeftOut(id: string): LeftOut {
  return { at: id, message: RULE_LEFT_OUT };
}

function keylimeTooLarge(capBytes: number): Problem {
  const detail =
    `A Keylime runtime policy has at most ${capBytes} bytes here. Convert it with ` +
    '"plumbline policy import-keylime" and upload the sets that it writes.';
  return new Problem('limit.exceeded', detail);
}

function invalidKeylime({ at, message }: LeftOut): Problem {
  return new Problem('reference_set.invalid', {
    detail: 'The document is no Keylime runtime policy, so nothing was kept.',
    places: [{ at, message }],
  });
}

/** No reference set has this name and version. */
export function unknownSet(): Problem {
  return new Problem('reference_set.unknown', 'No reference set has this name and version.');
}

function tooLarge(capBytes: number): Problem {
  const detail = `A reference set has at most ${capBytes} bytes here. Split it into several sets.`;
  return new Problem('limit.exceeded', detail);
}

function invalidSet(problems: readonly ReferenceProblem[]): Problem {
  return new Problem('reference_set.invalid', {
    detail: 'Some lines are no entries, so nothing was kept. Correct them and send the set again.',
    places: problems.map(({ line, message }) => ({ at: `line ${line}`, message })),
  });
}

/** Some milliseconds of writing and reading. */
const WINDOW_ENTRIES = 1024;
const RULE_LEFT_OUT =
  'a rule, and a set is no place for it: "plumbline policy import-keylime" writes it';

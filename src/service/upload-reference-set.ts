// Reference sets: upload of an immutable version as text of any length, and activation.
// docs/api.md, "Reference sets"

import { type ReferenceProblem, ReferenceSetReader } from '../policy/reference-set-text.ts';
import type { AccessToken, Ports, SetReading, SetVersion } from './ports.ts';
import { Problem } from './problem.ts';
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
  /** False when the name has this content already. */
  readonly created: boolean;
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
    const result = reader.end();
    if (!result.ok) throw invalidSet(result.problems);
    const { digest, entryCount: entries } = result.set;
    const kept = await draft.finish({ name, digest, entries, at });
    if (kept.created) {
      const entry = { at, actor: upload.by.id, action: 'reference_set.upload', subject: name };
      await ports.audit.append({ ...entry, detail: { version: kept.version, digest } });
    }
    return { name, digest, entries, ...kept };
  } catch (error) {
    await draft.abandon();
    throw error;
  }
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

function unknownSet(): Problem {
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

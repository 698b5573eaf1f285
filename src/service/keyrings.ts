// Keyrings: upload of an immutable version as PEM or DER, and activation.
// docs/api.md, "Keyrings"

import type { Keyring } from '../crypto/trusted-key.ts';
import { type KeyringProblem, readKeyring } from '../enroll/keyring-file.ts';
import type { KeyringVersion } from './key-stores.ts';
import type { AccessToken, Ports } from './ports.ts';
import { Problem } from './problem.ts';
import { type VersionsOfName, versionsByName } from './versions-by-name.ts';

/** A version as it is kept now. */
export interface UploadedKeyring {
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  readonly keys: number;
  /** False when the name has these keys already. */
  readonly created: boolean;
}

/** Keeps a keyring as the next version of its name. One bad block refuses all of it. Problem:
 *  `keyring.invalid`. */
export async function uploadKeyring(
  ports: Ports,
  upload: { readonly name: string; readonly content: Uint8Array; readonly by: AccessToken },
): Promise<UploadedKeyring> {
  const { name, content, by } = upload;
  const reading = readKeyring(content);
  if (!reading.ok) throw invalidKeyring(reading.problems);
  const { digest } = reading.keyring;
  const keys = reading.keyring.keys.length;
  const at = ports.clock.now();
  const kept = await ports.keyrings.publish({ name, digest, content, keys, at });
  if (kept.created) {
    const entry = { at, actor: by.id, action: 'keyring.upload', subject: name };
    await ports.audit.append({ ...entry, detail: { version: kept.version, digest } });
  }
  return { name, digest, keys, ...kept };
}

/** Makes a version the active one of its name: from the next challenge on, every policy that names
 *  the keyring uses it. Problem: `keyring.unknown`. */
export async function activateKeyring(
  ports: Ports,
  keyring: { readonly name: string; readonly version: number },
  by: AccessToken,
): Promise<void> {
  const { name, version } = keyring;
  const at = ports.clock.now();
  if (!(await ports.keyrings.activate(name, version, at))) throw unknownKeyring();
  const entry = { at, actor: by.id, action: 'keyring.activate', subject: name };
  await ports.audit.append({ ...entry, detail: { version } });
}

/** Every keyring with its newest and its active version, by name. */
export async function listKeyrings(ports: Ports): Promise<VersionsOfName[]> {
  return versionsByName(await ports.keyrings.list(), await ports.keyrings.active());
}

/** Every version of a keyring, newest first. Problem: `keyring.unknown`. */
export async function keyringVersions(ports: Ports, name: string): Promise<KeyringVersion[]> {
  const versions = await ports.keyrings.versions(name);
  if (versions.length === 0) throw unknownKeyring();
  return versions;
}

/** The bytes of one version, as they were uploaded. Problem: `keyring.unknown`. */
export async function keyringContent(
  ports: Ports,
  name: string,
  version: number,
): Promise<Uint8Array> {
  const content = await ports.keyrings.content(name, version);
  if (content === undefined) throw unknownKeyring();
  return content;
}

/** A kept version, read again. Throws when what is kept is no keyring: a fault. */
export async function loadKeyring(
  { keyrings }: Pick<Ports, 'keyrings'>,
  name: string,
  version: number,
): Promise<Keyring> {
  const content = await keyrings.content(name, version);
  const reading = content && readKeyring(content);
  if (reading?.ok !== true) throw new Error(`stored keyring ${name}@${version} is damaged`);
  return reading.keyring;
}

function unknownKeyring(): Problem {
  return new Problem('keyring.unknown', 'No keyring has this name and version.');
}

function invalidKeyring(problems: readonly KeyringProblem[]): Problem {
  return new Problem('keyring.invalid', {
    detail: 'Some blocks are no keys, so nothing was kept. Correct them and send it again.',
    places: problems.map(({ line, message }) => ({ at: `line ${line}`, message })),
  });
}

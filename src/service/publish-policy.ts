// Policies: upload of an immutable version, and activation. Nothing takes effect by upload alone.
// docs/api.md, "Policies"

import type { Keyring } from '../crypto/trusted-key.ts';
import { compilePolicy } from '../policy/compile.ts';
import { lintingPolicy, lintText } from '../policy/lint.ts';
import { keyringNames, setNames } from '../policy/named-material.ts';
import { parsePolicy } from '../policy/parse-policy.ts';
import { policyDigest } from '../policy/policy-digest.ts';
import type { ReferenceSet } from '../policy/reference-set.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import type { PinnedPolicy } from './pinned-policy.ts';
import {
  invalidPolicy,
  type PolicyCatalog,
  unknownPolicy,
  wantedLabels,
} from './policy-catalog.ts';
import type { Author, PolicyVersion } from './policy-store.ts';
import type { Ports } from './ports.ts';
import { Problem } from './problem.ts';
import { inSlices, nextTurn } from './slices.ts';
import { type VersionsOfName, versionsByName } from './versions-by-name.ts';

/** A version as it is kept now. */
export interface PublishedPolicy {
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  /** False when the name has this document already. */
  readonly created: boolean;
  /** What the author should know: options without effect, and lints of what was hardly meant. */
  readonly notes: readonly string[];
}

/** Keeps a policy, given as UTF-8 JSON text, as the next version of its name. The reference sets
 *  and keyrings that it names must have been uploaded. Others run between the steps, each of which
 *  can cost some ten milliseconds. Problem: `policy.invalid`. */
export async function publishPolicy(
  { ports, policies }: { readonly ports: Ports; readonly policies: PolicyCatalog },
  text: Uint8Array,
  by: Author,
): Promise<PublishedPolicy> {
  const parsed = parsePolicy(text);
  if (!parsed.ok) throw invalidPolicy(parsed.problems);
  const document = parsed.policy;
  await nextTurn();
  const sets = await uploadedSets(ports, document);
  const keyrings = await uploadedKeyrings(ports, document);
  const result = compilePolicy(document, { sets, keyrings, version: null });
  if (!result.ok) throw invalidPolicy(result.problems);
  await nextTurn();
  const others = (await policies.activeDocuments()).map((active) => active.document);
  const lints = await inSlices(lintingPolicy(document, { sets, others }));
  await nextTurn();
  const at = ports.clock.now();
  const digest = policyDigest(document);
  const { name } = document;
  const entry = { at, actor: by.id, action: 'policy.publish', subject: name };
  const published = await ports.policies.publish({
    name,
    digest,
    document: JSON.stringify(document, undefined, 2),
    at,
    by,
    audit: (version) => ({ ...entry, detail: { version, digest } }),
  });
  return { name, digest, ...published, notes: [...result.notes, ...lints.map(lintText)] };
}

/** Makes a version the active one of its name, with what is active now of what it names; `expected`
 *  is the version that must be active until then, null for none. Problems: `policy.unknown`,
 *  `policy.invalid` (a set or keyring is not active), `policy.ambiguous`, `policy.overtaken`. */
export async function activatePolicy(
  { ports, policies }: { readonly ports: Ports; readonly policies: PolicyCatalog },
  wanted: {
    readonly name: string;
    readonly version: number;
    readonly expected?: number | null | undefined;
  },
  by: Author,
): Promise<PinnedPolicy> {
  const { name, version, expected } = wanted;
  const pinned = await policies.pin({ name, version });
  await policies.compiled(pinned);
  await refuseRival(policies, name, await policies.document(name, version));
  const at = ports.clock.now();
  const entry = { at, actor: by.id, action: 'policy.activate', subject: name };
  const audit = { ...entry, detail: { version } };
  const outcome = await ports.policies.activate({ name, version, at, by, expected, audit });
  if (outcome === 'unknown') throw unknownPolicy();
  if (outcome === 'overtaken') throw overtaken();
  return pinned;
}

/** Every policy with its newest and its active version, by name. */
export async function listPolicies(ports: Ports): Promise<VersionsOfName[]> {
  return versionsByName(await ports.policies.list(), await ports.policies.active());
}

/** Every version of a policy, newest first. Problem: `policy.unknown`. */
export async function policyVersions(ports: Ports, name: string): Promise<PolicyVersion[]> {
  const versions = await ports.policies.versions(name);
  if (versions.length === 0) throw unknownPolicy();
  return versions;
}

/** One version's document: JSON text. Problem: `policy.unknown`. */
export async function policyDocument(ports: Ports, name: string, version: number): Promise<string> {
  const text = await ports.policies.document(name, version);
  if (text === undefined) throw unknownPolicy();
  return text;
}

/** Two policies for the same labels would leave every such attester without an answer. */
async function refuseRival(
  policies: PolicyCatalog,
  name: string,
  document: PolicyDocument,
): Promise<void> {
  const labels = sortedLabels(document);
  const active = await policies.activeDocuments();
  const rival = active.find(
    (other) => other.policy.name !== name && sortedLabels(other.document) === labels,
  );
  if (rival === undefined) return;
  throw new Problem('policy.ambiguous', {
    detail:
      `The active policy ${rival.policy.name} applies to the same labels. ` +
      'Upload a version of this policy that names other labels in appliesTo.',
  });
}

function overtaken(): Problem {
  const detail =
    'Another version has become the active one meanwhile: look at the versions, and decide again.';
  return new Problem('policy.overtaken', detail);
}

function sortedLabels(document: PolicyDocument): string {
  return JSON.stringify(Object.entries(wantedLabels(document)).sort());
}

/** Stand-ins with the name and size of the newest versions: whether a policy is well made does not
 *  depend on the values in its sets, and loading those is costly. */
async function uploadedSets(
  ports: Ports,
  document: PolicyDocument,
): Promise<ReadonlyMap<string, ReferenceSet>> {
  const names = setNames(document);
  const uploaded = names.length === 0 ? [] : await ports.referenceSets.list();
  const named = uploaded.filter(({ name }) => names.includes(name));
  return new Map(
    named.map(({ name, digest, entries }) => [
      name,
      { digest, entryCount: entries, validity: {}, has: () => false },
    ]),
  );
}

/** The same for keyrings. */
async function uploadedKeyrings(
  ports: Ports,
  document: PolicyDocument,
): Promise<ReadonlyMap<string, Keyring>> {
  const names = keyringNames(document);
  const uploaded = names.length === 0 ? [] : await ports.keyrings.list();
  const named = uploaded.filter(({ name }) => names.includes(name));
  return new Map(named.map(({ name, digest }) => [name, { digest, keys: [] }]));
}

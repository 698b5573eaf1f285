// Which policy speaks for an attester, and policies made ready to appraise: compiled once for each
// version and choice of reference sets. docs/api.md, "Policies"

import type { Keyring } from '../crypto/trusted-key.ts';
import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { compilePolicy } from '../policy/compile.ts';
import { keyringNames, setNames } from '../policy/named-material.ts';
import { parsePolicy } from '../policy/parse-policy.ts';
import { policyDigest } from '../policy/policy-digest.ts';
import type { IndexedReferenceSet } from '../policy/reference-set.ts';
import { shareReferenceSet } from '../policy/reference-set-share.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import { BoundedCache } from './bounded-cache.ts';
import { loadKeyring } from './keyrings.ts';
import { loadReferenceSet } from './load-reference-set.ts';
import type { Labels } from './new-attester.ts';
import { type PinnedPolicy, pinsKey, type SetVersions } from './pinned-policy.ts';
import { type PackedKeyring, type PolicyPackage, packPolicy } from './policy-package.ts';
import type { Ports, SetVersion } from './ports.ts';
import { Problem } from './problem.ts';
import type { Version } from './version.ts';

/** A policy version and its document. */
export interface NamedDocument {
  readonly policy: PinnedPolicy['policy'];
  readonly document: PolicyDocument;
}

type CatalogPorts = Pick<Ports, 'policies' | 'referenceSets' | 'keyrings'>;

/** Reads policies, sets and keyrings through the ports and keeps what it compiled. */
export class PolicyCatalog {
  readonly #ports: CatalogPorts;
  readonly #documents = new BoundedCache<PolicyDocument>(POLICIES_KEPT);
  readonly #compiled = new BoundedCache<AcceptancePolicy>(POLICIES_KEPT);
  readonly #packed = new BoundedCache<PolicyPackage>(POLICIES_KEPT);
  readonly #sets = new BoundedCache<IndexedReferenceSet>(SETS_KEPT);

  constructor(ports: CatalogPorts) {
    this.#ports = ports;
  }

  /** The active policy for an attester: of those whose `appliesTo` labels the attester all has,
   *  the one that names most. Problems: `policy.none_active`, `policy.ambiguous`. */
  async choose(labels: Labels): Promise<PinnedPolicy> {
    const [chosen, second] = choosePolicies(await this.activeDocuments(), labels);
    if (chosen === undefined) throw noneActive();
    if (second !== undefined) throw ambiguous(chosen.policy.name, second.policy.name);
    return this.pin(chosen.policy);
  }

  /** A version with the versions of its sets and keyrings that are active now. Names without an
   *  active version are left out: compiling reports them. Problem: `policy.unknown`. */
  async pin(policy: PinnedPolicy['policy']): Promise<PinnedPolicy> {
    const document = await this.document(policy.name, policy.version);
    const { referenceSets, keyrings } = this.#ports;
    return {
      policy,
      referenceSets: await activeOf(setNames(document), referenceSets),
      keyrings: await activeOf(keyringNames(document), keyrings),
    };
  }

  /** Every active policy. */
  async activeDocuments(): Promise<NamedDocument[]> {
    const active = await this.#ports.policies.active();
    return Promise.all(
      active.map(async ({ name, version }) => {
        const document = await this.document(name, version);
        return { policy: { name, version }, document };
      }),
    );
  }

  /** A stored document. Problem: `policy.unknown`. */
  document(name: string, version: number): Promise<PolicyDocument> {
    return this.#documents.get(`${name}@${version}`, async () => {
      const text = await this.#ports.policies.document(name, version);
      if (text === undefined) throw unknownPolicy();
      const parsed = parsePolicy(new TextEncoder().encode(text));
      if (!parsed.ok) throw new Error(`stored policy ${name}@${version} is not valid any more`);
      return parsed.policy;
    });
  }

  /** The policy that a challenge pinned, ready to appraise. Problem: `policy.invalid`. */
  compiled(pinned: PinnedPolicy): Promise<AcceptancePolicy> {
    const { name, version } = pinned.policy;
    return this.#compiled.get(pinsKey(pinned), async () => {
      const document = await this.document(name, version);
      const sets = await this.#setsOf(pinned);
      const keyrings = await this.#keyringsOf(pinned);
      const result = compilePolicy(document, { sets, keyrings, version });
      if (!result.ok) throw invalidPolicy(result.problems);
      return result.policy;
    });
  }

  /** The same for a thread, which compiles it itself. Problem: `policy.invalid`. */
  async packed(pinned: PinnedPolicy): Promise<PolicyPackage> {
    // What does not compile here does not there: here it is a problem with its places.
    await this.compiled(pinned);
    const { name, version } = pinned.policy;
    return this.#packed.get(pinsKey(pinned), async () => {
      const document = await this.document(name, version);
      const sets = [...(await this.#setsOf(pinned))].map(
        ([set, values]) => [set, shareReferenceSet(values)] as const,
      );
      const keyrings = await this.#packedKeyrings(pinned);
      return packPolicy({ document, digest: policyDigest(document), version, sets, keyrings });
    });
  }

  async #packedKeyrings(pinned: PinnedPolicy): Promise<PolicyPackage['keyrings']> {
    const packed: [string, PackedKeyring][] = [];
    for (const [name, { digest }] of await this.#keyringsOf(pinned)) {
      const content = await this.#ports.keyrings.content(name, pinned.keyrings[name] ?? 0);
      if (content === undefined) throw new Error(`no keyring ${name}`);
      packed.push([name, { digest, content }]);
    }
    return packed;
  }

  // Small, and read only when a policy is compiled.
  async #keyringsOf({ keyrings }: PinnedPolicy): Promise<Map<string, Keyring>> {
    const loaded = new Map<string, Keyring>();
    for (const [name, version] of Object.entries(keyrings)) {
      loaded.set(name, await loadKeyring(this.#ports, name, version));
    }
    return loaded;
  }

  async #setsOf({ referenceSets }: PinnedPolicy): Promise<Map<string, IndexedReferenceSet>> {
    const sets = new Map<string, IndexedReferenceSet>();
    for (const [set, version] of Object.entries(referenceSets)) {
      sets.set(set, await this.#set(set, version));
    }
    return sets;
  }

  /** A stored set, ready to look up in. */
  referenceSet(version: SetVersion): Promise<IndexedReferenceSet> {
    const { referenceSets } = this.#ports;
    return this.#sets.get(version.digest, () => loadReferenceSet(referenceSets, version));
  }

  async #set(name: string, version: number): Promise<IndexedReferenceSet> {
    const found = await this.#ports.referenceSets.find(name, version);
    if (found === undefined) throw new Error(`no reference set ${name}@${version}`);
    return this.referenceSet(found);
  }
}

/** The active version of each of these names that has one. */
async function activeOf(
  names: readonly string[],
  store: { active(): Promise<readonly Version[]> },
): Promise<SetVersions> {
  const active = names.length === 0 ? [] : await store.active();
  const named = active.filter(({ name }) => names.includes(name));
  return Object.fromEntries(named.map(({ name, version }) => [name, version]));
}

/** The labels that an attester must have for this policy to speak. */
export function wantedLabels(document: PolicyDocument): Labels {
  return document.appliesTo?.labels ?? {};
}

/** A policy that does not compile, as a problem. */
export function invalidPolicy(
  problems: readonly { readonly path: string; readonly message: string }[],
): Problem {
  return new Problem('policy.invalid', {
    detail: 'The policy is not valid. Correct the places below and send it again.',
    places: problems.map(({ path, message }) => ({ at: path, message })),
  });
}

/** No policy has this name and version. */
export function unknownPolicy(): Problem {
  return new Problem('policy.unknown', 'No policy has this name and version.');
}

/** Of the given policies those that speak for an attester: all wanted labels are there, and no
 *  other that fits names more. One, unless none applies or several do alike. */
export function choosePolicies(
  candidates: readonly NamedDocument[],
  labels: Labels,
): readonly NamedDocument[] {
  const fitting = candidates.filter(({ document }) => fits(document, labels));
  const most = Math.max(...fitting.map(({ document }) => specificity(document)));
  return fitting.filter(({ document }) => specificity(document) === most);
}

/** Whether an attester has every label that a policy wants. */
export function fits(document: PolicyDocument, labels: Labels): boolean {
  return Object.entries(wantedLabels(document)).every(([key, value]) => labels[key] === value);
}

/** How many labels a policy wants. */
export function specificity(document: PolicyDocument): number {
  return Object.keys(wantedLabels(document)).length;
}

function noneActive(): Problem {
  return new Problem('policy.none_active', {
    detail:
      'No active policy applies to this attester. Upload one to /v1/policies and activate it, ' +
      'or change the labels of the attester.',
  });
}

function ambiguous(first: string, second: string): Problem {
  return new Problem('policy.ambiguous', {
    detail:
      `The active policies ${first} and ${second} apply to this attester alike. ` +
      'Let one of them name more labels in appliesTo.',
  });
}

/** Old versions are asked for only while their challenges are open. */
const POLICIES_KEPT = 64;
/** A large set holds some 40 MB. */
const SETS_KEPT = 32;

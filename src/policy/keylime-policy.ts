// A Keylime runtime policy as reference sets and a policy document, with everything named that
// cannot be carried over: what is converted accepts no more than the original did.
// Keylime, keylime/ima/ima.py and docs/user_guide/runtime_ima.rst; docs/policy.md, "From Keylime"
//
// | section               | becomes                                                   |
// | --------------------- | --------------------------------------------------------- |
// | `digests`             | a set of path-bound entries, and a rule over every path   |
// | `excludes`            | rules that accept a path with any content                 |
// | `keyrings`, `ima-buf` | for each name a set, and a rule on the event of that name |

import { fromHex } from '../bytes/encoding.ts';
import { POLICY_LIMITS } from '../bytes/limits.ts';
import {
  type Digests,
  type LeftOut,
  LeftOutLog,
  readingKeylimeDocument,
} from './keylime-document.ts';
import { readExclude } from './keylime-exclude.ts';
import { entryRefusal, type ReferenceEntry } from './reference-set.ts';
import { algorithmOfHex } from './reference-set-digest-lines.ts';
import type { PolicyDocument } from './schema.ts';
import type { Steps } from './steps.ts';

/** What a runtime policy becomes. */
export interface KeylimeConversion {
  /** The first, where there are file digests, has them and ends in `-files`. */
  readonly sets: readonly NamedEntries[];
  /** Rules over these sets. Where a runtime policy does not speak, the strict defaults; but event
   *  log and Secure Boot, of which it never speaks, are optional. */
  readonly policy: PolicyDocument;
  /** What has no place here or another meaning: `POLICY_LIMITS.problems`, then a count. */
  readonly leftOut: readonly LeftOut[];
}

export interface NamedEntries {
  readonly name: string;
  readonly entries: readonly ReferenceEntry[];
}

export type KeylimeResult =
  | { readonly ok: true; readonly conversion: KeylimeConversion }
  | { readonly ok: false; readonly problem: LeftOut };

/** Converts a runtime policy, given as UTF-8 JSON text. `name` becomes that of the policy and
 *  begins those of its sets; 40 characters are few enough. Parsing is one step: cap the text. */
export function* convertingKeylimePolicy(text: Uint8Array, name: string): Steps<KeylimeResult> {
  const log = new LeftOutLog();
  const read = yield* readingKeylimeDocument(text, log);
  if ('problem' in read) return { ok: false, problem: read.problem };
  const { digests, excludes, keyrings, buffers } = read.document;
  const draft: Draft = { name, log, sets: [], rules: yield* excludeRules(excludes, log) };
  const files = yield* fileEntries(digests, log);
  if (files.length > 0) addRule(draft, 'files', { path: '/**', entries: files });
  yield* addEvents(draft, 'keyring', { at: 'keyrings', section: keyrings });
  yield* addEvents(draft, 'buffer', { at: 'ima-buf', section: buffers });
  const policy = policyOf(draft);
  return { ok: true, conversion: { sets: draft.sets, policy, leftOut: log.all } };
}

type Rule = Exclude<NonNullable<PolicyDocument['ima']>, string>['measurements'][number];

interface Draft {
  readonly name: string;
  readonly log: LeftOutLog;
  readonly sets: NamedEntries[];
  readonly rules: Rule[];
}

/** Rules that accept what the excludes name, whatever it holds. */
function* excludeRules(excludes: readonly string[], log: LeftOutLog): Steps<Rule[]> {
  const rules: Rule[] = [];
  for (const [index, expression] of excludes.entries()) {
    if (index % STEP_EXCLUDES === STEP_EXCLUDES - 1) yield;
    const at = `excludes[${index}]`;
    const shown = JSON.stringify(expression);
    const read = readExclude(expression);
    if (!read.ok) {
      const isAggregate = /^\^?boot_aggregate\$?$/.test(expression);
      const reason = isAggregate ? AGGREGATE_IS_COMPUTED : `dropped: ${read.reason}`;
      log.add(at, `${shown}: ${reason}`);
    } else if (rules.length + read.globs.length > MOST_RULES) {
      log.add(at, `${shown}: dropped: a policy has too few rules for it`);
    } else {
      for (const [branch, path] of read.globs.entries()) {
        const id = branch === 0 ? `exclude-${index + 1}` : `exclude-${index + 1}-${branch + 1}`;
        rules.push({ id, path, then: 'accept' });
      }
      if (!read.isPlain) log.add(at, `${shown}: carried over as ${read.globs.join(' and ')}`);
    }
  }
  return rules;
}

function* fileEntries(digests: Digests, log: LeftOutLog): Steps<ReferenceEntry[]> {
  const entries: ReferenceEntry[] = [];
  let sinceStep = 0;
  for (const [name, hexes] of digests) {
    sinceStep += 1;
    if (sinceStep % STEP_ENTRIES === 0) yield;
    const at = `digests[${JSON.stringify(name)}]`;
    if (name === 'boot_aggregate') {
      if (hexes.length > 0) log.add(at, AGGREGATE_IS_COMPUTED);
      continue;
    }
    if (name.includes(' ')) {
      log.add(at, SPACES);
      continue;
    }
    const path = new TextEncoder().encode(name);
    for (const hex of hexes) addEntry(entries, { hex, at, path }, log);
  }
  return entries;
}

/** Adds the entry of a hex digest, or says why there is none. */
function addEntry(
  entries: ReferenceEntry[],
  { hex, at, path }: { readonly hex: string; readonly at: string; readonly path?: Uint8Array },
  log: LeftOutLog,
): void {
  const algorithm = algorithmOfHex(hex.length);
  // Digests are compared as text there: one in capitals has never matched.
  const digest = hex === hex.toLowerCase() ? fromHex(hex) : undefined;
  if (algorithm === undefined || digest === undefined) {
    log.add(at, 'a digest that is no lower-case hex of SHA-1 or SHA-2 was dropped');
    return;
  }
  const entry = { algorithm, digest, ...(path && { path }) };
  const refusal = entryRefusal(entry);
  if (refusal === undefined) entries.push(entry);
  else log.add(at, `dropped: ${refusal}`);
}

/** A set and a rule for each name of a section. */
function* addEvents(
  draft: Draft,
  kind: 'keyring' | 'buffer',
  { at, section }: { readonly at: string; readonly section: Digests },
): Steps<void> {
  for (const [index, [event, hexes]] of [...section].entries()) {
    if (index % STEP_ENTRIES === STEP_ENTRIES - 1) yield;
    const place = `${at}[${JSON.stringify(event)}]`;
    const entries: ReferenceEntry[] = [];
    for (const hex of hexes) addEntry(entries, { hex, at: place }, draft.log);
    if (!EVENT_NAME.test(event)) draft.log.add(place, 'dropped: no event has this name');
    else if (draft.rules.length >= POLICY_LIMITS.rules) draft.log.add(place, 'dropped: too many');
    else if (entries.length > 0) addRule(draft, `${kind}-${index + 1}`, { event, entries });
  }
}

/** Adds a set and the rule that accepts its digests. */
function addRule(
  { name, sets, rules }: Draft,
  id: string,
  { entries, ...about }: Pick<Rule, 'path' | 'event'> & Pick<NamedEntries, 'entries'>,
): void {
  const set = `${name}-${id}`;
  sets.push({ name: set, entries });
  rules.push({ id, ...about, digestIn: [set], then: 'accept' });
}

function policyOf({ name, sets, rules, log }: Draft): PolicyDocument {
  const hasSha1 = sets.some(({ entries }) => entries.some(({ algorithm }) => algorithm === 'sha1'));
  if (hasSha1) log.add('digests', SHA1_IS_ACCEPTED);
  return {
    format: 'plumbline-policy/1',
    name,
    boot: { eventLog: 'optional', secureBoot: 'optional' },
    ima: {
      templates: ['ima-ng', 'ima-sig', 'ima-buf', ...(hasSha1 ? ['ima'] : [])],
      fileDigests: ['sha256', 'sha384', 'sha512', ...(hasSha1 ? ['sha1' as const] : [])],
      measurements: rules,
    },
  };
}

/** Some milliseconds of conversion. */
const STEP_ENTRIES = 2048;
const STEP_EXCLUDES = 16;
/** Leaves room for the rule on files and as many on events. */
const MOST_RULES = POLICY_LIMITS.rules / 2;
/** As the schema of policies has it. */
const EVENT_NAME = /^[!-.0-~][!-~]{0,254}$/;

const AGGREGATE_IS_COMPUTED = 'not needed: boot_aggregate is computed from the PCRs and compared';
const SPACES = 'dropped: IMA writes a space as "_", so this path never matched; write it so';
const SHA1_IS_ACCEPTED =
  'some digests are SHA-1, so the policy accepts SHA-1 file digests and the template ima: ' +
  'a collision can be made; better measure again with SHA-256';

// One rule of `ima.measurements`, compiled: whether a measurement has everything that it asks for,
// cheap questions first. docs/policy.md, "Measurement rules"

import { asciiBytes, equalBytes } from '../bytes/encoding.ts';
import type { Keyring, TrustedKey } from '../crypto/trusted-key.ts';
import type { Measurement, Remark, Ruling } from './acceptance.ts';
import { compileEventData, hasLabel } from './event-data.ts';
import { compileGlob, type Glob } from './glob.ts';
import { concernsKeyring, isKeyOf } from './keyring-rules.ts';
import { keysOf } from './keyrings.ts';
import { ReferenceCondition } from './reference-condition.ts';
import type { ReferenceSet } from './reference-set.ts';
import type { CompleteImaPolicy, MeasurementRule } from './schema.ts';
import type { Reason } from './signature-claims.ts';
import { ANY_TERMS, SignerCondition } from './signature-rules.ts';

/** What the names in a rule stand for; every one that it uses is there. */
export interface RuleSurroundings {
  readonly ima: CompleteImaPolicy;
  readonly sets: ReadonlyMap<string, ReferenceSet>;
  readonly keyrings: ReadonlyMap<string, Keyring>;
}

/** What a rule says of a measurement that it concerns. */
export interface RuleAnswer {
  readonly matches: boolean;
  /** What it relied on when it matches. */
  readonly remarks: readonly Remark[];
  /** What spoke against the measurement when it does not; empty for a rule that refuses. */
  readonly reasons: readonly Reason[];
}

/** A rule with all its conditions ready to be asked. */
export class CompiledRule {
  readonly ruling: Ruling;
  /** What the rule asks of a measurement that it concerns, in words. */
  readonly wants: string;
  readonly #kind: Measurement['kind'] | 'any';
  readonly #path: Glob | undefined;
  readonly #isAmbiguous: boolean;
  readonly #event: Uint8Array | undefined;
  readonly #label: string | undefined;
  readonly #keyring: string | undefined;
  readonly #data: ((buffer: Uint8Array) => boolean) | undefined;
  readonly #keys: readonly TrustedKey[] | undefined;
  readonly #references: ReferenceCondition | undefined;
  readonly #signer: SignerCondition | undefined;

  constructor(rule: MeasurementRule, surroundings: RuleSurroundings) {
    this.ruling = { then: rule.then, rule: rule.id };
    this.wants = wantsOf(rule);
    this.#kind = kindOf(rule);
    this.#path = rule.path === undefined ? undefined : globOf(rule.path);
    this.#isAmbiguous = isAmbiguous(rule);
    this.#event = rule.event === undefined ? undefined : asciiBytes(rule.event);
    this.#label = rule.label;
    this.#keyring = rule.keyring;
    this.#data = dataOf(rule);
    this.#keys = rule.keyIn && keysOf(rule.keyIn, surroundings.keyrings);
    this.#references = rule.digestIn && referencesOf(rule, rule.digestIn, surroundings);
    this.#signer = rule.signedBy && signerOf(rule, rule.signedBy, surroundings);
  }

  /** Whether every condition on the kind and the name holds. */
  concerns(measurement: Measurement): boolean {
    const { kind, name } = measurement;
    if (this.#kind !== 'any' && this.#kind !== kind) return false;
    if (this.#event !== undefined && !equalBytes(this.#event, name)) return false;
    if (this.#label !== undefined && !hasLabel(name, this.#label)) return false;
    if (this.#keyring !== undefined && !concernsKeyring(measurement, this.#keyring)) return false;
    return this.#path === undefined || this.#path.matches(name);
  }

  /** Whether all other conditions hold. Asked of measurements that it concerns only. */
  judge(measurement: Measurement): RuleAnswer {
    const buffer = measurement.fields.buffer ?? NO_BYTES;
    if (this.#data !== undefined && !this.#data(buffer)) return NO_MATCH;
    if (this.#keys !== undefined && !isKeyOf(buffer, this.#keys)) return NO_MATCH;
    if (this.#isAmbiguous) return this.#match({ code: 'ima.name_ambiguous', field: 'n-ng' });
    const references = this.#judgeReferences(measurement);
    if (this.#signer === undefined || !references.matches) return references;
    const signer = this.#judgeSigner(this.#signer, measurement);
    return { ...signer, remarks: [...references.remarks, ...signer.remarks] };
  }

  #judgeReferences(measurement: Measurement): RuleAnswer {
    if (this.#references === undefined) return MATCH;
    const answer = this.#references.judge(measurement);
    if (answer.outcome === 'known') return MATCH;
    if (answer.outcome === 'unknown') return NO_MATCH;
    if (answer.outcome === 'not-in-force') {
      const expected = `${answer.set} in force when the record was measured`;
      return this.#noMatch([{ code: 'ima.reference_not_in_force', field: 'd-ng', expected }]);
    }
    if (this.ruling.then === 'refuse') return MATCH;
    return this.#match({ code: 'ima.trusted_on_first_use', field: 'd-ng', actual: answer.set });
  }

  #judgeSigner(signer: SignerCondition, measurement: Measurement): RuleAnswer {
    const answer = signer.judge(measurement);
    if (answer.outcome === 'unsigned') return NO_MATCH;
    if (answer.outcome === 'not-counted') return this.#noMatch(answer.reasons);
    const actual = `key sha256:${answer.key.fingerprint}`;
    return this.#match({ code: 'ima.file_signed', field: answer.field, actual });
  }

  #match(reliedOn: Reason): RuleAnswer {
    const remark: Remark = { ...reliedOn, severity: 'info', rule: this.ruling.rule };
    return { matches: true, remarks: [remark], reasons: [] };
  }

  #noMatch(reasons: readonly Reason[]): RuleAnswer {
    return this.ruling.then === 'refuse' ? NO_MATCH : { matches: false, remarks: [], reasons };
  }
}

/** `path` and `signedBy` are about files, the other names about buffers. A rule with none of them
 *  refuses both, but accepts files only: a file that is known to be good is not thereby good as a
 *  key or a kernel policy. */
function kindOf(rule: MeasurementRule): Measurement['kind'] | 'any' {
  if ((rule.event ?? rule.label ?? rule.keyring) !== undefined) return 'buffer';
  const isAboutFiles = (rule.path ?? rule.signedBy) !== undefined;
  return !isAboutFiles && rule.then === 'refuse' ? 'any' : 'file';
}

/** Whether the rule accepts by its path alone, and that path has a `_`: IMA writes a space in a
 *  name in the same way, so the rule accepts two files where its author saw one. */
function isAmbiguous({ path, digestIn, signedBy, then }: MeasurementRule): boolean {
  const isByPathAlone = digestIn === undefined && signedBy === undefined;
  return then === 'accept' && isByPathAlone && path?.includes('_') === true;
}

function globOf(pattern: string): Glob {
  const compiled = compileGlob(pattern);
  if (!compiled.ok) throw new Error(`not checked by the schema: ${compiled.problem.message}`);
  return compiled.glob;
}

function dataOf({ event, data }: MeasurementRule): ((buffer: Uint8Array) => boolean) | undefined {
  if (event === undefined || data === undefined) return undefined;
  const compiled = compileEventData(event, data);
  if (!compiled.ok) throw new Error(`not checked by the schema: ${compiled.problem}`);
  return (buffer) => compiled.matches(buffer);
}

function referencesOf(
  { then }: MeasurementRule,
  names: readonly string[],
  { ima, sets }: RuleSurroundings,
): ReferenceCondition {
  const named = names.flatMap((name) => {
    const set = sets.get(name);
    return set === undefined ? [] : [{ name, set }];
  });
  return new ReferenceCondition(named, then === 'refuse' ? 'any' : new Set(ima.fileDigests));
}

function signerOf(
  { then }: MeasurementRule,
  names: readonly string[],
  { ima, keyrings }: RuleSurroundings,
): SignerCondition {
  const { hashes, minRsaBits } = ima.signatures;
  const terms = then === 'refuse' ? ANY_TERMS : { hashes: new Set<string>(hashes), minRsaBits };
  return new SignerCondition(listed(names, ' or '), keysOf(names, keyrings), terms);
}

function wantsOf({ id, data, digestIn, signedBy, keyIn }: MeasurementRule): string {
  const wants = [
    ...(data === undefined ? [] : [`${Object.keys(data).join(', ')} as the rule has it`]),
    ...(digestIn === undefined ? [] : [`a digest in ${listed(digestIn, ' or ')}`]),
    ...(signedBy === undefined ? [] : [`a signature by ${listed(signedBy, ' or ')}`]),
    ...(keyIn === undefined ? [] : [`a key in ${listed(keyIn, ' or ')}`]),
  ];
  return wants.length === 0 ? `a match of rule ${id}` : `${wants.join(' and ')} (rule ${id})`;
}

const LISTED = 3;

/** The first few of `items`, then a count: what is shown stays short. */
export function listed(items: readonly string[], separator: string): string {
  const shown = items.filter((_, index) => index < LISTED).join(separator);
  return items.length > LISTED ? `${shown}${separator}${items.length - LISTED} more` : shown;
}

const NO_BYTES = new Uint8Array();
const MATCH: RuleAnswer = { matches: true, remarks: [], reasons: [] };
const NO_MATCH: RuleAnswer = { matches: false, remarks: [], reasons: [] };

// The ordered rules of `ima.measurements`, compiled: the first rule that matches decides, and what
// no rule matches is not accepted. docs/policy.md, "Measurement rules"

import type { Judgement, Measurement, MeasurementRules, Remark } from './acceptance.ts';
import { missingKeyrings } from './keyrings.ts';
import { CompiledRule, listed, type RuleSurroundings } from './measurement-rule.ts';
import type { PolicyProblem } from './parse-policy.ts';
import type { ReferenceSet } from './reference-set.ts';
import { malformedSignatures, type Reason } from './signature-claims.ts';

export interface MeasurementRulesCompilation {
  readonly rules: MeasurementRules;
  readonly problems: readonly PolicyProblem[];
}

/** Compiles the rules of a section `ima` against the reference sets and keyrings that it may
 *  name. */
export function compileMeasurementRules(
  surroundings: RuleSurroundings,
): MeasurementRulesCompilation {
  const { ima, sets, keyrings } = surroundings;
  const problems: PolicyProblem[] = [];
  for (const [index, rule] of ima.measurements.entries()) {
    const path = `ima.measurements[${index}]`;
    problems.push(...missingSets(rule.digestIn, sets, `${path}.digestIn`));
    problems.push(...missingKeyrings(rule.signedBy, keyrings, `${path}.signedBy`));
    problems.push(...missingKeyrings(rule.keyIn, keyrings, `${path}.keyIn`));
  }
  const compiled = ima.measurements.map((rule) => new CompiledRule(rule, surroundings));
  return { rules: new OrderedRules(compiled), problems };
}

/** One problem for each name in `names` that no supplied set has. */
export function missingSets(
  names: readonly string[] | undefined,
  sets: ReadonlyMap<string, ReferenceSet>,
  path: string,
): PolicyProblem[] {
  return (names ?? []).flatMap((name, index) =>
    sets.has(name) ? [] : [{ path: `${path}[${index}]`, message: `no reference set "${name}"` }],
  );
}

class OrderedRules implements MeasurementRules {
  readonly #rules: readonly CompiledRule[];

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
  }

  judge(measurement: Measurement): Judgement {
    const malformed = malformedSignatures(measurement).map(grave);
    const reasons = new Map<string, Remark>();
    for (const rule of this.#rules) {
      if (!rule.concerns(measurement)) continue;
      const answer = rule.judge(measurement);
      if (answer.matches) {
        const remarks = [...malformed, ...lasting(reasons.values()), ...answer.remarks];
        return { ruling: rule.ruling, remarks };
      }
      for (const reason of answer.reasons) {
        if (!reasons.has(reason.code)) {
          reasons.set(reason.code, { ...grave(reason), rule: rule.ruling.rule });
        }
      }
    }
    // A field that is malformed has been told, whether or not a rule looked at it.
    if (malformed.length > 0) reasons.delete('ima.file_signature_malformed');
    return { ruling: undefined, remarks: [...malformed, ...reasons.values()] };
  }

  expectation(measurement: Measurement): string {
    const hopes = this.#rules
      .filter((rule) => rule.ruling.then !== 'refuse' && rule.concerns(measurement))
      .map((rule) => rule.wants);
    return hopes.length === 0 ? `no ${measurement.kind} of this name` : listed(hopes, ' or ');
  }
}

/** What kept a rule from matching is why a measurement is not accepted, once no other rule is. */
function grave(reason: Reason): Remark {
  return { ...reason, severity: 'contraindicated' };
}

/** What is worth a word although a later rule decided: a signature that is none of the key that it
 *  names. Signers that a rule does not know are no news, most files have one. */
function lasting(reasons: Iterable<Remark>): readonly Remark[] {
  return [...reasons].flatMap((reason) =>
    reason.code === 'ima.file_signature_invalid' ? [{ ...reason, severity: 'info' }] : [],
  );
}

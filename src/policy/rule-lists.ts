// The two lists of a policy document that may be long, apart from the rest of it.
// docs/decisions/0017-caps-on-policies.md

import type { CompletePolicy, MeasurementRule, ViolationRule } from './schema.ts';

/** A document without its rules. */
export interface SplitDocument {
  /** The items of `ima.measurements`, unchecked. */
  readonly measurements: readonly unknown[];
  /** The items of `ima.violations.rules`, unchecked. */
  readonly violations: readonly unknown[];
  /** The document with empty lists in their place; where there is something else than a list, it
   *  stays: the schema says what is wrong with it. */
  readonly rest: unknown;
}

/** Takes the rules out of a document of whatever shape. */
export function splitRules(document: unknown): SplitDocument {
  const ima = memberOf(document, 'ima');
  const violations = memberOf(ima, 'violations');
  const [measured, violated] = [memberOf(ima, 'measurements'), memberOf(violations, 'rules')];
  const emptyViolations = withMember(violations, 'rules', Array.isArray(violated) ? [] : violated);
  const emptyIma = withMember(ima, 'violations', emptyViolations);
  return {
    measurements: Array.isArray(measured) ? measured : [],
    violations: Array.isArray(violated) ? violated : [],
    rest: withMember(
      document,
      'ima',
      withMember(emptyIma, 'measurements', Array.isArray(measured) ? [] : measured),
    ),
  };
}

/** Puts rules back where `splitRules` took them from. */
export function joinRules(
  policy: CompletePolicy,
  measurements: readonly MeasurementRule[],
  violations: readonly ViolationRule[],
): CompletePolicy {
  const { ima } = policy;
  if (ima === 'not-required') return policy;
  const section = { ...ima.violations, rules: [...violations] };
  return { ...policy, ima: { ...ima, violations: section, measurements: [...measurements] } };
}

/** UTF-8 bytes of all path patterns in unchecked rules. */
export function bytesOfPatterns(rules: readonly unknown[]): number {
  const encoder = new TextEncoder();
  const patterns = rules.map((rule) => memberOf(rule, 'path'));
  return patterns.reduce<number>(
    (sum, text) => sum + (typeof text === 'string' ? encoder.encode(text).byteLength : 0),
    0,
  );
}

function withMember(value: unknown, key: string, member: unknown): unknown {
  if (memberOf(value, key) === undefined) return value;
  return { ...Object(value), [key]: member };
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const descriptor = Object.getOwnPropertyDescriptor(value, key);
  return descriptor?.value;
}

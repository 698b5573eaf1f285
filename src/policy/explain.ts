// A policy with nothing left unsaid, for people.

import { completePolicy } from './parse-policy.ts';
import type { CompletePolicy, PolicyDocument } from './schema.ts';

/** The document with every default written out, in the order of the schema, as indented JSON with a
 *  final newline. It is a policy document itself and means the same. */
export function explainPolicy(document: PolicyDocument): string {
  const completion = completePolicy(document);
  if (!completion.ok) throw new Error('not a policy document: parsePolicy gives those');
  const complete: CompletePolicy = completion.policy;
  return `${JSON.stringify(complete, undefined, 2)}\n`;
}

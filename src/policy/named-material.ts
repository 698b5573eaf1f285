// What a policy names and does not hold: reference sets and keyrings. docs/policy.md

import type { PolicyDocument } from './schema.ts';

/** Names of the reference sets that a document needs, each once. */
export function setNames({ ima, boot }: PolicyDocument): readonly string[] {
  const rules = ima === 'not-required' ? [] : ima.measurements;
  const inRules = rules.flatMap(({ digestIn }) => digestIn ?? []);
  const inPcrs = Object.values(boot?.pcrs ?? {}).flatMap(({ allowIn }) => allowIn ?? []);
  return [...new Set([...inRules, ...inPcrs, ...(boot?.bootAggregate?.kernels ?? [])])];
}

/** Names of the keyrings that a document needs, each once. */
export function keyringNames({ ima }: PolicyDocument): readonly string[] {
  const rules = ima === 'not-required' ? [] : ima.measurements;
  const names = rules.flatMap(({ signedBy, keyIn }) => [...(signedBy ?? []), ...(keyIn ?? [])]);
  return [...new Set(names)];
}

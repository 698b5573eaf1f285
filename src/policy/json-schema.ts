// The policy document as JSON Schema, for editors and other programs.

import { z } from 'zod';
import { policySchema } from './schema.ts';

/** JSON Schema (draft 2020-12) of the document as authors write it: defaults are stated, keys with
 *  a default are optional. Rules between keys and the syntax of patterns are beyond it. */
export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(policySchema, { io: 'input', target: 'draft-2020-12' });
  return { title: 'Plumbline acceptance policy, format plumbline-policy/1', ...schema };
}

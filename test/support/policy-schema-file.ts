// policies/policy.schema.json as it follows from the schema in the code.

import { policyJsonSchema } from '../../src/policy/json-schema.ts';

/** The whole file. */
export function policySchemaFile(): string {
  return `${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`;
}

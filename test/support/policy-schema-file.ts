// policies/policy.schema.json as it follows from the schema in the code.

import { policyJsonSchema } from '../../src/policy/json-schema.ts';

/** The whole file, in the form that the linter wants of JSON. */
export function policySchemaFile(): string {
  return `${written(policyJsonSchema(), '')}\n`;
}

/** Longest line. */
const LINE_CHARS = 100;

/** `before` is what stands on the line already. */
function written(value: unknown, before: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const indent = /^ */.exec(before)?.[0] ?? '';
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => written(item, inner));
    const line = `[${items.join(', ')}]`;
    const isShort = before.length + line.length + 1 <= LINE_CHARS && !line.includes('\n');
    return isShort ? line : `[\n${items.map((item) => inner + item).join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value).map(([key, member]) => {
    const start = `${inner}${JSON.stringify(key)}: `;
    return start + written(member, start);
  });
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}

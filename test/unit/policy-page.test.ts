// docs/policy.md against the schema: its example is a policy, and it leaves no key out.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { policyJsonSchema } from '../../src/policy/json-schema.ts';
import { parsePolicy } from '../../src/policy/parse-policy.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import { withLintsTable } from '../support/lints-table.ts';
import { policySchemaFile } from '../support/policy-schema-file.ts';
import { textOf } from '../support/source-tree.ts';
import { utf8 } from './policy-documents.ts';

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

function blocks(language: string): readonly string[] {
  const fenced = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs');
  return [...page.matchAll(fenced)].map(([, text = '']) => text);
}

/** Names of all properties in a JSON Schema. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, inner]) => {
    const names = key === 'properties' ? Object.keys(inner) : [];
    return [...names, ...keysOf(inner)];
  });
}

describe('docs/policy.md', () => {
  it('shows a policy', () => {
    const examples = blocks('json');
    assert.ok(examples.length > 0);
    for (const example of examples) assert.ok(parsePolicy(utf8(example)).ok);
  });

  it('shows both forms of reference sets', () => {
    const [lines = '', ndjson = ''] = blocks('text');
    const first = readReferenceSet(utf8(lines), { format: 'digest-lines' });
    const second = readReferenceSet(utf8(ndjson), { format: 'ndjson' });
    assert.ok(first.ok && first.set.entryCount === 1);
    assert.ok(second.ok && second.set.entryCount === 2);
  });

  it('names every key', () => {
    const keys = new Set(keysOf(policyJsonSchema()));
    assert.ok(keys.size > 40);
    const words = new Set(page.match(/[$\w]+/g));
    const missing = [...keys].filter((key) => !words.has(key));
    assert.deepEqual(missing, []);
  });

  it('has the table of lints', () => {
    assert.equal(page, withLintsTable(page), 'npm run docs:tables');
  });
});

describe('policies/policy.schema.json', () => {
  it('is the schema of this version', () => {
    const file = textOf('policies/policy.schema.json');
    assert.equal(file, policySchemaFile(), 'npm run docs:tables');
  });
});

// Writes what follows from tables in the code: docs/reason-codes.md, docs/limits.md, tables in
// docs/ARCHITECTURE.md and docs/policy.md, policies/policy.schema.json, the output shown in
// README.md, and a golden line for every new reason code. It removes no golden line.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REASON_CODES } from '../../src/findings/codes.ts';
import { withExamples } from './examples.ts';
import { limitsDocument } from './limits-document.ts';
import { withLintsTable } from './lints-table.ts';
import { policySchemaFile } from './policy-schema-file.ts';
import { reasonCodesDocument } from './reason-codes-document.ts';
import { withRoomsTable } from './rooms-table.ts';
import { ROOT, textOf } from './source-tree.ts';

const golden = join(ROOT, 'test/golden/reason-codes.txt');
const known = readFileSync(golden, 'utf8').split('\n').filter(Boolean);
const all = [...new Set([...known, ...Object.keys(REASON_CODES)])].sort();

writeFileSync(join(ROOT, 'docs/reason-codes.md'), reasonCodesDocument());
writeFileSync(join(ROOT, 'docs/limits.md'), limitsDocument());
writeFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), withRoomsTable(textOf('docs/ARCHITECTURE.md')));
writeFileSync(join(ROOT, 'docs/policy.md'), withLintsTable(textOf('docs/policy.md')));
writeFileSync(join(ROOT, 'policies/policy.schema.json'), policySchemaFile());
writeFileSync(join(ROOT, 'README.md'), withExamples(textOf('README.md')));
writeFileSync(golden, `${all.join('\n')}\n`);

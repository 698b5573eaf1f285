// Writes the documents that follow from tables in the code: docs/reason-codes.md, docs/limits.md,
// and a line in the golden list for every new reason code. It never removes a golden line.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REASON_CODES } from '../../src/findings/codes.ts';
import { limitsDocument } from './limits-document.ts';
import { reasonCodesDocument } from './reason-codes-document.ts';
import { ROOT } from './source-tree.ts';

const golden = join(ROOT, 'test/golden/reason-codes.txt');
const known = readFileSync(golden, 'utf8').split('\n').filter(Boolean);
const all = [...new Set([...known, ...Object.keys(REASON_CODES)])].sort();

writeFileSync(join(ROOT, 'docs/reason-codes.md'), reasonCodesDocument());
writeFileSync(join(ROOT, 'docs/limits.md'), limitsDocument());
writeFileSync(golden, `${all.join('\n')}\n`);

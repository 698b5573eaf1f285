// Writes what follows from the catalogue of reason codes: docs/reason-codes.md, and a line in the
// golden list for every new code. A line of the golden list is never removed here.

import { readFileSync, writeFileSync } from 'node:fs';
import { REASON_CODES } from '../../src/findings/codes.ts';
import { reasonCodesDocument } from './reason-codes-document.ts';

const root = new URL('../../', import.meta.url);
const golden = new URL('test/golden/reason-codes.txt', root);

writeFileSync(new URL('docs/reason-codes.md', root), reasonCodesDocument());
const known = readFileSync(golden, 'utf8').split('\n').filter(Boolean);
const all = [...new Set([...known, ...Object.keys(REASON_CODES)])].sort();
writeFileSync(golden, `${all.join('\n')}\n`);

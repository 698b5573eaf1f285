// docs/api.md and the code agree on every problem and every setting, in both directions.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { PROBLEMS } from '../../src/api/problem.ts';

const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = text('docs/api.md');

it('the page lists every code with its status', () => {
  const rows = [...page.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \| (\d{3}) \|/gm)];
  const listed = rows.map(([, code, status]) => [code, Number(status)]);
  const known = Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]);
  assert.deepEqual(listed, known);
});

it('the page lists every variable of the environment', () => {
  const section = page.slice(page.indexOf('## Settings'), page.indexOf('## Access'));
  const listed = [...section.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name);
  const read = [...text('src/config.ts').matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), read.sort());
});

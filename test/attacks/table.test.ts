// The table of attacks in docs/threat-model.md, held against the tests of this folder: no row
// without its test, no test without its row, no known failure of a verifier without either.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROBLEMS } from '../../src/api/problem.ts';
import { REASON_CODES } from '../../src/findings/codes.ts';
import { filesBelow, textOf } from '../support/source-tree.ts';

const FOLDER = 'test/attacks/';
const FAILURES = textOf('docs/formats/ima-and-tpm-formats.md').match(
  /^## 17 [\s\S]*?(?=^## )/m,
)?.[0];
const rows = textOf('docs/threat-model.md')
  .split('\n')
  .flatMap((line) => {
    const [, attack, refusal, file] = /^\| (.+) \| (.+) \| `([a-z-]+)` \|$/.exec(line) ?? [];
    return attack && refusal && file ? [{ attack, refusal, file }] : [];
  });
const tests = filesBelow('test/attacks')
  .filter((path) => path.endsWith('.test.ts') && !path.endsWith('/table.test.ts'))
  .flatMap((path) =>
    [...textOf(path).matchAll(/^ {2}it\('([^']+)'/gm)].map(([, title]) => {
      const file = path.slice(FOLDER.length, -'.test.ts'.length);
      return `${file}: ${title}`;
    }),
  );

describe('the table of attacks', () => {
  it('names every test of this folder once, and nothing else', () => {
    const named = rows.map(({ attack, file }) => `${file}: ${attack}`);
    assert.ok(named.length > 80);
    assert.deepEqual(named.sort(), tests.sort());
  });

  it('knows every failure of a verifier that has a number', () => {
    const known = FAILURES?.match(/CVE-\d{4}-\d+/g) ?? [];
    assert.ok(known.length >= 10);
    const missing = known.filter((number) => !rows.some(({ attack }) => attack.includes(number)));
    assert.deepEqual(missing, []);
  });

  it('gives codes that its tests assert', () => {
    const unasserted = rows.flatMap(({ attack, refusal, file }) => {
      const text = textOf(`${FOLDER}${file}.test.ts`);
      return codesIn(refusal)
        .filter((code) => !text.includes(`'${code}`))
        .map((code) => `${attack}: ${code}`);
    });
    assert.deepEqual(unasserted, []);
    const codes = rows.flatMap(({ refusal }) => codesIn(refusal));
    assert.deepEqual(
      codes.filter((code) => !(code in REASON_CODES || code in PROBLEMS)),
      [],
    );
  });
});

function codesIn(refusal: string): readonly string[] {
  return [...refusal.matchAll(/`([a-z]+\.[a-z_]+)`/g)].flatMap(([, code]) => code ?? []);
}

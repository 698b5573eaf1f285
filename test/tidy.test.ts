// The code, checked as data: what no line may hold, how long files may be, what must lie where.
// The rules about lines are test/support/tidy-rules.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nestedDeeper } from './support/nesting.ts';
import { filesBelow, type Source, sourceOf, sourcesBelow, textOf } from './support/source-tree.ts';
import { LINE_RULES, type LineRule } from './support/tidy-rules.ts';

/** Declarative tables may be longer than a file that does something. */
const TABLES = new Set(['src/findings/codes.ts']);
const NESTING = 3;
const FILE_LINES = { wished: 300, most: 400 };
/** Where the program starts: everything under src/ is reached from here. */
const ENTRY_POINTS = ['src/cli/main.ts'];
const VAGUE_NAMES = /^(?:index|utils?|helpers?|common|types|interfaces|misc|shared)$/;
const WRITTEN_BY_US = /\.(?:ts|md|json|sql|ya?ml)$|^\.ci\/|Dockerfile$|^\.[a-z]+rc$/;
const DATA = /^(?:test\/(?:evidence|vectors)\/[^/]+\/|demo\/[^/]+\/)/;

/** Folders of many origins: what they say about themselves does not speak for what is in them. */
const COLLECTIONS = new Set(['test/evidence/', 'test/evidence/public/', 'test/vectors/']);

const files = filesBelow('');
const source = sourcesBelow('src');
const scripts = files.filter((path) => path.endsWith('.ts'));

describe('lines', () => {
  const texts = files.filter((path) => WRITTEN_BY_US.test(path) && !DATA.test(path));
  const read = texts
    .filter((path) => path !== 'test/support/tidy-rules.ts')
    .map((path) => sourceOf(path, textOf(path)));
  for (const rule of LINE_RULES) {
    it(`hold no ${rule.name}`, () => {
      const found = read.filter(({ path }) => rule.where(path)).flatMap((each) => hits(rule, each));
      assert.deepEqual(found, [], rule.because);
    });
    it(`would be caught: ${rule.name}`, () => {
      assert.match(sourceOf('example.ts', rule.finds)[rule.in], rule.pattern);
    });
  }
});

describe('files', () => {
  const sizes = scripts.map((path) => ({ path, lines: textOf(path).split('\n').length - 1 }));

  it(`have at most ${FILE_LINES.most} lines`, (t) => {
    const long = sizes.filter(({ path, lines }) => lines > FILE_LINES.wished && !TABLES.has(path));
    for (const { path, lines } of long) t.diagnostic(`${path} has ${lines} lines`);
    assert.deepEqual(
      long.filter(({ lines }) => lines > FILE_LINES.most),
      [],
    );
  });

  it('say at their head what they are', () => {
    const silent = scripts.filter((path) => !/^(?:#!.*\n)?\/\/ \S/.test(textOf(path)));
    assert.deepEqual(silent, []);
  });

  it('are not called by words that say nothing', () => {
    const parts = (path: string): readonly string[] => path.replace(/\.[^/]*$/, '').split('/');
    const ours = files.filter((path) => !DATA.test(path));
    assert.deepEqual(
      ours.filter((path) => parts(path).some((part) => VAGUE_NAMES.test(part))),
      [],
    );
  });

  it(`nest control flow at most ${NESTING} deep`, () => {
    assert.deepEqual(
      source.flatMap((each) => nestedDeeper(each, NESTING)),
      [],
    );
    const deep = [
      'function f() {',
      '  if (a) {',
      '    for (;;) {',
      '      g(() => {',
      '        if (b) {',
    ];
    const example = sourceOf('example.ts', deep.join('\n'));
    assert.deepEqual(nestedDeeper(example, 1), ['example.ts:3']);
  });

  it('document what they export', () => {
    assert.deepEqual(source.flatMap(undocumented), []);
  });

  it('are all reached from an entry point', () => {
    const reached = reachable(source, ENTRY_POINTS);
    const paths = source.map(({ path }) => path);
    assert.deepEqual(
      paths.filter((path) => !reached.has(path)),
      [],
    );
  });

  it('hold tests no deeper than one folder, where the shell finds them', () => {
    const deep = files.filter((path) => /\.test\.ts$/.test(path));
    assert.deepEqual(
      deep.filter((path) => !/^test\/(?:[^/]+\/)?[^/]+$/.test(path)),
      [],
    );
  });
});

describe('exported values', () => {
  it('are used by another file', () => {
    const all = [...source, ...sourcesBelow('test')];
    const unused = source.flatMap((each) => unusedExports(each, all));
    assert.deepEqual(unused, []);
  });
});

describe('data', () => {
  it('say where they come from and under which licence they stand', () => {
    const abouts = files.filter((path) => /\/(?:ABOUT|SOURCE)\.md$/.test(path));
    const told = abouts
      .filter((path) => /licen[cs]e/i.test(textOf(path)))
      .map((path) => path.replace(/[^/]+$/, ''))
      .filter((folder) => !COLLECTIONS.has(folder));
    const silent = files.filter(
      (path) => DATA.test(path) && !told.some((folder) => path.startsWith(folder)),
    );
    assert.deepEqual(silent, []);
  });

  it('are migrations in one unbroken row', () => {
    const names = files.filter((path) => path.startsWith('migrations/'));
    const expected = names.map((_, index) => String(index + 1).padStart(4, '0'));
    const numbers = names.map((path) => /^migrations\/(\d{4})_[a-z0-9_]+\.sql$/.exec(path)?.[1]);
    assert.deepEqual(numbers, expected);
  });

  it('pin packages without the address they came from', () => {
    assert.match(textOf('.npmrc'), /^omit-lockfile-registry-resolved=true$/m);
  });
});

function hits(rule: LineRule, each: Source): readonly string[] {
  const lines = each[rule.in].split('\n');
  return lines.flatMap((line, index) =>
    rule.pattern.test(line) ? [`${each.path}:${index + 1}: ${line.trim()}`] : [],
  );
}

function undocumented(each: Source): readonly string[] {
  const lines = each.text.split('\n');
  return lines.flatMap((line, index) => {
    const [, name] = /^export (?:async )?(?:declare )?(?:function\*?|class) (\w+)/.exec(line) ?? [];
    const before = lines[index - 1]?.trimEnd() ?? '';
    return name === undefined || before.endsWith('*/') ? [] : [`${each.path}: ${name}`];
  });
}

function reachable(all: readonly Source[], from: readonly string[]): ReadonlySet<string> {
  const byPath = new Map(all.map((each) => [each.path, each]));
  const reached = new Set<string>(from);
  // A set iterates over what is added to it on the way.
  for (const path of reached) {
    for (const wanted of byPath.get(path)?.imports ?? []) {
      if (wanted.path !== undefined) reached.add(wanted.path);
    }
  }
  return reached;
}

function unusedExports(each: Source, all: readonly Source[]): readonly string[] {
  const others = all.filter((other) => other.imports.some(({ path }) => path === each.path));
  const declared = each.code.matchAll(
    /^export (?:async )?(?:declare )?(?:function\*?|class|const) (\w+)/gm,
  );
  return [...declared].flatMap(([, name = '']) => {
    const word = new RegExp(`\\b${name}\\b`);
    return others.some((other) => word.test(other.code)) ? [] : [`${each.path}: ${name}`];
  });
}

// The import directions of the house, checked against every import under src/.
// The table is test/support/rooms.ts; docs/ARCHITECTURE.md explains it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  cyclesOf,
  fileEdges,
  importViolations,
  roomOf,
  wrappingViolations,
} from './support/import-rules.ts';
import { ROOMS } from './support/rooms.ts';
import { sourceOf, sourcesBelow } from './support/source-tree.ts';

const sources = sourcesBelow('src');

describe('the tree', () => {
  it('imports only along the arrows of the table and through doors', () => {
    assert.deepEqual(importViolations(sources), []);
  });

  it('has no import cycle between files', () => {
    assert.deepEqual(cyclesOf(fileEdges(sources)), []);
  });

  it('wraps each awkward package in one file', () => {
    assert.deepEqual(wrappingViolations(sources), []);
  });

  it('has a file in every room and every door of the table', () => {
    const paths = new Set(sources.map((source) => source.path));
    const rooms = new Set(sources.map((source) => roomOf(source.path)));
    const missing = Object.entries(ROOMS).flatMap(([name, { doors }]) => {
      const wanted = doors === 'any' ? [] : doors.map((door) => `src/${name}/${door}.ts`);
      return [...(rooms.has(name) ? [] : [name]), ...wanted.filter((path) => !paths.has(path))];
    });
    assert.deepEqual(missing, []);
  });
});

describe('the table', () => {
  it('has no cycle between rooms', () => {
    const edges = Object.entries(ROOMS).map(([name, { rooms, types }]) => {
      const named = [...rooms, ...types].map((room) => room.split('/')[0] ?? '');
      return [name, named] as const;
    });
    assert.deepEqual(cyclesOf(new Map(edges)), []);
  });
});

describe('the rules', () => {
  const digest = sourceOf('src/crypto/digest.ts', 'export const x = 1;');

  function faults(path: string, text: string): readonly string[] {
    return importViolations([sourceOf(path, text), digest]);
  }

  it('accept an arrow of the table', () => {
    const text = "import { x } from '../crypto/digest.ts';";
    assert.deepEqual(faults('src/pcr/extend.ts', text), []);
  });

  it('refuse an arrow against the table and quote the reason', () => {
    const [fault = ''] = faults('src/bytes/reader.ts', "import { x } from '../crypto/digest.ts';");
    assert.match(fault, /bytes may not import crypto, because the reader knows/);
  });

  it('tell types from values', () => {
    const verdict = sourceOf('src/verify/verdict.ts', '');
    const storing = (text: string): readonly string[] =>
      importViolations([sourceOf('src/store/verdicts.ts', text), verdict]);
    assert.deepEqual(storing("import { type A, type B } from '../verify/verdict.ts';"), []);
    const [fault = ''] = storing("import { type A, x } from '../verify/verdict.ts';");
    assert.match(fault, /more than types from verify/);
  });

  it('see re-exports, bare, dynamic and computed imports', () => {
    for (const text of [
      "export { x } from '../crypto/digest.ts';",
      "export * from '../crypto/digest.ts';",
      "import '../crypto/digest.ts';",
      "const x = await import('../crypto/digest.ts');",
      'const x = await import(name);',
    ]) {
      assert.equal(faults('src/bytes/reader.ts', text).length, 1, text);
    }
  });

  it('do not see imports in comments and strings', () => {
    const text = "// import '../crypto/digest.ts'\nconst x = \"import '../crypto/digest.ts'\";";
    assert.deepEqual(faults('src/bytes/reader.ts', text), []);
  });

  it('refuse to enter a room by a file that is not one of its doors', () => {
    const inner = sourceOf('src/quote/inner.ts', '');
    const source = sourceOf('src/verify/verify.ts', "import { x } from '../quote/inner.ts';");
    const [fault = ''] = importViolations([source, inner]);
    assert.match(fault, /inner is not a door of quote \(verify-quote, /);
  });

  it('refuse packages outside their rooms', () => {
    assert.equal(faults('src/ima/replay.ts', "import { hash } from 'node:crypto';").length, 1);
    assert.equal(faults('src/verify/verify.ts', "import { z } from 'zod';").length, 1);
    assert.deepEqual(faults('src/crypto/x.ts', "import { hash } from 'node:crypto';"), []);
    assert.deepEqual(faults('src/crypto/x.ts', "import { a } from '@noble/hashes/sha2.js';"), []);
  });

  it('refuse a room that is not in the table, and a file that is not there', () => {
    assert.equal(faults('src/lounge/sofa.ts', "import '../crypto/digest.ts';").length, 1);
    assert.equal(faults('src/pcr/bank.ts', "import '../crypto/gone.ts';").length, 1);
  });

  it('find a cycle', () => {
    const edges = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a', 'b']],
    ]);
    assert.deepEqual(cyclesOf(edges), ['a -> b -> c -> a', 'b -> c -> b']);
  });
});

// Path patterns: what each part matches, and what is no pattern.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileGlob, type Glob } from '../../src/policy/glob.ts';

function glob(pattern: string): Glob {
  const compiled = compileGlob(pattern);
  assert.ok(compiled.ok, `${pattern} should compile`);
  return compiled.glob;
}

function matches(pattern: string, name: string | Uint8Array): boolean {
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name) : name;
  return glob(pattern).matches(bytes);
}

/** Pattern, names that match, names that do not. */
const TABLE: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['/bin/sh', ['/bin/sh'], ['/bin/s', '/bin/sh2', '/bin//sh', 'bin/sh', ' /bin/sh', '']],
  ['/bin/*', ['/bin/', '/bin/sh', '/bin/.x'], ['/bin', '/bin/a/b', '/sbin/sh']],
  ['/bin/?', ['/bin/a'], ['/bin/', '/bin//', '/bin/ab']],
  ['/**', ['/', '/a', '/a/b', '//'], ['', 'a', 'boot_aggregate', './a']],
  ['/a/**', ['/a/', '/a/b', '/a/b/c'], ['/a', '/ab', '/']],
  ['/a**', ['/a', '/ab', '/a/b'], ['/b', '/']],
  ['/a/**/z', ['/a//z', '/a/b/z', '/a/b/c/z'], ['/a/z', '/a/b/zz']],
  ['/**.so', ['/lib/x.so', '/.so'], ['/lib/x.so.6', '/lib/xso']],
  ['/lib/*.so.*', ['/lib/a.so.6', '/lib/.so.'], ['/lib/x/a.so.6', '/lib/a.so']],
  ['/*/*/x', ['/a/b/x', '///x'], ['/a/x', '/a/b/c/x']],
  ['/d[0-9]', ['/d0', '/d9'], ['/d', '/da', '/d10', '/d/']],
  ['/d[!0-9]', ['/da', '/d!'], ['/d0', '/d/', '/d']],
  ['/[a-cx_]', ['/a', '/c', '/x', '/_'], ['/d', '/-']],
  ['/[+-9]x', ['/.x', '/0x'], ['//x']],
  ['/[\\]\\-\\\\]', ['/]', '/-', '/\\'], ['/a', '/[']],
  ['/[!!]', ['/a'], ['/!']],
  ['/usr/bin/\\[', ['/usr/bin/['], ['/usr/bin/a', '/usr/bin/\\[']],
  ['/a\\*b\\?', ['/a*b?'], ['/axb?', '/a*bc']],
  ['/\\{x\\}', ['/{x}'], ['/x']],
  ['/é?', ['/éa', '/é'.concat('x')], ['/é', '/e?a']],
  ['/a]b', ['/a]b'], ['/ab']],
  ['/**/**', ['//', '/a/b'], ['/', '/a']],
];

describe('compileGlob', () => {
  for (const [pattern, good, bad] of TABLE) {
    it(`matches ${pattern} byte by byte, anchored at both ends`, () => {
      assert.deepEqual(
        good.filter((name) => !matches(pattern, name)),
        [],
      );
      assert.deepEqual(
        bad.filter((name) => matches(pattern, name)),
        [],
      );
    });
  }

  it('counts bytes, not characters', () => {
    assert.equal(matches('/?', '/é'), false);
    assert.equal(matches('/??', '/é'), true);
    assert.equal(matches('/*', Uint8Array.of(0x2f, 0xff, 0x00, 0x0a)), true);
    assert.equal(matches('/[!a]', Uint8Array.of(0x2f, 0xff)), true);
  });

  it('carries states over word borders', () => {
    for (const length of [30, 31, 32, 33, 63, 64, 65, 500]) {
      const name = `/${'a'.repeat(length)}`;
      assert.equal(matches(name, name), true);
      assert.equal(matches(name, `${name}a`), false);
      assert.equal(matches(name, name.substring(1)), false);
      assert.equal(matches(`${name}**z`, `${name}/b/z`), true);
      assert.equal(matches(`${name}*z`, `${name}/b/z`), false);
      assert.equal(matches(`${name}*z`, `${name}bz`), true);
    }
  });

  const mistakes: readonly (readonly [string, number])[] = [
    ['', 0],
    ['bin', 0],
    ['*', 0],
    ['\\/a', 0],
    ['/***', 3],
    ['/a b', 2],
    ['/a\0', 2],
    ['/a\\', 2],
    ['/a\\n', 3],
    ['/{a,b}', 1],
    ['/a}', 2],
    ['/[', 1],
    ['/[a', 1],
    ['/[]', 2],
    ['/[!]', 3],
    ['/[^a]', 2],
    ['/[z-a]', 4],
    ['/[a-]', 3],
    ['/[-a]', 2],
    ['/[a/]', 3],
    ['/[[a]', 2],
    ['/[é]', 2],
    ['/[a\\', 3],
    ['/[a b]', 3],
    [`/${'a'.repeat(4096)}`, 0],
    ['/\ud800', 0],
  ];
  for (const [pattern, offsetBytes] of mistakes) {
    it(`refuses ${JSON.stringify(pattern).substring(0, 20)} at byte ${offsetBytes}`, () => {
      const compiled = compileGlob(pattern);
      assert.ok(!compiled.ok);
      assert.equal(compiled.problem.offsetBytes, offsetBytes);
    });
  }

  it('takes a pattern at the cap', () => {
    const pattern = `/${'a'.repeat(4095)}`;
    assert.equal(matches(pattern, pattern), true);
  });
});

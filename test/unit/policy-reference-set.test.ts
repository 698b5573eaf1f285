// Reference sets: their text forms, their limits, their look-up and their content address.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromHex } from '../../src/bytes/encoding.ts';
import { POLICY_LIMITS } from '../../src/bytes/limits.ts';
import { type ReferenceSet, ReferenceSetBuilder } from '../../src/policy/reference-set.ts';
import {
  type ReferenceFormat,
  type ReferenceReading,
  ReferenceSetReader,
  readReferenceSet,
} from '../../src/policy/reference-set-text.ts';
import { utf8 } from './policy-documents.ts';

const A = 'ab'.repeat(32);
const B = '01'.repeat(32);

function setOf(text: string, reading: ReferenceReading = { format: 'digest-lines' }): ReferenceSet {
  const result = readReferenceSet(utf8(text), reading);
  assert.ok(result.ok, JSON.stringify(result));
  return result.set;
}

/** Lines on which a text is refused. */
function badLines(text: string | Uint8Array, reading: ReferenceReading): readonly number[] {
  const result = readReferenceSet(typeof text === 'string' ? utf8(text) : text, reading);
  return result.ok ? [] : result.problems.map(({ line }) => line);
}

function has(set: ReferenceSet, hex: string, name = '/x'): boolean {
  return set.has('sha256', fromHex(hex) ?? new Uint8Array(), utf8(name));
}

function hasIn(algorithm: string, set: ReferenceSet, hex: string): boolean {
  return set.has(algorithm, fromHex(hex) ?? new Uint8Array(), utf8('/bin/é_x'));
}

const FREE = { format: 'digest-lines' } as const;
const BOUND = { format: 'digest-lines', paths: 'bound' } as const;
const NDJSON = { format: 'ndjson' } as const;

describe('digest lines', () => {
  it('tell algorithms apart by length', () => {
    const lengths = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };
    for (const [algorithm, sizeBytes] of Object.entries(lengths)) {
      const hex = 'cd'.repeat(sizeBytes);
      const set = setOf(`${hex}  bin/x\n`);
      assert.equal(hasIn(algorithm, set, hex), true);
      assert.equal(hasIn('sha3-256', set, hex), false);
      assert.equal(hasIn(algorithm, set, 'ce'.repeat(sizeBytes)), false);
    }
  });

  it('may be binary, upper case, comments, empty, and end without a newline', () => {
    const set = setOf(`# made today\n\n${A.toUpperCase()} */bin/x\n${B}  -`);
    assert.equal(set.entryCount, 2);
    assert.equal(has(set, A) && has(set, B), true);
  });

  it('count for any path unless bound', () => {
    const text = `${A}  /bin/a b\n`;
    assert.equal(has(setOf(text), A, '/other'), true);
    const bound = setOf(text, BOUND);
    assert.equal(has(bound, A, '/other'), false);
    assert.equal(has(bound, B, '/bin/a_b'), false);
    // IMA records a space as an underscore.
    assert.equal(has(bound, A, '/bin/a_b'), true);
    assert.equal(has(bound, A, '/bin/a b'), false);
  });

  it('undo the escapes of GNU', () => {
    const bound = setOf(`\\${A}  /a\\nb\\\\c\\rd\n${B}  /a\\n`, BOUND);
    assert.equal(has(bound, A, '/a\nb\\c\rd'), true);
    assert.equal(has(bound, B, '/a\\n'), true);
  });

  const bad: readonly (readonly [string, string])[] = [
    ['bare digest', A],
    ['no path', `${A}  `],
    ['one space', `${A} /bin/x`],
    ['other length', `${A}ab  /bin/x`],
    ['not hex', `${A.substring(1)}g  /bin/x`],
    ['carriage return', `${A}  /bin/x\r`],
    ['tagged form', `SHA256 (/bin/x) = ${A}`],
    ['unknown escape', `\\${A}  /a\\t`],
    ['escape cut short', `\\${A}  /a\\`],
    ['all-zero digest', `${'00'.repeat(32)}  /bin/x`],
    ['leading space', ` ${A}  /bin/x`],
  ];
  for (const [name, line] of bad) {
    it(`are refused: ${name}`, () => {
      assert.deepEqual(badLines(`${B}  /x\n${line}\n${B}  /y\n${line}`, FREE), [2, 4]);
    });
  }

  it('bind absolute paths only, without NUL, up to what the kernel records', () => {
    assert.deepEqual(badLines(`${A}  bin/x\n${A}  ./x\n${A}  /x\0y`, BOUND), [1, 2, 3]);
    assert.deepEqual(badLines(`${A}  /${'x'.repeat(4095)}`, BOUND), []);
    assert.deepEqual(badLines(`${A}  /${'x'.repeat(4096)}`, BOUND), [1]);
  });
});

describe('NDJSON lines', () => {
  it('name the algorithm, and a path where the digest is bound to it', () => {
    const lines = [
      JSON.stringify({ digest: `sha256:${A}` }),
      JSON.stringify({ digest: `sha3-256:${B}`, path: '/bin/é x' }),
    ];
    const set = setOf(lines.join('\n'), NDJSON);
    const elsewhere = JSON.stringify({ digest: `sha3-256:${B}`, path: '/bin/e x' });
    assert.equal(set.entryCount, 2);
    assert.equal(has(set, A, 'anything'), true);
    assert.equal(hasIn('sha3-256', set, B), true);
    assert.equal(has(set, B, '/bin/é_x'), false);
    assert.equal(hasIn('sha3-256', setOf(elsewhere, NDJSON), B), false);
  });

  const bad: readonly string[] = [
    '{',
    '[]',
    'null',
    '"x"',
    '{}',
    `{"digest":"${A}"}`,
    `{"digest":"md5:${'00'.repeat(16)}"}`,
    `{"digest":"sha256:${A}00"}`,
    `{"digest":"sha256:${A.substring(1)}x"}`,
    `{"digest":"sha256:${A}","path":null}`,
    `{"digest":"sha256:${A}","path":"bin"}`,
    `{"digest":"sha256:${A}","path":"/\\ud800"}`,
    `{"digest":"sha256:${A}","path":"/x\\u0000"}`,
    `{"digest":"sha256:${A}","size":1}`,
    `{"digest":"sha256:${A}","path":"/x","size":1}`,
    `{"digest":"sha256:${'00'.repeat(32)}"}`,
  ];
  for (const line of bad) {
    it(`are refused: ${line.substring(0, 40)}`, () => {
      assert.deepEqual(badLines(`\n${line}\n`, NDJSON), [2]);
    });
  }

  it('are UTF-8', () => {
    assert.deepEqual(badLines(Uint8Array.of(0x22, 0xff, 0x22), NDJSON), [1]);
  });
});

describe('ReferenceSetReader', () => {
  it('reads lines that the windows cut anywhere', () => {
    const text = utf8(`${A}  /a\n\\${B}  /b\\n\n# c\n${'c3'.repeat(20)} *d`);
    const whole = readReferenceSet(text, FREE);
    assert.ok(whole.ok);
    for (let cut = 0; cut <= text.byteLength; cut += 1) {
      const reader = new ReferenceSetReader(FREE);
      reader.push(text.slice(0, cut));
      reader.push(text.slice(cut));
      const result = reader.end();
      assert.ok(result.ok);
      assert.equal(result.set.digest, whole.set.digest);
    }
  });

  it('counts lines over windows', () => {
    const reader = new ReferenceSetReader(FREE);
    for (const byte of utf8(`${A}  x\nbad\n\n\nbad`)) reader.push(Uint8Array.of(byte));
    const result = reader.end();
    assert.ok(!result.ok);
    assert.deepEqual(
      result.problems.map(({ line }) => line),
      [2, 5],
    );
  });

  for (const surplus of [0, 1]) {
    it(`takes a line ${surplus === 0 ? 'at' : 'above'} the cap for what it is`, () => {
      const line = `${A}  `.padEnd(POLICY_LIMITS.setLineBytes + surplus, 'x');
      assert.deepEqual(badLines(`${line}\n${A}  x`, FREE), surplus === 0 ? [] : [1]);
      const reader = new ReferenceSetReader(FREE);
      for (const piece of [line.substring(0, 9000), line.substring(9000), `\n${A}  x`]) {
        reader.push(utf8(piece));
      }
      assert.equal(reader.end().ok, surplus === 0);
    });
  }

  it('gives up after a hundred bad lines', () => {
    assert.equal(badLines('bad\n'.repeat(1000), FREE).length, 100);
    assert.equal(badLines('bad\n'.repeat(1000), NDJSON).length, 100);
  });

  it('takes an empty text for an empty set', () => {
    const set = setOf('');
    assert.equal(set.entryCount, 0);
    assert.equal(has(set, A), false);
  });
});

describe('the content address', () => {
  it('does not depend on order, repeats or text form', () => {
    const address = setOf(`${A}  a\n${B}  b\n`).digest;
    assert.match(address, /^sha256:[0-9a-f]{64}$/);
    assert.equal(setOf(`${B}  x\n${A}  y\n${B}  z\n`).digest, address);
    assert.equal(
      setOf(`{"digest":"sha256:${B}"}\n{"digest":"sha256:${A}"}`, NDJSON).digest,
      address,
    );
  });

  it('depends on every entry, its algorithm and its binding', () => {
    const lines: readonly (readonly [ReferenceFormat, string])[] = [
      ['ndjson', `{"digest":"sha256:${A}"}`],
      ['ndjson', `{"digest":"sha3-256:${A}"}`],
      ['ndjson', `{"digest":"sha256:${B}"}`],
      ['ndjson', `{"digest":"sha256:${A}","path":"/a"}`],
      ['ndjson', `{"digest":"sha256:${A}","path":"/b"}`],
      ['digest-lines', ''],
    ];
    const addresses = lines.map(([format, line]) => setOf(line, { format }).digest);
    assert.equal(new Set(addresses).size, addresses.length);
  });
});

describe('ReferenceSetBuilder', () => {
  it('refuses a digest of another length', () => {
    const builder = new ReferenceSetBuilder();
    assert.notEqual(builder.add({ algorithm: 'sha256', digest: new Uint8Array(20) }), undefined);
    assert.equal(builder.build().entryCount, 0);
  });

  it('never finds a digest of another length', () => {
    const set = setOf(`${A}  a`);
    for (const sizeBytes of [0, 1, 4, 31, 33])
      assert.equal(has(set, 'ab'.repeat(sizeBytes)), false);
  });
});

// Reference sets as CSV, with terms, shared between threads, compared and built in steps.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { fromHex } from '../../src/bytes/encoding.ts';
import { POLICY_LIMITS } from '../../src/bytes/limits.ts';
import { type IndexedReferenceSet, ReferenceSetBuilder } from '../../src/policy/reference-set.ts';
import {
  ChangedEntries,
  changeBudget,
  changeLine,
  countingChanges,
} from '../../src/policy/reference-set-changes.ts';
import { ndjsonHead, ndjsonLine } from '../../src/policy/reference-set-ndjson.ts';
import { openReferenceSet, shareReferenceSet } from '../../src/policy/reference-set-share.ts';
import { isInForce } from '../../src/policy/reference-set-terms.ts';
import {
  type ReferenceReading,
  ReferenceSetReader,
  readReferenceSet,
} from '../../src/policy/reference-set-text.ts';
import { runSteps } from '../../src/policy/steps.ts';
import { utf8 } from './policy-documents.ts';

const A = 'ab'.repeat(32);
const B = '01'.repeat(32);
const CSV = { format: 'csv' } as const;
const NDJSON = { format: 'ndjson' } as const;

function setOf(text: string, reading: ReferenceReading): IndexedReferenceSet {
  const result = readReferenceSet(utf8(text), reading);
  assert.ok(result.ok, JSON.stringify(result));
  return result.set;
}

function badLines(text: string, reading: ReferenceReading): readonly number[] {
  const result = readReferenceSet(utf8(text), reading);
  return result.ok ? [] : result.problems.map(({ line }) => line);
}

function has(set: IndexedReferenceSet, hex: string, name = '/x'): boolean {
  return set.has('sha256', fromHex(hex) ?? new Uint8Array(), utf8(name));
}

describe('CSV', () => {
  it('takes each of its headers, LF and CR LF', () => {
    const plain = setOf(`digest\n${A}\nsha256:${B}`, CSV);
    assert.ok(has(plain, A) && has(plain, B));
    const named = setOf(`algorithm,digest\r\nsha256,${A}\r\nsha256,${B}\r\n`, CSV);
    assert.equal(named.digest, plain.digest);
    const bound = setOf(`algorithm,digest,path\nsha256,${A},/x\nsha256,${B},\n`, CSV);
    assert.ok(has(bound, A, '/x') && !has(bound, A, '/y') && has(bound, B, '/y'));
  });

  it('takes quotes around anything, and in them commas, line ends and quotes', () => {
    const set = setOf(`"digest","path"\n"${A}","/a,""b""\nc"\n${B},/d\n`, CSV);
    assert.ok(has(set, A, '/a,"b"\nc') && has(set, B, '/d'));
    assert.equal(set.entryCount, 2);
  });

  it('reads records that the windows cut anywhere', () => {
    const text = utf8(`digest,path\r\n"${A}","/a\n""b"\r\n${B},/c`);
    for (let cut = 0; cut <= text.length; cut += 1) {
      const reader = new ReferenceSetReader(CSV);
      reader.push(text.slice(0, cut));
      reader.push(text.slice(cut));
      const result = reader.end();
      assert.ok(result.ok && has(result.set, A, '/a\n"b') && has(result.set, B, '/c'));
    }
  });

  const bad: readonly (readonly [string, string, readonly number[]])[] = [
    ['no header', `${A}\n${B}`, [1]],
    ['another header', `hash,file\n${A},/x`, [1]],
    ['columns in another order', `path,digest\n/x,${A}`, [1]],
    ['a field too few', `digest,path\n${A}\n${B},/x`, [2]],
    ['a field too many', `digest\n${A},/x\n${B}`, [2]],
    ['a digest of no algorithm', `digest\nabcd\n${B}`, [2]],
    ['a digest of another algorithm', `algorithm,digest\nsha1,${A}`, [2]],
    ['an unknown algorithm', `algorithm,digest\nmd5,${A}`, [2]],
    ['a quote inside a field', `digest,path\n${A},/a"b"\n${B},/x`, [2]],
    ['text behind a quote', `digest,path\n${A},"/a"b\n${B},/x`, [2]],
    ['a quote that nothing closes', `digest,path\n${B},/x\n${A},"/a`, [3]],
    ['a CR inside', `digest,path\n${A},/a\rb`, [2]],
    ['a relative path', `digest,path\n${A},bin/x`, [2]],
    ['a bad record behind one of several lines', `digest,path\n${A},"/a\n\nb"\nbad`, [5]],
  ];
  for (const [name, text, lines] of bad) {
    it(`is refused with ${name}`, () => {
      assert.deepEqual(badLines(text, CSV), lines);
    });
  }

  it('tells where a quote opened that swallows the rest', () => {
    const text = `digest,path\n${A},"/a\n${`${B},/x\n`.repeat(POLICY_LIMITS.setLineBytes / 50)}`;
    assert.deepEqual(badLines(text, CSV), [2]);
  });
});

describe('terms', () => {
  const LINE = `{"digest":"sha256:${A}"}`;
  const head = (terms: object) => `${JSON.stringify({ format: FORMAT, ...terms })}\n${LINE}`;
  const FORMAT = 'plumbline-reference-set/1';
  const FROM = '2026-01-01T00:00:00Z';
  const TO = '2026-02-01T00:00:00Z';

  it('come from the first line of NDJSON, and are part of the identity', () => {
    const plain = setOf(LINE, NDJSON);
    const set = setOf(
      head({ validFrom: FROM, retireAt: TO, basis: 'trusted-on-first-use' }),
      NDJSON,
    );
    assert.deepEqual(set.validity, { validFromMs: Date.parse(FROM), retireAtMs: Date.parse(TO) });
    assert.equal(set.basis, 'trusted-on-first-use');
    assert.deepEqual(plain.validity, {});
    const others = [{ validFrom: FROM }, { retireAt: TO }, { basis: 'trusted-on-first-use' }];
    const digests = [plain, set, ...others.map((terms) => setOf(head(terms), NDJSON))];
    assert.equal(new Set(digests.map(({ digest }) => digest)).size, 5);
    assert.equal(setOf(head({}), NDJSON).digest, plain.digest);
  });

  it('may be said beside the text, and in both places alike', () => {
    const terms = { validity: { retireAtMs: Date.parse(TO) } };
    const beside = setOf(LINE, { ...NDJSON, terms });
    assert.equal(beside.digest, setOf(head({ retireAt: TO }), NDJSON).digest);
    assert.equal(setOf(head({ retireAt: TO }), { ...NDJSON, terms }).digest, beside.digest);
    assert.deepEqual(badLines(head({ retireAt: FROM }), { ...NDJSON, terms }), [1]);
    const never = { validity: { validFromMs: 2, retireAtMs: 2 } };
    assert.deepEqual(badLines(LINE, { ...NDJSON, terms: never }), [1]);
  });

  const bad: readonly object[] = [
    { format: 'plumbline-reference-set/2' },
    { validFrom: 'tomorrow' },
    { validFrom: '2026-02-31T00:00:00Z' },
    { retireAt: 1 },
    { validFrom: TO, retireAt: FROM },
    { basis: 'hope' },
    { digest: `sha256:${A}` },
  ];
  for (const terms of bad) {
    it(`are refused: ${JSON.stringify(terms).substring(0, 40)}`, () => {
      assert.deepEqual(badLines(head(terms), NDJSON), [1]);
    });
  }

  it('stand on the first line only', () => {
    assert.deepEqual(badLines(`${LINE}\n${head({ retireAt: TO })}`, NDJSON), [2]);
  });

  it('say whether a record is covered, and fail closed without a time', () => {
    const between = { validity: { validFromMs: 10, retireAtMs: 20 } };
    const covered = [9, 10, 19, 20, undefined].map((at) => isInForce(between, at));
    assert.deepEqual(covered, [false, true, true, false, false]);
    assert.equal(isInForce({ validity: {} }, undefined), true);
    assert.equal(isInForce({ validity: { validFromMs: 10 } }, 99), true);
    assert.equal(isInForce({ validity: { retireAtMs: 10 } }, 9), true);
    assert.equal(isInForce({ validity: { retireAtMs: 10 } }, undefined), false);
  });

  it('are written as they are read', () => {
    const digest = fromHex(A) ?? new Uint8Array();
    const lines = [
      ndjsonHead({ retireAt: TO }),
      ndjsonLine({ algorithm: 'sha256', digest, path: utf8('/é') }),
    ];
    const set = setOf(lines.join('\n'), NDJSON);
    assert.ok(has(set, A, '/é') && set.validity.retireAtMs === Date.parse(TO));
  });
});

describe('a set for another thread', () => {
  it('is the same set in the same memory', async () => {
    const set = setOf(`digest,path\n${A},/x\n${B},\n`, CSV);
    const { port1, port2 } = new MessageChannel();
    const arrived = once(port2, 'message');
    port1.postMessage(shareReferenceSet(set));
    const [shared] = await arrived;
    port1.close();
    const opened = openReferenceSet(shared);
    assert.ok(has(opened, A, '/x') && !has(opened, A, '/y') && has(opened, B, '/y'));
    assert.deepEqual([opened.digest, opened.entryCount], [set.digest, 2]);
    const memory = opened.tables.get('sha256')?.free.bytes.buffer;
    assert.ok(memory instanceof SharedArrayBuffer);
  });
});

describe('changes', () => {
  const OLD = `digest,path\n${A},\n${A},/x\n${'ef'.repeat(20)},/old\n`;
  const NEW = `digest,path\n${A},\n${B},/new\n${B},/new\n`;

  it('are counted by algorithm and kind', () => {
    const [old, now] = [setOf(OLD, CSV), setOf(NEW, CSV)];
    assert.deepEqual(runSteps(countingChanges(old, now)), {
      added: 1,
      removed: 2,
      tables: [
        { algorithm: 'sha256', paths: 'bound', added: 1, removed: 1 },
        { algorithm: 'sha1', paths: 'bound', added: 0, removed: 1 },
      ],
    });
    assert.deepEqual(runSteps(countingChanges(old, old)), { added: 0, removed: 0, tables: [] });
  });

  it('are told with their paths, each once, as far as the budget goes', () => {
    const entries = new ChangedEntries(CSV, setOf(OLD, CSV), changeBudget());
    const found = [...entries.push(utf8(NEW)), ...entries.end()];
    assert.deepEqual(
      found.map((entry) => changeLine('added', entry)),
      [JSON.stringify({ change: 'added', digest: `sha256:${B}`, path: '/new' })],
    );
    const none = new ChangedEntries(CSV, setOf(OLD, CSV), { left: 0 });
    assert.deepEqual(none.push(utf8(NEW)), []);
  });
});

describe('building in steps', () => {
  it('gives way often, also where records were chosen to begin alike', () => {
    for (const same of [0, 8]) {
      const builder = new ReferenceSetBuilder();
      const digest = new Uint8Array(32).fill(7);
      const count = 60_000;
      for (let index = 0; index < count; index += 1) {
        digest[same] = index >>> 16;
        digest[same + 1] = index >>> 8;
        digest[same + 2] = index;
        builder.add({ algorithm: 'sha256', digest });
      }
      const steps = builder.building();
      let taken = 0;
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) taken += 1;
      assert.equal(step.value.entryCount, count);
      assert.ok(taken > 5, String(taken));
      const [free] = [...step.value.tables.values()].map((table) => table.free);
      assert.ok((free?.sizeBytes ?? Number.NaN) / count <= 48);
    }
  });

  it('keeps no room for repeats', () => {
    const builder = new ReferenceSetBuilder();
    const digest = new Uint8Array(32).fill(7);
    for (let index = 0; index < 10_000; index += 1) builder.add({ algorithm: 'sha256', digest });
    const set = builder.build();
    assert.equal(set.entryCount, 1);
    assert.ok(set.has('sha256', digest, utf8('x')));
    assert.ok((set.tables.get('sha256')?.free.sizeBytes ?? Number.NaN) < 100);
  });
});

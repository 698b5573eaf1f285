// The kernel and the plain replay agree on every row, register and match, over random lists and
// windows; what both compute is held against an independent replay elsewhere.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import type { HashName } from '../../src/crypto/digest.ts';
import { type KernelUse, useKernel } from '../../src/ima/kernel/available-kernel.ts';
import { ListWalk } from '../../src/ima/list-walk.ts';
import { Registers, type SavedRegister } from '../../src/ima/registers.ts';
import { replayRows } from '../../src/ima/replay.ts';
import { ascii, hash, join, replayRecords, word, writeRecord } from './list-writer.ts';

const BANKS: readonly HashName[] = ['sha1', 'sha256', 'sha384', 'sha512'];

afterEach(() => useKernel('measured'));

/** A record as bytes, and what it was written from where an independent replay can follow it. */
const record = fc.oneof(
  { weight: 6, arbitrary: drawnRecord(fc.uint8Array({ maxLength: 300 })) },
  { weight: 1, arbitrary: drawnRecord(fc.constant(new Uint8Array(70_000).fill(7))) },
  { weight: 2, arbitrary: fc.record({ pcr: fc.constantFrom(10, 11), name: name() }).map(legacy) },
  // What no kernel writes: a column that does not fit, a PCR that no TPM has, no data at all.
  { weight: 1, arbitrary: fc.constantFrom(8, 10, 24, 4_000_000_000).map(strange) },
);

const drawn = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 40 }),
  column: fc.constantFrom<HashName>('sha1', 'sha256', 'sha384', 'sha512', 'sm3'),
  banks: fc.subarray([...BANKS], { minLength: 1 }),
  quoted: fc.record({ behind: fc.nat(), mode: fc.nat(), isThere: fc.boolean() }),
  cuts: fc.array(fc.nat(), { maxLength: 6 }),
  tail: fc.uint8Array({ maxLength: 60 }),
});

test('the kernel finds in any list what the plain replay finds', () => {
  fc.assert(
    fc.property(drawn, ({ records, column, banks, quoted, cuts, tail }) => {
      const parts = records.map((write) => write(column));
      const bytes = join(...parts, tail);
      const behind = join(...parts.filter((_, at) => at <= quoted.behind % parts.length));
      const sought = quoted.isThere ? valuesOf(behind, { column, banks }, quoted.mode) : [];
      const read = (use: KernelUse) => replay(use, cutAt(bytes, cuts), { column, banks, sought });
      assert.deepEqual(read('always'), read('never'));
    }),
    { numRuns: 150 },
  );
});

test('a long list is framed and proven by the kernel to the record, whatever the windows', () => {
  const records = Array.from({ length: 9000 }, (_, at) => ({
    pcr: at % 50 === 49 ? 11 : 10,
    template: 'ima-ng',
    fields: [ascii('sha1:\0'), ascii(`/file/${'x'.repeat(at % 130)}${at}\0`)],
    violation: at % 700 === 3,
  }));
  const bytes = join(...records.map((one) => writeRecord(one)));
  const proven = records.filter((_, at) => at < 7777);
  for (const bank of ['sha256', 'sha384'] as const) {
    for (const extended of ['own-hash', 'padded-sha1'] as const) {
      const value = replayRecords(proven, { pcr: 10, bank, extended });
      const other = replayRecords(proven, { pcr: 11, bank, extended });
      const sought = [saved(bank, 10, value), saved(bank, 11, other)];
      const cuts = [1_000_000, 1_000_001, 1_048_576];
      const found = replay('measured', cutAt(bytes, cuts), {
        column: 'sha1',
        banks: [bank],
        sought,
      });
      assert.equal(found.match?.recordCount, 7777);
      assert.equal(found.match?.modes.get(bank), extended);
      assert.equal(found.rows.length, 9000);
      assert.deepEqual(new Set(found.rows.map(({ mismatch }) => mismatch)), new Set([0]));
    }
  }
});

test('one changed byte anywhere in a long list is flagged by the kernel at its record', () => {
  const write = (at: number) =>
    writeRecord({ pcr: 10, template: 'ima-ng', fields: [ascii(`/${'y'.repeat(at % 90)}${at}`)] });
  const parts = Array.from({ length: 300 }, (_, at) => write(at));
  const read = (bytes: Uint8Array) =>
    replay('always', [bytes], { column: 'sha1', banks: ['sha256'], sought: [] });
  for (const changed of [0, 1, 150, 299]) {
    const bytes = parts.map((part, at) => (at === changed ? flipped(part) : part));
    const { rows } = read(join(...bytes));
    const flagged = rows.flatMap(({ mismatch }, at) => (mismatch === 0 ? [] : [at]));
    assert.deepEqual(flagged, [changed]);
  }
});

interface Sought {
  readonly column: HashName;
  readonly banks: readonly HashName[];
  readonly sought: readonly SavedRegister[];
}

/** Everything that a replay finds out about a list. */
function replay(use: KernelUse, windows: readonly Uint8Array[], { column, banks, sought }: Sought) {
  useKernel(use);
  const quoted = new Map<HashName, Map<number, Uint8Array>>();
  for (const { bank, pcr, values } of sought) {
    const value = values[0]?.[1] ?? new Uint8Array();
    quoted.set(bank, new Map([...(quoted.get(bank) ?? []), [pcr, value]]));
  }
  const registers = new Registers({ banks, quoted });
  const rows: { at: number; end: number; facts: readonly number[]; mismatch: number }[] = [];
  const segments = [{ kind: 'current', encoding: 'binary', digestColumn: column }] as const;
  const stops: number[] = [];
  const walk = new ListWalk({ segments, fromIndex: 0 }, (table, { window, ...origin }) => {
    const { count: to } = table;
    const range = { window, table, columnHash: origin.columnHash, to };
    for (let from = 0; from < to; ) {
      const matchBefore = registers.match;
      from = replayRows(registers, { ...range, from, firstIndex: origin.firstIndex + from });
      if (registers.match !== matchBefore) stops.push(origin.firstIndex + from);
    }
    for (let row = 0; row < to; row += 1) {
      const { pcr, nameBytes, dataBytes, flags, nameAt, dataAt, columnAt } = table;
      const places = [nameAt, dataAt, columnAt].map((one) => origin.byteOffset(one[row] ?? 0, row));
      const facts = [pcr, nameBytes, dataBytes, flags].map((one) => one[row] ?? 0);
      const [at, end] = [origin.recordOffset(row), origin.recordEnd(row)];
      rows.push({ at, end, facts: [...facts, ...places], mismatch: (flags[row] ?? 0) & 2 });
    }
  });
  for (const window of windows) walk.push(0, window);
  walk.end();
  const { broken } = walk;
  return { rows, stops, broken, registers: registers.save(), match: registers.match };
}

/** Values that PCR 10 and 11 have behind a list, in one of the ways of extending. */
function valuesOf(
  list: Uint8Array,
  read: Omit<Sought, 'sought'>,
  mode: number,
): readonly SavedRegister[] {
  const { registers } = replay('never', [list], { ...read, sought: [] });
  return registers
    .filter(({ pcr }) => pcr === 10 || pcr === 11)
    .map(({ bank, pcr, values }) => {
      return saved(bank, pcr, values[mode % values.length]?.[1] ?? new Uint8Array());
    });
}

function saved(bank: HashName, pcr: number, value: Uint8Array): SavedRegister {
  return { bank, pcr, firstIndex: 0, values: [['own-hash', value]] };
}

function drawnRecord(field: fc.Arbitrary<Uint8Array>) {
  return fc
    .record({ pcr: fc.constantFrom(10, 10, 10, 11, 12), field, violation: fc.nat(8) })
    .map(({ pcr, field: only, violation }) => (column: HashName) => {
      const fields = [only];
      const one = { pcr, template: 'ima-ng', fields, violation: violation === 0 };
      return column === 'sm3'
        ? framed({ pcr, column: new Uint8Array(32).fill(1), name: 'ima-ng', data: only })
        : writeRecord(one, { column, order: 'little' });
    });
}

function name() {
  return fc.uint8Array({ minLength: 1, maxLength: 255 });
}

/** A record of template `ima`: its digest covers the name padded to 256 bytes. */
function legacy({ pcr, name: only }: { pcr: number; name: Uint8Array }) {
  return (column: HashName): Uint8Array => {
    const digest = hash('sha1', only);
    const padded = join(digest, only, new Uint8Array(256 - only.byteLength));
    const covered = column === 'sm3' ? new Uint8Array(32) : hash(column, padded);
    const data = join(digest, word(only.byteLength, 'little'), only);
    return join(word(pcr, 'little'), covered, word(3, 'little'), ascii('ima'), data);
  };
}

function strange(pcr: number) {
  return (column: HashName): Uint8Array => {
    const columnBytes = column === 'sm3' ? 32 : hash(column, ascii('')).byteLength;
    const none = new Uint8Array();
    return framed({ pcr, column: new Uint8Array(columnBytes).fill(pcr), name: 'x', data: none });
  };
}

function framed(parts: { pcr: number; column: Uint8Array; name: string; data: Uint8Array }) {
  const { pcr, column, data } = parts;
  const named = join(word(parts.name.length, 'little'), ascii(parts.name));
  return join(word(pcr, 'little'), column, named, word(data.byteLength, 'little'), data);
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, at) => (at === bytes.byteLength - 1 ? byte ^ 1 : byte));
}

/** The pieces of `whole` between all `cuts`, which may be anywhere. */
function cutAt(whole: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const ends = cuts.map((cut) => cut % (whole.byteLength + 1)).sort((a, b) => a - b);
  return [...ends, whole.byteLength].map((end, at) => whole.slice(ends[at - 1] ?? 0, end));
}

// Laws of the replay, over random lists from an independent writer under genuine quotes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { beginVerification, verifyEvidence } from '../../src/verify/verify.ts';
import {
  aggregateRecord,
  ascii,
  type DraftRecord,
  digestField,
  type Extended,
  hash,
  join,
  nameField,
  type Order,
  printRecord,
  replayRecords,
  writeList,
  writeRecord,
} from './list-writer.ts';
import { BINARY_SEGMENT, quoteOver } from './made-quote.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

/** Names that both forms of the list can carry. */
const name = fc
  .string({ unit: fc.constantFrom(...'abz/._-019é'), minLength: 1, maxLength: 24 })
  .map((text) => nameField(ascii(`/${text}`)));

const fileDigest = fc
  .record({ algorithm: fc.constantFrom('sha1', 'sha256', 'sha384', 'sha512'), of: bytes(8) })
  .map(({ algorithm, of }) => digestField(algorithm, hash(algorithm, of)));

const typedDigest = fc
  .record({ type: fc.constantFrom('ima', 'verity'), of: bytes(8) })
  .map(({ type, of }) => join(ascii(`${type}:sha256:\0`), hash('sha256', of)));

const record: fc.Arbitrary<DraftRecord> = fc.oneof(
  draft('ima-ng', fileDigest, name),
  draft('ima-sig', fileDigest, name, bytes(40)),
  draft('ima-ngv2', typedDigest, name),
  draft('d-ng|n-ng|sig', fileDigest, name, bytes(9)),
  fc.record({ buffer: bytes(30), name }).map(({ buffer, name: field }) => ({
    pcr: 10,
    template: 'ima-buf',
    fields: [digestField('sha256', hash('sha256', buffer)), field, buffer],
  })),
  draft('ima-ng', fc.constant(digestField('sha256', new Uint8Array(32))), name).map((drafted) => ({
    ...drafted,
    violation: true,
  })),
);

const list = fc
  .array(record, { maxLength: 10 })
  .map((records): readonly DraftRecord[] => [aggregateRecord(), ...records]);

const order = fc.constantFrom<Order>('little', 'big');

test('a quote over the replay of any prefix proves exactly that prefix', () => {
  const column = fc.constantFrom('sha1', 'sha256', 'sha384', 'sha512');
  const bank = fc.constantFrom('sha1', 'sha256', 'sha384', 'sha512');
  const extended = fc.constantFrom<Extended>('own-hash', 'padded-sha1');
  const written = fc.record({ list, order, column, bank, extended, cut: fc.nat() });
  fc.assert(
    fc.property(written, (drawn) => {
      const count = 1 + (drawn.cut % drawn.list.length);
      const proven = drawn.list.slice(0, count);
      const value = replayRecords(proven, { pcr: 10, ...drawn });
      const segment = { ...BINARY_SEGMENT, digestColumn: drawn.column };
      const evidence = quoteOver(new Map([[drawn.bank, new Map([[10, value]])]]), [segment]);
      const { coverage } = verdictOver(evidence, [writeList(drawn.list, drawn)]);
      assert.equal(coverage.ima?.provenCount, count);
      assert.equal(coverage.ima?.pendingCount, drawn.list.length - count);
      assert.equal(coverage.ima?.provenBytes, writeList(proven, drawn).byteLength);
      assert.equal(coverage.ima?.banks[drawn.bank]?.state, 'proven');
    }),
  );
});

test('several banks prove a list together, each in its own way', () => {
  fc.assert(
    fc.property(list, (records) => {
      const values = new Map([
        ['sha384', new Map([[10, replayed(records, 'sha384', 'padded-sha1')]])],
        ['sha256', new Map([[10, replayed(records, 'sha256', 'own-hash')]])],
      ] as const);
      const { coverage } = verdictOver(quoteOver(values, [BINARY_SEGMENT]), [writeList(records)]);
      assert.equal(coverage.ima?.provenCount, records.length);
      assert.equal(coverage.ima?.banks.sha256?.extended, 'own-hash');
      assert.equal(coverage.ima?.banks.sha384?.state, 'proven');
    }),
  );
});

test('windows cut anywhere give the same verdict', () => {
  const drawn = fc.record({ list, cuts: fc.array(fc.nat(), { maxLength: 12 }) });
  fc.assert(
    fc.property(drawn, ({ list: records, cuts }) => {
      const evidence = evidenceFor(records);
      const whole = writeList(records);
      const verification = beginVerification(evidence, STRUCTURAL_POLICY);
      for (const window of cutAt(whole, cuts)) verification.push(0, window);
      assert.deepEqual(verification.conclude(), verdictOver(evidence, [whole]));
    }),
  );
});

test('segments cut between any records give the same verdict but for the place', () => {
  const drawn = fc.record({ list, cuts: fc.array(fc.nat(), { maxLength: 4 }) });
  fc.assert(
    fc.property(drawn, ({ list: records, cuts }) => {
      const ends = cuts.map((cut) => writeList(records.slice(0, cut % records.length)).byteLength);
      const segments = cutAt(writeList(records), ends);
      const one = evidenceFor(records);
      const many = { ...one, ima: { segments: segments.map(() => BINARY_SEGMENT), fromIndex: 0 } };
      assert.deepEqual(
        withoutPlace(verdictOver(many, segments)),
        withoutPlace(verdictOver(one, [writeList(records)])),
      );
    }),
  );
});

test('a list cut short never yields more records, and proves nothing', () => {
  fc.assert(
    fc.property(fc.record({ list, cut: fc.nat() }), ({ list: records, cut }) => {
      const whole = writeList(records);
      const verdict = verdictOver(evidenceFor(records), [whole.slice(0, cut % whole.byteLength)]);
      assertUnproven(verdict);
      assert.ok((verdict.coverage.ima?.pendingCount ?? 0) < records.length);
    }),
  );
});

test('any bytes behind the proven records change neither count nor status', () => {
  const drawn = fc.record({ list, tail: bytes(200), more: fc.array(record, { maxLength: 2 }) });
  fc.assert(
    fc.property(drawn, ({ list: records, tail, more }) => {
      const evidence = evidenceFor(records);
      const whole = writeList(records);
      const alone = verdictOver(evidence, [whole]);
      const longer = join(whole, writeList(more), tail);
      const { status, coverage, checks } = verdictOver(evidence, [longer]);
      assert.equal(status, alone.status);
      assert.deepEqual(checks, alone.checks);
      assert.equal(coverage.ima?.provenCount, records.length);
      assert.equal(coverage.ima?.provenBytes, whole.byteLength);
    }),
  );
});

test('the text form proves what the binary form proves', () => {
  fc.assert(
    fc.property(list, (records) => {
      const binary = evidenceFor(records);
      const segments = [{ ...BINARY_SEGMENT, encoding: 'ascii' as const }];
      const text = { ...binary, ima: { segments, fromIndex: 0 } };
      const printed = join(...records.map((one) => printRecord(one)));
      const fromText = verdictOver(text, [printed]);
      const fromBinary = verdictOver(binary, [writeList(records)]);
      assert.equal(fromText.coverage.ima?.provenCount, records.length);
      assert.equal(fromText.status, fromBinary.status);
      assert.deepEqual(fromText.findingCounts, fromBinary.findingCounts);
    }),
  );
});

test('one record more, less or other, and the quote no longer proves the list', () => {
  const drawn = fc.record({ list, at: fc.nat(), other: record });
  fc.assert(
    fc.property(drawn, ({ list: records, at, other }) => {
      const index = at % records.length;
      const edits = [
        records.filter((_, position) => position !== index),
        records.map((one, position) => (position === index ? other : one)),
        [...records.slice(0, index), other, ...records.slice(index)],
      ];
      for (const edited of edits) {
        if (sameExtends(edited, records)) continue;
        const verdict = verdictOver(evidenceFor(records), [writeList(edited)]);
        assertUnproven(verdict);
      }
    }),
  );
});

function draft(
  template: string,
  ...fields: readonly fc.Arbitrary<Uint8Array>[]
): fc.Arbitrary<DraftRecord> {
  return fc.tuple(...fields).map((drawn) => ({ pcr: 10, template, fields: drawn }));
}

function replayed(records: readonly DraftRecord[], bank: string, extended: Extended): Uint8Array {
  return replayRecords(records, { pcr: 10, bank, extended });
}

function evidenceFor(records: readonly DraftRecord[]) {
  const value = replayed(records, 'sha256', 'own-hash');
  return quoteOver(new Map([['sha256', new Map([[10, value]])]]), [BINARY_SEGMENT]);
}

function verdictOver(
  evidence: Parameters<typeof verifyEvidence>[0],
  segments: readonly Uint8Array[],
): VerdictBody {
  return verifyEvidence(evidence, segments, STRUCTURAL_POLICY);
}

/** A list of no bytes is a missing list; any other that the quote does not prove is refused. */
function assertUnproven({ status, coverage }: VerdictBody): void {
  assert.equal(status, coverage.ima === null ? 'none' : 'contraindicated');
  assert.equal(coverage.ima?.provenCount ?? null, null);
}

/** The pieces of `whole` between all `cuts`, which may be anywhere. */
function cutAt(whole: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = cuts.map((cut) => cut % (whole.byteLength + 1)).sort((a, b) => a - b);
  return [...ends, whole.byteLength].map((end, index) => whole.slice(ends[index - 1] ?? 0, end));
}

/** What does not depend on how the list is cut into segments. */
function withoutPlace(verdict: VerdictBody): unknown {
  const findings = verdict.findings.map(({ where, ...rest }) => {
    const { segment: _, offsetBytes: __, ...place } = where;
    return { ...rest, where: place };
  });
  const ima = { ...verdict.coverage.ima, segments: undefined };
  return { ...verdict, findings, coverage: { ...verdict.coverage, ima } };
}

/** Whether the extends of `edited` begin with those of `records`. */
function sameExtends(edited: readonly DraftRecord[], records: readonly DraftRecord[]): boolean {
  const shown = (one: DraftRecord | undefined) =>
    one === undefined ? '' : one.violation === true ? 'violation' : writeRecord(one).join();
  return records.every((one, index) => shown(one) === shown(edited[index]));
}

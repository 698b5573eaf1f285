// Snapshot markers: the published one, the grammar, and markers that the replay contradicts.
// FORMATS 9, 18.4.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HashName } from '../../src/crypto/digest.ts';
import type { EventRecord } from '../../src/timeline/event-record.ts';
import { readSnapshotMarker } from '../../src/timeline/snapshot-marker.ts';
import {
  type SnapshotExpectations,
  type SnapshotState,
  Snapshots,
} from '../../src/timeline/snapshots.ts';
import { ascii, hash, hex, join, templateData, unhex } from '../property/list-writer.ts';
import {
  assertEventDigests,
  bufferRecord,
  codesOf,
  findingsOf,
  madeEvent,
} from './timeline-events.ts';

const EXPECTATIONS: SnapshotExpectations = { mode: 'cross-check', malformed: 'warning' };
const NAME = 'snapshot_aggregate';
const SIZES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64, sm3: 32 } as const;
type Bank = keyof typeof SIZES;

/** PCR 10 behind the first two published records. */
const AFTER_B = '7a38d4bbd10eab180e846a49f7cb75742978c51205cc602b1c671167ff4b61b9';

/** What a marker lists: `values` by PCR, zeros elsewhere. */
interface MarkedBank {
  readonly bank: Bank;
  readonly pcrs: readonly number[];
  readonly values?: Readonly<Record<number, string>>;
}

function markerText(attempt: number | bigint, banks: readonly MarkedBank[]): string {
  const entry = ({ bank, values }: MarkedBank, pcr: number): string =>
    `${bank}:PCR${pcr}:0x${values?.[pcr] ?? '00'.repeat(SIZES[bank])}`;
  const lists = banks.map((bank) => `${bank.pcrs.map((pcr) => entry(bank, pcr)).join()};`);
  return `Snapshot_Attempt_Count=${attempt};${lists.join('')}`;
}

const ALL_PCRS = Array.from({ length: 24 }, (_, pcr) => pcr);
const TEN: MarkedBank = { bank: 'sha256', pcrs: [10], values: { 10: AFTER_B } };

/** Running values of PCR 10, in hex. */
function running(values: Readonly<Partial<Record<HashName, readonly string[]>>>) {
  return (bank: HashName, pcr: number): readonly Uint8Array[] =>
    pcr === 10 ? (values[bank] ?? []).map(unhex) : [];
}

function marker(index: number, buffer: string, epochFromIndex = 0): EventRecord {
  const valuesBefore = running({ sha256: [AFTER_B] });
  return madeEvent({ index, name: NAME, buffer, epochFromIndex, valuesBefore });
}

describe('the published marker', () => {
  const ones = Object.fromEntries([17, 18, 19, 20, 21, 22].map((pcr) => [pcr, 'ff'.repeat(32)]));
  const text = markerText(1, [
    { bank: 'sha256', pcrs: ALL_PCRS, values: { ...ones, 10: AFTER_B } },
  ]);

  it('has the published bytes, digests and effect', () => {
    const buffer = ascii(text);
    assert.equal(buffer.byteLength, 1935);
    assertEventDigests(
      { name: NAME, buffer },
      {
        buffer: '11af6ee711d770f41d2005be9c6d223d7f40a81e878de906b38f0e6cc1b24bc6',
        template: 'fa74c01fdf783f8624bbd64a8869a24dbe397a63c97315f79d8bdc1b8ca1600d',
      },
    );
    const extended = hash('sha256', templateData(bufferRecord(NAME, buffer), 'little'));
    const after = hex(hash('sha256', join(unhex(AFTER_B), extended)));
    assert.equal(after, 'f1017a89d9f180da5dbdaa838f407d122b8d6a7e6457eb509dca7c681260c5f9');
  });

  it('is taken, and read whole', () => {
    const ruling = new Snapshots(EXPECTATIONS).observe(marker(2, text));
    assert.deepEqual(ruling, { isOwn: true, findings: [] });
    const read = readSnapshotMarker(ascii(text), 10);
    assert.ok('attempt' in read);
    assert.equal(read.attempt, 1n);
    assert.deepEqual(
      read.values.map(({ pcr }) => pcr),
      ALL_PCRS,
    );
  });

  it('is contradicted by any other value of PCR 10, in its place', () => {
    const other = `f${AFTER_B.slice(1)}`;
    const snapshots = new Snapshots(EXPECTATIONS);
    const { isOwn, findings } = snapshots.observe(marker(2, text.replace(AFTER_B, other)));
    assert.ok(isOwn);
    const [finding, ...more] = findings;
    assert.deepEqual(more, []);
    assert.equal(finding?.code, 'ima.snapshot_mismatch');
    assert.equal(finding.severity, 'contraindicated');
    assert.deepEqual([finding.where.bank, finding.where.pcr], ['sha256', 10]);
    assert.deepEqual([finding.expected, finding.actual], [AFTER_B, other]);
  });
});

describe('the grammar of markers', () => {
  const zeros = '00'.repeat(32);
  const good = `Snapshot_Attempt_Count=7;sha256:PCR9:0x${zeros},sha256:PCR10:0x${AFTER_B};`;

  it('takes every bank, upper case, and the counter of the first version', () => {
    const banks: readonly Bank[] = ['sha1', 'sha256', 'sha384', 'sha512', 'sm3'];
    const accepted = [
      good,
      good.replace(AFTER_B, AFTER_B.toUpperCase()),
      `PCR_Counter=308;${good}`,
      good.replace('=7', '=0'),
      good.replace('=7', '=18446744073709551615'),
      markerText(
        1,
        banks.map((bank) => ({ bank, pcrs: [0, 10, 23] })),
      ),
    ];
    for (const text of accepted) assert.ok('attempt' in readSnapshotMarker(ascii(text), 10), text);
  });

  const refused: Readonly<Record<string, string>> = {
    empty: '',
    'no banks': 'Snapshot_Attempt_Count=7;',
    'no last semicolon': good.replace(/;$/, ''),
    'two semicolons': `${good};`,
    'a final NUL': `${good}\0`,
    'a newline': `${good}\n`,
    'a space': good.replace(',', ', '),
    'an unknown key': `Version=1;${good}`,
    'an unknown key behind the counter': good.replace(';', ';Version=1;'),
    'the counters in another order': good.replace(';', ';PCR_Counter=308;'),
    'a leading zero': good.replace('=7', '=07'),
    'a counter of 65 bits': good.replace('=7', '=18446744073709551616'),
    'no counter': good.replace('=7', '='),
    'a PCR twice': good.replace('PCR9', 'PCR10'),
    'PCRs in descending order': good.replace('PCR9', 'PCR11'),
    'PCR 24': good.replace('PCR10', 'PCR24'),
    'a PCR with a leading zero': good.replace('PCR9', 'PCR09'),
    'a short value': good.replace(AFTER_B, AFTER_B.slice(2)),
    'a long value': good.replace(AFTER_B, `${AFTER_B}00`),
    'no 0x': good.replace('0x', ''),
    'two hashes in one bank': good.replace('sha256:PCR10', 'sm3:PCR10'),
    'an unknown hash': good.replaceAll('sha256', 'sha3-256'),
    'a hash by its other name': good.replaceAll('sha256', 'SHA256'),
    'banks in descending order': markerText(1, [TEN, { bank: 'sha1', pcrs: [10] }]),
    'a bank twice': markerText(1, [TEN, TEN]),
    'banks with different PCRs': markerText(1, [
      { bank: 'sha1', pcrs: [10] },
      { bank: 'sha256', pcrs: [9, 10] },
    ]),
    'no value of its own PCR': markerText(1, [{ bank: 'sha256', pcrs: [9, 11] }]),
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      assert.ok('fault' in readSnapshotMarker(ascii(text), 10));
      const ruling = new Snapshots(EXPECTATIONS).observe(marker(2, text));
      assert.equal(ruling.isOwn, false);
      assert.deepEqual(codesOf(ruling.findings), ['ima.snapshot_malformed']);
      assert.equal(ruling.findings[0]?.severity, 'warning');
      const silent = new Snapshots({ ...EXPECTATIONS, malformed: undefined });
      assert.deepEqual(silent.observe(marker(2, text)), { isOwn: false, findings: [] });
    });
  }

  it('is not asked about other names', () => {
    const event = madeEvent({ index: 2, name: 'snapshot_aggregated', buffer: good });
    assert.deepEqual(new Snapshots(EXPECTATIONS).observe(event), { isOwn: false, findings: [] });
  });

  it('reads any bytes without a fault', () => {
    const piece = fc.constantFrom('Snapshot_Attempt_Count=', '1', ';', ',', 'sha1:PCR10:0x', '0');
    const text = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (buffer) => {
        new Snapshots(EXPECTATIONS).observe(marker(2, buffer));
      }),
    );
  });
});

describe('Snapshots', () => {
  it('compares every bank and PCR that is followed, and no other', () => {
    const pcrs = [9, 10, 11];
    const before = (bank: HashName, pcr: number) =>
      pcr === 9 || bank === 'sha384' ? [] : [hash(bank, ascii(`${pcr}`))];
    const markedValue = (bank: Bank, pcr: number) => hex(hash(bank, ascii(`${pcr}`)));
    const banks = (['sha1', 'sha256', 'sha384'] as const).map((bank) => ({
      bank,
      pcrs,
      values: { 10: markedValue(bank, 10), 11: markedValue(bank, 11) },
    }));
    const judge = (changed: readonly MarkedBank[]) => {
      const buffer = markerText(1, changed);
      const event = madeEvent({ index: 5, name: NAME, buffer, valuesBefore: before });
      return findingsOf(new Snapshots(EXPECTATIONS), [event]);
    };
    assert.deepEqual(judge(banks), []);
    const wrong = banks.map(({ bank }) => ({ bank, pcrs }));
    assert.deepEqual(
      judge(wrong).map(({ where }) => `${where.bank} ${where.pcr}`),
      ['sha1 10', 'sha1 11', 'sha256 10', 'sha256 11'],
    );
  });

  it('takes any way in which the bank may have been extended', () => {
    const other = 'ab'.repeat(32);
    const event = (value: string) =>
      madeEvent({
        index: 5,
        name: NAME,
        buffer: markerText(1, [{ ...TEN, values: { 10: value } }]),
        valuesBefore: running({ sha256: [AFTER_B, other] }),
      });
    for (const value of [AFTER_B, other]) {
      assert.deepEqual(findingsOf(new Snapshots(EXPECTATIONS), [event(value)]), []);
    }
    const [finding] = findingsOf(new Snapshots(EXPECTATIONS), [event('cd'.repeat(32))]);
    assert.equal(finding?.expected, `${AFTER_B} or ${other}`);
  });

  it('says so when the PCR of the marker cannot be checked', () => {
    const buffer = markerText(1, [{ bank: 'sha1', pcrs: [10] }]);
    const [finding, ...more] = findingsOf(new Snapshots(EXPECTATIONS), [marker(2, buffer)]);
    assert.equal(finding?.code, 'ima.snapshot_unverified');
    assert.equal(finding.severity, 'info');
    assert.deepEqual(more, []);
  });

  it('refuses markers, or passes them over, where the policy says so', () => {
    const wrong = markerText(1, [{ bank: 'sha256', pcrs: [10] }]);
    const refusing = new Snapshots({ ...EXPECTATIONS, mode: 'refuse' });
    const refusal = refusing.observe(marker(2, markerText(1, [TEN])));
    assert.ok(refusal.isOwn);
    assert.deepEqual(codesOf(refusal.findings), ['ima.snapshot_refused']);
    assert.deepEqual(codesOf(refusing.observe(marker(9, wrong)).findings), [
      'ima.snapshot_refused',
      'ima.snapshot_attempts_wrong',
      'ima.snapshot_mismatch',
    ]);
    const ignoring = new Snapshots({ ...EXPECTATIONS, mode: 'ignore' });
    assert.deepEqual(ignoring.observe(marker(2, wrong)), { isOwn: true, findings: [] });
    assert.deepEqual(ignoring.observe(marker(3, 'x')), { isOwn: false, findings: [] });
  });

  it('names the marker whose attempt an attempt does not exceed', () => {
    const attempts = (...all: readonly (readonly [number, number, number?])[]) =>
      findingsOf(
        new Snapshots(EXPECTATIONS),
        all.map(([index, attempt, epoch]) => marker(index, markerText(attempt, [TEN]), epoch)),
      );
    assert.deepEqual(attempts([10, 1], [20, 2], [30, 9]), []);
    assert.deepEqual(attempts([10, 5], [20, 1, 15]), []);
    for (const repeated of [2, 1, 0]) {
      const [finding, ...more] = attempts([10, 2], [20, repeated], [30, 3]);
      assert.equal(finding?.code, 'ima.snapshot_attempts_wrong');
      assert.equal(finding.severity, 'contraindicated');
      assert.deepEqual([finding.expected, finding.actual], ['more than 2', `${repeated}`]);
      assert.match(finding.message, /record 10\./);
      assert.deepEqual(more, []);
    }
  });

  it('takes every honest boot and finds each forged value, wherever its state is stored', () => {
    const step = fc.record({
      records: fc.integer({ min: 1, max: 50 }),
      more: fc.bigInt({ min: 1n, max: 2n ** 56n }),
      forged: fc.boolean(),
      isKexec: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), (steps) => {
        let state: SnapshotState | undefined;
        let [index, epochFromIndex, attempt] = [0, 0, 0n];
        for (const { records, more, forged, isKexec } of steps) {
          index += records;
          if (isKexec) [epochFromIndex, attempt] = [index, 0n];
          attempt += more;
          const snapshots = new Snapshots(EXPECTATIONS, state);
          const text = markerText(attempt, [TEN]);
          const shown = forged ? text.replace(AFTER_B, 'cd'.repeat(32)) : text;
          const { isOwn, findings } = snapshots.observe(marker(index, shown, epochFromIndex));
          assert.ok(isOwn);
          assert.deepEqual(codesOf(findings), forged ? ['ima.snapshot_mismatch'] : []);
          state = JSON.parse(JSON.stringify(snapshots.state));
        }
      }),
    );
  });
});

// Counts in kexec events: captured kexecs, epochs whose history is partly unknown, and faults.
// FORMATS 7.1, 7.2 rule 3, 18.3.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { EventRecord } from '../../src/timeline/event-record.ts';
import { type KexecCountState, KexecCounts } from '../../src/timeline/kexec-counts.ts';
import { ascii, type DraftRecord } from '../property/list-writer.ts';
import {
  assertEventDigests,
  capturedRecords,
  codesOf,
  eventsOf,
  findingsOf,
  madeEvent,
} from './timeline-events.ts';

const EXPECTATIONS = { slack: 16, behind: 'info' } as const;
const STAGED = '08-log-staging-and-kexec';

function kexecEvent(index: number, count: number, epochFromIndex = 0): EventRecord {
  const buffer =
    'kexec_segment_size=4096;ima_binary_runtime_size=1234;' +
    `ima_runtime_measurements_count=${count};`;
  return madeEvent({ index, epochFromIndex, name: 'kexec_load', buffer });
}

/** The records of the boot that was staged, trimmed and kexeced. */
function stagedBoot(): readonly DraftRecord[] {
  return [
    ...capturedRecords(`${STAGED}/boot1-staged-1/binary_runtime_measurements`),
    ...capturedRecords(`${STAGED}/boot1-staged-2/binary_runtime_measurements`),
    ...capturedRecords(`${STAGED}/boot1-before-partial-delete/binary_runtime_measurements`, 10),
    ...capturedRecords(`${STAGED}/boot2-staged-1/binary_runtime_measurements`),
  ];
}

describe('KexecCounts on captured kexecs', () => {
  const carried = capturedRecords(
    '07-kexec-with-log-carry-over/boot2-q03/binary_runtime_measurements',
  );
  const boots = [
    { name: 'with carry-over', records: carried, at: [66, 67] },
    { name: 'with deleted and staged records', records: stagedBoot(), at: [112, 113] },
  ];
  for (const { name, records, at } of boots) {
    it(`fits a kexec ${name} to the record`, () => {
      const counts = new KexecCounts({ ...EXPECTATIONS, slack: 0 });
      const own = eventsOf(records).filter((event) => counts.observe(event).isOwn);
      assert.deepEqual(
        own.map(({ index }) => index),
        at,
      );
      assert.deepEqual(findingsOf(new KexecCounts({ ...EXPECTATIONS, slack: 0 }), own), []);
      assert.equal(counts.state.unknownAtMost, 0);
    });

    it(`misses each record that is taken out before a kexec ${name}`, () => {
      for (const dropped of [1, 30, (at[0] ?? 0) - 1]) {
        const left = records.toSpliced(dropped, 1);
        const findings = findingsOf(new KexecCounts(EXPECTATIONS), eventsOf(left));
        assert.deepEqual(codesOf(findings), ['ima.kexec_count_exceeded']);
        assert.equal(findings[0]?.where.entryIndex, (at[0] ?? 0) - 1);
        assert.match(findings[0]?.message ?? '', /: at least 1\./);
      }
    });
  }

  it('has nothing to say without critical data', () => {
    const file = '07-kexec-without-log-carry-over/boot1-q02-kexec-loaded';
    const events = eventsOf(capturedRecords(`${file}/binary_runtime_measurements`));
    const counts = new KexecCounts(EXPECTATIONS);
    assert.ok(events.every((event) => !counts.observe(event).isOwn));
  });
});

describe('KexecCounts', () => {
  it('reads the published event', () => {
    const buffer = ascii(
      'kexec_segment_size=4096;ima_binary_runtime_size=1234;ima_runtime_measurements_count=17;',
    );
    assertEventDigests(
      { name: 'kexec_load', buffer },
      {
        buffer: 'e3e1a86559419ef4d40116c8a9eb5825b5160cba09d2a0f5db98eeb2c4e461d9',
        template: 'c1e67348d8280428a8c1e7303a8497450f565241b4620cde6253cf74af23f140',
      },
    );
    const event = madeEvent({ index: 17, name: 'kexec_load', buffer });
    const ruling = new KexecCounts(EXPECTATIONS).observe(event);
    assert.deepEqual(ruling, { isOwn: true, findings: [] });
  });

  it('owns nothing else', () => {
    const { buffer } = kexecEvent(5, 5);
    const counts = new KexecCounts(EXPECTATIONS);
    const others = [
      madeEvent({ index: 5, name: 'kexec_loaded', buffer }),
      madeEvent({ index: 5, name: 'kexec_load', buffer: `${Buffer.from(buffer)}\0` }),
      madeEvent({ index: 5, name: 'kexec_load', buffer: '' }),
    ];
    for (const event of others) assert.equal(counts.observe(event).isOwn, false);
  });

  it('tells how many records are missing, and each of them once', () => {
    const events = [kexecEvent(10, 10), kexecEvent(20, 23), kexecEvent(30, 33), kexecEvent(40, 44)];
    const findings = findingsOf(new KexecCounts(EXPECTATIONS), events);
    assert.deepEqual(codesOf(findings), ['ima.kexec_count_exceeded', 'ima.kexec_count_exceeded']);
    assert.deepEqual(
      findings.map(({ where }) => where.entryIndex),
      [20, 40],
    );
    assert.match(findings[0]?.message ?? '', /before record 20: at least 3\. .* record 10 still/);
    assert.match(findings[1]?.message ?? '', /before record 40, beside the 3 .*: at least 1\./);
  });

  it('takes a kernel that lost the list, and one that carried it over', () => {
    for (const lost of [0, 40, 100]) {
      const events = [kexecEvent(110, 110 - lost, 100), kexecEvent(150, 147 - lost, 100)];
      assert.deepEqual(findingsOf(new KexecCounts(EXPECTATIONS), events), []);
    }
  });

  it('takes no kernel that knows more than the boot has', () => {
    const counts = new KexecCounts(EXPECTATIONS);
    assert.deepEqual(codesOf(counts.observe(kexecEvent(110, 111, 100)).findings), [
      'ima.kexec_count_exceeded',
    ]);
  });

  it('reports a count far behind, under the history that fits it best', () => {
    const cases = [
      { events: [kexecEvent(50, 33)], late: 1 },
      { events: [kexecEvent(50, 34)], late: 0 },
      { events: [kexecEvent(130, 13, 100)], late: 1 },
      { events: [kexecEvent(130, 14, 100)], late: 0 },
      { events: [kexecEvent(130, 30, 100), kexecEvent(160, 43, 100)], late: 1 },
      { events: [kexecEvent(130, 50, 100), kexecEvent(160, 97, 100)], late: 1 },
      { events: [kexecEvent(130, 50, 100), kexecEvent(160, 96, 100)], late: 0 },
    ];
    for (const { events, late } of cases) {
      const findings = findingsOf(new KexecCounts(EXPECTATIONS), events);
      assert.deepEqual(codesOf(findings), Array(late).fill('ima.kexec_count_behind'));
      assert.ok(findings.every(({ severity }) => severity === 'info'));
      const silent = new KexecCounts({ slack: 16, behind: undefined });
      assert.deepEqual(findingsOf(silent, events), []);
    }
  });

  it('never accuses an honest boot, wherever its state is stored', () => {
    fc.assert(
      fc.property(honestBoot(), (events) => {
        let state: KexecCountState | undefined;
        for (const event of events) {
          const counts = new KexecCounts(EXPECTATIONS, state);
          assert.deepEqual(counts.observe(event), { isOwn: true, findings: [] });
          state = JSON.parse(JSON.stringify(counts.state));
        }
      }),
    );
  });

  it('finds a count raised above the boot in any honest boot', () => {
    const raised = fc.tuple(honestBoot(), fc.nat(), fc.integer({ min: 1, max: 1000 }));
    fc.assert(
      fc.property(raised, ([events, which, by]) => {
        const at = which % events.length;
        const { index, epochFromIndex } = events[at] ?? kexecEvent(0, 0);
        const forged = events.with(at, kexecEvent(index, index + by, epochFromIndex));
        const findings = findingsOf(new KexecCounts(EXPECTATIONS), forged);
        const [first] = findings.filter(({ code }) => code === 'ima.kexec_count_exceeded');
        assert.equal(first?.where.entryIndex, index);
        assert.match(first?.message ?? '', new RegExp(`: at least ${by}\\.`));
      }),
    );
  });
});

/** Kexec events of a boot of several kernels: each knows all but `lost` of the records before its
 *  own, and counts up to 16 records late. */
function honestBoot(): fc.Arbitrary<readonly EventRecord[]> {
  const event = fc.record({ after: fc.nat(60), slip: fc.nat(16) });
  const kernel = fc.record({ lost: fc.nat(100), events: fc.array(event, { maxLength: 4 }) });
  return fc
    .array(kernel, { minLength: 1, maxLength: 5 })
    .map((kernels) => {
      const events: EventRecord[] = [];
      let index = 0;
      let unknown = 0;
      for (const { lost, events: drafts } of kernels) {
        const epochFromIndex = index;
        unknown = Math.min(epochFromIndex, unknown + lost);
        for (const { after, slip } of drafts) {
          index += 1 + slip + after;
          events.push(kexecEvent(index, index - unknown - slip, epochFromIndex));
        }
        index += 1;
      }
      return events;
    })
    .filter((events) => events.length > 0);
}

// Update counters in the list: grammars, bounds, models, kexec, and faults. FORMATS 10, 10.1, 18.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { EventRecord } from '../../src/timeline/event-record.ts';
import {
  type UpdateCounterExpectations,
  type UpdateCounterState,
  UpdateCounters,
} from '../../src/timeline/update-counter.ts';
import { ascii, hash, hex } from '../property/list-writer.ts';
import { assertEventDigests, codesOf, findingsOf, madeEvent } from './timeline-events.ts';

const COUNTING = { model: 'per-bank', banks: 2, lag: 16 } as const;
const EXPECTATIONS: UpdateCounterExpectations = { ...COUNTING, excess: undefined };
const SHORT = 'ima.update_counter_short';
const [INIT, LOAD] = ['ima_init_tpm_update_counter', 'kexec_load_tpm_update_counter'];

function posted(index: number, counter: number, epochFromIndex?: number): EventRecord {
  const epoch = epochFromIndex === undefined ? {} : { epochFromIndex };
  const name = epochFromIndex === undefined ? LOAD : INIT;
  return madeEvent({ index, ...epoch, name, buffer: `update_counter=${counter};` });
}

interface Told {
  readonly banks: number;
  readonly counter: number;
  readonly records: number;
  readonly epochFromIndex?: number;
}

function tpmInfo(index: number, told: Told): EventRecord {
  const { banks, counter, records, epochFromIndex = 0 } = told;
  const buffer =
    `version=1;num_enabled_pcr_banks=${banks};pcrUpdateCounter=${counter};` +
    `num_ima_measurements=${records};`;
  return madeEvent({ index, epochFromIndex, name: 'tpm-info', buffer });
}

function judge(events: readonly EventRecord[], changed: Partial<UpdateCounterExpectations> = {}) {
  return findingsOf(new UpdateCounters({ ...EXPECTATIONS, ...changed }), events);
}

describe('the events', () => {
  it('takes the published ones', () => {
    const buffer = ascii('update_counter=130;');
    assert.equal(hex(hash('sha1', buffer)), 'd8c187524412f74a961f2051a9529c009e700337');
    const init = madeEvent({ index: 2, name: INIT, buffer });
    const counters = new UpdateCounters(EXPECTATIONS);
    assert.deepEqual(counters.observe(init), { isOwn: true, findings: [] });
    assert.equal(counters.state.last.counter, 130);

    const info = tpmInfo(17, { banks: 2, counter: 308, records: 17 });
    assertEventDigests(info, {
      buffer: 'c9c0b1cd0c62922fa5f5f188945cb703ad00b726a0f0446d752c6081723ed7d8',
      template: 'd3d61a0b3e10c586ce516068d1f873f782e5b33f6422cfd003b5176f51d4c837',
    });
    assert.deepEqual(counters.observe(info), { isOwn: true, findings: [] });
    const last = { index: 17, epochFromIndex: 0, counter: 308, records: 17 };
    assert.deepEqual(counters.state.last, last);
    assert.equal(counters.state.banks, 2);
  });

  it('takes the buffer that was offered, under the posted names', () => {
    const buffer =
      'version=1.0.12;num_enabled_pcr_banks=3;pcrUpdateCounter=400;num_ima_measurements=9;';
    for (const name of [INIT, LOAD]) {
      const counters = new UpdateCounters(EXPECTATIONS);
      assert.ok(counters.observe(madeEvent({ index: 9, name, buffer })).isOwn);
      assert.equal(counters.state.banks, 3);
      assert.equal(counters.state.last.records, 9);
    }
    const info = madeEvent({ index: 9, name: 'tpm-info', buffer });
    assert.equal(new UpdateCounters(EXPECTATIONS).observe(info).isOwn, false);
  });

  it('owns nothing that differs in one byte', () => {
    const others = [
      'update_counter=130',
      'update_counter=0130;',
      'update_counter=;',
      'update_counter=-1;',
      'update_counter=4294967296;',
      'update_counter=130;\0',
      ' update_counter=130;',
      'version=1;num_enabled_pcr_banks=2;pcrUpdateCounter=308;num_ima_measurements=17;',
    ];
    const counters = new UpdateCounters(EXPECTATIONS);
    for (const buffer of others) {
      assert.equal(counters.observe(madeEvent({ index: 5, name: INIT, buffer })).isOwn, false);
    }
    const tooMany = tpmInfo(17, { banks: 4_294_967_296, counter: 1, records: 0 });
    assert.equal(counters.observe(tooMany).isOwn, false);
    const version2 = 'version=2;num_enabled_pcr_banks=2;pcrUpdateCounter=8;num_ima_measurements=1;';
    for (const [name, buffer] of [
      ['tpm-info', 'update_counter=130;'],
      ['tpm-info', version2],
      ['tpm_info', 'update_counter=130;'],
    ] as const) {
      assert.equal(counters.observe(madeEvent({ index: 5, name, buffer })).isOwn, false);
    }
  });

  it('owns and judges nothing when the model is off', () => {
    const events = [posted(10, 500), posted(500, 1)];
    assert.deepEqual(judge(events, { model: 'off' }), []);
    const off = new UpdateCounters({ ...EXPECTATIONS, model: 'off' });
    assert.ok(events.every((event) => off.observe(event).isOwn));
  });
});

describe('a counter that is too slow', () => {
  it('needs one step for each bank and record, less the lag', () => {
    assert.deepEqual(judge([posted(10, 100), posted(126, 300)]), []);
    const [finding] = judge([posted(10, 100), posted(126, 299)]);
    assert.equal(finding?.code, SHORT);
    assert.equal(finding.severity, 'contraindicated');
    assert.deepEqual([finding.expected, finding.actual], ['at least 300', '299']);
    assert.match(finding.message, /between record 10 and record 126: at least 1 of/);
  });

  it('needs one step for each record where the TPM counts commands', () => {
    const events = [posted(10, 100), posted(126, 200)];
    assert.deepEqual(judge(events, { model: 'per-command' }), []);
    assert.deepEqual(codesOf(judge(events)), [SHORT]);
    const tooSlow = judge([posted(10, 100), posted(126, 199)], { model: 'per-command' });
    assert.deepEqual(codesOf(tooSlow), [SHORT]);
  });

  it('counts from the start of the boot, where the counter is at least 0', () => {
    assert.deepEqual(judge([posted(66, 100)]), []);
    const [finding] = judge([posted(116, 100)]);
    assert.equal(finding?.code, SHORT);
    assert.match(finding.message, /between the start of the boot and record 116: at least 50 of/);
  });

  it('goes by the banks that an event tells, or by those that are attested if more', () => {
    const told = [posted(10, 100), tpmInfo(126, { banks: 3, counter: 300, records: 10 })];
    assert.deepEqual(codesOf(judge(told)), [SHORT]);
    const less = [posted(10, 100), tpmInfo(126, { banks: 1, counter: 299, records: 10 })];
    assert.deepEqual(codesOf(judge(less)), [SHORT]);
    assert.deepEqual(judge(less, { banks: 1 }), []);
  });

  it('grants no lag between counts of one kernel, and compares no two kernels', () => {
    const first = { banks: 2, counter: 100, records: 10 };
    const fits = tpmInfo(30, { banks: 2, counter: 140, records: 30 });
    const short = tpmInfo(30, { banks: 2, counter: 138, records: 30 });
    const other = tpmInfo(30, { banks: 2, counter: 138, records: 30, epochFromIndex: 20 });
    assert.deepEqual(judge([tpmInfo(10, first), fits]), []);
    assert.deepEqual(judge([tpmInfo(10, first), other]), []);
    const [finding] = judge([tpmInfo(10, first), short]);
    assert.equal(finding?.code, SHORT);
    assert.match(finding.message, /between record 10 and record 30: at least 1 of/);
  });

  it('cannot hide a lag in each stretch', () => {
    const events = Array.from({ length: 20 }, (_, at) => posted(10 * (at + 1), 100 + 10 * at));
    const [finding] = judge(events);
    assert.equal(finding?.code, SHORT);
    assert.match(finding.message, /between record 10 and record 50: at least 4 of/);
  });

  it('finds each missing record once', () => {
    const events = [posted(10, 100), posted(126, 280), posted(226, 480), posted(326, 680)];
    assert.deepEqual(codesOf(judge(events)), [SHORT]);
  });
});

describe('other faults of a counter', () => {
  it('never goes back', () => {
    assert.deepEqual(judge([posted(10, 100), posted(11, 100)]), []);
    const [finding, ...more] = judge([posted(10, 100), posted(11, 99), posted(12, 99)]);
    assert.equal(finding?.code, 'ima.update_counter_decreased');
    assert.equal(finding.severity, 'contraindicated');
    assert.equal(finding.where.entryIndex, 11);
    assert.deepEqual(more, []);
  });

  it('cannot stand beside a count of more records than the boot has', () => {
    const told = { banks: 2, counter: 100 };
    assert.deepEqual(judge([tpmInfo(10, { ...told, records: 10 })]), []);
    const [finding] = judge([tpmInfo(10, { ...told, records: 13 })]);
    assert.equal(finding?.code, 'ima.kexec_count_exceeded');
    assert.match(finding.message, /: at least 3\./);
  });

  it('may rise by more, unless the policy knows of nobody else', () => {
    const events = [posted(10, 100), posted(20, 153)];
    assert.deepEqual(judge(events), []);
    assert.deepEqual(judge(events.with(1, posted(20, 152)), { excess: 'warning' }), []);
    const [finding] = judge(events, { excess: 'warning' });
    assert.equal(finding?.code, 'ima.update_counter_excess');
    assert.equal(finding.severity, 'warning');
    assert.match(finding.message, /at most 32 records are missing there/);
    assert.deepEqual(judge([posted(10, 5000)], { excess: 'warning' }), []);
  });

  it('bounds what was lost at a kexec', () => {
    const events = [posted(100, 400), posted(110, 620, 105)];
    const [finding] = judge(events, { excess: 'info', lag: 0 });
    assert.equal(finding?.code, 'ima.update_counter_excess');
    assert.match(finding.message, /at most 100 records are lost at the kexec/);
  });
});

describe('whole boots', () => {
  it('never accuses an honest boot, wherever its state is stored', () => {
    fc.assert(
      fc.property(honestBoot({ others: fc.nat(30) }), ({ banks, events }) => {
        let state: UpdateCounterState | undefined;
        for (const event of events) {
          const counters = new UpdateCounters({ ...EXPECTATIONS, banks }, state);
          assert.deepEqual(counters.observe(event), { isOwn: true, findings: [] });
          state = JSON.parse(JSON.stringify(counters.state));
        }
      }),
    );
  });

  it('finds no excess in a boot where nobody else extends', () => {
    fc.assert(
      fc.property(honestBoot({ others: fc.constant(0) }), ({ banks, events }) => {
        assert.deepEqual(judge(events, { banks, excess: 'warning' }), []);
      }),
    );
  });

  it('finds records that were not extended, however few above the lag', () => {
    const faulty = fc.tuple(
      honestBoot({ others: fc.constant(0) }),
      fc.integer({ min: 1, max: 50 }),
    );
    fc.assert(
      fc.property(faulty, ([{ banks, events }, missing]) => {
        const [last] = events.slice(-1);
        assert.ok(last);
        const late = madeEvent({ ...last, index: last.index + missing + 1 + 2 * EXPECTATIONS.lag });
        const codes = codesOf(judge([...events, late], { banks }));
        assert.ok(codes.includes(SHORT));
      }),
    );
  });

  it('finds a lowered counter', () => {
    const faulty = fc.tuple(honestBoot({ others: fc.nat(30) }), fc.nat());
    fc.assert(
      fc.property(faulty, ([{ banks, events }, by]) => {
        const { index, epochFromIndex } = events.at(-1) ?? posted(0, 0);
        const highest = new UpdateCounters({ ...EXPECTATIONS, banks });
        findingsOf(highest, events);
        const lowered = posted(index + 1, by % highest.state.last.counter, epochFromIndex);
        const codes = codesOf(judge([...events, lowered], { banks }));
        assert.deepEqual(codes, ['ima.update_counter_decreased']);
      }),
    );
  });
});

/** Counter events of a boot: the firmware extended something, each record adds one for each bank,
 *  `others` others extend between two events, and up to 16 records slip in before each event. */
function honestBoot({ others }: { readonly others: fc.Arbitrary<number> }): fc.Arbitrary<{
  readonly banks: number;
  readonly events: readonly EventRecord[];
}> {
  const step = fc.record({
    records: fc.nat(80),
    others,
    slip: fc.nat(EXPECTATIONS.lag),
    isTold: fc.boolean(),
    isKexec: fc.boolean(),
  });
  const boot = fc.record({
    banks: fc.integer({ min: 1, max: 4 }),
    firmware: fc.nat(60),
    steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  });
  return boot.map(({ banks, firmware, steps }) => {
    const events: EventRecord[] = [];
    let extended = 1 + firmware;
    let index = 1;
    let epochFromIndex = 0;
    for (const { records, others: more, slip, isTold, isKexec } of steps) {
      if (isKexec) epochFromIndex = index;
      index += records + 1;
      extended += records + 1 + more;
      const counter = 20 + banks * extended;
      const known = index - (epochFromIndex >> 1);
      index += slip;
      const told = { banks, counter, records: known, epochFromIndex };
      events.push(isTold ? tpmInfo(index, told) : posted(index, counter, epochFromIndex));
      index += 1;
      extended += slip + 1;
    }
    return { banks, events };
  });
}

// Trim events: the posted one, its grammar, and numbers that the list cannot hold. FORMATS 8.5.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TrimEvents } from '../../src/timeline/trim-event.ts';
import { ascii } from '../property/list-writer.ts';
import { assertEventDigests, codesOf, findingsOf, madeEvent } from './timeline-events.ts';

const NAME = 'trim_ima_event_logs';
const SILENT = { trimmed: undefined };

function trimEvent(index: number, number: bigint | number) {
  return madeEvent({ index, name: NAME, buffer: `time= 1770336000000000000; number= ${number};` });
}

describe('TrimEvents', () => {
  it('takes the posted event, and tells of it where asked to', () => {
    const buffer = ascii('time= 1770336000000000000; number= 128;');
    assertEventDigests(
      { name: NAME, buffer },
      {
        buffer: '501555d8af9dcd6883a27563d34caab620484dbf8802d886ce20c1cb6a9446cb',
        template: 'dbb2b620174ec8f7daea243238dd2ac5953f703b9f39d1d16c1ea5376fd3154f',
      },
    );
    const event = madeEvent({ index: 128, name: NAME, buffer });
    assert.deepEqual(new TrimEvents(SILENT).observe(event), { isOwn: true, findings: [] });
    const { isOwn, findings } = new TrimEvents({ trimmed: 'info' }).observe(event);
    assert.ok(isOwn);
    assert.deepEqual(codesOf(findings), ['ima.records_trimmed']);
    assert.equal(findings[0]?.severity, 'info');
  });

  it('owns nothing that differs in one byte', () => {
    const good = 'time= 1; number= 2;';
    const others = [
      'time=1; number= 2;',
      'time= 1; number=2;',
      'time= 1;number= 2;',
      'time= 01; number= 2;',
      'time= 1; number= 2',
      'time= 1; number= 2;\n',
      'time= -1; number= 2;',
      'time= 1; number= 18446744073709551616;',
      'time= 18446744073709551616; number= 2;',
      `${good}\0`,
      '',
    ];
    const trims = new TrimEvents(SILENT);
    assert.ok(trims.observe(madeEvent({ index: 9, name: NAME, buffer: good })).isOwn);
    for (const buffer of others) {
      assert.equal(trims.observe(madeEvent({ index: 9, name: NAME, buffer })).isOwn, false);
    }
    const other = madeEvent({ index: 9, name: 'trim ima event logs', buffer: good });
    assert.equal(trims.observe(other).isOwn, false);
  });

  it('says how many records are missing, and since when', () => {
    const trims = new TrimEvents(SILENT);
    trims.observe(trimEvent(40, 30));
    const [finding] = trims.observe(trimEvent(60, 65)).findings;
    assert.equal(finding?.code, 'ima.trim_count_exceeded');
    assert.equal(finding.severity, 'contraindicated');
    assert.deepEqual([finding.expected, finding.actual], ['at most 60', '65']);
    assert.match(finding.message, /before record 60: at least 5\. Up to record 40/);
    const largest = trims.observe(trimEvent(60, 0xffff_ffff_ffff_ffffn)).findings;
    assert.deepEqual(codesOf(largest), ['ima.trim_count_exceeded']);
  });

  it('accuses exactly the numbers above the index, wherever its state is stored', () => {
    const event = fc.record({ index: fc.nat(1000), number: fc.nat(2000) });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        let state = new TrimEvents(SILENT).state;
        for (const { index, number } of events) {
          const trims = new TrimEvents(SILENT, state);
          const codes = codesOf(findingsOf(trims, [trimEvent(index, number)]));
          assert.deepEqual(codes, number > index ? ['ima.trim_count_exceeded'] : []);
          state = JSON.parse(JSON.stringify(trims.state));
        }
      }),
    );
  });
});

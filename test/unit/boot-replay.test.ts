// Replay of firmware event logs: the start of PCR 0, omitted digests, and what boot_aggregate is
// compared with. Replay of the real logs: test/captures/event-logs.test.ts

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEventLog } from '../../src/boot/event-log.ts';
import { EV_EFI_HCRTM_EVENT, EV_NO_ACTION } from '../../src/boot/event-types.ts';
import { type ReplayedEventLog, replayEventLog, replayedBootPcrs } from '../../src/boot/replay.ts';
import { isAllZero, toHex } from '../../src/bytes/encoding.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import {
  agileLog,
  extended,
  hash,
  type MadeEvent,
  sha1Record,
  testFile,
} from './boot-log-writer.ts';
import { quotedBoot } from './quoted-boot.ts';
import { gapsOf, valuesOf } from './replayed-values.ts';

const VECTORS = 'evidence/public';

function replayOf(path: string): ReplayedEventLog {
  return replayEventLog(readEventLog(testFile(path)));
}

function locality(value: number, data = Buffer.from([value])): MadeEvent {
  const event = Buffer.concat([Buffer.from('StartupLocality\0', 'latin1'), data]);
  return { pcr: 0, type: EV_NO_ACTION, data: event };
}

const CRTM: MadeEvent = { pcr: 0, type: 8, data: Buffer.from('version') };

function pcr0(events: readonly MadeEvent[]) {
  const replay = replayEventLog(readEventLog(agileLog(['sha256'], events)));
  const of = replay.banks.get('sha256')?.get(0);
  return of?.state === 'replayed' ? toHex(of.value) : of;
}

function from(start: number, ...measured: readonly Uint8Array[]): string {
  const zeros = Buffer.alloc(32);
  zeros[31] = start;
  return toHex(extended('sha256', zeros, ...measured));
}

describe('the start of PCR 0', () => {
  const hcrtm: MadeEvent = { pcr: 0, type: EV_EFI_HCRTM_EVENT, data: Buffer.from('HCRTM') };

  it('is zero, or what a StartupLocality record before the first extend says', () => {
    assert.equal(pcr0([CRTM]), from(0, CRTM.data));
    for (const value of [0, 3, 4]) {
      assert.equal(pcr0([locality(value), CRTM]), from(value, CRTM.data));
    }
    assert.equal(pcr0([locality(3), locality(3), CRTM]), from(3, CRTM.data));
  });

  it('is 4 where an H-CRTM event is logged and no record says otherwise', () => {
    assert.equal(pcr0([hcrtm, CRTM]), from(4, hcrtm.data, CRTM.data));
    assert.equal(pcr0([locality(0), hcrtm, CRTM]), from(0, hcrtm.data, CRTM.data));
  });

  it('is not moved by a firmware blob, nor by records of other PCRs', () => {
    const blob: MadeEvent = { pcr: 0, type: 0x80000008, data: Buffer.from('blob') };
    assert.equal(pcr0([blob, CRTM]), from(0, blob.data, CRTM.data));
    assert.equal(pcr0([{ ...locality(3), pcr: 1 }, CRTM]), from(0, CRTM.data));
    assert.equal(pcr0([{ ...hcrtm, pcr: 1 }, CRTM]), from(0, CRTM.data));
  });

  it('is unknown after a record that cannot be true', () => {
    const gap = (eventIndex: number) => ({ state: 'gap', cause: 'locality-invalid', eventIndex });
    assert.deepEqual(pcr0([locality(1), CRTM]), gap(1));
    assert.deepEqual(pcr0([locality(3, Buffer.of(3, 0)), CRTM]), gap(1));
    assert.deepEqual(pcr0([locality(3, Buffer.alloc(0)), CRTM]), gap(1));
    assert.deepEqual(pcr0([CRTM, locality(3)]), gap(2));
    assert.deepEqual(pcr0([locality(3), locality(4), CRTM]), gap(2));
  });
});

describe('replay of made-up logs', () => {
  it('never extends EV_NO_ACTION', () => {
    const quiet: MadeEvent = { pcr: 0, type: EV_NO_ACTION, data: Buffer.from('SP800-155 Event') };
    assert.equal(pcr0([quiet, CRTM, quiet]), from(0, CRTM.data));
  });

  it('starts the dynamic PCRs at ones', () => {
    const event: MadeEvent = { pcr: 17, type: 0x402, data: Buffer.from('launch') };
    const replay = replayEventLog(readEventLog(agileLog(['sha256'], [event])));
    const value = toHex(extended('sha256', Buffer.alloc(32, 0xff), event.data));
    assert.equal(valuesOf(replay)['sha256']?.['17'], value);
  });

  it('leaves a PCR without a value once an event omits the bank, and others alone', () => {
    const events: MadeEvent[] = [CRTM, { ...CRTM, banks: ['sha256'] }, CRTM, { ...CRTM, pcr: 1 }];
    const replay = replayEventLog(readEventLog(agileLog(['sha1', 'sha256'], events)));
    assert.deepEqual(gapsOf(replay), [['sha1', 0, 2]]);
    const { sha1, sha256 } = valuesOf(replay);
    assert.deepEqual(Object.keys(sha1 ?? {}), ['1']);
    assert.equal(sha256?.['0'], from(0, CRTM.data, CRTM.data, CRTM.data));
  });

  it('names the last event of every PCR', () => {
    const log = readEventLog(agileLog(['sha256'], [CRTM, { ...CRTM, pcr: 1 }, CRTM]));
    const of = replayEventLog(log).banks.get('sha256')?.get(0);
    assert.equal(of?.state === 'replayed' ? of.lastEventIndex : undefined, 3);
  });
});

function aggregate(path: string, bank: HashName & ('sha1' | 'sha256'), last: number): string {
  const values = replayedBootPcrs(replayOf(path), bank)?.get(bank);
  const parts = [...(values ?? [])].filter(([pcr]) => pcr <= last).map(([, value]) => value);
  return toHex(hash(bank, ...parts));
}

describe('PCR 0–9 for boot_aggregate', () => {
  it('give the SHA-1 aggregate over PCR 0–7 of a public IMA list', () => {
    const path = `${VECTORS}/openeuler-mirror-kunpengsecl/ima/binary_bios_measurements`;
    assert.equal(aggregate(path, 'sha1', 7), '5e7bbf27b7dd568610cc1f1ea49ceaa420395690');
  });

  it('give the SHA-256 aggregate over PCR 0–9 in record 0 of a captured list', () => {
    const folder = 'evidence/01-ima-ng-tcb';
    const digest = aggregate(`${folder}/boot1/binary_bios_measurements`, 'sha256', 9);
    const list = testFile(`${folder}/q01-rsassa-pcr10/binary_runtime_measurements`);
    const at = Buffer.from(list).indexOf(Buffer.from(digest, 'hex'));
    assert.ok(at > 0 && at < 120, `found at ${at}`);
  });

  it('put PCRs without events at their start', () => {
    const log = readEventLog(agileLog(['sha256'], [locality(3), { ...CRTM, pcr: 7 }]));
    const values = replayedBootPcrs(replayEventLog(log), 'sha256')?.get('sha256');
    assert.equal(values?.size, 10);
    assert.equal(values?.get(0)?.at(-1), 3);
    assert.ok(isAllZero(values?.get(9) ?? Buffer.of(1)));
  });

  it('are undefined for a bank that the log lacks, or in which one has a gap', () => {
    const events: MadeEvent[] = [{ ...CRTM, pcr: 9, banks: ['sha1'] }];
    const replay = replayEventLog(readEventLog(agileLog(['sha1', 'sha256'], events)));
    assert.equal(replayedBootPcrs(replay, 'sha256'), undefined);
    assert.equal(replayedBootPcrs(replay, 'sha384'), undefined);
    assert.equal(replayedBootPcrs(replay, 'sha1')?.get('sha1')?.size, 10);
    const legacy = replayEventLog(readEventLog(sha1Record(CRTM)));
    assert.equal(replayedBootPcrs(legacy, 'sha256'), undefined);
  });
});

describe('a forged StartupLocality', () => {
  const starts = [[], [locality(0)], [locality(3)], [locality(4)]];

  it('leaves PCR 0 unexplained unless it is the true one', () => {
    for (const [at, told] of starts.entries()) {
      for (const [from, truth] of starts.entries()) {
        const quotedLog = agileLog(['sha256'], [...truth, CRTM]);
        const made = quotedBoot(agileLog(['sha256'], [...told, CRTM]), ['sha256'], { quotedLog });
        const isTrue = Math.max(at, 1) === Math.max(from, 1);
        assert.equal(made.explanations.sha256?.explained.includes(0), isTrue, `${at} ${from}`);
      }
    }
  });
});

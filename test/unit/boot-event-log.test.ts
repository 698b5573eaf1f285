// The reader of firmware event logs: both formats, every refusal with its place, hostile bytes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PCR_NONE, readEventLog } from '../../src/boot/event-log.ts';
import { EV_EFI_HCRTM_EVENT, EV_NO_ACTION, eventTypeName } from '../../src/boot/event-types.ts';
import { replayEventLog } from '../../src/boot/replay.ts';
import { toHex } from '../../src/bytes/encoding.ts';
import { BOOT_LIMITS } from '../../src/bytes/limits.ts';
import type { Malformed } from '../../src/bytes/reader.ts';
import {
  agileLog,
  agileRecord,
  type MadeEvent,
  sha1Record,
  specIdRecord,
  testFile,
  u16,
  u32,
} from './boot-log-writer.ts';

const VECTORS = 'evidence/public';
const SMALL_LOG = `${VECTORS}/kgoldman-acs/tpm2bios.log`;
const EVENT: MadeEvent = { pcr: 4, type: 13, data: Buffer.from('shim') };
const SPEC_ID_BYTES = 32 + 28 + 4 + 1;

describe('event log formats', () => {
  it('reads a crypto-agile log with its banks in the order of the header', () => {
    const log = readEventLog(testFile(SMALL_LOG));
    assert.equal(log.malformed, undefined);
    assert.equal(log.format, 'crypto-agile');
    assert.deepEqual(
      log.algorithms.map(({ bank }) => bank),
      ['sha256', 'sha1'],
    );
    assert.equal(log.events.length, 27);
  });

  it('reads a log without Spec ID record as SHA-1', () => {
    const log = readEventLog(
      testFile(`${VECTORS}/tpm2-software-tpm2-tools/event-uefi-sha1-log.bin`),
    );
    assert.equal(log.malformed, undefined);
    assert.equal(log.format, 'sha1');
    assert.deepEqual(
      log.algorithms.map(({ bank }) => bank),
      ['sha1'],
    );
    assert.equal(log.events.length, 17);
  });

  it('gives every event its place, PCR, type, digests and data', () => {
    const [header, event, ...more] = readEventLog(agileLog(['sha256'], [EVENT])).events;
    assert.deepEqual([header?.index, header?.offsetBytes, header?.type], [0, 0, EV_NO_ACTION]);
    assert.deepEqual([event?.index, event?.offsetBytes], [1, SPEC_ID_BYTES]);
    assert.deepEqual([event?.pcr, event?.type], [4, 13]);
    assert.deepEqual(
      event?.digests.map(({ bank }) => bank),
      ['sha256'],
    );
    assert.equal(toHex(event?.data ?? new Uint8Array()), toHex(EVENT.data));
    assert.deepEqual(more, []);
  });

  it('keeps an unknown algorithm as its number', () => {
    const record = Buffer.concat([u32(1), u32(5), u32(1), u16(0x7777), Buffer.alloc(9), u32(0)]);
    const log = readEventLog(Buffer.concat([specIdRecord([[0x7777, 9]]), record]));
    assert.equal(log.malformed, undefined);
    assert.deepEqual(log.algorithms, [{ tpmAlg: 0x7777, bank: undefined, sizeBytes: 9 }]);
    assert.equal(log.events[1]?.digests[0]?.tpmAlg, 0x7777);
    assert.deepEqual(replayEventLog(log).unsupported, log.algorithms);
  });

  it('accepts PCR ffffffff on EV_NO_ACTION, at the end of a Windows log', () => {
    const name = 'keylime-python3-uefi-eventlog/thinkpad.bin.gz';
    const log = readEventLog(testFile(`${VECTORS}/${name}`));
    assert.equal(log.malformed, undefined);
    assert.equal(log.events.length, 59);
    assert.equal(log.events[58]?.pcr, PCR_NONE);
  });

  it('names event types, and numbers the ones without a name', () => {
    assert.equal(eventTypeName(EV_EFI_HCRTM_EVENT), 'EV_EFI_HCRTM_EVENT');
    assert.equal(eventTypeName(0x80000008), 'EV_EFI_PLATFORM_FIRMWARE_BLOB');
    assert.equal(eventTypeName(0xdeadbeef), '0xdeadbeef');
  });
});

type Refusal = Pick<Malformed, 'kind' | 'field' | 'offsetBytes'>;

function refusal(...records: readonly Uint8Array[]): readonly [Refusal | undefined, number] {
  const { malformed, events } = readEventLog(Buffer.concat(records));
  if (malformed === undefined) return [undefined, events.length];
  const { kind, field, offsetBytes } = malformed;
  return [{ kind, field, offsetBytes }, events.length];
}

describe('event log records that are refused', () => {
  const header = specIdRecord([[0x000b, 32]]);
  const good = agileRecord(EVENT, ['sha256']);
  const at = header.byteLength + good.byteLength;

  it('a PCR above 23, with the events before it kept', () => {
    const bad = agileRecord({ ...EVENT, pcr: 24 }, ['sha256']);
    const field = 'events[2].pcrIndex';
    assert.deepEqual(refusal(header, good, bad), [
      { kind: 'bad-value', field, offsetBytes: at },
      2,
    ]);
  });

  it('PCR ffffffff on any type but EV_NO_ACTION', () => {
    const place = { kind: 'bad-value', field: 'events[2].pcrIndex', offsetBytes: at } as const;
    const bad = agileRecord({ ...EVENT, pcr: PCR_NONE }, ['sha256']);
    assert.deepEqual(refusal(header, good, bad), [place, 2]);
    const fine = agileRecord({ ...EVENT, pcr: PCR_NONE, type: EV_NO_ACTION }, ['sha256']);
    assert.deepEqual(refusal(header, good, fine), [undefined, 3]);
  });

  it('an algorithm that the header lacks', () => {
    const field = 'events[2].digests[1].algId';
    const offsetBytes = at + 12 + 34;
    const bad = agileRecord(EVENT, ['sha256', 'sha1']);
    assert.deepEqual(refusal(header, good, bad), [{ kind: 'bad-value', field, offsetBytes }, 2]);
  });

  it('an algorithm twice in one record, whatever the count claims', () => {
    const field = 'events[2].digests[1].algId';
    const offsetBytes = at + 12 + 34;
    const bad = agileRecord(EVENT, ['sha256', 'sha256']);
    bad.writeUInt32LE(0xffffffff, 8);
    assert.deepEqual(refusal(header, good, bad), [{ kind: 'bad-value', field, offsetBytes }, 2]);
  });

  it('an event beyond its cap, without touching it', () => {
    const bad = Buffer.concat([good.subarray(0, -8), u32(BOOT_LIMITS.eventBytes + 1)]);
    const place = { kind: 'over-cap', field: 'events[1].event.size' } as const;
    const offsetBytes = header.byteLength + bad.byteLength - 4;
    assert.deepEqual(refusal(header, bad), [{ ...place, offsetBytes }, 1]);
  });

  it('more events than the cap, and a log that is too long', () => {
    const many = Array<Buffer>(BOOT_LIMITS.events).fill(sha1Record(EVENT));
    assert.deepEqual(refusal(...many), [undefined, BOOT_LIMITS.events]);
    const [tooMany, kept] = refusal(...many, sha1Record(EVENT));
    assert.deepEqual([tooMany?.kind, tooMany?.field, kept], ['over-cap', 'events', many.length]);
    const [tooLong, none] = refusal(new Uint8Array(BOOT_LIMITS.logBytes + 1));
    assert.deepEqual([tooLong?.kind, tooLong?.field, none], ['over-cap', 'log', 0]);
  });

  it('a log without any byte', () => {
    const place = { kind: 'cut-short', field: 'events[0].pcrIndex', offsetBytes: 0 } as const;
    assert.deepEqual(refusal(), [place, 0]);
  });
});

describe('Spec ID records that are refused', () => {
  const field = (name: string) => `events[0].event.${name}`;

  it('a known algorithm with another size', () => {
    const place = { kind: 'bad-value', field: field('digestSizes[0].digestSize') } as const;
    assert.deepEqual(refusal(specIdRecord([[0x000b, 20]])), [{ ...place, offsetBytes: 62 }, 0]);
  });

  it('an unknown algorithm without a possible size', () => {
    for (const sizeBytes of [0, 65]) {
      const [place] = refusal(specIdRecord([[0x7777, sizeBytes]]));
      assert.deepEqual(place?.field, field('digestSizes[0].digestSize'));
    }
  });

  it('an algorithm twice', () => {
    const bad = specIdRecord([
      [0x000b, 32],
      [0x000b, 32],
    ]);
    const place = { kind: 'bad-value', field: field('digestSizes[1].algId') } as const;
    assert.deepEqual(refusal(bad), [{ ...place, offsetBytes: 64 }, 0]);
  });

  it('no algorithm, or more than the cap', () => {
    const place = { field: field('numberOfAlgorithms'), offsetBytes: 56 };
    assert.deepEqual(refusal(specIdRecord([])), [{ kind: 'bad-value', ...place }, 0]);
    const many = Array.from({ length: BOOT_LIMITS.algorithms + 1 }, (_, at) => [at, 1] as const);
    assert.deepEqual(refusal(specIdRecord(many)), [{ kind: 'over-cap', ...place }, 0]);
  });

  it('a record that is longer than its fields', () => {
    const bad = specIdRecord([[0x000b, 32]], Buffer.from('IBM'));
    bad.writeUInt8(2, 64);
    const place = { kind: 'left-over', field: field('vendorInfo'), offsetBytes: 67 } as const;
    assert.deepEqual(refusal(bad), [place, 0]);
  });

  it('a record too small for its fields is wrong, not cut short, at every length', () => {
    const whole = specIdRecord([[0x000b, 32]], Buffer.from('IBM'));
    for (let size = 16; size < whole.byteLength - 32; size += 1) {
      const bad = Buffer.from(whole.subarray(0, 32 + size));
      bad.writeUInt32LE(size, 28);
      assert.equal(refusal(bad)[0]?.kind, 'bad-value', `event of ${size} bytes`);
    }
  });
});

describe('hostile event logs', () => {
  it('a log cut at any byte is located and never has more events', () => {
    const whole = testFile(SMALL_LOG);
    const log = readEventLog(whole);
    const ends = new Set(log.events.map(({ offsetBytes }) => offsetBytes).filter((end) => end > 0));
    for (let length = 0; length < whole.byteLength; length += 1) {
      const cut = readEventLog(Buffer.from(whole).subarray(0, length));
      const kept = log.events.filter(({ offsetBytes }) => offsetBytes < length);
      assert.equal(
        cut.events.length,
        ends.has(length) ? kept.length : Math.max(kept.length - 1, 0),
      );
      if (ends.has(length)) assert.equal(cut.malformed, undefined);
      else assert.equal(cut.malformed?.kind, 'cut-short');
      assert.ok((cut.malformed?.offsetBytes ?? 0) <= length);
    }
  });

  it('no bytes make the reader or the replay throw', () => {
    const real = testFile(SMALL_LOG);
    const altered = fc
      .array(fc.tuple(fc.nat(real.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
      .map((edits) =>
        edits.reduce((bytes, [at, value]) => bytes.fill(value, at, at + 1), real.slice()),
      );
    const anything = fc.oneof(fc.uint8Array({ maxLength: 400 }), altered);
    fc.assert(
      fc.property(anything, (bytes) => {
        const log = readEventLog(bytes);
        replayEventLog(log);
        assert.ok((log.malformed?.offsetBytes ?? 0) <= bytes.byteLength);
      }),
    );
  });
});

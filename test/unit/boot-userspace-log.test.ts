// systemd's own log: what is read, what is refused, and what it explains behind the firmware's log.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEventLog } from '../../src/boot/event-log.ts';
import { explainBoot } from '../../src/boot/explain.ts';
import { replayEventLog } from '../../src/boot/replay.ts';
import {
  joinUserspaceLog,
  readUserspaceLog,
  type UserspaceLogReading,
} from '../../src/boot/userspace-log.ts';
import { latinText, toHex } from '../../src/bytes/encoding.ts';
import { BOOT_LIMITS } from '../../src/bytes/limits.ts';
import { agileLog, extended, hash, type MadeBank } from './boot-log-writer.ts';

const RS = '\u001e';

/** A record as systemd writes it: the phase `text`, measured into `pcr`. */
function phase(text: string, pcr = 11, banks: readonly MadeBank[] = ['sha1', 'sha256']): string {
  const digests = banks.map((bank) => ({
    hashAlg: bank,
    digest: toHex(hash(bank, Buffer.from(text))),
  }));
  const content = { eventType: 'phase', string: text, bootId: 'ab'.repeat(16), timestamp: 12_345 };
  return `${RS}${JSON.stringify({ pcr, digests, content_type: 'systemd', content })}\n`;
}

function read(text: string): UserspaceLogReading {
  return readUserspaceLog(new Uint8Array(Buffer.from(text, 'utf8')));
}

/** What broke and where; undefined when nothing did. */
function broken(text: string) {
  const { malformed } = read(text);
  return malformed && [malformed.kind, malformed.field, malformed.offsetBytes];
}

describe('readUserspaceLog', () => {
  it('reads records in order, with their digests and texts', () => {
    const { records, malformed } = read(phase('enter-initrd') + phase('leave-initrd', 15));
    assert.equal(malformed, undefined);
    assert.deepEqual(
      records.map(({ pcr, offsetBytes, text }) => [pcr, offsetBytes, latinText(text)]),
      [
        [11, 0, 'enter-initrd'],
        [15, phase('enter-initrd').length, 'leave-initrd'],
      ],
    );
    assert.deepEqual(
      records[0]?.digests.map(({ bank, tpmAlg }) => [bank, tpmAlg]),
      [
        ['sha1', 0x0004],
        ['sha256', 0x000b],
      ],
    );
  });

  it('takes an empty log, records about NV indices and algorithms without a name', () => {
    assert.deepEqual(read(''), { records: [] });
    const nv = { nv_index: 1, digests: [], content: {} };
    const other = { pcr: 11, digests: [{ hashAlg: 'whirlpool', digest: 'ab' }] };
    const text = [nv, other].map((record) => `${RS}${JSON.stringify(record)}\n`).join('');
    const { records, malformed } = read(text);
    assert.equal(malformed, undefined);
    assert.deepEqual(
      records.map(({ pcr, digests, text: shown }) => [pcr, digests.length, shown.byteLength]),
      [
        [undefined, 0, 0],
        [11, 0, 0],
      ],
    );
  });

  it('refuses what is no record', () => {
    const digests = '"digests":[]';
    const sha1 = `{"hashAlg":"sha1","digest":"${'ab'.repeat(20)}"}`;
    const bodies = [
      '[]',
      'null',
      '1',
      '{',
      '',
      '{"pcr":11}',
      `{"pcr":24,${digests}}`,
      `{"pcr":-1,${digests}}`,
      `{"pcr":1.5,${digests}}`,
      `{"pcr":"11",${digests}}`,
      '{"pcr":11,"digests":{}}',
      '{"pcr":11,"digests":[1]}',
      '{"pcr":11,"digests":[{"hashAlg":"sha1","digest":"ab"}]}',
      '{"pcr":11,"digests":[{"hashAlg":"sha1","digest":"xy"}]}',
      `{"pcr":11,"digests":[${sha1},${sha1}]}`,
      `{"pcr":11,"digests":[${Array(17).fill(sha1).join()}]}`,
      `${'['.repeat(30_000)}`,
    ];
    for (const body of bodies) {
      assert.deepEqual(
        broken(`${phase('a')}${RS}${body}\n`),
        ['bad-value', 'userspaceLog.records[1]', phase('a').length],
        body.slice(0, 60),
      );
    }
    assert.equal(broken(`{"pcr":11,${digests}}\n`)?.[0], 'bad-value');
    assert.equal(broken(`${RS}{"pcr":11,${digests}}${phase('a')}`)?.[0], 'bad-value');
    const latin = Buffer.concat([Buffer.from(`${RS}{"pcr":11,"x":"`), Buffer.of(0xff, 0x22)]);
    const { malformed } = readUserspaceLog(
      new Uint8Array(Buffer.concat([latin, Buffer.from(`,${digests}}\n`)])),
    );
    assert.equal(malformed?.kind, 'bad-value');
  });

  it('tells a log that was cut at any byte, and keeps the records before', () => {
    const text = phase('enter-initrd') + phase('ready');
    for (let end = 1; end < text.length; end += 1) {
      const whole = end >= phase('enter-initrd').length ? 1 : 0;
      const { records, malformed } = read(text.slice(0, end));
      assert.equal(records.length, whole);
      const isBetween = end === phase('enter-initrd').length;
      assert.equal(malformed?.kind, isBetween ? undefined : 'cut-short');
    }
  });

  it('never throws at a flipped byte', () => {
    const bytes = Buffer.from(phase('enter-initrd') + phase('ready'));
    for (let at = 0; at < bytes.byteLength; at += 1) {
      for (const mask of [0x01, 0x20, 0x80]) {
        const flipped = Uint8Array.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ mask;
        readUserspaceLog(flipped);
      }
    }
  });

  it('holds its caps', () => {
    const log = readUserspaceLog(new Uint8Array(BOOT_LIMITS.userspaceLogBytes + 1));
    assert.equal(log.malformed?.kind, 'over-cap');
    const long = `${RS}${' '.repeat(BOOT_LIMITS.userspaceRecordBytes)}\n`;
    assert.equal(broken(long)?.[0], 'over-cap');
    const empty = `${RS}{"digests":[]}\n`;
    assert.equal(read(empty.repeat(BOOT_LIMITS.userspaceRecords)).malformed, undefined);
    assert.equal(broken(empty.repeat(BOOT_LIMITS.userspaceRecords + 1))?.[0], 'over-cap');
  });
});

describe('joinUserspaceLog', () => {
  const section = Buffer.from('.linux\0');
  const firmware = readEventLog(
    agileLog(['sha1', 'sha256'], [{ pcr: 11, type: 0xd, data: section }]),
  );
  const joined = (text: string) =>
    replayEventLog(joinUserspaceLog(firmware, read(text).records)).banks;
  const zeros = new Uint8Array(32);
  const texts = ['enter-initrd', 'leave-initrd', 'sysinit', 'ready'];

  it('goes on where the firmware stopped', () => {
    const all = texts.map((text) => Buffer.from(text));
    const expected = extended('sha256', zeros, section, ...all);
    const outcome = joined(texts.map((text) => phase(text)).join(''))
      .get('sha256')
      ?.get(11);
    assert.ok(outcome?.state === 'replayed');
    assert.deepEqual(Buffer.from(outcome.value), expected);
    const values = new Map([['sha256', new Map([[11, new Uint8Array(expected)]])]] as const);
    const quoted = { banks: new Set(['sha256'] as const), values };
    const alone = explainBoot(replayEventLog(firmware), quoted).explanations.sha256;
    assert.deepEqual([alone?.explained, alone?.unexplained], [[], [11]]);
    const log = joinUserspaceLog(firmware, read(texts.map((text) => phase(text)).join('')).records);
    const both = explainBoot(replayEventLog(log), quoted).explanations.sha256;
    assert.deepEqual([both?.explained, both?.unexplained], [[11], []]);
  });

  it('a record that omits a bank leaves a gap in it, and the other bank as it is', () => {
    const banks = joined(phase('enter-initrd', 11, ['sha1']));
    assert.equal(banks.get('sha256')?.get(11)?.state, 'gap');
    assert.equal(banks.get('sha1')?.get(11)?.state, 'replayed');
  });

  it('explains no PCR of the firmware, of IMA or of debugging', () => {
    for (const pcr of [0, 4, 7, 8, 9, 10, 16, 23]) {
      assert.equal(joined(phase('drift', pcr)).get('sha256')?.has(pcr), false);
    }
    for (const pcr of [12, 13, 14, 15]) {
      assert.equal(joined(phase('drift', pcr)).get('sha256')?.has(pcr), true);
    }
  });
});

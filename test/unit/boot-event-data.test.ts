// Which bytes of an event its digest vouches for, bank by bank, and promises that events break.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeEventData, provenData } from '../../src/boot/event-data.ts';
import { readEventLog } from '../../src/boot/event-log.ts';
import { EV_IPL } from '../../src/boot/event-types.ts';
import { explainBoot } from '../../src/boot/explain.ts';
import { replayEventLog } from '../../src/boot/replay.ts';
import { readUefiVariable } from '../../src/boot/uefi-variable.ts';
import { latinText } from '../../src/bytes/encoding.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import { agileLog, globalVariable, type MadeEvent } from './boot-log-writer.ts';
import { quotedBoot } from './quoted-boot.ts';

function proven(data: string, measured: string, type = EV_IPL) {
  const event = { pcr: 8, type, data: utf8(data), measured: utf8(measured) };
  const [, read] = readEventLog(agileLog(['sha256'], [event])).events;
  assert.ok(read !== undefined);
  const answer = provenData(read, 'sha256');
  return answer && [answer.form, latinText(answer.bytes), answer.claimedLabel];
}

function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

describe('provenData', () => {
  const table: readonly (readonly [string, string, readonly (string | undefined)[] | undefined])[] =
    [
      ['abc', 'abc', ['whole', 'abc', undefined]],
      ['abc\0', 'abc', ['text', 'abc', undefined]],
      ['grub_cmd: ls\0', 'ls', ['text', 'ls', 'grub_cmd: ']],
      ['grub_cmd: ls', 'ls', ['text', 'ls', 'grub_cmd: ']],
      ['grub_cmd ls\0', 'ls\0', ['text', 'ls\0', 'grub_cmd ']],
      ['grub_kernel_cmdline /k a=b\0', '/k a=b', ['text', '/k a=b', 'grub_kernel_cmdline ']],
      ['kernel_cmdline: /k a=b\0', '/k a=b', ['text', '/k a=b', 'kernel_cmdline: ']],
      ['a\0b\0\0', 'a\0b\0\0\0', ['text', 'a\0b\0\0\0', undefined]],
      ['kernel_cmdline: /k a=b\0', '/k a=c', undefined],
      ['other_label: ls\0', 'ls', undefined],
      ['', 'ls', undefined],
      ['', '', ['whole', '', undefined]],
    ];
  for (const [data, measured, expected] of table) {
    it(`${JSON.stringify(data)} for the digest of ${JSON.stringify(measured)}`, () => {
      assert.deepEqual(proven(data, measured), expected);
    });
  }

  it('does not ask the type, and never proves an event that extends nothing', () => {
    assert.ok(proven('abc', 'abc', 0x7777));
    assert.equal(proven('abc', 'abc', 3), undefined);
  });

  it('knows the value of a variable', () => {
    const data = globalVariable('BootOrder', Buffer.of(1, 0));
    const event: MadeEvent = { pcr: 1, type: 0x80000002, data, measured: Buffer.of(1, 0) };
    const [, read] = readEventLog(agileLog(['sha256'], [event])).events;
    assert.equal(read && provenData(read, 'sha256')?.form, 'variable-value');
  });
});

describe('readUefiVariable', () => {
  const data = globalVariable('db', Buffer.of(1, 2, 3));
  it('reads GUID, name and value', () => {
    assert.deepEqual(readUefiVariable(data), {
      guid: '8be4df61-93ca-11d2-aa0d-00e098032b8c',
      name: 'db',
      value: Uint8Array.of(1, 2, 3),
    });
  });

  it('refuses every cut, an extra byte, and lengths beyond the data', () => {
    for (let end = 0; end < data.byteLength; end += 1) {
      assert.equal(readUefiVariable(data.slice(0, end)), undefined);
    }
    assert.equal(readUefiVariable(Buffer.concat([data, Buffer.of(0)])), undefined);
    for (const at of [16, 24]) {
      for (const hostile of [0xffn, 1n << 32n, 1n << 63n, (1n << 64n) - 1n]) {
        const forged = Buffer.from(data);
        forged.writeBigUInt64LE(hostile, at);
        assert.equal(readUefiVariable(new Uint8Array(forged)), undefined);
      }
    }
  });
});

describe('judgeEventData', () => {
  const found = (events: readonly MadeEvent[], banks: readonly HashName[] = ['sha1', 'sha256']) =>
    judgeEventData(quotedBoot(agileLog(['sha1', 'sha256'], events), banks)).map(
      ({ code, severity, where }) => {
        assert.equal(code, 'boot.event_digest_mismatch');
        return [severity, where.entryIndex, where.pcr, where.bank];
      },
    );
  const data = utf8('data');
  const measured = utf8('measured');

  it('is silent about data that give the digest, and about types that promise nothing', () => {
    assert.deepEqual(found([{ pcr: 5, type: 0x80000007, data }]), []);
    for (const type of [1, 6, 7, 0xc, 0xd, 0x80000003, 0x80000008, 0x80000009, 0x7777]) {
      assert.deepEqual(found([{ pcr: 5, type, data, measured }]), []);
    }
  });

  it('tells each bank in which a promise is broken, as gravely as the type is kept', () => {
    const both = (severity: string, pcr = 5) =>
      ['sha1', 'sha256'].map((bank) => [severity, 1, pcr, bank]);
    for (const type of [0x80000007, 0x80000006, 0x80000002, 0x8000000c, 4, 0x12]) {
      assert.deepEqual(found([{ pcr: 5, type, data, measured }]), both('warning'));
    }
    for (const type of [5, 8, 0x800000e0]) {
      assert.deepEqual(found([{ pcr: 5, type, data, measured }]), both('info'));
    }
    const config = { pcr: 7, type: 0x80000001, data, measured };
    assert.deepEqual(found([config]), both('contraindicated', 7));
  });

  it('tells a promise that is broken in one bank only', () => {
    const events = [{ pcr: 5, type: 0x80000007, data }];
    const log = Buffer.from(agileLog(['sha1', 'sha256'], events));
    const at = log.lastIndexOf(Buffer.from('data')) - 4 - 32;
    log[at] = (log[at] ?? 0) ^ 1;
    const findings = judgeEventData(quotedBoot(new Uint8Array(log), ['sha1', 'sha256']));
    assert.deepEqual(
      findings.map(({ where }) => where.bank),
      ['sha256'],
    );
  });

  it('takes a separator by its digest whatever its data are', () => {
    const text = { pcr: 4, type: 4, data, measured: Buffer.of(0, 0, 0, 0) };
    assert.deepEqual(found([text]), []);
  });

  it('leaves PCRs alone that the quote does not explain', () => {
    const log = agileLog(['sha256'], [{ pcr: 5, type: 0x80000007, data, measured }]);
    const replay = replayEventLog(readEventLog(log));
    const values = new Map([['sha256', new Map([[5, new Uint8Array(32)]])]] as const);
    assert.deepEqual(
      judgeEventData(explainBoot(replay, { banks: new Set(['sha256']), values })),
      [],
    );
  });
});

// Facts of the boot: each with its event, none from a PCR that is not explained in a strong bank.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeEventData } from '../../src/boot/event-data.ts';
import { bootFacts } from '../../src/boot/facts.ts';
import { taggedId } from '../../src/boot/tagged-event.ts';
import { latinText, toHex } from '../../src/bytes/encoding.ts';
import { agileLog, globalVariable, hash, type MadeEvent, u32 } from './boot-log-writer.ts';
import { quotedBoot } from './quoted-boot.ts';

const text = (value: string) => new Uint8Array(Buffer.from(value, 'latin1'));
const variable = (name: string, ...data: number[]): MadeEvent => ({
  pcr: 7,
  type: 0x80000001,
  data: globalVariable(name, Buffer.from(data)),
});
const tag = (id: number, name: string): Buffer =>
  Buffer.concat([u32(id), u32(name.length + 1), Buffer.from(`${name}\0`)]);
const separator = (pcr: number): MadeEvent => ({ pcr, type: 4, data: Buffer.of(0, 0, 0, 0) });

const SECURE = variable('SecureBoot', 1);
const AUTHORITY: MadeEvent = { ...variable('db', 9), type: 0x800000e0 };
const ACTION: MadeEvent = {
  pcr: 4,
  type: 0x80000007,
  data: text('Calling EFI Application from Boot Option'),
};
const IMAGE: MadeEvent = {
  pcr: 4,
  type: 0x80000003,
  data: text('device path'),
  measured: text('shim'),
};
const COMMAND: MadeEvent = {
  pcr: 8,
  type: 0xd,
  data: text('grub_cmd: linux /k\0'),
  measured: text('linux /k'),
};
const CMDLINE: MadeEvent = {
  pcr: 8,
  type: 0xd,
  data: text('kernel_cmdline: /k quiet\0'),
  measured: text('/k quiet'),
};
const FILE: MadeEvent = { pcr: 9, type: 0xd, data: text('/k\0'), measured: text('kernel') };
const OPTIONS: MadeEvent = {
  pcr: 9,
  type: 6,
  data: tag(0x8f3b22ed, 'LOADED_IMAGE::LoadOptions'),
  measured: text('o'),
};
const INITRD: MadeEvent = {
  pcr: 9,
  type: 6,
  data: tag(0x8f3b22ec, 'Linux initrd'),
  measured: text('initrd'),
};
const STUB: MadeEvent = { pcr: 12, type: 0xd, data: Buffer.from('quiet\0', 'utf16le') };
const WHOLE_BOOT = [
  SECURE,
  variable('PK', 1, 2),
  separator(7),
  AUTHORITY,
  ACTION,
  separator(4),
  IMAGE,
  COMMAND,
  CMDLINE,
  FILE,
  OPTIONS,
  INITRD,
  STUB,
];
const factsOf = (events: readonly MadeEvent[], quoted = events) =>
  bootFacts(
    quotedBoot(agileLog(['sha1', 'sha256'], events), ['sha1', 'sha256'], {
      quotedLog: agileLog(['sha1', 'sha256'], quoted),
    }),
  );

describe('bootFacts', () => {
  it('names every kind with the event that proves it', () => {
    const facts = factsOf(WHOLE_BOOT);
    assert.deepEqual([facts.secureBoot.state, facts.secureBoot.eventIndex], ['on', 1]);
    const named = [...facts.variables, ...facts.authorities];
    assert.deepEqual(
      named.map(({ name, eventIndex }) => [name, eventIndex]),
      [
        ['SecureBoot', 1],
        ['PK', 2],
        ['db', 4],
      ],
    );
    assert.equal(facts.authorities.length, 1);
    assert.deepEqual(
      facts.images.map(({ eventIndex, bank, digest }) => [eventIndex, bank, toHex(digest)]),
      [[7, 'sha256', toHex(hash('sha256', text('shim')))]],
    );
    assert.deepEqual(
      facts.commandLines.map(({ eventIndex, form, pcr }) => [eventIndex, form, pcr]),
      [
        [9, 'grub', 8],
        [13, 'utf-16', 12],
      ],
    );
    assert.equal(latinText(facts.commandLines[0]?.text ?? new Uint8Array()), '/k quiet');
    assert.deepEqual(
      facts.files.map(({ eventIndex, claimed }) => [eventIndex, latinText(claimed)]),
      [[10, '/k']],
    );
    assert.deepEqual([facts.loadOptions[0]?.eventIndex, facts.initrds[0]?.eventIndex], [11, 12]);
  });

  it('derives nothing from a PCR that is unexplained in the strong bank only', () => {
    const log = Buffer.from(agileLog(['sha1', 'sha256'], WHOLE_BOOT));
    const honest = new Uint8Array(log);
    const at = log.lastIndexOf(Buffer.from(hash('sha256', text('shim'))));
    log[at] = (log[at] ?? 0) ^ 1;
    const boot = quotedBoot(new Uint8Array(log), ['sha1', 'sha256'], { quotedLog: honest });
    assert.ok(boot.explanations.sha1?.explained.includes(4));
    assert.deepEqual(boot.explanations.sha256?.unexplained, [4]);
    assert.deepEqual(bootFacts(boot).images, []);
    assert.equal(bootFacts(boot).files.length, 1);
  });

  it('derives nothing from SHA-1', () => {
    const log = agileLog(['sha1', 'sha256'], WHOLE_BOOT);
    const facts = bootFacts(quotedBoot(log, ['sha1']));
    assert.deepEqual([facts.images, facts.variables, facts.files], [[], [], []]);
    assert.equal(facts.secureBoot.state, undefined);
  });

  it('an image stays an image under every type, whatever its data', () => {
    for (const type of [0, 4, 5, 0xd, 0x80000007, 0x7777]) {
      const relabelled = WHOLE_BOOT.map((event) => (event === IMAGE ? { ...IMAGE, type } : event));
      assert.deepEqual(
        factsOf(relabelled, WHOLE_BOOT).images.map(({ eventIndex }) => eventIndex),
        [7],
      );
    }
    const shown = WHOLE_BOOT.map((event) =>
      event === IMAGE ? { ...IMAGE, type: 0x80000007, data: text('shim') } : event,
    );
    assert.equal(factsOf(shown, WHOLE_BOOT).images.length, 1);
  });

  it('an altered command line is no fact', () => {
    const altered = WHOLE_BOOT.map((event) =>
      event === CMDLINE ? { ...CMDLINE, data: text('kernel_cmdline: /k debug\0') } : event,
    );
    const { commandLines, unread } = factsOf(altered, WHOLE_BOOT);
    assert.deepEqual(
      commandLines.map(({ pcr }) => pcr),
      [12],
    );
    assert.deepEqual(
      unread.map(({ eventIndex }) => eventIndex),
      [9],
    );
  });

  it('an unknown event is not passed over in silence', () => {
    const unknown: MadeEvent = {
      pcr: 8,
      type: 0x7777,
      data: text('?'),
      measured: text('/k debug'),
    };
    assert.deepEqual(factsOf(WHOLE_BOOT).unread, []);
    assert.equal(factsOf([...WHOLE_BOOT, unknown]).unread.length, 1);
    assert.equal(factsOf([...WHOLE_BOOT, { ...unknown, pcr: 7 }]).unread.length, 1);
  });

  it('an extend behind the separator of PCR 7 is no variable of the firmware', () => {
    const late = [...WHOLE_BOOT, variable('dbx')];
    const { variables, authorities } = factsOf(late);
    assert.deepEqual([variables.length, authorities.length], [2, 2]);
  });
});

describe('hostile logs', () => {
  it('no byte of a log makes facts or checks throw, and none makes Secure Boot on', () => {
    const off = { ...SECURE, data: globalVariable('SecureBoot', Buffer.of(0)) };
    const whole = agileLog(['sha256'], [off, ...WHOLE_BOOT.filter((event) => event !== SECURE)]);
    for (let at = 0; at < whole.byteLength; at += 1) {
      const altered = Uint8Array.from(whole);
      altered[at] = (altered[at] ?? 0) ^ 1;
      const boot = quotedBoot(altered, ['sha256'], { quotedLog: whole });
      assert.notEqual(bootFacts(boot).secureBoot.state, 'on', `byte ${at}`);
      judgeEventData(boot);
    }
  });
});

describe('taggedId', () => {
  it('reads a tag, and nothing from data that are cut, longer or lie about their size', () => {
    const data = new Uint8Array(tag(7, 'name'));
    assert.equal(taggedId(data), 7);
    for (let end = 0; end < data.byteLength; end += 1) {
      assert.equal(taggedId(data.slice(0, end)), undefined);
    }
    assert.equal(taggedId(Buffer.concat([data, Buffer.of(0)])), undefined);
    assert.equal(taggedId(new Uint8Array(Buffer.concat([u32(7), u32(0xffffffff)]))), undefined);
  });
});

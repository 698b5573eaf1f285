// The Secure Boot fact: real logs, and every way in which a log could lie about it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEventLog } from '../../src/boot/event-log.ts';
import { explainBoot } from '../../src/boot/explain.ts';
import { replayEventLog } from '../../src/boot/replay.ts';
import { secureBootFact } from '../../src/boot/secure-boot.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import {
  agileLog,
  globalVariable,
  type MadeEvent,
  sha1Record,
  testFile,
} from './boot-log-writer.ts';

/** The fact under a quote whose PCR 7 is what `quotedLog` replays to. */
function fact(log: Uint8Array, quotedLog = log, banks: readonly HashName[] = ['sha256']) {
  const quoted = replayEventLog(readEventLog(quotedLog));
  const values = new Map(
    banks.map((bank) => {
      const of = quoted.banks.get(bank)?.get(7);
      const pcrs = new Map<number, Uint8Array>();
      if (of?.state === 'replayed') pcrs.set(7, of.value);
      return [bank, pcrs] as const;
    }),
  );
  const replay = replayEventLog(readEventLog(log));
  return secureBootFact(explainBoot(replay, { banks: new Set(banks), values }));
}

describe('Secure Boot in real logs', () => {
  const states: readonly (readonly [string, 'on' | 'off' | undefined, number?])[] = [
    ['google-go-attestation/sb_cert_eventlog.gz', 'on', 2],
    ['salrashid123-tpm2/binary_bios_measurements.gz', 'on', 5],
    ['keylime-python3-uefi-eventlog/thinkpad.bin.gz', 'on', 9],
    ['keylime-python3-uefi-eventlog/sr645.bin.gz', 'off', 2],
    ['google-go-attestation/crypto_agile_eventlog.gz', 'off', 4],
    ['kgoldman-acs/tpm2bios.log', undefined],
    ['tpm2-software-tpm2-tools/event-uefivar.bin', undefined],
  ];
  for (const [name, state, eventIndex] of states) {
    it(`${name}: ${state ?? 'undecided'}`, () => {
      const { findings, ...rest } = fact(testFile(`evidence/public/${name}`));
      const witness = state === undefined ? {} : { eventIndex, bank: 'sha256' };
      assert.deepEqual(rest, { state, ...witness });
      assert.deepEqual(findings, []);
    });
  }

  it('is undecided where only SHA-1 speaks', () => {
    const log = testFile('evidence/public/google-go-attestation/sb_cert_eventlog.gz');
    assert.equal(fact(log, log, ['sha1']).state, undefined);
    assert.equal(fact(log, log, ['sha1', 'sha384']).bank, 'sha384');
  });
});

const SECURE_BOOT = 0x80000001;

function variable(name: string, ...data: number[]): MadeEvent {
  return { pcr: 7, type: SECURE_BOOT, data: globalVariable(name, Buffer.from(data)) };
}

const ON = variable('SecureBoot', 1);
const OFF = variable('SecureBoot', 0);
const PK = variable('PK', 1, 2, 3);
const SEPARATOR: MadeEvent = { pcr: 7, type: 4, data: Buffer.of(0, 0, 0, 0) };
const made = (...events: MadeEvent[]) => agileLog(['sha1', 'sha256'], events);

describe('Secure Boot in made-up logs', () => {
  it('is what the variable says', () => {
    assert.equal(fact(made(ON, PK, SEPARATOR)).state, 'on');
    assert.equal(fact(made(OFF, PK, SEPARATOR)).state, 'off');
    assert.equal(fact(made(variable('SecureBoot'), PK, SEPARATOR)).state, 'off');
    const end: MadeEvent = { ...SEPARATOR, data: Buffer.of(0xff, 0xff, 0xff, 0xff) };
    assert.equal(fact(made(PK, ON, end)).state, 'on');
  });

  it('is undecided without PCR 7 explained', () => {
    assert.equal(fact(made(ON, SEPARATOR), made(OFF, SEPARATOR)).state, undefined);
    assert.equal(fact(sha1Record(ON)).state, undefined);
  });

  it('is undecided without a separator, without the variable, and with the variable twice', () => {
    assert.equal(fact(made(ON, PK)).state, undefined);
    assert.equal(fact(made(PK, SEPARATOR)).state, undefined);
    assert.equal(fact(made(ON, ON, SEPARATOR)).state, undefined);
    assert.equal(fact(made(OFF, ON, SEPARATOR)).state, undefined);
  });

  it('is undecided for values that mean nothing', () => {
    assert.equal(fact(made(variable('SecureBoot', 2), SEPARATOR)).state, undefined);
    assert.equal(fact(made(variable('SecureBoot', 1, 1), SEPARATOR)).state, undefined);
  });

  it('counts only SecureBoot of the global GUID, whole, in PCR 7', () => {
    assert.equal(fact(made(variable('SetupMode', 1), SEPARATOR)).state, undefined);
    assert.equal(fact(made(variable('SecureBoo', 1), SEPARATOR)).state, undefined);
    const foreign = Uint8Array.from(ON.data).fill(0xaa, 0, 16);
    assert.equal(fact(made({ ...ON, data: foreign }, SEPARATOR)).state, undefined);
    const longer = Buffer.concat([ON.data, Buffer.of(1)]);
    assert.equal(fact(made({ ...ON, data: longer }, SEPARATOR)).state, undefined);
    assert.equal(fact(made({ ...ON, data: ON.data.subarray(0, 40) }, SEPARATOR)).state, undefined);
    assert.equal(fact(made({ ...ON, pcr: 1 }, SEPARATOR)).state, undefined);
    assert.equal(fact(made({ ...ON, type: 3 }, SEPARATOR)).state, undefined);
  });
});

describe('lies about Secure Boot', () => {
  it('altered event data are found by their digest', () => {
    const lie: MadeEvent = { ...ON, measured: OFF.data };
    const { state, findings } = fact(made(PK, lie, SEPARATOR), made(PK, OFF, SEPARATOR));
    assert.equal(state, undefined);
    assert.deepEqual(
      findings.map(({ code, severity, where }) => [code, severity, where.entryIndex, where.bank]),
      [['boot.event_not_understood', 'info', 2, 'sha256']],
    );
  });

  it('an extend behind the separator says nothing', () => {
    assert.equal(fact(made(OFF, SEPARATOR, ON)).state, 'off');
    assert.equal(fact(made(PK, SEPARATOR, ON)).state, undefined);
  });

  it('relabelling the separator and the true event does not help an extend behind them', () => {
    const hidden = made({ ...OFF, type: 5 }, { ...SEPARATOR, type: 5 }, ON);
    assert.equal(fact(hidden, made(OFF, SEPARATOR, ON)).state, 'off');
  });

  it('a changed type with an unchanged digest does not hide one of two variables', () => {
    const hidden = made({ ...OFF, type: 0x80000007 }, ON, SEPARATOR);
    assert.equal(fact(hidden, made(OFF, ON, SEPARATOR)).state, undefined);
  });

  it('an unknown event in the part of the firmware is not passed over', () => {
    const disguised: MadeEvent = { pcr: 7, type: 0x7777, data: Buffer.of(1), measured: OFF.data };
    const { state, findings } = fact(made(disguised, ON, SEPARATOR), made(OFF, ON, SEPARATOR));
    assert.equal(state, undefined);
    assert.equal(findings[0]?.code, 'boot.event_not_understood');
    const honest: MadeEvent = { pcr: 7, type: 0x7777, data: Buffer.of(1) };
    assert.equal(fact(made(honest, ON, SEPARATOR)).state, 'on');
  });
});

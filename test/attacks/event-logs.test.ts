// Firmware event logs that lie, beside quotes of what the firmware did. FORMATS 15, 17.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEventLog } from '../../src/boot/event-log.ts';
import { replayEventLog } from '../../src/boot/replay.ts';
import { BOOT_LIMITS } from '../../src/bytes/limits.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { type Capture, loadCapture } from '../captures/load-capture.ts';
import {
  ascii,
  type DraftRecord,
  digestField,
  hash,
  join,
  nameField,
  replayRecords,
  word,
  writeList,
} from '../property/list-writer.ts';
import { BINARY_SEGMENT, quoteOver } from '../property/made-quote.ts';
import { flipByte } from '../tamper/tampering.ts';
import {
  agileLog,
  globalVariable,
  type MadeBank,
  type MadeEvent,
} from '../unit/boot-log-writer.ts';
import { assertAccepted, assertRefused, policyOf, verdictOf, withEvidence } from './scene.ts';

const REAL = '02-ima-sig/q02-rsassa-pcr0-10';
const BANKS = ['sha256', 'sha384'] as const;
const PCRS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
const SECURE_BOOT = 0x80000001;
const BOOT_SERVICES = 0x80000003;
const SEPARATORS: readonly MadeEvent[] = PCRS.slice(0, 8).map((pcr) => ({
  pcr,
  type: 4,
  data: Buffer.of(0, 0, 0, 0),
}));
const ON = secureBoot(1);
const OFF = secureBoot(0);

describe('event logs that lie', () => {
  it('the log of another boot', async () => {
    const capture = await loadCapture(REAL);
    assertAccepted(verdictOf(capture));
    const { bootLog } = (await loadCapture('03-ima-buf/q02-ecdsa-pcr10')).evidence;
    assert.ok(bootLog);
    const { where } = assertRefused(verdictOf(withEvidence(capture, { bootLog })), {
      code: 'boot.replay_mismatch',
      where: { part: 'boot', bank: 'sha256' },
    });
    assert.ok(where.pcr !== undefined && where.pcr < 8);
  });

  it('event data changed under an unchanged digest', () => {
    assertAccepted(judged([ON]));
    const lie = { ...ON, measured: OFF.data };
    const verdict = judged([lie], [OFF]);
    assertRefused(verdict, { code: 'boot.secure_boot_unproven', where: { part: 'boot', pcr: 7 } });
    const found = verdict.findings.find(({ code }) => code === 'boot.event_not_understood');
    assert.equal(found?.where.entryIndex, 1);
  });

  it('an event type changed over an unchanged digest', () => {
    assertAccepted(judged([ON]));
    const variable = { part: 'boot', pcr: 7 } as const;
    const off = judged([OFF]);
    assertRefused(off, { code: 'boot.secure_boot_off', where: { ...variable, entryIndex: 1 } });
    const relabelled = { ...OFF, type: 0x80000007 };
    const verdict = judged([relabelled, ON], [OFF, ON]);
    assertRefused(verdict, { code: 'boot.secure_boot_unproven', where: variable });
  });

  it('an unknown event in place of one that would be read', () => {
    assertAccepted(judged([ON]));
    const disguised: MadeEvent = { pcr: 7, type: 0x7777, data: Buffer.of(1), measured: OFF.data };
    const verdict = judged([disguised, ON], [OFF, ON]);
    assertRefused(verdict, { code: 'boot.secure_boot_unproven', where: { part: 'boot', pcr: 7 } });
  });

  it('an event added, and one left out', () => {
    assertAccepted(judged([ON]));
    const extra: MadeEvent = { pcr: 4, type: BOOT_SERVICES, data: ascii('loader') };
    for (const [told, true_] of [
      [[ON, extra], [ON]],
      [[ON], [ON, extra]],
    ] as const) {
      assertRefused(judged(told, true_), {
        code: 'boot.replay_mismatch',
        where: { part: 'boot', bank: 'sha256', pcr: 4 },
      });
    }
  });

  it('a forged start value of PCR 0', () => {
    assertAccepted(judged([locality(3), ON]));
    for (const [told, true_] of [
      [3, 0],
      [0, 3],
      [4, 3],
    ] as const) {
      assertRefused(judged([locality(told), ON], [locality(true_), ON]), {
        code: 'boot.replay_mismatch',
        where: { part: 'boot', bank: 'sha256', pcr: 0 },
      });
    }
  });

  it('PCRs that only one quoted bank explains', () => {
    assertAccepted(judged([ON], [ON], { banks: BANKS }));
    for (const bank of BANKS) {
      const altered = { bank, pcr: 3 };
      assertRefused(judged([ON], [ON], { banks: BANKS, altered }), {
        code: 'boot.bank_partial',
        where: { part: 'boot', bank, pcr: 3 },
      });
    }
  });

  it('an event without a digest in one bank, so that this bank seems not to count', () => {
    assertAccepted(judged([ON], [ON], { banks: BANKS }));
    const omitting: MadeEvent = { ...ON, banks: ['sha256'] };
    assertRefused(judged([omitting], [ON], { banks: BANKS }), {
      code: 'boot.bank_partial',
      where: { part: 'boot', bank: 'sha384', pcr: 7 },
    });
  });

  it('a log cut short, and no log at all', async () => {
    const capture = await loadCapture(REAL);
    assertAccepted(verdictOf(capture));
    const { bootLog } = capture.evidence;
    assert.ok(bootLog);
    assertRefused(verdictOf(withEvidence(capture, { bootLog: bootLog.slice(0, -3) })), {
      code: 'boot.truncated',
      where: { part: 'boot' },
    });
    const { bootLog: _, ...without } = madeBoot([ON], [ON]).evidence;
    assertRefused(
      verdictOf({ ...madeBoot([ON], [ON]), evidence: without }, policyFor(['sha256'])),
      {
        code: 'boot.log_missing',
        where: { part: 'boot' },
      },
    );
  });

  it('any part of a genuine log rewritten', async () => {
    const capture = await loadCapture(REAL);
    assertAccepted(verdictOf(capture));
    const { bootLog = new Uint8Array() } = capture.evidence;
    const digestAt = readEventLog(bootLog).events[1]?.offsetBytes ?? 0;
    // PCR, type, count, algorithm of the SHA-1 digest, that digest, algorithm of the next one.
    const sha256At = digestAt + 4 + 4 + 4 + 2 + 20 + 2;
    assertRefused(verdictOf(withEvidence(capture, { bootLog: flipByte(bootLog, sha256At) })), {
      code: 'boot.replay_mismatch',
      where: { part: 'boot', bank: 'sha256' },
    });
  });

  it('counts and sizes of events at 0, 1, the cap, one more and the largest', async () => {
    const capture = await loadCapture(REAL);
    assertAccepted(verdictOf(capture));
    const { bootLog = new Uint8Array() } = capture.evidence;
    const eventAt = readEventLog(bootLog).events[1]?.offsetBytes ?? 0;
    const { algorithms } = BOOT_LIMITS;
    for (const count of [0, 1, algorithms, algorithms + 1, 0xffffffff]) {
      const countAt = eventAt + 8;
      const forged = join(
        bootLog.slice(0, countAt),
        word(count, 'little'),
        bootLog.slice(countAt + 4),
      );
      const verdict = verdictOf(withEvidence(capture, { bootLog: forged }));
      assert.equal(verdict.status, 'contraindicated', `${count}`);
      const grave = verdict.findings.find(({ severity }) => severity === 'contraindicated');
      assert.ok(grave && UNREADABLE.includes(grave.code), `${count}: ${grave?.code}`);
      assert.notEqual(grave.where.offsetBytes ?? grave.where.pcr, undefined, `${count}`);
    }
  });
});

interface Made {
  readonly banks?: readonly MadeBank[];
  /** A value that is quoted otherwise. */
  readonly altered?: { readonly bank: HashName; readonly pcr: number };
}

/** The verdict where a host logs `told` and its firmware did `done`. */
function judged(
  told: readonly MadeEvent[],
  done: readonly MadeEvent[] = told,
  made: Made = {},
): VerdictBody {
  return verdictOf(madeBoot(told, done, made), policyFor(made.banks ?? ['sha256']));
}

function madeBoot(
  told: readonly MadeEvent[],
  done: readonly MadeEvent[],
  { banks = ['sha256'], altered }: Made = {},
): Capture {
  const logged = ['sha256', 'sha384'] as const;
  const replay = replayEventLog(readEventLog(agileLog(logged, [...done, ...SEPARATORS])));
  const values = new Map(
    banks.map((bank) => {
      const zeros = new Uint8Array(hash(bank, new Uint8Array()).byteLength);
      const of = (pcr: number) => {
        if (altered?.bank === bank && altered.pcr === pcr) return zeros.map(() => 0xee);
        const outcome = replay.banks.get(bank)?.get(pcr);
        return outcome?.state === 'replayed' ? outcome.value : zeros;
      };
      return [bank as HashName, new Map(PCRS.map((pcr) => [pcr, of(pcr)]))] as const;
    }),
  );
  const firmware = PCRS.slice(0, -1).map((pcr) => values.get('sha256')?.get(pcr) ?? ascii(''));
  const digest = digestField('sha256', hash('sha256', join(...firmware)));
  const fields = [digest, nameField(ascii('boot_aggregate'))];
  const list: DraftRecord[] = [{ pcr: 10, template: 'ima-ng', fields }];
  for (const [bank, pcrs] of values) {
    pcrs.set(10, replayRecords(list, { pcr: 10, bank, extended: 'own-hash' }));
  }
  const bootLog = agileLog(logged, [...told, ...SEPARATORS]);
  const evidence = quoteOver(values, [BINARY_SEGMENT]);
  return { evidence: { ...evidence, bootLog }, segments: [writeList(list)] };
}

function policyFor(banks: readonly string[]) {
  return policyOf({
    quote: { pcrs: PCRS, banks },
    boot: { eventLog: 'required', secureBoot: 'required' },
  });
}

function secureBoot(value: number): MadeEvent {
  return { pcr: 7, type: SECURE_BOOT, data: globalVariable('SecureBoot', Buffer.of(value)) };
}

function locality(value: number): MadeEvent {
  const data = Buffer.concat([Buffer.from('StartupLocality\0', 'latin1'), Buffer.of(value)]);
  return { pcr: 0, type: 3, data };
}

const UNREADABLE: readonly string[] = [
  'boot.field_malformed',
  'boot.truncated',
  'boot.replay_mismatch',
];

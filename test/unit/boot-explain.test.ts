// Which quoted PCRs an event log explains, and what the structural rules make of it: the captures
// with a stated expectation, then every rule with its twin.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readEventLog } from '../../src/boot/event-log.ts';
import { type ExplainedBoot, explainBoot, type QuotedPcrs } from '../../src/boot/explain.ts';
import { judgeBoot } from '../../src/boot/judge-boot.ts';
import { replayEventLog } from '../../src/boot/replay.ts';
import { fromHex } from '../../src/bytes/encoding.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import type { Finding } from '../../src/findings/finding.ts';
import {
  agileLog,
  extended,
  type MadeBank,
  type MadeEvent,
  sha1Record,
  testFile,
} from './boot-log-writer.ts';

const EXPECTATIONS = { partial: 'warning', loader: 'warning' } as const;
const FULL: MadeEvent[] = Array.from({ length: 8 }, (_, pcr) => ({
  pcr,
  type: 4,
  data: Buffer.of(0, 0, 0, 0),
}));

/** Short form of a finding: code, severity, bank and PCR. */
function brief(finding: Finding): string {
  const { bank = '-', pcr = '-' } = finding.where;
  return `${finding.code} ${finding.severity} ${bank} ${pcr}`;
}

function judged(boot: ExplainedBoot): string[] {
  return judgeBoot(boot, EXPECTATIONS).map(brief);
}

interface Bundle {
  readonly bootLog?: string;
  readonly pcrValues: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

interface Expected {
  readonly selection: readonly { readonly bank: HashName }[];
  readonly pcrDigestMatches?: boolean;
  readonly eventLog?: ExplainedBoot['explanations'] | null;
  readonly eventEntries?: number;
}

function json<T>(path: string): T {
  return JSON.parse(Buffer.from(testFile(path)).toString());
}

function bundlesBelow(folder: string): string[] {
  const root = fileURLToPath(new URL(`../${folder}`, import.meta.url));
  const names = readdirSync(root, { recursive: true }).map((name) => `${folder}/${name}`);
  return names.filter((name) => name.endsWith('.bundle.json')).sort();
}

function valuesOf(texts: Bundle['pcrValues']): QuotedPcrs['values'] {
  return new Map(
    Object.entries(texts).map(([bank, pcrs]) => {
      const values = Object.entries(pcrs).map(
        ([pcr, hex]) => [Number(pcr), fromHex(hex) ?? new Uint8Array()] as const,
      );
      return [bank as HashName, new Map(values)];
    }),
  );
}

function explainedBundle(path: string, bundle: Bundle, expected: Expected): ExplainedBoot {
  const log = readEventLog(testFile(`${dirname(path)}/${bundle.bootLog}`));
  assert.equal(log.malformed, undefined);
  const proven = expected.pcrDigestMatches === false ? new Map() : valuesOf(bundle.pcrValues);
  const banks = new Set(expected.selection.map(({ bank }) => bank));
  return explainBoot(replayEventLog(log), { banks, values: proven });
}

/** What the rules say of captures where they say more than nothing. */
const JUDGED: Readonly<Record<string, readonly string[]>> = {
  'failed-1': ['boot.replay_mismatch contraindicated sha256 0'],
  'failed-2': ['boot.replay_mismatch contraindicated sha256 0'],
  'good-1.other-pcr-values': ['boot.log_unproven info - -'],
  'ludmilla.candidate1': ['boot.bank_unlogged info sha384 -'],
  'ludmilla.candidate2': ['boot.bank_unlogged info sha384 -'],
};

describe('event logs of the public captures', () => {
  for (const path of bundlesBelow('evidence/public')) {
    const bundle = json<Bundle>(path);
    if (bundle.bootLog === undefined) continue;
    it(path, () => {
      const expected = json<Expected>(path.replace('.bundle.', '.expected.'));
      const boot = explainedBundle(path, bundle, expected);
      assert.deepEqual(boot.explanations, expected.eventLog);
      assert.equal(boot.replay.log.events.length, expected.eventEntries);
      const name = path.replace(/^.*\/|\.bundle\.json$/g, '');
      assert.deepEqual(judged(boot), JUDGED[name] ?? []);
    });
  }
});

describe('event logs of our own captures', () => {
  for (const path of bundlesBelow('evidence').filter((name) => /\/\d\d-/.test(name))) {
    const bundle = json<Bundle>(path);
    if (bundle.bootLog === undefined) continue;
    it(path, () => {
      const expected = json<Expected>(path.replace('.bundle.', '.expected.'));
      const boot = explainedBundle(path, bundle, expected);
      const all = Object.keys(bundle.pcrValues['sha256'] ?? {}).length > 1;
      const explained = all ? [0, 1, 2, 3, 4, 5, 6, 7, 9] : [];
      for (const explanation of Object.values(boot.explanations)) {
        assert.deepEqual(explanation, { explained, unexplained: [], changedWithoutEvents: [10] });
      }
      assert.deepEqual(judged(boot), all ? [] : ['boot.log_unproven info - -']);
    });
  }
});

type Alterations = Partial<Record<MadeBank, readonly number[]>>;

/** A quote of PCR 0–7 that `log` explains, but for the altered PCRs. */
function boot(log: Uint8Array, banks: readonly MadeBank[], altered: Alterations = {}) {
  const replay = replayEventLog(readEventLog(log));
  const values = new Map(banks.map((bank) => [bank, quotedPcrs(bank)] as const));
  for (const [bank, pcrs] of Object.entries(altered)) {
    for (const pcr of pcrs) values.get(bank as MadeBank)?.set(pcr, Buffer.alloc(48, 0xee));
  }
  return explainBoot(replay, { banks: new Set(banks), values });
}

function quotedPcrs(bank: MadeBank): Map<number, Uint8Array> {
  const zeros = Buffer.alloc({ sha1: 20, sha256: 32, sha384: 48 }[bank]);
  return new Map(
    FULL.map(({ pcr, data }) => [pcr, new Uint8Array(extended(bank, zeros, data))] as const),
  );
}

describe('PCR 0–7', () => {
  const two = agileLog(['sha1', 'sha256'], FULL);

  it('are accepted when explained in every quoted bank', () => {
    assert.deepEqual(judged(boot(two, ['sha1', 'sha256'])), []);
  });

  it('are refused when explained in no quoted bank', () => {
    const refused = boot(two, ['sha1', 'sha256'], { sha1: [3], sha256: [3] });
    assert.deepEqual(judged(refused), [
      'boot.replay_mismatch contraindicated sha1 3',
      'boot.replay_mismatch contraindicated sha256 3',
    ]);
  });

  it('warn when SHA-256 explains what SHA-1 does not, and refuse the other way round', () => {
    assert.deepEqual(judged(boot(two, ['sha1', 'sha256'], { sha1: [3] })), [
      'boot.bank_partial warning sha1 3',
    ]);
    assert.deepEqual(judged(boot(two, ['sha1', 'sha256'], { sha256: [3] })), [
      'boot.replay_mismatch contraindicated sha256 3',
    ]);
  });

  it('warn between two strong banks, whichever it is', () => {
    const strong = agileLog(['sha256', 'sha384'], FULL);
    assert.deepEqual(judged(boot(strong, ['sha256', 'sha384'], { sha256: [0] })), [
      'boot.bank_partial warning sha256 0',
    ]);
    assert.deepEqual(judged(boot(strong, ['sha256', 'sha384'], { sha384: [0] })), [
      'boot.bank_partial warning sha384 0',
    ]);
  });

  it('are refused when they changed without any event', () => {
    const refused = boot(agileLog(['sha256'], FULL.slice(0, 7)), ['sha256']);
    assert.deepEqual(refused.explanations.sha256?.changedWithoutEvents, [7]);
    const [finding] = judgeBoot(refused, EXPECTATIONS);
    assert.equal(finding?.code, 'boot.replay_mismatch');
    assert.equal(finding?.expected, '00'.repeat(32));
    assert.equal(finding?.where.entryIndex, undefined);
  });

  it('are listed nowhere at their start value without events', () => {
    const untouched = boot(agileLog(['sha256'], FULL.slice(0, 7)), ['sha256']);
    const values = new Map([['sha256' as const, new Map([[7, new Uint8Array(32)]])]]);
    const again = explainBoot(untouched.replay, { banks: new Set(['sha256']), values });
    assert.deepEqual(again.explanations.sha256, {
      explained: [],
      unexplained: [],
      changedWithoutEvents: [],
    });
  });

  it('are unexplained where an event omits the bank', () => {
    const events = FULL.map((event) => (event.pcr === 5 ? omitting(event) : event));
    const gap = boot(agileLog(['sha1', 'sha256'], events), ['sha1', 'sha256']);
    assert.deepEqual(gap.explanations.sha1?.unexplained, [5]);
    const findings = judgeBoot(gap, EXPECTATIONS);
    assert.deepEqual(findings.map(brief), ['boot.bank_partial warning sha1 5']);
    assert.equal(findings[0]?.where.entryIndex, 6);
    assert.equal(findings[0]?.expected, undefined);
  });

  it('name the last event, the replayed and the quoted value', () => {
    const [finding] = judgeBoot(boot(two, ['sha256'], { sha256: [2] }), EXPECTATIONS);
    assert.equal(finding?.where.entryIndex, 3);
    assert.equal(
      finding?.expected,
      extended('sha256', Buffer.alloc(32), Buffer.alloc(4)).toString('hex'),
    );
    assert.equal(finding?.actual, 'ee'.repeat(48));
  });
});

function omitting(event: MadeEvent): MadeEvent {
  return { ...event, banks: ['sha256'] };
}

describe('the other PCRs', () => {
  const log = agileLog(['sha256'], [...FULL, { pcr: 9, type: 6, data: Buffer.from('initrd') }]);
  const others = { sha256: [8, 9, 10, 11, 12, 16, 23] };

  it('warn for PCR 8–9, inform about PCR 11–15, and pass over the rest', () => {
    const altered = boot(log, ['sha256'], others);
    assert.deepEqual(altered.explanations.sha256?.unexplained, [9]);
    const changed = altered.explanations.sha256?.changedWithoutEvents;
    assert.deepEqual(changed, [8, 10, 11, 12, 16, 23]);
    const findings = judgeBoot(altered, EXPECTATIONS);
    assert.deepEqual(findings.map(brief), [
      'boot.loader_unexplained warning sha256 8',
      'boot.loader_unexplained warning sha256 9',
      'boot.system_unexplained info sha256 -',
    ]);
    assert.equal(findings[2]?.actual, 'PCR 11, 12');
  });

  it('keep PCR 10 apart even when the log has events for it', () => {
    const event: MadeEvent = { pcr: 10, type: 4, data: Buffer.of(0, 0, 0, 0) };
    const made = boot(agileLog(['sha256'], [...FULL, event]), ['sha256'], { sha256: [10] });
    assert.deepEqual(made.explanations.sha256?.unexplained, []);
    assert.deepEqual(made.explanations.sha256?.changedWithoutEvents, [10]);
  });

  it('hold ones after a reset for PCR 17–22', () => {
    const values = new Map([17, 22].map((pcr) => [pcr, new Uint8Array(32).fill(0xff)]));
    values.set(18, new Uint8Array(32));
    const { replay } = boot(log, ['sha256']);
    const quoted = { banks: new Set(['sha256'] as const), values: new Map([['sha256', values]]) };
    const { explanations } = explainBoot(replay, quoted as QuotedPcrs);
    assert.deepEqual(explanations.sha256?.changedWithoutEvents, [18]);
  });
});

describe('banks', () => {
  it('inform when one of several quoted banks is not logged', () => {
    const made = boot(agileLog(['sha256'], FULL), ['sha256', 'sha384']);
    assert.deepEqual(Object.keys(made.explanations), ['sha256']);
    assert.deepEqual(judged(made), ['boot.bank_unlogged info sha384 -']);
  });

  it('warn when no quoted bank is logged', () => {
    const made = boot(agileLog(['sha256'], FULL), ['sha384']);
    assert.deepEqual(made.explanations, {});
    assert.deepEqual(judged(made), [
      'boot.bank_unlogged warning sha384 -',
      'boot.log_unproven info - -',
    ]);
  });

  it('tell a log without Spec ID record', () => {
    const legacy = Buffer.concat(FULL.map((event) => sha1Record(event)));
    assert.deepEqual(judged(boot(legacy, ['sha1'])), ['boot.spec_id_missing info - -']);
    assert.deepEqual(judged(boot(legacy, ['sha1', 'sha256'])), [
      'boot.spec_id_missing info - -',
      'boot.bank_unlogged info sha256 -',
    ]);
  });

  it('leave it to the policy whether partial banks and loaders count', () => {
    const events = agileLog(['sha1', 'sha256'], FULL);
    const partial = boot(events, ['sha1', 'sha256'], { sha1: [1], sha256: [8] });
    assert.deepEqual(judgeBoot(partial, { partial: undefined, loader: undefined }), []);
    const strict = judgeBoot(partial, { partial: 'contraindicated', loader: 'info' });
    assert.deepEqual(strict.map(brief), [
      'boot.bank_partial contraindicated sha1 1',
      'boot.loader_unexplained info sha256 8',
    ]);
    const unlogged = boot(events, ['sha384']);
    const codes = judgeBoot(unlogged, { partial: undefined, loader: undefined });
    assert.deepEqual(codes.map(brief), ['boot.log_unproven info - -']);
  });
});

describe('a flipped digest', () => {
  it('leaves its PCR unexplained, whichever byte it is', () => {
    const log = agileLog(['sha256'], FULL);
    for (const event of readEventLog(log).events.slice(1)) {
      for (let at = 0; at < 32; at += 1) {
        const flipped = Uint8Array.from(log);
        flipped[event.offsetBytes + 14 + at] = (log[event.offsetBytes + 14 + at] ?? 0) ^ 1;
        const { explanations } = boot(flipped, ['sha256']);
        assert.deepEqual(explanations.sha256?.unexplained, [event.pcr]);
      }
    }
  });
});

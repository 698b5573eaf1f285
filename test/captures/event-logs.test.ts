// Every event log of the evidence: what it is, what its replay gives, and what it proves.
// test/evidence/ABOUT.md; the PCR values are stated in expected-pcrs.json, or by a quote.

import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { judgeEventData } from '../../src/boot/event-data.ts';
import { PCR_NONE, readEventLog } from '../../src/boot/event-log.ts';
import { bootFacts } from '../../src/boot/facts.ts';
import { type ReplayedEventLog, replayEventLog } from '../../src/boot/replay.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import { quotedBoot } from '../unit/quoted-boot.ts';
import { gapsOf, valuesOf } from '../unit/replayed-values.ts';
import { bundledLogs, evidenceFile, statedLogs } from './event-log-files.ts';
import { LOGS } from './event-log-table.ts';
import { bundlesBelow, EVIDENCE_FOLDER, loadCapture } from './load-capture.ts';

/** (bank, PCR, first event without a digest): these PCRs have no value. */
const GAPS: Readonly<Record<string, readonly (readonly [string, number, number])[]>> = {
  'event-uefivar.bin': [
    ['sha384', 7, 1],
    ['sha512', 7, 1],
  ],
  'thinkpad.bin': [
    ['sha1', 11, 43],
    ['sha1', 12, 44],
    ['sha1', 13, 45],
    ['sha1', 14, 46],
  ],
  tpm2_windows_lenovo_yogax1v2: [
    ['sha1', 5, 51],
    ['sha1', 11, 40],
    ['sha1', 12, 41],
    ['sha1', 13, 42],
    ['sha1', 14, 43],
  ],
};

describe('event logs of the evidence', () => {
  it('are all in the table', () => {
    const listed = new Set(LOGS.map(([file]) => file));
    const named = [...statedLogs().keys(), ...bundledLogs()];
    assert.deepEqual(
      named.filter((file) => !listed.has(file)),
      [],
    );
    assert.equal(listed.size, LOGS.length);
  });

  for (const [file, events, banks, secureBoot, images, commandLines, mismatches] of LOGS) {
    it(file, () => {
      const bytes = evidenceFile(file);
      const log = readEventLog(bytes);
      assert.equal(log.malformed, undefined);
      const names = log.algorithms.flatMap(({ bank }) => bank ?? []);
      assert.deepEqual([log.events.length, names.join(' ')], [events, banks]);
      assert.deepEqual(gapsOf(replayEventLog(log)), GAPS[path.basename(file)] ?? []);
      const boot = quotedBoot(bytes, names);
      const facts = bootFacts(boot);
      assert.deepEqual(
        [facts.secureBoot.state ?? 'undecided', facts.images.length, facts.commandLines.length],
        [secureBoot, images, commandLines],
      );
      const broken = new Set(judgeEventData(boot).map(({ where }) => where.entryIndex));
      assert.equal(broken.size, mismatches);
    });
  }
});

describe('event logs replay to the PCR values that are stated', () => {
  for (const [file, stated] of statedLogs()) {
    it(file, () => {
      const replay = replayEventLog(readEventLog(evidenceFile(file)));
      const inPcrs = replay.log.events.filter(({ pcr }) => pcr !== PCR_NONE);
      assert.equal(inPcrs.length, stated.events);
      assert.equal(replay.startupLocality, stated.startupLocality);
      const values = structuredClone(stated.pcrs) as Record<string, Record<string, string>>;
      for (const [bank, pcr] of GAPS[path.basename(file)] ?? []) delete values[bank]?.[pcr];
      assert.deepEqual(valuesOf(replay), { ...emptyBanks(replay), ...values });
    });
  }
});

describe('event logs beside a quote over PCR 0–9', () => {
  for (const bundle of bundlesBelow(EVIDENCE_FOLDER)) {
    const name = path.relative(EVIDENCE_FOLDER, bundle);
    it(`${name}: explained, or as the table says`, async () => {
      const { evidence } = await loadCapture(name);
      const { ima: _, ...boot } = evidence;
      const banks = verifyEvidence(boot, [], STRUCTURAL_POLICY).coverage.boot?.banks ?? {};
      const unexplained = Object.entries(banks).flatMap(([bank, { unexplained: pcrs }]) =>
        pcrs.map((pcr) => `${bank}:${pcr}`),
      );
      assert.deepEqual(unexplained, UNEXPLAINED[name] ?? []);
    });
  }
});

/** PCR 0 of this laptop differs from quote to quote. */
const UNEXPLAINED: Readonly<Record<string, readonly string[]>> = {
  'public/immune-gmbh-guard-oss/haruhi-laptop/failed-1': ['sha256:0'],
  'public/immune-gmbh-guard-oss/haruhi-laptop/failed-2': ['sha256:0'],
};

function emptyBanks(replay: ReplayedEventLog): Record<string, Record<string, string>> {
  return Object.fromEntries([...replay.banks.keys()].map((bank) => [bank, {}]));
}

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
import { bundlesBelow, EVIDENCE_FOLDER, loadCapture } from './load-capture.ts';

/** A log and what a quote of exactly its replay would prove. */
type Row = readonly [
  file: string,
  events: number,
  banks: string,
  secureBoot: 'on' | 'off' | 'undecided',
  images: number,
  commandLines: number,
  /** Events whose data do not give the digest that their type promises. */
  mismatches: number,
];

const LOGS: readonly Row[] = [
  ['public/Fraunhofer-SIT-charra/binary_bios_measurements', 108, 'sha256', 'off', 2, 1, 0],
  ['public/google-go-attestation/crypto_agile_eventlog', 27, 'sha256', 'off', 2, 0, 0],
  ['public/google-go-attestation/sb_cert_eventlog', 15, 'sha1 sha256 sha384', 'on', 3, 0, 2],
  [
    'public/google-go-attestation/ubuntu_2104_shielded_vm_no_secure_boot_eventlog',
    106,
    'sha1 sha256 sha384',
    'off',
    2,
    1,
    0,
  ],
  ['public/google-go-attestation/ebs_event_missing_eventlog', 38, 'sha1', 'undecided', 0, 0, 0],
  ['public/google-go-tpm-tools/arch-linux-workstation.bin', 25, 'sha1 sha256', 'off', 2, 1, 0],
  ['public/google-go-tpm-tools/debian-10.bin', 25, 'sha1', 'undecided', 0, 0, 1],
  ['public/google-go-tpm-tools/rhel8-uefi.bin', 83, 'sha1 sha256 sha384', 'on', 3, 1, 0],
  ['public/google-go-tpm-tools/cos-85-amd-sev.bin', 46, 'sha1 sha256 sha384', 'on', 3, 1, 2],
  [
    'public/google-go-tpm-tools/ubuntu-2104-no-secure-boot.bin',
    106,
    'sha1 sha256 sha384',
    'off',
    2,
    1,
    0,
  ],
  [
    'public/google-go-tpm-tools/ubuntu-2404-amd-sevsnp.bin',
    117,
    'sha1 sha256 sha384',
    'off',
    2,
    1,
    0,
  ],
  ['public/immune-gmbh-guard-oss/h12ssl/bios_measurements.bin', 114, 'sha1 sha256', 'off', 2, 1, 0],
  [
    'public/immune-gmbh-guard-oss/eventlogs/binary_bios_measurements_15',
    39,
    'sha1',
    'undecided',
    0,
    0,
    0,
  ],
  ['public/immune-gmbh-guard-oss/eventlogs/linux_event_log', 43, 'sha1', 'undecided', 0, 0, 0],
  [
    'public/immune-gmbh-guard-oss/eventlogs/tpm2_windows_lenovo_yogax1v2',
    54,
    'sha1 sha256',
    'on',
    1,
    0,
    0,
  ],
  [
    'public/intel-trustauthority-client-for-go/binary_bios_measurements20',
    136,
    'sha1 sha256',
    'off',
    2,
    1,
    0,
  ],
  ['public/keylime-python3-uefi-eventlog/inspur.bin', 101, 'sha1 sha256', 'off', 2, 1, 0],
  ['public/keylime-python3-uefi-eventlog/rhel.bin', 34, 'sha1 sha256', 'on', 3, 1, 2],
  ['public/keylime-python3-uefi-eventlog/sr645.bin', 47, 'sha1 sha256', 'off', 2, 1, 0],
  ['public/keylime-python3-uefi-eventlog/ubuntu_qemu.bin', 106, 'sha1 sha256', 'on', 3, 1, 0],
  ['public/keylime-python3-uefi-eventlog/thinkpad.bin', 59, 'sha1 sha256', 'on', 1, 0, 0],
  ['public/kgoldman-acs/tpm2bios.log', 27, 'sha256 sha1', 'undecided', 2, 0, 10],
  [
    'public/openeuler-mirror-kunpengsecl/ima/binary_bios_measurements',
    33,
    'sha1 sha256',
    'off',
    0,
    0,
    0,
  ],
  ['public/salrashid123-tpm2/binary_bios_measurements', 122, 'sha1 sha256 sha384', 'on', 3, 1, 0],
  ['public/tpm2-software-tpm2-tools/event-bootorder.bin', 104, 'sha1 sha256', 'off', 2, 1, 0],
  ['public/tpm2-software-tpm2-tools/event-moklisttrusted.bin', 97, 'sha256', 'on', 4, 1, 0],
  ['public/tpm2-software-tpm2-tools/event-uefi-sha1-log.bin', 17, 'sha1', 'undecided', 0, 0, 0],
  [
    'public/tpm2-software-tpm2-tools/event-uefivar.bin',
    2,
    'sha1 sha256 sha384 sha512',
    'undecided',
    0,
    0,
    0,
  ],
  [
    'public/tpm2-software-tpm2-tools/event.bin',
    2,
    'sha1 sha256 sha384 sha512',
    'undecided',
    0,
    0,
    0,
  ],
  [
    'public/tpm2-software-tpm2-tss/binary_measurements_pc_client.bin',
    33,
    'sha1 sha256',
    'off',
    2,
    0,
    0,
  ],
  ['01-ima-ng-tcb/boot1/binary_bios_measurements', 25, 'sha1 sha256', 'off', 1, 0, 0],
  ['02-ima-sig/boot1/binary_bios_measurements', 25, 'sha1 sha256', 'off', 1, 0, 0],
  ['03-ima-buf/boot1/binary_bios_measurements', 25, 'sha1 sha256', 'off', 1, 0, 0],
  ['05-violations/boot1/binary_bios_measurements', 25, 'sha1 sha256', 'off', 1, 0, 0],
  [
    '07-kexec-with-log-carry-over/boot1/binary_bios_measurements',
    25,
    'sha1 sha256',
    'off',
    1,
    0,
    0,
  ],
  [
    '07-kexec-with-log-carry-over/boot2/binary_bios_measurements',
    25,
    'sha1 sha256',
    'off',
    1,
    0,
    0,
  ],
  [
    '07-kexec-without-log-carry-over/boot1/binary_bios_measurements',
    25,
    'sha1 sha256',
    'off',
    1,
    0,
    0,
  ],
  [
    '07-kexec-without-log-carry-over/boot2/binary_bios_measurements',
    25,
    'sha1 sha256',
    'off',
    1,
    0,
    0,
  ],
  ['08-log-partial-delete/boot1/binary_bios_measurements', 25, 'sha1 sha256', 'off', 1, 0, 0],
  ['08-log-staging-and-kexec/boot1/binary_bios_measurements', 25, 'sha1 sha256', 'off', 1, 0, 0],
  ['08-log-staging-and-kexec/boot2/binary_bios_measurements', 25, 'sha1 sha256', 'off', 1, 0, 0],
  ['09-boot-aggregate-late/boot1/binary_bios_measurements', 25, 'sha1 sha256', 'off', 1, 0, 0],
  [
    '11-three-banks-padded/boot1/binary_bios_measurements',
    25,
    'sha1 sha256 sha384',
    'off',
    1,
    0,
    0,
  ],
  ['12-ten-thousand-entries/boot1/binary_bios_measurements', 25, 'sha1 sha256', 'off', 1, 0, 0],
  [
    'public/google-go-tpm-tools/gce-cos-85-no-nonce/eventlog.bin',
    45,
    'sha1 sha256 sha384',
    'on',
    3,
    1,
    2,
  ],
  [
    'public/immune-gmbh-guard-oss/haruhi-laptop/failed-1.eventlog.bin',
    53,
    'sha1 sha256',
    'on',
    1,
    0,
    0,
  ],
  [
    'public/immune-gmbh-guard-oss/haruhi-laptop/failed-2.eventlog.bin',
    53,
    'sha1 sha256',
    'on',
    1,
    0,
    0,
  ],
  [
    'public/immune-gmbh-guard-oss/haruhi-laptop/good-1.eventlog.bin',
    53,
    'sha1 sha256',
    'on',
    1,
    0,
    0,
  ],
  [
    'public/immune-gmbh-guard-oss/imn-dell/IMN-DELL-WBCL-BootCtrs.eventlog.bin',
    75,
    'sha256',
    'on',
    2,
    0,
    1,
  ],
  ['public/immune-gmbh-guard-oss/imn-dell/r340.eventlog.bin', 76, 'sha256', 'on', 2, 0, 1],
  [
    'public/immune-gmbh-guard-oss/ludmilla/ludmilla.eventlog.bin',
    121,
    'sha1 sha256',
    'off',
    2,
    1,
    0,
  ],
  [
    'public/immune-gmbh-guard-oss/x1carbon/issue926-x1carbon-ancient.eventlog.bin',
    53,
    'sha1 sha256',
    'on',
    1,
    0,
    0,
  ],
  [
    'public/immune-gmbh-guard-oss/x1carbon/issue926-x1carbon-before.eventlog.bin',
    53,
    'sha1 sha256',
    'on',
    1,
    0,
    0,
  ],
];

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

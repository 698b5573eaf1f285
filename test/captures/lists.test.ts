// Measurement lists that open projects published without a quote: each must be proven, to the
// record, by a quote over the PCR value that its origin or an independent replay states.
// test/evidence/public/*/SOURCE.md

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { HashName } from '../../src/crypto/digest.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { draftOf, hex, replayRecords, splitRecords, unhex } from '../property/list-writer.ts';
import { BINARY_SEGMENT, quoteOver } from '../property/made-quote.ts';
import { EVIDENCE_FOLDER, structuralVerdict } from './load-capture.ts';

interface StatedList {
  readonly file: string;
  readonly encoding: 'binary' | 'ascii';
  /** PCR 10 behind the first `proven` records. */
  readonly pcr10: Readonly<Partial<Record<HashName, string>>>;
  readonly proven: number;
  readonly pending?: number;
  readonly violations?: number;
}

const STATED: readonly StatedList[] = [
  {
    file: 'immune-gmbh-guard-oss/h12ssl/binary_runtime_measurements.gz',
    encoding: 'binary',
    pcr10: { sha1: '2bb0c97734a8b7f19d732be845e08819ddec5705' },
    proven: 2365,
    violations: 2,
  },
  {
    file: 'Fraunhofer-SIT-charra/ascii_runtime_measurements.gz',
    encoding: 'ascii',
    pcr10: {
      sha1: '590ff33e88b7eb0aef5ddbc29c331c25d2a1fa10',
      sha256: '598d8bb83931062745bb21c83042a6d74bfb09c4051773d7cfde92b7f2a11f18',
    },
    proven: 1646,
  },
  {
    file: 'Fraunhofer-SIT-charra/binary_runtime_measurements.gz',
    encoding: 'binary',
    pcr10: { sha1: '590ff33e88b7eb0aef5ddbc29c331c25d2a1fa10' },
    proven: 1646,
    pending: 4,
  },
  {
    file: 'Fraunhofer-SIT-charra/binary_runtime_measurements.gz',
    encoding: 'binary',
    pcr10: { sha1: 'b9d6433e7b6f9d17ee6ae6bf42df902984df2dcd' },
    proven: 1650,
  },
  {
    file: 'openeuler-mirror-kunpengsecl/ima/ascii_runtime_measurements.gz',
    encoding: 'ascii',
    pcr10: {
      sha1: 'fcc9cdaffc81f1726667298d5efd8e2b3b558f30',
      sha256: '447db0dc524b6686d728f96c76a8e9beb8d8363f0e4a227ef48a7dbba0b1710b',
    },
    proven: 5553,
  },
  {
    file: 'openeuler-mirror-kunpengsecl/ima-ng/ascii_runtime_measurements_sha1.gz',
    encoding: 'ascii',
    pcr10: {
      sha1: '74b5bee17493ff007724dc1562a2e5b7ace1ef29',
      sha256: 'a96237249566d4d553746e24a1de10a731d36a449615aa9250a42aa4ed589770',
    },
    proven: 2347,
  },
  {
    file: 'kgoldman-acs/imasig.first-500.log.gz',
    encoding: 'binary',
    pcr10: {
      sha1: '8f251b197a328a0a3201496c95c1f12ffb27709c',
      sha256: '65ce9b8f998ab7e8e511fcb68f733c4e168c715867436312554c68a89109243f',
    },
    proven: 500,
  },
  {
    file: 'hpe-security-lab-keylime-perf-tests/ima_log.txt.gz',
    encoding: 'ascii',
    pcr10: {
      sha1: 'f90a1289d55fdf21a5ae9fab203bf098f772f7f1',
      sha256: '0a1447c37555073b670b94072e7aaf60ace6bd320a7c81fe8dec9a10289b85c8',
    },
    proven: 780,
  },
];

for (const stated of STATED) {
  test(`${stated.file} proven to record ${stated.proven}`, () => {
    const list = readPublic(stated.file);
    const verdict = verdictOver(list, stated.encoding, banksOf(stated.pcr10));
    assertProven(verdict, stated);
    for (const bank of Object.keys(stated.pcr10)) {
      assert.deepEqual(verdict.coverage.ima?.banks[bank as HashName], PROVEN, bank);
    }
    assert.equal(verdict.findingCounts['ima.template_digest_mismatch'] ?? 0, 0);
    assert.equal(verdict.findingCounts['ima.violation_present'] ?? 0, stated.violations ?? 0);
  });
}

test('h12ssl: PCR 10 was read one record before the list, in either form of the list', () => {
  const binary = readPublic('immune-gmbh-guard-oss/h12ssl/binary_runtime_measurements.gz');
  const text = readPublic('immune-gmbh-guard-oss/h12ssl/ascii_runtime_measurements.gz');
  const quoted = banksOf({ sha1: '001d0912655de7a27a6c465bd49445ec4dfbefa5' });
  const first = verdictOver(binary, 'binary', quoted);
  assertProven(first, { proven: 2364, pending: 1 });
  const second = verdictOver(text, 'ascii', quoted);
  assertProven(second, { proven: 2364, pending: 16 });
  assert.equal(second.status, first.status);
  assert.deepEqual(codesWithIndex(second), codesWithIndex(first));
});

test('h12ssl: an append-only series of one boot', () => {
  const before = readPublic('immune-gmbh-guard-oss/h12ssl/before.measurements.gz');
  const created = readPublic('immune-gmbh-guard-oss/h12ssl/created.measurements.gz');
  const whole = verdictOver(before, 'binary', sha1Behind(before, 4797));
  assertProven(whole, { proven: 4797 });
  assert.equal(whole.findingCounts['ima.violation_present'], 6);
  assert.equal(whole.findingCounts['ima.template_digest_mismatch'] ?? 0, 0);
  const grown = verdictOver(created, 'binary', sha1Behind(before, 4797));
  assertProven(grown, { proven: 4797, pending: 4872 - 4797 });
});

test('samples of tpm2-tss: a stray byte behind the last record is reported with its place', () => {
  for (const { file, records, recordBytes, sha1 } of TSS_SAMPLES) {
    const list = unbase64(readPublic(`tpm2-software-tpm2-tss/${file}`));
    const exact = verdictOver(list.slice(0, recordBytes), 'binary', banksOf({ sha1 }));
    assertProven(exact, { proven: records });
    const verdict = verdictOver(list, 'binary', banksOf({ sha1 }));
    assert.equal(verdict.coverage.ima?.provenCount, records);
    const stray = verdict.findings.find(({ code }) => code === 'ima.pending_malformed');
    const offsetBytes = list.byteLength > recordBytes ? recordBytes : undefined;
    assert.equal(stray?.where.offsetBytes, offsetBytes, file);
  }
});

/** Values by an independent replay; the samples have a newline behind their last record. */
const TSS_SAMPLES = [
  {
    file: 'sml-ima-ng-sha1.b64',
    records: 6,
    recordBytes: 558,
    sha1: 'ef2a20de2a84a4780f92ab11d5c4934c709dff00',
  },
  {
    file: 'sml-ima-sha1.b64',
    records: 12,
    recordBytes: 916,
    sha1: '062a05a9d18d1a51775ff8162bf6964b8dd23eb4',
  },
  {
    file: 'sml-ima-sha1-invalidated.b64',
    records: 1,
    recordBytes: 69,
    sha1: 'bac37b84f007d0238af95af707cac8d61254870e',
  },
] as const;

const PROVEN = { state: 'proven', extended: 'own-hash' };

type Banks = ReadonlyMap<HashName, ReadonlyMap<number, Uint8Array>>;

function readPublic(file: string): Uint8Array {
  const bytes = readFileSync(path.join(EVIDENCE_FOLDER, 'public', file));
  return new Uint8Array(file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

function unbase64(text: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.from(Buffer.from(text).toString('latin1'), 'base64'));
}

function banksOf(pcr10: Readonly<Partial<Record<HashName, string>>>): Banks {
  const banks = Object.entries(pcr10) as [HashName, string][];
  return new Map(banks.map(([bank, value]) => [bank, new Map([[10, unhex(value)]])]));
}

/** SHA-1 PCR 10 behind the first `count` records, replayed without the product. */
function sha1Behind(list: Uint8Array, count: number): Banks {
  const records = splitRecords(list).slice(0, count).map(draftOf);
  assert.equal(records.length, count);
  return banksOf({ sha1: hex(replayRecords(records, SHA1_PCR10)) });
}

const SHA1_PCR10 = { pcr: 10, bank: 'sha1', extended: 'own-hash' } as const;

function verdictOver(list: Uint8Array, encoding: 'binary' | 'ascii', values: Banks): VerdictBody {
  const evidence = quoteOver(values, [{ ...BINARY_SEGMENT, encoding }]);
  return structuralVerdict({ evidence, segments: [list] });
}

function assertProven(
  verdict: VerdictBody,
  expected: { readonly proven: number; readonly pending?: number },
): void {
  assert.equal(verdict.coverage.ima?.provenCount, expected.proven);
  assert.equal(verdict.coverage.ima?.pendingCount, expected.pending ?? 0);
}

function codesWithIndex(verdict: VerdictBody): string[] {
  return verdict.findings
    .filter(({ code }) => code !== 'ima.records_pending')
    .map(({ code, where }) => `${code} ${where.entryIndex ?? ''}`);
}

// Our replay against evmctl ima_measurement (ima-evm-utils): at which record does a list reach the
// quoted PCR 10, on every recorded list, on public ones, and on lists with one byte changed.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { toHex } from '../../src/bytes/encoding.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import {
  bundlesBelow,
  type Capture,
  EVIDENCE_FOLDER,
  loadCapture,
  structuralVerdict,
} from '../captures/load-capture.ts';
import { join, splitRecords, unhex } from '../property/list-writer.ts';
import { BINARY_SEGMENT, quoteOver } from '../property/made-quote.ts';
import { flipByte, segmentOf, withSegment } from '../tamper/tampering.ts';
import { inFolder, needing, runTool } from './public-tool.ts';

const TOOL = 'evmctl';

/** Where we and the tool differ by design:
 *  - evmctl 1.4 cannot take a SHA-384 bank from a file, so only these banks are compared;
 *  - it matches a list with violations only when told to ignore them. We always extend them as
 *    the kernel does and report them, so the option makes both answer the same question. */
const BANKS: readonly HashName[] = ['sha256', 'sha1'];

test('every recorded list', needing(TOOL), async () => {
  const scenarios = bundlesBelow(EVIDENCE_FOLDER).filter((name) => !name.includes('/public/'));
  for (const bundle of scenarios) {
    const capture = await loadCapture(bundle);
    const expected = structuralVerdict(capture).coverage.ima?.provenCount;
    for (const [bank, value] of quotedBanks(capture)) {
      const entry = await entryByTool(wholeList(capture), { bank, value });
      assert.equal(entry, expected, `${path.relative(EVIDENCE_FOLDER, bundle)} ${bank}`);
    }
  }
});

const PUBLIC_LISTS = [
  {
    file: 'immune-gmbh-guard-oss/h12ssl/binary_runtime_measurements.gz',
    sha1: '001d0912655de7a27a6c465bd49445ec4dfbefa5',
  },
  {
    file: 'Fraunhofer-SIT-charra/binary_runtime_measurements.gz',
    sha1: '590ff33e88b7eb0aef5ddbc29c331c25d2a1fa10',
  },
  {
    file: 'kgoldman-acs/imasig.first-500.log.gz',
    sha1: '8f251b197a328a0a3201496c95c1f12ffb27709c',
  },
] as const;

for (const { file, sha1 } of PUBLIC_LISTS) {
  test(`${file}`, needing(TOOL), async () => {
    const list = new Uint8Array(gunzipSync(readFileSync(`${EVIDENCE_FOLDER}/public/${file}`)));
    const value = unhex(sha1);
    const evidence = quoteOver(new Map([['sha1', new Map([[10, value]])]]), [BINARY_SEGMENT]);
    const { coverage } = structuralVerdict({ evidence, segments: [list] });
    assert.equal(await entryByTool(list, { bank: 'sha1', value }), coverage.ima?.provenCount);
    assert.notEqual(coverage.ima?.provenCount, null);
  });
}

test(
  'one byte changed: of the template data, and of the digest column',
  needing(TOOL),
  async () => {
    const capture = await loadCapture('02-ima-sig/q01-ecdsa-pcr10');
    const list = segmentOf(capture, 0);
    let start = 0;
    for (const [index, record] of splitRecords(list).entries()) {
      const end = start + record.byteLength;
      for (const at of index % RECORDS_BETWEEN_FLIPS === 0 ? [start + 4, end - 1] : []) {
        const altered = withSegment(capture, 0, flipByte(list, at));
        assert.equal(structuralVerdict(altered).status, 'contraindicated', `byte ${at}`);
        const [quoted] = quotedBanks(altered);
        assert.ok(quoted);
        const [bank, value] = quoted;
        assert.equal(await entryByTool(wholeList(altered), { bank, value }), null, `byte ${at}`);
      }
      start = end;
    }
  },
);

const RECORDS_BETWEEN_FLIPS = 8;

/** How many records evmctl needs to reach `value`; null when it refuses the list. */
async function entryByTool(
  list: Uint8Array,
  quoted: { readonly bank: HashName; readonly value: Uint8Array },
): Promise<number | null> {
  let entry: number | null = null;
  await inFolder((folder) => {
    const listFile = path.join(folder, 'list');
    const pcrFile = path.join(folder, 'pcrs');
    writeFileSync(listFile, list);
    writeFileSync(pcrFile, pcrLines(quoted.value));
    const { accepted, output } = runTool(TOOL, [
      ...['ima_measurement', '-v', '--ignore-violations'],
      ...['--pcrs', `${quoted.bank},${pcrFile}`, listFile],
    ]);
    if (!accepted) return;
    const match = SUCCEEDED.exec(output);
    assert.ok(match, output.slice(-200));
    entry = Number(match[1]);
  });
  return entry;
}

/** The file that evmctl reads PCRs from: all 24, in order. */
function pcrLines(value: Uint8Array): string {
  const zeros = toHex(new Uint8Array(value.byteLength));
  return Array.from({ length: 24 }, (_, pcr) => {
    const shown = pcr === 10 ? toHex(value) : zeros;
    return `PCR-${String(pcr).padStart(2, '0')}:${shown}\n`;
  }).join('');
}

function quotedBanks(capture: Capture): [HashName, Uint8Array][] {
  return BANKS.flatMap((bank) => {
    const value = capture.evidence.pcrValues?.get(bank)?.get(10);
    return value === undefined ? [] : [[bank, value] as [HashName, Uint8Array]];
  });
}

/** All segments in one, each with only the records that count. */
function wholeList(capture: Capture): Uint8Array {
  const claims = capture.evidence.ima?.segments ?? [];
  return join(
    ...claims.map(({ records }, segment) => {
      const bytes = segmentOf(capture, segment);
      return records === undefined ? bytes : join(...splitRecords(bytes).slice(0, records));
    }),
  );
}

const SUCCEEDED = /PCR-10: succeed at entry (\d+)/;

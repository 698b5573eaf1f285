// Our reading and replay against tpm2_eventlog (tpm2-tools), on every event log of the evidence:
// the same events with the same digests, and the same PCR values. Where they differ, and who is
// right: docs/decisions/0014-event-data.md

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type BootEvent, type EventLogReading, readEventLog } from '../../src/boot/event-log.ts';
import { EV_NO_ACTION, eventTypeName } from '../../src/boot/event-types.ts';
import { replayEventLog } from '../../src/boot/replay.ts';
import { toHex } from '../../src/bytes/encoding.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import { extend, resetValue } from '../../src/pcr/extend.ts';
import { bundledLogs, evidenceFile, statedLogs } from '../captures/event-log-files.ts';
import { gapsOf, valuesOf } from '../unit/replayed-values.ts';
import { inFolder, needing, runTool } from './public-tool.ts';

const TOOL = 'tpm2_eventlog';

/** What the tool says where tpm2-tools 5.4 gives up on a log that we read to its end. */
const GIVES_UP: Readonly<Record<string, RegExp>> = {
  'public/immune-gmbh-guard-oss/eventlogs/tpm2_windows_lenovo_yogax1v2': /PCR Index -1/,
  'public/immune-gmbh-guard-oss/imn-dell/r340.eventlog.bin': /PCR Index -1/,
  'public/keylime-python3-uefi-eventlog/thinkpad.bin': /PCR Index -1/,
  'public/kgoldman-acs/tpm2bios.log': /SpecID digest data malformed/,
};

for (const file of new Set([...statedLogs().keys(), ...bundledLogs()])) {
  test(file, needing(TOOL), async () => {
    await inFolder((folder) => {
      const bytes = evidenceFile(file);
      const log = readEventLog(bytes);
      const answer = askTool(folder, bytes);
      const ours = log.events.map(shown);
      if (answer.accepted) {
        assert.deepEqual(answer.events, ours);
        assertValues(answer.values, log);
      } else {
        assert.match(answer.output, GIVES_UP[file] ?? /^nothing$/);
        assert.deepEqual(
          answer.events,
          ours.filter((_, index) => index < answer.events.length),
        );
      }
    });
  });
}

test('a log that is cut is refused by both', needing(TOOL), async () => {
  await inFolder((folder) => {
    const whole = evidenceFile('09-boot-aggregate-late/boot1/binary_bios_measurements');
    const ends = readEventLog(whole).events.map(({ offsetBytes }) => offsetBytes + 7);
    for (const end of ends) {
      const cut = whole.slice(0, end);
      assert.equal(readEventLog(cut).malformed?.kind, 'cut-short');
      assert.equal(askTool(folder, cut).accepted, false);
    }
  });
});

type Values = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The tool has the values that we have. It tells none where a PCR has a gap, and 5.4 starts PCR 0
 *  at zeros and extends it with EV_NO_ACTION records too. */
function assertValues(values: Values, log: EventLogReading): void {
  const replay = replayEventLog(log);
  const ours = valuesOf(replay);
  for (const [bank] of replay.banks) {
    const misread = toolsPcr0(log.events, bank);
    const expected = { ...ours[bank] };
    if (values[bank]?.['0'] === misread) expected['0'] = misread;
    for (const [gapBank, pcr] of gapsOf(replay)) {
      if (gapBank === bank) assert.equal(values[bank]?.[pcr], undefined);
    }
    assert.deepEqual(values[bank] ?? {}, expected, bank);
  }
}

/** PCR 0 as tpm2-tools 5.4 computes it. */
function toolsPcr0(events: readonly BootEvent[], bank: HashName): string {
  let value = resetValue(bank, 0);
  for (const { pcr, index, type, digests } of events) {
    const extended = digests.find((digest) => digest.bank === bank)?.value;
    const isHeader = index === 0 && type === EV_NO_ACTION;
    if (pcr === 0 && extended !== undefined && !isHeader) value = extend(bank, value, extended);
  }
  return toHex(value);
}

/** One record as plain data: PCR, type, size of the event data, digests by bank. */
interface ShownEvent {
  readonly pcr: number;
  readonly type: string;
  readonly sizeBytes: number;
  readonly digests: Readonly<Record<string, string>>;
}

function shown({ pcr, type, data, digests }: BootEvent): ShownEvent {
  return {
    pcr,
    type: eventTypeName(type),
    sizeBytes: data.byteLength,
    digests: Object.fromEntries(digests.map(({ bank, value }) => [bank, toHex(value)])),
  };
}

interface ToolAnswer {
  readonly accepted: boolean;
  readonly events: readonly ShownEvent[];
  readonly values: Values;
  readonly output: string;
}

function askTool(folder: string, bytes: Uint8Array): ToolAnswer {
  const file = path.join(folder, 'log');
  writeFileSync(file, bytes);
  const { accepted, output } = runTool(TOOL, [file]);
  const [events = '', values = ''] = output.split(/^pcrs:$/m);
  return { accepted, output, events: readEvents(events), values: readValues(values) };
}

/** The tool's YAML, by its indentation; event data are indented deeper than what is read here. */
function readEvents(text: string): ShownEvent[] {
  const records = text.split(/^ {2}PCRIndex: /m).filter((_, index) => index > 0);
  return records.map((record) => {
    const sha1 = /^ {2}Digest: "(\w*)"$/m.exec(record)?.[1];
    const agile = [...record.matchAll(/^ {2}- AlgorithmId: (\S+)\n {4}Digest: "(\w*)"$/gm)];
    const pairs = agile.map(([, bank = '', digest = '']) => [bank, digest] as const);
    return {
      pcr: Number.parseInt(record, 10),
      type: /^ {2}EventType: (.*)$/m.exec(record)?.[1] ?? '',
      sizeBytes: Number(/^ {2}EventSize: (\d+)$/m.exec(record)?.[1]),
      digests: Object.fromEntries(sha1 === undefined ? pairs : [['sha1', sha1]]),
    };
  });
}

function readValues(text: string): Values {
  const values: Record<string, Record<string, string>> = {};
  for (const [, bank = '', pcrs = ''] of text.matchAll(/^ {2}(\w+):\n((?: {4}.*\n?)*)/gm)) {
    const rows = [...pcrs.matchAll(/^ {4}(\d+) *: 0x(\w+)$/gm)];
    values[bank] = Object.fromEntries(rows.map(([, pcr = '', value = '']) => [pcr, value]));
  }
  return values;
}

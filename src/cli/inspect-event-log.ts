// A firmware event log, event by event, and the PCR values that it replays to.
// TCG PC Client Platform Firmware Profile, "Event Logging".

import { type BootEvent, type EventLog, PCR_NONE, readEventLog } from '../boot/event-log.ts';
import { eventTypeName } from '../boot/event-types.ts';
import { replayEventLog } from '../boot/replay.ts';
import { escapeText, toHex } from '../bytes/encoding.ts';
import { bootFactRows } from './inspect-boot-facts.ts';
import type { Inspection, Shown } from './inspection.ts';

/** Shows events `range.from` up to `range.from + range.count`; of all events the replayed PCRs, and
 *  what they would prove if those were quoted. */
export function inspectEventLog(
  bytes: Uint8Array,
  range: { readonly from: number; readonly count: number },
): Inspection {
  const log = readEventLog(bytes);
  const shown = log.events.filter(
    ({ index }) => index >= range.from && index < range.from + range.count,
  );
  return {
    kind: 'event-log',
    shown: {
      format: log.format,
      banks: log.algorithms.map(({ bank, tpmAlg }) => bank ?? `0x${tpmAlg.toString(16)}`),
      events: log.events.length,
      shown: shown.map(eventRows),
      replayed: replayedRows(log),
      ifQuoted: bootFactRows(log),
    },
    ...(log.malformed && { malformed: log.malformed }),
  };
}

function eventRows(event: BootEvent): { readonly [label: string]: Shown } {
  const digests = event.digests.map(({ bank, tpmAlg, value }) => [
    bank ?? `0x${tpmAlg.toString(16)}`,
    toHex(value),
  ]);
  return {
    event: event.index,
    byte: event.offsetBytes,
    pcr: event.pcr === PCR_NONE ? 'none' : event.pcr,
    type: eventTypeName(event.type),
    ...Object.fromEntries(digests),
    dataBytes: event.data.byteLength,
    data: escapeText(event.data, SHOWN_DATA_CHARS),
  };
}

function replayedRows(log: EventLog): { readonly [bank: string]: Shown } {
  const banks = [...replayEventLog(log).banks].map(([bank, pcrs]) => {
    const ascending = [...pcrs].sort(([left], [right]) => left - right);
    const rows = ascending.map(([pcr, outcome]) => [
      `PCR ${pcr}`,
      outcome.state === 'replayed' ? toHex(outcome.value) : `unknown: ${outcome.cause}`,
    ]);
    return [bank, Object.fromEntries(rows)] as const;
  });
  return Object.fromEntries(banks);
}

const SHOWN_DATA_CHARS = 160;

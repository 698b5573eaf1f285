// Events for the tests of the mechanisms that travel as buffer events: made ones, and those of
// captured lists, found without the product's reader.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding } from '../../src/findings/finding.ts';
import type { EventRecord, EventRuling } from '../../src/timeline/event-record.ts';
import { EVIDENCE_FOLDER } from '../captures/load-capture.ts';
import {
  ascii,
  type DraftRecord,
  digestField,
  draftOf,
  hash,
  hex,
  nameField,
  splitRecords,
  templateData,
} from '../property/list-writer.ts';

/** What a test says of an event; the rest is the usual. */
export interface MadeBufferEvent {
  readonly index: number;
  readonly name: string;
  readonly buffer: string | Uint8Array;
  readonly epochFromIndex?: number;
  readonly pcr?: number;
  readonly valuesBefore?: EventRecord['valuesBefore'];
}

/** A bound event. */
export function madeEvent(made: MadeBufferEvent): EventRecord {
  const { index, name, buffer, epochFromIndex = 0, pcr = 10 } = made;
  return {
    index,
    epochFromIndex,
    where: { part: 'ima', segment: 0, entryIndex: index, offsetBytes: 100 * index },
    pcr,
    name,
    buffer: typeof buffer === 'string' ? ascii(buffer) : buffer,
    valuesBefore: made.valuesBefore ?? (() => []),
  };
}

/** The record that carries an event in a list with `ima_hash=sha256`. */
export function bufferRecord(name: string, buffer: Uint8Array): DraftRecord {
  const fields = [digestField('sha256', hash('sha256', buffer)), nameField(ascii(name)), buffer];
  return { pcr: 10, template: 'ima-buf', fields };
}

/** Asserts the two digests that an event's record is published with. */
export function assertEventDigests(
  event: { readonly name: string; readonly buffer: Uint8Array },
  published: { readonly buffer: string; readonly template: string },
): void {
  const record = bufferRecord(event.name, event.buffer);
  assert.equal(hex(hash('sha256', event.buffer)), published.buffer);
  assert.equal(hex(hash('sha256', templateData(record, 'little'))), published.template);
}

/** The first `records` records of a captured list, all when absent. */
export function capturedRecords(file: string, records?: number): readonly DraftRecord[] {
  const list = new Uint8Array(readFileSync(path.join(EVIDENCE_FOLDER, file)));
  return splitRecords(list).slice(0, records).map(draftOf);
}

/** The buffer events of a boot, with absolute index and epoch. */
export function eventsOf(records: readonly DraftRecord[]): readonly EventRecord[] {
  let epochFromIndex = 0;
  return records.flatMap((record, index) => {
    const [, name = new Uint8Array(), buffer = new Uint8Array()] = record.fields;
    const text = Buffer.from(name.slice(0, -1)).toString('latin1');
    if (record.template !== 'ima-buf' && text === 'boot_aggregate') epochFromIndex = index;
    if (record.template !== 'ima-buf') return [];
    return [madeEvent({ index, epochFromIndex, pcr: record.pcr, name: text, buffer })];
  });
}

/** All that a mechanism finds in events, in order. */
export function findingsOf(
  mechanism: { observe(event: EventRecord): EventRuling },
  events: readonly EventRecord[],
): readonly Finding[] {
  return events.flatMap((event) => mechanism.observe(event).findings);
}

/** The codes of findings. */
export function codesOf(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ code }) => code);
}

// A measurement list, streamed: a summary of all of it and a few records field by field.
// FORMATS 1 to 3. The digest column of every record is recomputed; nothing else is proven here.

import { escapeText, toHex } from '../bytes/encoding.ts';
import type { Malformed } from '../bytes/reader.ts';
import type { HashName } from '../crypto/digest.ts';
import { ListWalk } from '../ima/list-walk.ts';
import { type ImaRecord, readRecordFields, recordAt, templateOf } from '../ima/record.ts';
import { digestsOfRow } from '../ima/replay.ts';
import type { FileDigest, TemplateFields } from '../ima/template-fields.ts';
import { readWindows } from './files.ts';
import type { Inspection, Shown } from './inspection.ts';
import { printable } from './terminal.ts';

/** How to read a list. */
export interface ListReading {
  readonly encoding: 'binary' | 'ascii';
  readonly column: HashName;
  /** Records to show: `from` up to `from + count`. */
  readonly from: number;
  readonly count: number;
}

/** Shows the list in the file at `path`. */
export async function inspectList(path: string, how: ListReading): Promise<Inspection> {
  const summary = new ListSummary(how);
  const walk = openWalk(how, summary);
  for await (const window of readWindows(path)) walk.push(0, window);
  walk.end();
  return {
    kind: how.encoding === 'binary' ? 'list' : 'ascii-list',
    shown: summary.rows(),
    ...(walk.broken && { malformed: walk.broken.malformed }),
  };
}

/** How far a list can be read as `how` says, judged by its first bytes: where it breaks, and
 *  whether every digest column that was read fits. */
export function probeList(
  head: Uint8Array,
  how: Pick<ListReading, 'encoding' | 'column'>,
): { readonly records: number; readonly mismatches: number; readonly malformed?: Malformed } {
  const summary = new ListSummary({ ...how, from: 0, count: 0 });
  const walk = openWalk({ ...how, records: PROBED_RECORDS }, summary);
  walk.push(0, head);
  walk.end();
  const { records, mismatches } = summary;
  return { records, mismatches, ...(walk.broken && { malformed: walk.broken.malformed }) };
}

const PROBED_RECORDS = 8;

function openWalk(
  how: Pick<ListReading, 'encoding' | 'column'> & { readonly records?: number },
  summary: ListSummary,
): ListWalk {
  const { encoding, column, records } = how;
  const claim = { kind: 'current', encoding, digestColumn: column } as const;
  const segments = [records === undefined ? claim : { ...claim, records }];
  return new ListWalk({ segments, fromIndex: 0 }, (table, origin) => {
    for (let row = 0; row < table.count; row += 1) {
      digestsOfRow({ ...origin, table }, row);
      summary.add(recordAt(table, row, origin));
    }
  });
}

/** Counts over all records, and the rows of those to show. */
class ListSummary {
  readonly #how: ListReading;
  readonly #templates = new Map<string, number>();
  readonly #pcrs = new Set<number>();
  readonly #shown: Shown[] = [];
  #byteOrder: string | undefined;
  #violations = 0;
  #firstMismatch: number | undefined;
  records = 0;
  mismatches = 0;

  constructor(how: ListReading) {
    this.#how = how;
  }

  add(record: ImaRecord): void {
    const { from, count } = this.#how;
    this.records += 1;
    this.#byteOrder ??= record.byteOrder;
    const note = templateOf(record) === undefined ? ' (unknown)' : '';
    const template = `${escapeText(record.templateName)}${note}`;
    if (this.#templates.size < SHOWN_TEMPLATES || this.#templates.has(template)) {
      this.#templates.set(template, (this.#templates.get(template) ?? 0) + 1);
    }
    if (this.#pcrs.size < SHOWN_PCRS) this.#pcrs.add(record.pcr);
    if (record.violation) this.#violations += 1;
    if (record.columnMismatch) {
      this.mismatches += 1;
      this.#firstMismatch ??= record.index;
    }
    if (record.index >= from && record.index < from + count) this.#shown.push(recordRows(record));
  }

  rows(): Inspection['shown'] {
    return {
      records: this.records,
      byteOrder: this.#byteOrder,
      digestColumn: this.#how.column,
      columnMismatches: this.mismatches,
      firstMismatchAtEntry: this.#firstMismatch,
      violations: this.#violations,
      pcrs: [...this.#pcrs].sort((left, right) => left - right),
      templates: [...this.#templates].map(([name, count]) => `${name} ${count}`),
      shown: this.#shown.length === 0 ? undefined : this.#shown,
    };
  }
}

function recordRows(record: ImaRecord): Shown {
  const template = templateOf(record);
  const rows = {
    entry: record.index,
    byte: record.offsetBytes,
    pcr: record.pcr,
    template: escapeText(record.templateName),
    templateDigest: `${toHex(record.column)}${columnNote(record)}`,
  };
  if (template === undefined) return { ...rows, data: toHex(record.templateData) };
  const reading = readRecordFields(record, template);
  if (reading.ok) return { ...rows, ...fieldRows(reading.value) };
  const { field, offsetBytes, expected, actual } = reading.malformed;
  return {
    ...rows,
    malformed: `${field}, byte ${offsetBytes}: expected ${expected}, got ${actual}`,
  };
}

function columnNote(record: ImaRecord): string {
  if (record.violation) return ' (violation)';
  return record.columnMismatch ? ' (not the digest of the template data)' : '';
}

function fieldRows(fields: TemplateFields): { readonly [label: string]: Shown | undefined } {
  const hex = (bytes: Uint8Array | undefined) => bytes && toHex(bytes);
  return {
    digest: digestText(fields.fileDigest),
    name: fields.name && escapeText(fields.name, SHOWN_NAME_CHARS),
    signature: hex(fields.signature),
    buffer: fields.buffer && escapeText(fields.buffer, SHOWN_NAME_CHARS),
    appendedDigest: digestText(fields.appendedDigest),
    appendedSignature: hex(fields.appendedSignature),
    evmSignature: hex(fields.evmSignature),
    xattrNames: fields.xattrNames && escapeText(fields.xattrNames),
    xattrLengths: hex(fields.xattrLengths),
    xattrValues: hex(fields.xattrValues),
    userId: fields.userId,
    groupId: fields.groupId,
    mode: fields.mode?.toString(8),
  };
}

function digestText(digest: FileDigest | undefined): string | undefined {
  if (digest === undefined) return undefined;
  const of = digest.of === 'verity' ? 'verity:' : '';
  return `${of}${printable(digest.algorithm)}:${toHex(digest.bytes)}`;
}

const SHOWN_TEMPLATES = 32;
const SHOWN_PCRS = 24;
/** A name of PATH_MAX, every byte escaped. */
const SHOWN_NAME_CHARS = 16_388;

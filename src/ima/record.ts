// One record of the list, decoded on demand from the window in which the replay framed it.

import { latinText, viewBytes } from '../bytes/encoding.ts';
import { ByteReader, type Reading, readAtDoor } from '../bytes/reader.ts';
import type { HashName } from '../crypto/digest.ts';
import { RECORD_FLAGS, type RecordTable } from './record-table.ts';
import { readTemplateFields, type TemplateFields } from './template-fields.ts';
import { type Template, templateByName } from './templates.ts';

/** A framed record: what the replay knows of it, and its bytes. */
export interface ImaRecord {
  /** Absolute index in the boot. */
  readonly index: number;
  readonly segment: number;
  /** Offset of the record in the segment's bytes (of its line, in an ASCII list). */
  readonly offsetBytes: number;
  readonly pcr: number;
  readonly violation: boolean;
  readonly columnMismatch: boolean;
  readonly column: Uint8Array;
  /** Algorithm of the digest column. */
  readonly columnHash: HashName;
  readonly templateName: Uint8Array;
  readonly templateData: Uint8Array;
  /** Offset of the template data in the segment's bytes. */
  readonly dataOffsetBytes: number;
  readonly byteOrder: 'little' | 'big';
}

/** Where a table's rows stand in the whole. */
export interface RowOrigin {
  readonly window: Uint8Array;
  readonly segment: number;
  /** Absolute index of row 0. */
  readonly firstIndex: number;
  readonly byteOrder: 'little' | 'big';
  readonly columnHash: HashName;
  /** Bytes of the segments before this one. */
  readonly doneBytes: number;
  /** Offset in the segment of a row's first byte, behind its last, and of a byte of the window. */
  readonly recordOffset: (row: number) => number;
  readonly recordEnd: (row: number) => number;
  readonly byteOffset: (windowAt: number, row: number) => number;
}

/** The record in row `row`. */
export function recordAt(table: RecordTable, row: number, origin: RowOrigin): ImaRecord {
  const { window } = origin;
  const cut = (at: number, lengthBytes: number) => viewBytes(window, at, at + lengthBytes);
  const dataAt = table.dataAt[row] ?? 0;
  const columnAt = table.columnAt[row] ?? 0;
  const nameAt = table.nameAt[row] ?? 0;
  return {
    index: origin.firstIndex + row,
    segment: origin.segment,
    offsetBytes: origin.recordOffset(row),
    pcr: table.pcr[row] ?? 0,
    violation: table.has(row, RECORD_FLAGS.violation),
    columnMismatch: table.has(row, RECORD_FLAGS.columnMismatch),
    column: cut(columnAt, nameAt - NAME_LENGTH_BYTES - columnAt),
    columnHash: origin.columnHash,
    templateName: cut(nameAt, table.nameBytes[row] ?? 0),
    templateData: cut(dataAt, table.dataBytes[row] ?? 0),
    dataOffsetBytes: origin.byteOffset(dataAt, row),
    byteOrder: origin.byteOrder,
  };
}

/** The template that a record names, or undefined. Names are ASCII; other bytes match nothing. */
export function templateOf(record: ImaRecord): Template | undefined {
  return templateByName(latinText(record.templateName));
}

/** The fields of a record under its template, or the place where they break. */
export function readRecordFields(record: ImaRecord, template: Template): Reading<TemplateFields> {
  return readAtDoor(() =>
    readTemplateFields(
      new ByteReader(record.templateData, record.byteOrder, { baseBytes: record.dataOffsetBytes }),
      template,
    ),
  );
}

const NAME_LENGTH_BYTES = 4;

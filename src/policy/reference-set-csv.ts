// Reference sets as CSV: a header line, then a record an entry. Fields may stand in quotes, and
// then hold commas, line ends and doubled quotes. RFC 4180; docs/policy.md, "Reference sets"

import { asciiBytes, equalBytes, fromHex, latinText } from '../bytes/encoding.ts';
import { hashByName } from '../crypto/digest.ts';
import type { ReferenceEntry } from './reference-set.ts';
import { algorithmOfHex } from './reference-set-digest-lines.ts';
import { parseDigest } from './reference-set-ndjson.ts';

/** Reads records one after the other; the first must be the header. */
export class CsvRecordReader {
  #columns: readonly Column[] | undefined;

  /** The entry of a record without its final LF, what is wrong with it, or undefined for the
   *  header. */
  read(record: Uint8Array): ReferenceEntry | string | undefined {
    const fields = fieldsOf(record);
    if (typeof fields === 'string') return fields;
    const columns = this.#columns;
    if (columns !== undefined) return readEntry(columns, fields);
    this.#columns = columnsOf(fields);
    if (this.#columns !== undefined) return undefined;
    // Whatever the header meant, a second complaint about each record would not help.
    this.#columns = [];
    return NO_HEADER;
  }
}

type Column = 'algorithm' | 'digest' | 'path';

function columnsOf(fields: readonly Uint8Array[]): readonly Column[] | undefined {
  return HEADERS.find(
    (header) =>
      header.length === fields.length &&
      header.every((name, index) => equalBytes(asciiBytes(name), fields[index] ?? NOTHING)),
  );
}

function readEntry(
  columns: readonly Column[],
  fields: readonly Uint8Array[],
): ReferenceEntry | string | undefined {
  if (columns.length === 0) return undefined;
  if (fields.length !== columns.length) return `a record has ${columns.length} fields here`;
  const field = (name: Column) => fields[columns.indexOf(name)];
  const [algorithm, digest, path] = [field('algorithm'), field('digest'), field('path')];
  const text = latinText(digest ?? NOTHING);
  const entry =
    algorithm === undefined ? digestAlone(text) : digestUnder(latinText(algorithm), text);
  if (entry === undefined) return algorithm === undefined ? NO_DIGEST_ALONE : NO_DIGEST_UNDER;
  return path === undefined || path.byteLength === 0 ? entry : { ...entry, path };
}

/** `algorithm:hex`, or bare hex whose length tells the algorithm. */
function digestAlone(text: string): ReferenceEntry | undefined {
  if (text.includes(':')) return parseDigest(text);
  const algorithm = algorithmOfHex(text.length);
  return algorithm && digestUnder(algorithm, text);
}

function digestUnder(name: string, hex: string): ReferenceEntry | undefined {
  const algorithm = hashByName(name);
  const digest = fromHex(hex);
  if (algorithm === undefined || digest?.byteLength !== algorithm.sizeBytes) return undefined;
  return { algorithm: algorithm.name, digest };
}

/** The fields of a record, out of their quotes; what is wrong with it, in words. */
function fieldsOf(record: Uint8Array): Uint8Array[] | string {
  const end = record[record.byteLength - 1] === CR ? record.byteLength - 1 : record.byteLength;
  const fields: Uint8Array[] = [];
  for (let at = 0; ; at += 1) {
    const isQuoted = record[at] === QUOTE;
    const field = isQuoted ? quotedField(record, at + 1, end) : plainField(record, at, end);
    if (typeof field === 'string') return field;
    fields.push(field.bytes);
    at = field.end;
    if (at >= end) return fields;
    if (record[at] !== COMMA) return 'behind a closing quote stands a comma or the end';
  }
}

interface Field {
  readonly bytes: Uint8Array;
  /** Where the comma behind it stands, or the end of the record. */
  readonly end: number;
}

function plainField(record: Uint8Array, start: number, end: number): Field | string {
  const bytes: number[] = [];
  let at = start;
  for (; at < end && record[at] !== COMMA; at += 1) {
    const byte = record[at] ?? 0;
    if (byte === QUOTE || byte === CR) return 'a field with a quote or a line end stands in quotes';
    bytes.push(byte);
  }
  return { bytes: Uint8Array.from(bytes), end: at };
}

function quotedField(record: Uint8Array, start: number, end: number): Field | string {
  const bytes: number[] = [];
  for (let at = start; at < end; at += 1) {
    const byte = record[at] ?? 0;
    if (byte === QUOTE) {
      if (record[at + 1] !== QUOTE) return { bytes: Uint8Array.from(bytes), end: at + 1 };
      at += 1;
    }
    bytes.push(byte);
  }
  return 'a quote is not closed';
}

const NOTHING = new Uint8Array();
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;

const HEADERS: readonly (readonly Column[])[] = [
  ['digest'],
  ['digest', 'path'],
  ['algorithm', 'digest'],
  ['algorithm', 'digest', 'path'],
];
const NO_HEADER = 'the first line is digest or algorithm,digest, with ,path where there are paths';
const NO_DIGEST_ALONE =
  'digest is 40, 64, 96 or 128 hex digits, or an algorithm, a colon and hex of its size';
const NO_DIGEST_UNDER = 'digest is hex of the size of its algorithm';

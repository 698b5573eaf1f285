// The ASCII list, turned back into the binary records it was printed from. The rebuilt records go
// through the same replay, whose digest column check decides whether the text was faithful.
// kernel security/integrity/ima/ima_fs.c: ima_ascii_measurements_show; FORMATS 3.

import {
  asciiBytes,
  concatBytes,
  equalBytes,
  fromHex,
  latinText,
  u16Bytes,
  u32Bytes,
  viewBytes,
} from '../bytes/encoding.ts';
import { IMA_LIMITS } from '../bytes/limits.ts';
import { type Malformed, MalformedError, type Reading, readAtDoor } from '../bytes/reader.ts';
import { digest, type HashName, hashByName } from '../crypto/digest.ts';
import { type FieldId, type Template, templateByName } from './templates.ts';

/** What lines are rebuilt for. */
export interface AsciiForm {
  readonly column: HashName;
  /** Order of the numbers that were hashed; the text does not show it. */
  readonly order: 'little' | 'big';
}

/** One line (without its newline) as the binary record it stands for. `offsetBytes` is the line's
 *  place in the segment, for findings. */
export function recordFromLine(
  line: Uint8Array,
  form: AsciiForm,
  offsetBytes: number,
): Reading<Uint8Array> {
  return readAtDoor(() => rebuildRecord(new LineCursor(line, offsetBytes), form));
}

/** The byte order in which a list's numbers were hashed, found by trying both on its first line;
 *  little when neither reproduces the digest column (the replay will say so). */
export function orderOfLine(line: Uint8Array, column: HashName): 'little' | 'big' {
  const fits = (order: 'little' | 'big') => {
    const reading = readAtDoor(() => {
      const cursor = new LineCursor(line, 0);
      const parts = readLine(cursor, { column, order });
      const recomputed = digest(column, parts.hashed);
      return recomputed !== undefined && equalBytes(recomputed, parts.column);
    });
    return reading.ok && reading.value;
  };
  return !fits('little') && fits('big') ? 'big' : 'little';
}

interface LineParts {
  readonly pcr: number;
  readonly column: Uint8Array;
  readonly template: Template;
  /** Template data as a binary list holds them. */
  readonly raw: Uint8Array;
  /** Template data as the digest covers them. */
  readonly hashed: Uint8Array;
}

function rebuildRecord(cursor: LineCursor, form: AsciiForm): Uint8Array {
  const { pcr, column, template, raw } = readLine(cursor, form);
  const name = asciiBytes(template.name);
  return concatBytes(
    u32Bytes(pcr, form.order),
    column,
    u32Bytes(name.byteLength, form.order),
    name,
    template.legacy ? new Uint8Array() : u32Bytes(raw.byteLength, form.order),
    raw,
  );
}

function readLine(cursor: LineCursor, form: AsciiForm): LineParts {
  const pcr = cursor.decimal('pcr', MAX_U32);
  const column = cursor.hex('template_digest');
  const columnBytes = hashByName(form.column)?.sizeBytes ?? 0;
  if (column.byteLength !== columnBytes) {
    cursor.fail('template_digest', `${columnBytes} bytes`, `${column.byteLength} bytes`);
  }
  const templateName = cursor.word('template_name');
  const template = templateByName(latinText(templateName));
  if (template === undefined) {
    return cursor.fail('template_name', 'a template whose text can be turned back', 'another');
  }
  if (template.legacy) return { pcr, column, template, ...legacyData(cursor, form) };
  const raw = concatBytes(
    ...template.fields.map((id, position) => {
      const isLast = position === template.fields.length - 1;
      const bytes = fieldBytes(cursor, { id, isLast, order: form.order });
      return concatBytes(u32Bytes(bytes.byteLength, form.order), bytes);
    }),
  );
  cursor.end();
  return { pcr, column, template, raw, hashed: raw };
}

function legacyData(cursor: LineCursor, form: AsciiForm): Pick<LineParts, 'raw' | 'hashed'> {
  const fileDigest = cursor.hex('d');
  const name = cursor.rest();
  if (fileDigest.byteLength !== SHA1_BYTES) cursor.fail('d', '20 bytes', 'another length');
  if (name.byteLength > IMA_LIMITS.legacyNameBytes) {
    cursor.fail('n', `at most ${IMA_LIMITS.legacyNameBytes} bytes`, `${name.byteLength} bytes`);
  }
  const padding = new Uint8Array(IMA_LIMITS.legacyNameBytes + 1 - name.byteLength);
  return {
    raw: concatBytes(fileDigest, u32Bytes(name.byteLength, form.order), name),
    hashed: concatBytes(fileDigest, name, padding),
  };
}

/** Bytes of one field from its text. An empty text is an empty field, also where the kernel would
 *  have written a lone NUL: the digest tells. */
function fieldBytes(
  cursor: LineCursor,
  field: { readonly id: FieldId; readonly isLast: boolean; readonly order: 'little' | 'big' },
): Uint8Array {
  const { id, isLast, order } = field;
  if (TEXT_FIELDS.has(id)) {
    const text = isLast ? cursor.rest() : cursor.word(id);
    const isOptional = id === 'xattrnames' && text.byteLength === 0;
    return isOptional ? text : concatBytes(text, NUL);
  }
  if (DIGEST_FIELDS.has(id)) return digestBytes(cursor, id);
  if (id === 'imode') return cursor.number(id, (value) => u16Bytes(value, order), MAX_U16);
  if (NUMBER_FIELDS.has(id)) return cursor.number(id, (value) => u32Bytes(value, order), MAX_U32);
  return cursor.hex(id);
}

/** `<prefix>:` and hex become the prefix, a colon, a NUL and the digest. */
function digestBytes(cursor: LineCursor, id: FieldId): Uint8Array {
  const word = cursor.word(id);
  if (word.byteLength === 0) return word;
  const colon = word.lastIndexOf(COLON);
  const hex = fromHex(latinText(viewBytes(word, colon + 1, word.byteLength)));
  if (hex === undefined) return cursor.fail(id, 'an algorithm, a colon and hex', 'another text');
  return colon === -1 ? hex : concatBytes(viewBytes(word, 0, colon + 1), NUL, hex);
}

/** Cuts a line at single spaces from the left; never at runs of spaces, never at the ends. */
class LineCursor {
  readonly #line: Uint8Array;
  readonly #offsetBytes: number;
  #at = 0;
  #ended = false;

  constructor(line: Uint8Array, offsetBytes: number) {
    this.#line = line;
    this.#offsetBytes = offsetBytes;
    // The kernel prints the PCR as "%2d": one leading space before a single digit.
    if (line[0] === SPACE) this.#at = 1;
  }

  /** Bytes up to the next space or the end of the line. */
  word(field: string): Uint8Array {
    if (this.#ended) this.fail(field, 'one more field', 'the end of the line');
    const space = this.#line.indexOf(SPACE, this.#at);
    this.#ended = space === -1;
    const end = this.#ended ? this.#line.byteLength : space;
    const word = viewBytes(this.#line, this.#at, end);
    this.#at = end + (this.#ended ? 0 : 1);
    return word;
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    if (this.#ended) this.fail('name', 'one more field', 'the end of the line');
    this.#ended = true;
    return viewBytes(this.#line, this.#at, this.#line.byteLength);
  }

  hex(field: string): Uint8Array {
    const word = this.word(field);
    return fromHex(latinText(word)) ?? this.fail(field, 'hex', 'another text');
  }

  decimal(field: string, max: number): number {
    const text = latinText(this.word(field));
    if (!DECIMAL.test(text) || Number(text) > max) this.fail(field, `0 to ${max}`, 'another text');
    return Number(text);
  }

  /** A decimal as bytes; an empty text stays empty. */
  number(field: string, encode: (value: number) => Uint8Array, max: number): Uint8Array {
    const isEmpty = this.#line[this.#at] === SPACE || this.#at >= this.#line.byteLength;
    return isEmpty ? this.word(field) : encode(this.decimal(field, max));
  }

  /** Fails unless the whole line was read. */
  end(): void {
    if (!this.#ended) this.fail('line', 'the end of the line', 'one more field');
  }

  fail(field: string, expected: string, actual: string): never {
    const malformed: Malformed = {
      kind: 'bad-value',
      field,
      offsetBytes: this.#offsetBytes,
      expected,
      actual,
    };
    throw new MalformedError(malformed);
  }
}

const SHA1_BYTES = 20;
const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;
const SPACE = 0x20;
const COLON = 0x3a;
const NUL = new Uint8Array(1);
const DECIMAL = /^(?:0|[1-9][0-9]*)$/;
const TEXT_FIELDS: ReadonlySet<FieldId> = new Set(['n', 'n-ng', 'xattrnames']);
const DIGEST_FIELDS: ReadonlySet<FieldId> = new Set(['d', 'd-ng', 'd-ngv2', 'd-modsig']);
const NUMBER_FIELDS: ReadonlySet<FieldId> = new Set(['iuid', 'igid']);

// An independent writer and replayer of measurement lists for tests: node:crypto only, nothing of
// the product. FORMATS 1.1, 1.3, 4.1 to 4.4.

import { createHash } from 'node:crypto';

export type Order = 'little' | 'big';

/** A record before it is written. */
export interface DraftRecord {
  readonly pcr: number;
  readonly template: string;
  /** Field bytes, without their lengths. */
  readonly fields: readonly Uint8Array[];
  /** A violation: column of zeros, extended as ones. */
  readonly violation?: boolean;
}

/** How a list is written. */
export interface Layout {
  readonly column: string;
  readonly order: Order;
}

export const KERNEL_LAYOUT: Layout = { column: 'sha1', order: 'little' };

/** Digest under an OpenSSL name. */
export function hash(name: string, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(name).update(bytes).digest());
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s+/g, ''), 'hex'));
}

export function word(value: number, order: Order): Uint8Array {
  const bytes = Buffer.alloc(4);
  if (order === 'little') bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return new Uint8Array(bytes);
}

/** A `d-ng` field: algorithm, colon, NUL, digest. */
export function digestField(algorithm: string, digest: Uint8Array): Uint8Array {
  return join(ascii(`${algorithm}:\0`), digest);
}

/** An `n-ng` field: the name and one NUL. */
export function nameField(name: Uint8Array): Uint8Array {
  return join(name, new Uint8Array(1));
}

/** A record of template ima-ng. */
export function fileRecord(name: string, content: string, pcr = 10): DraftRecord {
  const fields = [digestField('sha256', hash('sha256', ascii(content))), nameField(ascii(name))];
  return { pcr, template: 'ima-ng', fields };
}

/** The first record of a boot, over an aggregate that no PCR values are quoted for. */
export function aggregateRecord(name = 'boot_aggregate'): DraftRecord {
  return fileRecord(name, 'PCR 0 to 9 of some machine');
}

/** A violation as the kernel writes it: zero file digest and the claimed name. */
export function violationRecord(name: string): DraftRecord {
  const fields = [digestField('sha256', new Uint8Array(32)), nameField(ascii(name))];
  return { pcr: 10, template: 'ima-ng', fields, violation: true };
}

/** Template data as they stand in the list. */
export function templateData(record: DraftRecord, order: Order): Uint8Array {
  return join(...record.fields.flatMap((field) => [word(field.byteLength, order), field]));
}

/** The bytes of one record. */
export function writeRecord(record: DraftRecord, layout: Layout = KERNEL_LAYOUT): Uint8Array {
  const data = templateData(record, layout.order);
  const digest = hash(layout.column, data);
  return join(
    word(record.pcr, layout.order),
    record.violation === true ? new Uint8Array(digest.byteLength) : digest,
    word(record.template.length, layout.order),
    ascii(record.template),
    word(data.byteLength, layout.order),
    data,
  );
}

/** The bytes of a whole list. */
export function writeList(records: readonly DraftRecord[], layout = KERNEL_LAYOUT): Uint8Array {
  return join(...records.map((record) => writeRecord(record, layout)));
}

/** The value that a bank is extended with. */
export type Extended = 'own-hash' | 'padded-sha1';

/** Value of one PCR of one bank behind `records`, from zeros. */
export function replayRecords(
  records: readonly DraftRecord[],
  register: {
    readonly pcr: number;
    readonly bank: string;
    readonly extended: Extended;
    readonly order?: Order;
  },
): Uint8Array {
  const sizeBytes = hash(register.bank, new Uint8Array()).byteLength;
  let value: Uint8Array = new Uint8Array(sizeBytes);
  for (const record of records) {
    if (record.pcr !== register.pcr) continue;
    const data = templateData(record, register.order ?? 'little');
    const extended = new Uint8Array(sizeBytes);
    if (record.violation === true) extended.fill(0xff);
    else extended.set(hash(register.extended === 'own-hash' ? register.bank : 'sha1', data));
    value = hash(register.bank, join(value, extended));
  }
  return value;
}

/** Cuts a little-endian list with length-prefixed records into its records. */
export function splitRecords(list: Uint8Array, columnBytes = 20): Uint8Array[] {
  const view = Buffer.from(list);
  const records: Uint8Array[] = [];
  let start = 0;
  while (start < list.byteLength) {
    const nameBytes = view.readUInt32LE(start + 4 + columnBytes);
    const dataAt = start + 4 + columnBytes + 4 + nameBytes;
    const end = dataAt + 4 + view.readUInt32LE(dataAt);
    records.push(list.slice(start, end));
    start = end;
  }
  return records;
}

/** Reads a written record of the SHA-1 layout back into a draft. */
export function draftOf(record: Uint8Array): DraftRecord {
  const view = Buffer.from(record);
  const nameBytes = view.readUInt32LE(24);
  const fields: Uint8Array[] = [];
  let at = 28 + nameBytes + 4;
  while (at < record.byteLength) {
    const sizeBytes = view.readUInt32LE(at);
    fields.push(record.slice(at + 4, at + 4 + sizeBytes));
    at += 4 + sizeBytes;
  }
  return {
    pcr: view.readUInt32LE(0),
    template: view.toString('latin1', 28, 28 + nameBytes),
    fields,
    violation: record.slice(4, 24).every((byte) => byte === 0),
  };
}

/** The kernel's ASCII form of a record whose fields are digest, name and then hex.
 *  ima_fs.c: ima_ascii_measurements_show; FORMATS 3. */
export function printRecord(record: DraftRecord, column = 'sha1'): Uint8Array {
  const data = templateData(record, 'little');
  const digest = hash(column, data);
  const shown = record.violation === true ? new Uint8Array(digest.byteLength) : digest;
  const head = `${String(record.pcr).padStart(2)} ${hex(shown)} ${record.template}`;
  const [file = new Uint8Array(), name = new Uint8Array(), ...others] = record.fields;
  const nul = file.indexOf(0);
  const prefix = Buffer.from(file.slice(0, nul)).toString('latin1');
  return join(
    ascii(`${head} ${prefix}${hex(file.slice(nul + 1))} `),
    name.slice(0, -1),
    ...others.map((field) => ascii(` ${hex(field)}`)),
    ascii('\n'),
  );
}

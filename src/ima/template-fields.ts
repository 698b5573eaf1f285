// What the template data of a record say, field by field. Readers do not judge.
// kernel security/integrity/ima/ima_template_lib.c; FORMATS 2.3, caps FORMATS 16.

import { asciiBytes, viewBytes } from '../bytes/encoding.ts';
import { IMA_LIMITS } from '../bytes/limits.ts';
import type { ByteReader } from '../bytes/reader.ts';
import { KERNEL_HASH_SIZES } from './hash-names.ts';
import type { FieldId, Template } from './templates.ts';

/** Digest of a measured file or buffer. */
export interface FileDigest {
  /** Kernel hash name as it stands in the field; `sha1` for the legacy field `d`. */
  readonly algorithm: string;
  readonly bytes: Uint8Array;
  /** What was digested: only `d-ngv2` tells. */
  readonly of: 'content' | 'verity' | 'untold';
  /** Offset of the digest bytes, absolute in the segment. */
  readonly offsetBytes: number;
}

/** Fields of one record; a field that the template lacks or that is empty is absent. */
export interface TemplateFields {
  readonly fileDigest?: FileDigest;
  /** Name without its final NUL. */
  readonly name?: Uint8Array;
  readonly signature?: Uint8Array;
  readonly buffer?: Uint8Array;
  readonly appendedSignature?: Uint8Array;
  readonly appendedDigest?: FileDigest;
  readonly evmSignature?: Uint8Array;
  readonly xattrNames?: Uint8Array;
  readonly xattrLengths?: Uint8Array;
  readonly xattrValues?: Uint8Array;
  readonly userId?: number;
  readonly groupId?: number;
  readonly mode?: number;
}

/** Reads the fields of `template` from a reader over exactly the template data. Throws
 *  MalformedError, with absolute offsets, when a field is not what the kernel writes. */
export function readTemplateFields(reader: ByteReader, template: Template): TemplateFields {
  if (template.legacy) return readLegacyFields(reader);
  const fields: Record<string, unknown> = {};
  for (const id of template.fields) {
    const { key, capBytes, read } = FIELD_READERS[id];
    const lengthBytes = cappedLength(reader, id, capBytes);
    const value = read(reader.sub(lengthBytes, id));
    if (value !== undefined) fields[key] = value;
  }
  reader.end('template_data');
  return fields;
}

function cappedLength(reader: ByteReader, id: FieldId, capBytes: number): number {
  const lengthBytes = reader.u32(`${id}.length`);
  if (lengthBytes > capBytes) {
    reader.fail('over-cap', `${id}.length`, {
      expected: `at most ${capBytes} bytes`,
      actual: `${lengthBytes} bytes`,
      offsetBytes: reader.offsetBytes - 4,
    });
  }
  return lengthBytes;
}

/** Template `ima`: no length before the digest, no NUL behind the name (FORMATS 1.3). */
function readLegacyFields(reader: ByteReader): TemplateFields {
  const { offsetBytes } = reader;
  const bytes = reader.take(SHA1_BYTES, 'd');
  const name = reader.sized32('n', IMA_LIMITS.legacyNameBytes);
  if (name.includes(0)) failAt(reader, { field: 'n', expected: 'no NUL', actual: 'a NUL' });
  reader.end('template_data');
  return { fileDigest: { algorithm: 'sha1', bytes, of: 'untold', offsetBytes }, name };
}

interface FieldReader {
  readonly key: keyof TemplateFields;
  readonly capBytes: number;
  readonly read: (field: ByteReader) => unknown;
}

/** `<algo>:` NUL digest. */
function readDigest(field: ByteReader): FileDigest {
  return digestBehind(field, 'untold');
}

/** `<type>:<algo>:` NUL digest, type `ima` or `verity`. */
function readTypedDigest(field: ByteReader): FileDigest {
  const type = takeUntil(field, COLON, 'type');
  if (type !== 'ima' && type !== 'verity') {
    failAt(field, { field: 'type', expected: 'ima or verity', actual: shown(type) });
  }
  return digestBehind(field, type === 'verity' ? 'verity' : 'content');
}

function digestBehind(field: ByteReader, of: FileDigest['of']): FileDigest {
  const algorithm = takeUntil(field, COLON, 'algorithm');
  const sizeBytes = KERNEL_HASH_SIZES.get(algorithm);
  if (sizeBytes === undefined) {
    failAt(field, { field: 'algorithm', expected: 'a kernel hash name', actual: shown(algorithm) });
  }
  if (field.u8('separator') !== 0) {
    failAt(field, { field: 'separator', expected: 'a NUL', actual: 'another byte' });
  }
  const { offsetBytes } = field;
  const bytes = field.take(sizeBytes, 'digest');
  field.end('digest');
  return { algorithm, bytes, of, offsetBytes };
}

/** The field `d` in a custom format: the bare digest, SHA-1 by its length. */
function readBareDigest(field: ByteReader): FileDigest {
  const { offsetBytes } = field;
  const bytes = field.take(SHA1_BYTES, 'digest');
  field.end('digest');
  return { algorithm: 'sha1', bytes, of: 'untold', offsetBytes };
}

function readOptionalDigest(field: ByteReader): FileDigest | undefined {
  return field.leftBytes === 0 ? undefined : readDigest(field);
}

/** Text with one NUL, at its end. */
function readName(field: ByteReader): Uint8Array {
  const text = field.take(field.leftBytes, 'text');
  const firstNul = text.indexOf(0);
  if (firstNul === -1 || firstNul !== text.byteLength - 1) {
    failAt(field, { field: 'text', expected: 'one NUL at the end', actual: nulPlace(firstNul) });
  }
  return viewBytes(text, 0, firstNul);
}

function nulPlace(firstNul: number): string {
  return firstNul === -1 ? 'no NUL' : `a NUL at ${firstNul}`;
}

function readOptionalName(field: ByteReader): Uint8Array | undefined {
  return field.leftBytes === 0 ? undefined : readName(field);
}

function readBytes(field: ByteReader): Uint8Array | undefined {
  return field.leftBytes === 0 ? undefined : field.take(field.leftBytes, 'bytes');
}

function readId(field: ByteReader): number | undefined {
  if (field.leftBytes === 0) return undefined;
  const id = field.u32('id');
  field.end('id');
  return id;
}

function readMode(field: ByteReader): number | undefined {
  if (field.leftBytes === 0) return undefined;
  const mode = field.u16('mode');
  field.end('mode');
  return mode;
}

/** Latin text up to `stop`, which is read too. Bounded by the field's cap. */
function takeUntil(field: ByteReader, stop: number, name: string): string {
  let text = '';
  for (;;) {
    const byte = field.u8(name);
    if (byte === stop) return text;
    text += String.fromCharCode(byte);
  }
}

function shown(text: string): string {
  return JSON.stringify(text);
}

function failAt(
  reader: ByteReader,
  what: { readonly field: string; readonly expected: string; readonly actual: string },
): never {
  return reader.fail('bad-value', what.field, what);
}

const SHA1_BYTES = 20;
const COLON = asciiBytes(':')[0] ?? 0;

const FIELD_READERS: Readonly<Record<FieldId, FieldReader>> = {
  d: { key: 'fileDigest', capBytes: IMA_LIMITS.digestFieldBytes, read: readBareDigest },
  n: { key: 'name', capBytes: IMA_LIMITS.legacyNameBytes + 1, read: readName },
  'd-ng': { key: 'fileDigest', capBytes: IMA_LIMITS.digestFieldBytes, read: readDigest },
  'd-ngv2': { key: 'fileDigest', capBytes: IMA_LIMITS.digestFieldBytes, read: readTypedDigest },
  'n-ng': { key: 'name', capBytes: IMA_LIMITS.nameBytes, read: readName },
  sig: { key: 'signature', capBytes: IMA_LIMITS.signatureBytes, read: readBytes },
  buf: { key: 'buffer', capBytes: IMA_LIMITS.bufferBytes, read: readBytes },
  'd-modsig': {
    key: 'appendedDigest',
    capBytes: IMA_LIMITS.digestFieldBytes,
    read: readOptionalDigest,
  },
  modsig: { key: 'appendedSignature', capBytes: IMA_LIMITS.bufferBytes, read: readBytes },
  evmsig: { key: 'evmSignature', capBytes: IMA_LIMITS.signatureBytes, read: readBytes },
  xattrnames: { key: 'xattrNames', capBytes: IMA_LIMITS.signatureBytes, read: readOptionalName },
  xattrlengths: { key: 'xattrLengths', capBytes: IMA_LIMITS.signatureBytes, read: readBytes },
  xattrvalues: { key: 'xattrValues', capBytes: IMA_LIMITS.bufferBytes, read: readBytes },
  iuid: { key: 'userId', capBytes: 4, read: readId },
  igid: { key: 'groupId', capBytes: 4, read: readId },
  imode: { key: 'mode', capBytes: 2, read: readMode },
};

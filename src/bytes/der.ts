// Single DER elements, strictly: definite lengths in their shortest form and nothing else.
// ITU-T X.690, 8.1 and 10.1. Certificates are read elsewhere; this is for keys and signatures.

import type { ByteReader } from './reader.ts';

export const DER_TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag of a constructed context-specific element: `[number]` in ASN.1. */
export function derContextTag(number: number): number {
  return 0xa0 + number;
}

/** One element whose tag is not known before. */
export interface DerElement {
  readonly tag: number;
  readonly contents: ByteReader;
}

/** Enters the next element, whatever it is. Tags are single bytes here: others are in no structure
 *  that is read. */
export function derAny(reader: ByteReader, field: string): DerElement {
  const startBytes = reader.offsetBytes;
  const tag = reader.u8(`${field}.tag`);
  if ((tag & 0x1f) === 0x1f) {
    const actual = `tag 0x${tag.toString(16)}`;
    reader.fail('bad-value', `${field}.tag`, {
      expected: 'a tag of one byte',
      actual,
      offsetBytes: startBytes,
    });
  }
  return { tag, contents: reader.sub(derLength(reader, `${field}.length`), field) };
}

/** Everything inside the next element with the tag `tag`. */
export function derContents(reader: ByteReader, tag: number, field: string): Uint8Array {
  const contents = derElement(reader, tag, field);
  return contents.take(contents.leftBytes, 'contents');
}

/** Enters one element with the tag `tag` and returns a reader over its contents. The caller ends
 *  both readers. */
export function derElement(reader: ByteReader, tag: number, field: string): ByteReader {
  const startBytes = reader.offsetBytes;
  const actual = reader.u8(`${field}.tag`);
  if (actual !== tag) {
    reader.fail('bad-value', `${field}.tag`, {
      expected: `tag 0x${tag.toString(16)}`,
      actual: `tag 0x${actual.toString(16)}`,
      offsetBytes: startBytes,
    });
  }
  return reader.sub(derLength(reader, `${field}.length`), field);
}

/** Reads an INTEGER that is not negative, at most `capBytes` long, and returns its magnitude, big
 *  endian without the sign byte (zero is one zero byte). X.690 8.3: the shortest form only. */
export function derUnsigned(reader: ByteReader, field: string, capBytes: number): Uint8Array {
  const content = derElement(reader, DER_TAG.integer, field);
  const startBytes = content.offsetBytes;
  const first = content.u8('value');
  if (first >= 0x80) refuse(content, 'a number that is not negative', startBytes);
  const lengthBytes = content.leftBytes;
  if (first === 0 && lengthBytes > 0) {
    const rest = content.take(lengthBytes, 'value');
    if ((rest[0] ?? 0) < 0x80) refuse(content, 'no needless leading zero', startBytes);
    return withinCap(content, rest, capBytes);
  }
  content.take(lengthBytes, 'value');
  return withinCap(content, content.since(startBytes), capBytes);
}

function derLength(reader: ByteReader, field: string): number {
  const startBytes = reader.offsetBytes;
  const first = reader.u8(field);
  if (first < 0x80) return first;
  if (first === 0x81) {
    const length = reader.u8(field);
    if (length >= 0x80) return length;
  }
  if (first === 0x82) {
    const length = reader.u16(field);
    if (length >= 0x100) return length;
  }
  return reader.fail('bad-value', field, {
    expected: 'a definite length below 65536 in its shortest form',
    actual: `0x${first.toString(16)}`,
    offsetBytes: startBytes,
  });
}

function withinCap(reader: ByteReader, magnitude: Uint8Array, capBytes: number): Uint8Array {
  if (magnitude.byteLength <= capBytes) return magnitude;
  return reader.fail('over-cap', 'value', {
    expected: `at most ${capBytes} bytes`,
    actual: `${magnitude.byteLength} bytes`,
  });
}

function refuse(reader: ByteReader, expected: string, offsetBytes: number): never {
  reader.fail('bad-value', 'value', { expected, actual: 'another encoding', offsetBytes });
}

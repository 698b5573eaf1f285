// Strict text encodings of bytes, both ways, and the one constant-time comparison.

const HEX = /^(?:[0-9a-f]{2})*$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Lower-case hex of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Bytes of a hex text of either case, or undefined when it is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  return HEX.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : undefined;
}

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Bytes of a padded, canonical base64 text, or undefined when it is anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!BASE64.test(text)) return undefined;
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  return toBase64(bytes) === text ? bytes : undefined;
}

/** base64url without padding, as JSON Web Keys spell numbers (RFC 7518, 2). */
export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** Bytes of an unpadded, canonical base64url text, or undefined when it is anything else. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Buffer.from(text, 'base64url'));
  return toBase64Url(bytes) === text ? bytes : undefined;
}

/** Latin text of `bytes` as it may be shown to people: printable ASCII stays, every other byte
 *  becomes `\xNN` and a backslash `\\`, so that no attester controls a terminal or a log line. */
export function escapeText(bytes: Uint8Array, capChars = 512): string {
  let text = '';
  for (const byte of bytes) {
    if (text.length >= capChars) return `${text}…`;
    if (byte === 0x5c) text += '\\\\';
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

/** The bytes of an ASCII text. Meant for constants such as names in a specification. */
export function asciiBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** Compares lengths, then every byte, in time that depends on the lengths alone. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.byteLength !== right.byteLength) return false;
  let difference = 0;
  for (let index = 0; index < left.byteLength; index += 1) {
    difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  }
  return difference === 0;
}

/** Whether every byte is zero. */
export function isAllZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** The same memory as a Buffer, for the few interfaces of Node whose types ask for one. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** How many bits the big-endian number in `bytes` needs; 0 for zero. */
export function bitLength(bytes: Uint8Array): number {
  const index = bytes.findIndex((byte) => byte !== 0);
  if (index < 0) return 0;
  return (bytes.byteLength - index) * 8 - (Math.clz32(bytes[index] ?? 0) - 24);
}

/** The big-endian number in `bytes` with zeros in front of it up to `sizeBytes`; undefined when
 *  it is longer than that. */
export function leftPadded(bytes: Uint8Array, sizeBytes: number): Uint8Array | undefined {
  if (bytes.byteLength > sizeBytes) return undefined;
  const padded = new Uint8Array(sizeBytes);
  padded.set(bytes, sizeBytes - bytes.byteLength);
  return padded;
}

/** One array of all `parts` in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** A 32-bit unsigned number in the given byte order. */
export function u32Bytes(value: number, order: 'big' | 'little'): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, order === 'little');
  return bytes;
}

/** A 16-bit unsigned number in the given byte order. */
export function u16Bytes(value: number, order: 'big' | 'little'): Uint8Array {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, value, order === 'little');
  return bytes;
}

/** A view of `bytes` from `startBytes` up to `endBytes`, bounds checked: a range that does not lie
 *  inside is a fault of the caller. */
export function viewBytes(bytes: Uint8Array, startBytes: number, endBytes: number): Uint8Array {
  if (startBytes < 0 || endBytes < startBytes || endBytes > bytes.byteLength) {
    throw new RangeError(`range ${startBytes}..${endBytes} of ${bytes.byteLength} bytes`);
  }
  return bytes.subarray(startBytes, endBytes);
}

/** One character a byte, for comparing with names in specifications. Not for showing: see
 *  `escapeText`. */
export function latinText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The text that `bytes` are in UTF-8; undefined where they are none. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

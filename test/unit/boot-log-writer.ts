// Writes event logs for tests, and finds the real ones. The layouts are those of FORMATS 15,
// written here a second time on purpose.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Banks that made-up logs use: OpenSSL's name, TPM_ALG_ID, digest size. */
export const MADE_BANKS = {
  sha1: [0x0004, 20],
  sha256: [0x000b, 32],
  sha384: [0x000c, 48],
} as const;
export type MadeBank = keyof typeof MADE_BANKS;

export interface MadeEvent {
  readonly pcr: number;
  readonly type: number;
  readonly data: Uint8Array;
  /** Banks with a digest; absent: all of the log. */
  readonly banks?: readonly MadeBank[];
  /** What the digests are digests of; absent: `data`. */
  readonly measured?: Uint8Array;
}

/** A crypto-agile log: a Spec ID record for `banks`, then `events`. */
export function agileLog(banks: readonly MadeBank[], events: readonly MadeEvent[]): Uint8Array {
  const records = events.map((event) => agileRecord(event, event.banks ?? banks));
  return new Uint8Array(
    Buffer.concat([specIdRecord(banks.map((bank) => MADE_BANKS[bank])), ...records]),
  );
}

/** The Spec ID record for any pairs of algorithm and size. */
export function specIdRecord(
  algorithms: readonly (readonly [number, number])[],
  vendorInfo = Buffer.alloc(0),
): Buffer {
  const event = Buffer.concat([
    Buffer.from('Spec ID Event03\0', 'latin1'),
    u32(0),
    Buffer.of(0, 2, 0, 2),
    u32(algorithms.length),
    ...algorithms.flatMap(([tpmAlg, sizeBytes]) => [u16(tpmAlg), u16(sizeBytes)]),
    Buffer.of(vendorInfo.byteLength),
    vendorInfo,
  ]);
  return sha1Record({ pcr: 0, type: 3, data: event }, Buffer.alloc(20));
}

/** A record of the SHA-1 format. */
export function sha1Record(event: MadeEvent, digest?: Buffer): Buffer {
  const value = digest ?? hash('sha1', event.measured ?? event.data);
  return Buffer.concat([u32(event.pcr), u32(event.type), value, sized(event.data)]);
}

/** A crypto-agile record with digests for `banks`. */
export function agileRecord(event: MadeEvent, banks: readonly MadeBank[]): Buffer {
  const digests = banks.flatMap((bank) => [
    u16(MADE_BANKS[bank][0]),
    hash(bank, event.measured ?? event.data),
  ]);
  return Buffer.concat([
    u32(event.pcr),
    u32(event.type),
    u32(banks.length),
    ...digests,
    sized(event.data),
  ]);
}

export function hash(bank: MadeBank, ...parts: readonly Uint8Array[]): Buffer {
  const hasher = createHash(bank);
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

/** PCR after extends with the digests of `measured`, from `start`. */
export function extended(
  bank: MadeBank,
  start: Uint8Array,
  ...measured: readonly Uint8Array[]
): Buffer {
  let value: Buffer = Buffer.from(start);
  for (const data of measured) value = hash(bank, value, hash(bank, data));
  return value;
}

/** UEFI_VARIABLE_DATA of a variable of the global GUID. */
export function globalVariable(name: string, data: Uint8Array): Uint8Array {
  const guid = Buffer.from('61dfe48bca93d211aa0d00e098032b8c', 'hex');
  const sizes = Buffer.alloc(16);
  sizes.writeUInt32LE(name.length, 0);
  sizes.writeUInt32LE(data.byteLength, 8);
  return new Uint8Array(Buffer.concat([guid, sizes, Buffer.from(name, 'utf16le'), data]));
}

/** Bytes of a file below test/; unpacked where the name ends in `.gz`. */
export function testFile(path: string): Uint8Array {
  const bytes = readFileSync(new URL(`../${path}`, import.meta.url));
  return new Uint8Array(path.endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function sized(data: Uint8Array): Buffer {
  return Buffer.concat([u32(data.byteLength), data]);
}

// Reads the TCG firmware event log (binary_bios_measurements), crypto-agile or SHA-1 only.
// TCG PC Client Platform Firmware Profile (PFP), "Event Logging"; FORMATS 15.
//
// SHA-1 record, and the first record of every log     Crypto-agile record (all that follow)
//   0   u32  pcrIndex                                    0   u32  pcrIndex
//   4   u32  eventType                                   4   u32  eventType
//   8   20   digest                                      8   u32  digest count
//   28  u32  eventSize                                   12  …    count × (u16 algId, digest)
//   32  …    event                                       …   u32  eventSize, then the event
//
// Event of the Spec ID record that opens a crypto-agile log
//   0   16   "Spec ID Event03\0"                         24  u32  numberOfAlgorithms
//   16  u32  platformClass                               28  4×n  u16 algId, u16 digestSize
//   20  u8×4 specVersion minor, major, errata, uintnSize …   u8   vendorInfoSize, vendorInfo

import { asciiBytes, equalBytes } from '../bytes/encoding.ts';
import { BOOT_LIMITS, TPM_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Malformed, readAtDoor } from '../bytes/reader.ts';
import { type HashName, hashByTpmAlg } from '../crypto/digest.ts';
import { EV_NO_ACTION } from './event-types.ts';

/** A digest algorithm that the log uses, with the size that its header declares. */
export interface LoggedAlgorithm {
  /** TPM_ALG_ID. */
  readonly tpmAlg: number;
  /** Its name where we know it. */
  readonly bank: HashName | undefined;
  readonly sizeBytes: number;
}

/** What one event extends into one bank. */
export interface EventDigest {
  /** TPM_ALG_ID. */
  readonly tpmAlg: number;
  readonly bank: HashName | undefined;
  readonly value: Uint8Array;
}

/** One record of the log. Replay authenticates its digests alone: type and data are claims. */
export interface BootEvent {
  /** Position in the log from 0; the Spec ID record counts. */
  readonly index: number;
  readonly offsetBytes: number;
  /** 0–23, or `PCR_NONE` on an EV_NO_ACTION record. */
  readonly pcr: number;
  readonly type: number;
  /** At most one for each algorithm of the log, in the order of the record. */
  readonly digests: readonly EventDigest[];
  readonly data: Uint8Array;
  /** Set on events of the user-space log, whose bytes `offsetBytes` then counts. */
  readonly source?: 'user-space';
}

/** An event log as it was sent: nothing in it is authenticated. */
export interface EventLog {
  /** `sha1`: the legacy format without a Spec ID record. */
  readonly format: 'crypto-agile' | 'sha1';
  /** In the order of the Spec ID record. */
  readonly algorithms: readonly LoggedAlgorithm[];
  readonly events: readonly BootEvent[];
}

/** Every whole record up to the end, or up to the place where the log broke. `cut-short` means
 *  that the log ends inside a record. */
export interface EventLogReading extends EventLog {
  readonly malformed?: Malformed;
}

/** pcrIndex of EV_NO_ACTION records that belong to no PCR; seen at the end of Windows logs. */
export const PCR_NONE = 0xffffffff;

/** Reads a whole log. Never throws because of its bytes. A log without any record is cut short. */
export function readEventLog(bytes: Uint8Array): EventLogReading {
  const events: BootEvent[] = [];
  let header: Omit<EventLog, 'events'> = { format: 'sha1', algorithms: SHA1_ONLY };
  const reading = readAtDoor(() => {
    const reader = openLog(bytes);
    const first = readSha1Event(reader, 0);
    const specId = openSpecId(first);
    if (specId !== undefined) {
      // Set before the algorithms are read: a broken Spec ID record is not a SHA-1 log.
      header = { format: 'crypto-agile', algorithms: [] };
      header = { ...header, algorithms: readAlgorithms(specId) };
    }
    events.push(first);
    const sizes = new Map(header.algorithms.map((known) => [known.tpmAlg, known]));
    while (reader.leftBytes > 0) {
      const index = nextIndex(reader, events.length);
      const agile = header.format === 'crypto-agile';
      events.push(agile ? readAgileEvent(reader, index, sizes) : readSha1Event(reader, index));
    }
  });
  return { ...header, events, ...(reading.ok ? {} : { malformed: reading.malformed }) };
}

/** What the event extends into `bank`; undefined when it has no digest for it. */
export function digestOf(event: BootEvent, bank: HashName): Uint8Array | undefined {
  return event.digests.find((candidate) => candidate.bank === bank)?.value;
}

function openLog(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes, 'little');
  if (bytes.byteLength > BOOT_LIMITS.logBytes) {
    reader.fail('over-cap', 'log', {
      expected: `at most ${BOOT_LIMITS.logBytes} bytes`,
      actual: `${bytes.byteLength} bytes`,
    });
  }
  return reader;
}

function nextIndex(reader: ByteReader, index: number): number {
  if (index >= BOOT_LIMITS.events) {
    reader.fail('over-cap', 'events', {
      expected: `at most ${BOOT_LIMITS.events} events`,
      actual: 'more',
    });
  }
  return index;
}

function readSha1Event(reader: ByteReader, index: number): BootEvent {
  const path = `events[${index}]`;
  const offsetBytes = reader.offsetBytes;
  const { pcr, type } = readPcrAndType(reader, path);
  const value = reader.take(SHA1.sizeBytes, `${path}.digest`);
  const data = reader.sized32(`${path}.event`, BOOT_LIMITS.eventBytes);
  const digests = [{ tpmAlg: SHA1.tpmAlg, bank: SHA1.bank, value }];
  return { index, offsetBytes, pcr, type, digests, data };
}

function readAgileEvent(
  reader: ByteReader,
  index: number,
  sizes: ReadonlyMap<number, LoggedAlgorithm>,
): BootEvent {
  const path = `events[${index}]`;
  const offsetBytes = reader.offsetBytes;
  const { pcr, type } = readPcrAndType(reader, path);
  const digests = readDigests(reader, path, sizes);
  const data = reader.sized32(`${path}.event`, BOOT_LIMITS.eventBytes);
  return { index, offsetBytes, pcr, type, digests, data };
}

function readPcrAndType(reader: ByteReader, path: string): { pcr: number; type: number } {
  const offsetBytes = reader.offsetBytes;
  const pcr = reader.u32(`${path}.pcrIndex`);
  const type = reader.u32(`${path}.eventType`);
  if (pcr <= LAST_PCR || (pcr === PCR_NONE && type === EV_NO_ACTION)) return { pcr, type };
  return reader.fail('bad-value', `${path}.pcrIndex`, {
    expected: `0 to ${LAST_PCR}, or ffffffff on EV_NO_ACTION`,
    actual: `${pcr}`,
    offsetBytes,
  });
}

// The claimed count needs no cap of its own: a repeated or undeclared algorithm ends the loop.
function readDigests(
  reader: ByteReader,
  path: string,
  sizes: ReadonlyMap<number, LoggedAlgorithm>,
): EventDigest[] {
  const count = reader.u32(`${path}.digests.count`);
  const digests: EventDigest[] = [];
  for (let at = 0; at < count; at += 1) {
    const field = `${path}.digests[${at}]`;
    const offsetBytes = reader.offsetBytes;
    const tpmAlg = reader.u16(`${field}.algId`);
    const declared = sizes.get(tpmAlg);
    if (declared === undefined || digests.some((earlier) => earlier.tpmAlg === tpmAlg)) {
      return reader.fail('bad-value', `${field}.algId`, {
        expected: 'each algorithm of the Spec ID record at most once',
        actual: algorithmText(tpmAlg),
        offsetBytes,
      });
    }
    const value = reader.take(declared.sizeBytes, `${field}.digest`);
    digests.push({ tpmAlg, bank: declared.bank, value });
  }
  return digests;
}

// A reader behind the signature of the Spec ID record; undefined when the first record is none.
function openSpecId(first: BootEvent): ByteReader | undefined {
  if (first.type !== EV_NO_ACTION || first.data.byteLength < SPEC_ID.byteLength) return undefined;
  const reader = new ByteReader(first.data, 'little', {
    baseBytes: first.offsetBytes + SHA1_HEAD_BYTES,
    prefix: 'events[0].event.',
  });
  return equalBytes(reader.take(SPEC_ID.byteLength, 'signature'), SPEC_ID) ? reader : undefined;
}

function readAlgorithms(reader: ByteReader): LoggedAlgorithm[] {
  needInside(reader, 12, 'platformClass');
  reader.u32('platformClass');
  reader.take(4, 'specVersion');
  const offsetBytes = reader.offsetBytes;
  const count = reader.u32('numberOfAlgorithms');
  if (count === 0 || count > BOOT_LIMITS.algorithms) {
    reader.fail(count === 0 ? 'bad-value' : 'over-cap', 'numberOfAlgorithms', {
      expected: `1 to ${BOOT_LIMITS.algorithms}`,
      actual: `${count}`,
      offsetBytes,
    });
  }
  needInside(reader, 4 * count + 1, 'digestSizes');
  const algorithms: LoggedAlgorithm[] = [];
  while (algorithms.length < count) algorithms.push(readAlgorithm(reader, algorithms));
  const vendorInfoBytes = reader.u8('vendorInfoSize');
  needInside(reader, vendorInfoBytes, 'vendorInfo');
  reader.take(vendorInfoBytes, 'vendorInfo');
  reader.end('vendorInfo');
  return algorithms;
}

function readAlgorithm(reader: ByteReader, earlier: readonly LoggedAlgorithm[]): LoggedAlgorithm {
  const field = `digestSizes[${earlier.length}]`;
  const offsetBytes = reader.offsetBytes;
  const tpmAlg = reader.u16(`${field}.algId`);
  const sizeBytes = reader.u16(`${field}.digestSize`);
  const known = hashByTpmAlg(tpmAlg);
  if (earlier.some((other) => other.tpmAlg === tpmAlg)) {
    reader.fail('bad-value', `${field}.algId`, {
      expected: 'each algorithm once',
      actual: algorithmText(tpmAlg),
      offsetBytes,
    });
  }
  const fits = known === undefined ? isDigestSize(sizeBytes) : sizeBytes === known.sizeBytes;
  if (!fits) {
    reader.fail('bad-value', `${field}.digestSize`, {
      expected: `${known?.sizeBytes ?? `1 to ${TPM_LIMITS.digestBytes}`} bytes`,
      actual: `${sizeBytes} bytes`,
      offsetBytes: offsetBytes + 2,
    });
  }
  return { tpmAlg, bank: known?.name, sizeBytes };
}

function isDigestSize(sizeBytes: number): boolean {
  return sizeBytes >= 1 && sizeBytes <= TPM_LIMITS.digestBytes;
}

// The Spec ID record has its bytes: one too small for its own fields is wrong, not cut short.
function needInside(reader: ByteReader, sizeBytes: number, field: string): void {
  if (reader.leftBytes >= sizeBytes) return;
  reader.fail('bad-value', field, {
    expected: `${sizeBytes} more bytes inside the Spec ID record`,
    actual: `${reader.leftBytes} bytes`,
  });
}

function algorithmText(tpmAlg: number): string {
  return `0x${tpmAlg.toString(16).padStart(4, '0')}`;
}

const LAST_PCR = 23;
const SPEC_ID = asciiBytes('Spec ID Event03\0');
const SHA1_HEAD_BYTES = 32;
const SHA1 = { tpmAlg: 0x0004, bank: 'sha1', sizeBytes: 20 } as const;
const SHA1_ONLY: readonly LoggedAlgorithm[] = [SHA1];

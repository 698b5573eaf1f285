// Reads systemd's log of what it measured itself, /run/log/systemd/tpm2-measure.log, and puts it
// behind the firmware's events. RFC 7464 (JSON text sequences); TCG Canonical Event Log Format in
// JSON, without record numbers; systemd src/shared/tpm2-util.c: tpm2_userspace_log.
//
//   RS {"pcr":11,"digests":[{"hashAlg":"sha256","digest":"…"}],"content_type":"systemd",
//       "content":{"eventType":"phase","string":"enter-initrd",…}} LF

import { fromHex, viewBytes } from '../bytes/encoding.ts';
import { BOOT_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Malformed, readAtDoor } from '../bytes/reader.ts';
import { hashByName } from '../crypto/digest.ts';
import type { BootEvent, EventDigest, EventLog } from './event-log.ts';
import { EV_IPL } from './event-types.ts';

/** One record, as it was sent. Replay authenticates its digests alone. */
export interface UserspaceRecord {
  /** Of its RS byte. */
  readonly offsetBytes: number;
  /** 0–23; undefined for a record about something else, such as an NV index. */
  readonly pcr: number | undefined;
  /** Algorithms that we can name, each once. */
  readonly digests: readonly EventDigest[];
  /** `content.string` in UTF-8: what was measured, or its description; empty if there is none. */
  readonly text: Uint8Array;
}

/** Every whole record up to the end, or up to the place where the log broke. */
export interface UserspaceLogReading {
  readonly records: readonly UserspaceRecord[];
  readonly malformed?: Malformed;
}

/** Reads a whole log. Never throws because of its bytes. An empty log has no records. */
export function readUserspaceLog(bytes: Uint8Array): UserspaceLogReading {
  const records: UserspaceRecord[] = [];
  const reading = readAtDoor(() => {
    const reader = new ByteReader(bytes, 'little', { prefix: 'userspaceLog.' });
    capped(reader, 'log', [bytes.byteLength, BOOT_LIMITS.userspaceLogBytes]);
    while (reader.leftBytes > 0) {
      capped(reader, 'records', [records.length + 1, BOOT_LIMITS.userspaceRecords]);
      records.push(readRecord(reader, bytes, `records[${records.length}]`));
    }
  });
  return { records, ...(reading.ok ? {} : { malformed: reading.malformed }) };
}

/** The firmware's events and behind them those of user space, as one log to replay. Only records of
 *  PCR 11–15 are joined: user space may extend every PCR from 8 on, but a firmware PCR that
 *  it extended after boot has drifted, and no log of its own explains that away. A bank that the
 *  firmware's log has and a record omits is a gap, as in the firmware's log. */
export function joinUserspaceLog(log: EventLog, records: readonly UserspaceRecord[]): EventLog {
  const joined = records.filter(
    ({ pcr }) => pcr !== undefined && pcr >= FIRST_SYSTEM_PCR && pcr <= LAST_SYSTEM_PCR,
  );
  const events = joined.map(
    ({ offsetBytes, pcr, digests, text }, at): BootEvent => ({
      index: log.events.length + at,
      offsetBytes,
      pcr: pcr ?? FIRST_SYSTEM_PCR,
      type: EV_IPL,
      digests,
      data: text,
      source: 'user-space',
    }),
  );
  return { ...log, events: [...log.events, ...events] };
}

function readRecord(reader: ByteReader, bytes: Uint8Array, field: string): UserspaceRecord {
  const offsetBytes = reader.offsetBytes;
  if (reader.u8(field) !== RECORD_SEPARATOR) {
    const wrong = { expected: 'a record separator (1e)', actual: 'another byte', offsetBytes };
    return reader.fail('bad-value', field, wrong);
  }
  const next = bytes.indexOf(RECORD_SEPARATOR, reader.offsetBytes);
  const sizeBytes = (next < 0 ? bytes.byteLength : next) - reader.offsetBytes;
  capped(reader, field, [sizeBytes, BOOT_LIMITS.userspaceRecordBytes]);
  const text = reader.take(sizeBytes, field);
  // RFC 7464, 2.4: only the line feed tells a whole record from one that was cut.
  if (text.at(-1) !== LINE_FEED) {
    const wrong = { expected: 'a record that ends with a line feed', actual: 'the end' };
    return reader.fail(next < 0 ? 'cut-short' : 'bad-value', field, wrong);
  }
  const record = recordOf(viewBytes(text, 0, text.byteLength - 1));
  if (typeof record !== 'string') return { offsetBytes, ...record };
  const wrong = { expected: record, actual: 'something else', offsetBytes };
  return reader.fail('bad-value', field, wrong);
}

/** The record in a JSON text, or in words what it should be. */
function recordOf(text: Uint8Array): Omit<UserspaceRecord, 'offsetBytes'> | string {
  const value = parseJson(text);
  if (!isObject(value)) return 'a JSON object in UTF-8';
  const { pcr, digests, content } = value;
  if (pcr !== undefined && !isPcr(pcr)) return 'a pcr from 0 to 23';
  if (!Array.isArray(digests) || digests.length > BOOT_LIMITS.algorithms) {
    return `digests, at most ${BOOT_LIMITS.algorithms}`;
  }
  const known: EventDigest[] = [];
  for (const item of digests) {
    const digest = readDigest(item);
    if (typeof digest === 'string') return digest;
    if (digest === undefined) continue;
    if (known.some(({ bank }) => bank === digest.bank)) return 'each algorithm once';
    known.push(digest);
  }
  const shown = isObject(content) && typeof content['string'] === 'string' ? content['string'] : '';
  return { pcr, digests: known, text: new TextEncoder().encode(shown) };
}

/** Undefined for an algorithm that we cannot name: it is in no quoted bank. */
function readDigest(item: unknown): EventDigest | string | undefined {
  const wrong = 'digests with hashAlg and a digest in hex of its length';
  if (!isObject(item)) return wrong;
  const { hashAlg, digest } = item;
  if (typeof hashAlg !== 'string' || typeof digest !== 'string') return wrong;
  const value = fromHex(digest);
  const algorithm = hashByName(hashAlg);
  if (value === undefined) return wrong;
  if (algorithm === undefined) return undefined;
  if (value.byteLength !== algorithm.sizeBytes) return wrong;
  return { tpmAlg: algorithm.tpmAlg, bank: algorithm.name, value };
}

function parseJson(text: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(text));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPcr(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LAST_PCR;
}

function capped(reader: ByteReader, field: string, [count, cap]: readonly [number, number]): void {
  if (count <= cap) return;
  reader.fail('over-cap', field, { expected: `at most ${cap}`, actual: `${count}` });
}

const RECORD_SEPARATOR = 0x1e;
const LINE_FEED = 0x0a;
const LAST_PCR = 23;
/** UAPI.7: systemd-stub, systemd and the running system own PCR 11–15. */
const FIRST_SYSTEM_PCR = 11;
const LAST_SYSTEM_PCR = 15;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Hypotheses about the list as a whole: each costs a replay or less. FORMATS 1.4, 4.4, 8.4, 14.6.

import { concatBytes, equalBytes, u32Bytes } from '../bytes/encoding.ts';
import { DIAGNOSIS_LIMITS } from '../bytes/limits.ts';
import { ByteReader, readAtDoor } from '../bytes/reader.ts';
import { digest, type HashName, hashByName } from '../crypto/digest.ts';
import { type RecordDigests, Registers } from '../ima/registers.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Search } from './search.ts';
import type { TrailPoint, TrailRecord } from './trail.ts';

/** A checkpoint of the attester. */
export interface EarlierPoint extends TrailPoint {
  readonly boot: 'this' | 'another';
}

/** Looks for one reason; undefined when it is not this one. */
export type WholeListHypothesis = (
  search: Search,
  earlier: readonly EarlierPoint[],
) => Diagnosis | undefined;

/** In the order in which they are tried. */
export const WHOLE_LIST_HYPOTHESES: readonly WholeListHypothesis[] = [
  quoteAtEarlierPoint,
  listOfAnotherBoot,
  listStartsElsewhere,
  violationsAsZeros,
  otherByteOrder,
  alteredData,
  segmentsInOtherOrder,
];

function quoteAtEarlierPoint(
  { quoted, banks }: Search,
  earlier: readonly EarlierPoint[],
): Diagnosis | undefined {
  for (const { index, registers, boot } of earlier) {
    const saved = registers.filter(({ bank }) => banks.includes(bank));
    const start = { index, registers: saved };
    if (new Registers({ banks, quoted, start }).match === undefined) continue;
    const hypothesis = boot === 'this' ? 'quote-at-checkpoint' : 'pcr-of-another-boot';
    return { hypothesis, at: [index], reachesQuote: false };
  }
  return undefined;
}

function listOfAnotherBoot(
  search: Search,
  earlier: readonly EarlierPoint[],
): Diagnosis | undefined {
  const { start, isWhole } = search.trail;
  if (!isWhole || start.index !== 0) return undefined;
  const passed = earlier.find((point) => point.boot === 'another' && search.passes(point));
  if (passed === undefined) return undefined;
  return { hypothesis: 'list-of-another-boot', at: [passed.index], reachesQuote: false };
}

function listStartsElsewhere(
  search: Search,
  earlier: readonly EarlierPoint[],
): Diagnosis | undefined {
  const { records, start, isWhole } = search.trail;
  if (!isWhole) return undefined;
  const points = [{ index: 0, registers: [] }, ...earlier.filter(({ boot }) => boot === 'this')];
  for (const point of points) {
    if (point.index === start.index) continue;
    const change = { from: 0, put: records, then: records.length, start: point };
    if (!search.reaches(change)) continue;
    const note = `It starts at record ${point.index}, not at record ${start.index}.`;
    return { hypothesis: 'list-starts-elsewhere', at: [point.index], reachesQuote: true, note };
  }
  return undefined;
}

function violationsAsZeros(search: Search): Diagnosis | undefined {
  const violations = search.trail.records.filter(({ digests }) => digests.violation);
  if (violations.length === 0 || !reachesAltered(search, asZeros)) return undefined;
  return {
    hypothesis: 'violation-extended-as-zeros',
    at: placesOf(violations),
    reachesQuote: true,
  };
}

function asZeros(record: TrailRecord): TrailRecord {
  return record.digests.violation ? { ...record, digests: ZEROS } : record;
}

/** A kernel hashes once for the column and the extend: in the other order no column would fit. */
function otherByteOrder(search: Search): Diagnosis | undefined {
  const hashed = search.trail.records.filter(({ digests }) => !digests.violation);
  if (!hashed.every(isAltered)) return undefined;
  if (!reachesAltered(search, withSwappedLengths)) return undefined;
  return { hypothesis: 'other-byte-order', at: [], reachesQuote: true };
}

/** Number fields are left as they are: a list of records with some is not recognised. */
function withSwappedLengths(record: TrailRecord): TrailRecord {
  const { digests, data, isLegacy, byteOrder } = record;
  if (digests.violation || isLegacy) return record;
  const swapped = readAtDoor(() => swapLengths(new ByteReader(data, byteOrder), byteOrder));
  return swapped.ok ? { ...record, digests: digestsOf(swapped.value) } : record;
}

function swapLengths(reader: ByteReader, byteOrder: 'little' | 'big'): Uint8Array {
  const parts: Uint8Array[] = [];
  while (reader.leftBytes > 0) {
    const lengthBytes = reader.u32('length');
    parts.push(u32Bytes(lengthBytes, byteOrder === 'little' ? 'big' : 'little'));
    parts.push(reader.take(lengthBytes, 'field'));
  }
  return concatBytes(...parts);
}

/** The digest columns are extended in place of the digests of the data. That tells about the banks
 *  which a column feeds alone, so each quoted bank is tried by itself. */
function alteredData(search: Search): Diagnosis | undefined {
  const { records, start } = search.trail;
  const altered = records.filter(isAltered);
  if (altered.length === 0) return undefined;
  const byColumn = records.map((record) => ({ ...record, digests: columnDigests(record) }));
  const bank = search.banks.find((one) => search.replays(byColumn, { start, banks: [one] }));
  if (bank === undefined) return undefined;
  return {
    hypothesis: 'altered-data',
    at: placesOf(altered),
    reachesQuote: true,
    note: `The columns lead to the quoted value of bank ${bank}.`,
  };
}

/** Whether the digest column of a record is not the digest of its data. */
export function isAltered(record: TrailRecord | undefined): boolean {
  const computed = record?.digests.of(record.columnHash);
  return record !== undefined && computed !== undefined && !equalBytes(computed, record.column);
}

function columnDigests({ digests, columnHash, column }: TrailRecord): RecordDigests {
  const { violation } = digests;
  const of = (hash: HashName) => (hash === columnHash ? column : digests.of(hash));
  return violation ? digests : { violation, of };
}

function segmentsInOtherOrder(search: Search): Diagnosis | undefined {
  const { records, isWhole } = search.trail;
  const segments = [...new Set(records.map(({ segment }) => segment))];
  const isFew = segments.length > 1 && segments.length <= DIAGNOSIS_LIMITS.segments;
  if (!isWhole || !isFew) return undefined;
  for (const order of permutations(segments)) {
    const put = order.flatMap((one) => records.filter(({ segment }) => segment === one));
    if (!search.reaches({ from: 0, put, then: records.length })) continue;
    const firsts = order.flatMap((one) => records.find(({ segment }) => segment === one) ?? []);
    return {
      hypothesis: 'segments-in-other-order',
      at: placesOf(firsts),
      reachesQuote: true,
      note: `The segments in the order ${order.join(', ')} lead to the quote.`,
    };
  }
  return undefined;
}

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

function reachesAltered(search: Search, alter: (record: TrailRecord) => TrailRecord): boolean {
  const { records } = search.trail;
  return search.reaches({ from: 0, put: records.map(alter), then: records.length });
}

function digestsOf(data: Uint8Array): RecordDigests {
  const known = new Map<HashName, Uint8Array | undefined>();
  return {
    violation: false,
    of(hash) {
      if (!known.has(hash)) known.set(hash, digest(hash, data));
      return known.get(hash);
    },
  };
}

function placesOf(records: readonly TrailRecord[]): readonly number[] {
  return records.map(({ index }) => index).filter((_, at) => at < DIAGNOSIS_LIMITS.places);
}

const ZEROS: RecordDigests = {
  violation: false,
  of: (hash) => new Uint8Array(hashByName(hash)?.sizeBytes ?? 0),
};

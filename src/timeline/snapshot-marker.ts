// Reads snapshot markers: attempt counter and PCR values of every bank, strictly. FORMATS 9.3.
//
// buffer  [ "PCR_Counter=" dec ";" ] "Snapshot_Attempt_Count=" dec ";" bank *( bank )
// bank    entry *( "," entry ) ";"        one a hash, ascending TPM_ALG_ID
// entry   alg ":PCR" n ":0x" hex          n ascending, 0 to 23; hex of exactly the digest size

import { fromHex, latinText } from '../bytes/encoding.ts';
import { type HashAlgorithm, type HashName, hashByName } from '../crypto/digest.ts';

/** One value that a marker lists. */
export interface MarkedValue {
  readonly bank: HashName;
  readonly pcr: number;
  readonly value: Uint8Array;
}

/** A marker as it was recorded: what it says of PCRs is checked, never used. */
export interface SnapshotMarker {
  /** Attempts of this kernel to take a snapshot, given up ones too; 64 bits. */
  readonly attempt: bigint;
  /** Bank by bank; every bank lists the same PCRs. */
  readonly values: readonly MarkedValue[];
}

/** Name of the event. */
export const SNAPSHOT_EVENT = 'snapshot_aggregate';

/** Reads a marker that was recorded in `ownPcr`, or says in a few words what is wrong with it. A
 *  key that is not known makes another version, and another version has another name. */
export function readSnapshotMarker(
  buffer: Uint8Array,
  ownPcr: number,
): SnapshotMarker | { readonly fault: string } {
  const parts = latinText(buffer).split(';');
  if (parts.pop() !== '') return { fault: 'it does not end with a semicolon' };
  if (parts[0]?.startsWith('PCR_Counter=')) {
    const counter = readNumber(parts.shift(), 'PCR_Counter');
    if (counter === undefined) return { fault: 'PCR_Counter is no number' };
  }
  const attempt = readNumber(parts.shift(), 'Snapshot_Attempt_Count');
  if (attempt === undefined) return { fault: 'no Snapshot_Attempt_Count' };
  const values: MarkedValue[] = [];
  let pcrs: string | undefined;
  let tpmAlg = -1;
  for (const part of parts) {
    const bank = readBank(part);
    if (bank === undefined) return { fault: `the bank behind ${values.length} values` };
    if (bank.algorithm.tpmAlg <= tpmAlg) return { fault: 'the order of the banks' };
    tpmAlg = bank.algorithm.tpmAlg;
    const listed = bank.values.map(({ pcr }) => pcr).join();
    if (listed !== (pcrs ?? listed)) return { fault: 'banks that list different PCRs' };
    pcrs = listed;
    values.push(...bank.values);
  }
  if (!values.some(({ pcr }) => pcr === ownPcr)) return { fault: `no value of PCR ${ownPcr}` };
  return { attempt, values };
}

function readNumber(part: string | undefined, key: string): bigint | undefined {
  const [, name, digits] = NUMBER.exec(part ?? '') ?? [];
  if (name !== key || digits === undefined) return undefined;
  const value = BigInt(digits);
  return value <= LARGEST_U64 ? value : undefined;
}

interface MarkedBank {
  readonly algorithm: HashAlgorithm;
  readonly values: readonly MarkedValue[];
}

/** The entries of one bank: one hash, ascending PCRs. */
function readBank(part: string): MarkedBank | undefined {
  const values: MarkedValue[] = [];
  let algorithm: HashAlgorithm | undefined;
  for (const text of part.split(',')) {
    const [, name = '', digits = '', hex = ''] = ENTRY.exec(text) ?? [];
    const named = BANKS.has(name) ? hashByName(name) : undefined;
    const value = fromHex(hex);
    const pcr = Number(digits);
    algorithm ??= named;
    const isNext = pcr > (values.at(-1)?.pcr ?? -1) && pcr <= LAST_PCR;
    if (named === undefined || named !== algorithm || !isNext) return undefined;
    if (value?.byteLength !== named.sizeBytes) return undefined;
    values.push({ bank: named.name, pcr, value });
  }
  return algorithm && { algorithm, values };
}

const NUMBER = /^([A-Za-z_]+)=(0|[1-9][0-9]{0,19})$/;
const ENTRY = /^([a-z0-9]+):PCR(0|[1-9][0-9]?):0x([0-9a-fA-F]+)$/;
const BANKS: ReadonlySet<string> = new Set(['sha1', 'sha256', 'sha384', 'sha512', 'sm3']);
const LAST_PCR = 23;
const LARGEST_U64 = 0xffff_ffff_ffff_ffffn;

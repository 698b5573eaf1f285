// Reads the events that carry the TPM's PCR update counter. FORMATS 10.
//
// name                            buffer
// ima_init_tpm_update_counter     update_counter=%u;  or
// kexec_load_tpm_update_counter     version=<N>.<N>.<N>;num_enabled_pcr_banks=<N>;
//                                   pcrUpdateCounter=<N>;num_ima_measurements=<N>;
// tpm-info                        version=1;num_enabled_pcr_banks=%u;
//                                   pcrUpdateCounter=%u;num_ima_measurements=%lu;

import { latinText } from '../bytes/encoding.ts';
import type { EventRecord } from './event-record.ts';

/** What one counter event says. */
export interface CounterReading {
  /** The counter of the whole TPM, read before the event itself was queued; 32 bits. */
  readonly counter: number;
  /** PCR banks that the kernel extends; null when the event does not tell. */
  readonly banks: number | null;
  /** Records that the kernel knew then, this one excluded; null when the event does not tell. */
  readonly records: number | null;
}

/** A counter event by its exact name and grammar; undefined for anything else. */
export function readCounterEvent({ name, buffer }: EventRecord): CounterReading | undefined {
  const grammars = GRAMMARS.get(name) ?? [];
  const text = latinText(buffer);
  for (const grammar of grammars) {
    const groups = grammar.exec(text)?.groups;
    if (groups === undefined) continue;
    const counter = Number(groups['counter']);
    const banks = toldNumber(groups['banks']);
    const records = toldNumber(groups['records']);
    const isInRange = counter <= LARGEST_U32 && (banks ?? 0) <= LARGEST_U32;
    return isInRange ? { counter, banks, records } : undefined;
  }
  return undefined;
}

function toldNumber(digits: string | undefined): number | null {
  return digits === undefined ? null : Number(digits);
}

const NUMBER = '(?:0|[1-9][0-9]{0,9})';
const LONG_NUMBER = '(?:0|[1-9][0-9]{0,15})';
const REST =
  `num_enabled_pcr_banks=(?<banks>${NUMBER});pcrUpdateCounter=(?<counter>${NUMBER});` +
  `num_ima_measurements=(?<records>${LONG_NUMBER});`;
const POSTED = new RegExp(`^update_counter=(?<counter>${NUMBER});$`);
const OFFERED = new RegExp(`^version=${NUMBER}\\.${NUMBER}\\.${NUMBER};${REST}$`);
const TPM_INFO = new RegExp(`^version=1;${REST}$`);
const GRAMMARS: ReadonlyMap<string, readonly RegExp[]> = new Map([
  ['ima_init_tpm_update_counter', [POSTED, OFFERED]],
  ['kexec_load_tpm_update_counter', [POSTED, OFFERED]],
  ['tpm-info', [TPM_INFO]],
]);
const LARGEST_U32 = 0xffff_ffff;

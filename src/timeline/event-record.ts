// A buffer event of the list as the mechanisms of a long-running host see it: kexec counts, update
// counters, snapshot markers and trim events all travel this way. FORMATS 7 to 11.

import type { HashName } from '../crypto/digest.ts';
import type { Finding, Where } from '../findings/finding.ts';

/** A record of template ima-buf whose digest is that of its buffer, in extend order. */
export interface EventRecord {
  /** Absolute index in the boot. */
  readonly index: number;
  /** Absolute index of the record that opened the epoch; 0 when no aggregate was seen. */
  readonly epochFromIndex: number;
  readonly where: Where;
  readonly pcr: number;
  /** Exact name, one character a byte. */
  readonly name: string;
  readonly buffer: Uint8Array;
  /** Running values of a PCR before this record, one for each way in which the bank may have been
   *  extended; empty for a bank or PCR that is not followed. */
  readonly valuesBefore: (bank: HashName, pcr: number) => readonly Uint8Array[];
}

/** What a mechanism makes of an event. */
export interface EventRuling {
  /** Whether the event is one of its own, by name and strict grammar: it then needs no
   *  measurement rule. */
  readonly isOwn: boolean;
  readonly findings: readonly Finding[];
}

/** An event that is none of a mechanism's business. */
export const NOT_OWN: EventRuling = { isOwn: false, findings: [] };

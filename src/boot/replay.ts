// Replays the event log: which value every PCR ends with, bank by bank.
// TPM 2.0 Part 1, PCR operations; PFP, "Startup Locality Event"; FORMATS 15, replay rules 1 and 2.

import { asciiBytes, equalBytes } from '../bytes/encoding.ts';
import { ByteReader } from '../bytes/reader.ts';
import type { HashName } from '../crypto/digest.ts';
import { canExtend, extend, resetValue } from '../pcr/extend.ts';
import type { PcrValues } from '../pcr/selection.ts';
import { type BootEvent, digestOf, type EventLog, type LoggedAlgorithm } from './event-log.ts';
import { EV_EFI_HCRTM_EVENT, EV_NO_ACTION } from './event-types.ts';

/** What the log says of one PCR in one bank. */
export type ReplayedPcr =
  | {
      readonly state: 'replayed';
      /** Value after the last event. */
      readonly value: Uint8Array;
      /** The last event that extended it. */
      readonly lastEventIndex: number;
    }
  | {
      /** The value cannot be known from this log. */
      readonly state: 'gap';
      /** `digest-omitted`: an event of this PCR has no digest for the bank. `locality-invalid`:
       *  a StartupLocality record that contradicts the log leaves the start of PCR 0 unknown. */
      readonly cause: 'digest-omitted' | 'locality-invalid';
      /** The first event that breaks the replay. */
      readonly eventIndex: number;
    };

/** The PCRs that events of the log extend, by index. A PCR without events is not in it. */
export type ReplayedBank = ReadonlyMap<number, ReplayedPcr>;

// Not exported, so that no other file can make a ReplayedEventLog.
const replayed: unique symbol = Symbol('replayed');

/** A replayed log. Only `replayEventLog` makes one. Replayed is not proven: nothing in it is
 *  authenticated until a value equals a quoted one. */
export interface ReplayedEventLog {
  readonly [replayed]: true;
  readonly log: EventLog;
  /** Every bank of the log that can be computed here. */
  readonly banks: ReadonlyMap<HashName, ReplayedBank>;
  /** Algorithms of the log that cannot. */
  readonly unsupported: readonly LoggedAlgorithm[];
  /** Locality that started the TPM, as claimed; 4 stands for H-CRTM. PCR 0 starts at 00…0v. */
  readonly startupLocality: number;
}

/** Replays every bank of `log`. */
export function replayEventLog(log: EventLog): ReplayedEventLog {
  const start = startOfPcr0(log);
  const banks = new Map<HashName, ReplayedBank>();
  for (const { bank } of log.algorithms) {
    if (bank !== undefined && canExtend(bank)) banks.set(bank, replayBank(bank, log, start));
  }
  return {
    [replayed]: true,
    log,
    banks,
    unsupported: log.algorithms.filter(({ bank }) => bank === undefined || !banks.has(bank)),
    startupLocality: start.locality,
  };
}

/** Value that `pcr` holds before its first event, given the locality that the log claims. */
export function startValue(bank: HashName, pcr: number, startupLocality: number): Uint8Array {
  const value = resetValue(bank, pcr);
  if (pcr === 0) value[value.byteLength - 1] = startupLocality;
  return value;
}

/** PCR 0–9 of `bank` as they were at the end of the log, PCRs without events at their start: what
 *  boot_aggregate is compared with (FORMATS 5, rule 5). Undefined when the log lacks the bank or
 *  leaves one of them unknown. */
export function replayedBootPcrs(replay: ReplayedEventLog, bank: HashName): PcrValues | undefined {
  const pcrs = replay.banks.get(bank);
  if (pcrs === undefined) return undefined;
  const values = new Map<number, Uint8Array>();
  for (let pcr = 0; pcr <= LAST_BOOT_PCR; pcr += 1) {
    const replayedPcr = pcrs.get(pcr);
    if (replayedPcr?.state === 'gap') return undefined;
    values.set(pcr, replayedPcr?.value ?? startValue(bank, pcr, replay.startupLocality));
  }
  return new Map([[bank, values]]);
}

function replayBank(bank: HashName, log: EventLog, start: Pcr0Start): ReplayedBank {
  const pcrs = new Map<number, ReplayedPcr>();
  for (const event of log.events) {
    if (event.type === EV_NO_ACTION) continue;
    const before = pcrs.get(event.pcr) ?? beforeFirstEvent(bank, event, start);
    pcrs.set(event.pcr, afterEvent(bank, event, before));
  }
  return pcrs;
}

function beforeFirstEvent(bank: HashName, event: BootEvent, start: Pcr0Start): ReplayedPcr {
  if (event.pcr === 0 && start.invalidIndex !== undefined) {
    return { state: 'gap', cause: 'locality-invalid', eventIndex: start.invalidIndex };
  }
  const value = startValue(bank, event.pcr, start.locality);
  return { state: 'replayed', value, lastEventIndex: event.index };
}

function afterEvent(bank: HashName, event: BootEvent, before: ReplayedPcr): ReplayedPcr {
  if (before.state === 'gap') return before;
  const found = digestOf(event, bank);
  if (found === undefined) {
    return { state: 'gap', cause: 'digest-omitted', eventIndex: event.index };
  }
  const value = extend(bank, before.value, found);
  return { state: 'replayed', value, lastEventIndex: event.index };
}

interface Pcr0Start {
  readonly locality: number;
  /** The first StartupLocality record that cannot be true. */
  readonly invalidIndex?: number;
}

// An H-CRTM event starts PCR 0 at 4 only where no StartupLocality record speaks.
function startOfPcr0(log: EventLog): Pcr0Start {
  let claimed: number | undefined;
  let extended = false;
  let hardwareRoot = false;
  for (const event of log.events) {
    if (event.pcr !== 0) continue;
    if (event.type !== EV_NO_ACTION) {
      extended = true;
      hardwareRoot ||= event.type === EV_EFI_HCRTM_EVENT;
    } else if (isStartupLocality(event)) {
      const locality = event.data[STARTUP_LOCALITY.byteLength] ?? 0;
      const fits = event.data.byteLength === STARTUP_LOCALITY.byteLength + 1;
      const valid = fits && LOCALITIES.has(locality) && !extended;
      if (!valid || (claimed ?? locality) !== locality) {
        return { locality: claimed ?? 0, invalidIndex: event.index };
      }
      claimed = locality;
    }
  }
  return { locality: claimed ?? (hardwareRoot ? HCRTM_LOCALITY : 0) };
}

function isStartupLocality(event: BootEvent): boolean {
  const reader = new ByteReader(event.data, 'little');
  if (reader.leftBytes < STARTUP_LOCALITY.byteLength) return false;
  return equalBytes(reader.take(STARTUP_LOCALITY.byteLength, 'signature'), STARTUP_LOCALITY);
}

const LAST_BOOT_PCR = 9;
const STARTUP_LOCALITY = asciiBytes('StartupLocality\0');
const HCRTM_LOCALITY = 4;
/** Localities from which PFP lets TPM2_Startup come, and H-CRTM. */
const LOCALITIES: ReadonlySet<number> = new Set([0, 3, HCRTM_LOCALITY]);

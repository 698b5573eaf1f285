// Whether Secure Boot is on, as far as PCR 7 proves it.
// PFP, PCR 7 and "Measuring UEFI Variables"; UEFI Specification, SecureBoot; FORMATS 15, rule 3.

import type { HashName } from '../crypto/digest.ts';
import { type Finding, makeFinding } from '../findings/finding.ts';
import { isSeparator, provenData } from './event-data.ts';
import type { BootEvent } from './event-log.ts';
import { EV_NO_ACTION } from './event-types.ts';
import { type ExplainedBoot, strongBankOf } from './explain.ts';
import { EFI_GLOBAL_VARIABLE, readUefiVariable, type UefiVariable } from './uefi-variable.ts';

/** The fact and its witness. */
export interface SecureBootFact {
  /** Undefined when nothing authenticated decides it. */
  readonly state: 'on' | 'off' | undefined;
  /** The event that says so, and the quoted bank whose PCR 7 vouches for it. */
  readonly eventIndex?: number;
  readonly bank?: HashName;
  /** `boot.event_not_understood` when an event that might be the fact proves no data. */
  readonly findings: readonly Finding[];
}

/** Reads the fact from the one SecureBoot variable before the separator of PCR 7. Needs PCR 7 to be
 *  explained in a quoted bank of SHA-256 or better. Firmware ends its part of PCR 7 with a
 *  separator; it is found by its digest, because anyone may extend PCR 7 later and relabel events
 *  in the log, but nobody can change the digests that came before. For the same reason no event of
 *  that part is passed over, whatever its type: one whose data do not give its digest may be the
 *  SecureBoot variable in disguise, and then nothing is decided. */
export function secureBootFact(boot: ExplainedBoot): SecureBootFact {
  const bank = strongBankOf(boot, 7);
  const events = bank === undefined ? undefined : firmwareEvents(boot, bank);
  if (bank === undefined || events === undefined) return UNDECIDED;
  const variables: { readonly event: BootEvent; readonly variable: UefiVariable }[] = [];
  for (const event of events) {
    const proven = provenData(event, bank);
    if (proven?.form !== 'whole') {
      return { state: undefined, findings: [notUnderstood(event, bank)] };
    }
    const variable = readUefiVariable(proven.bytes);
    if (variable !== undefined && isSecureBoot(variable)) variables.push({ event, variable });
  }
  const [only, ...others] = variables;
  if (only === undefined || others.length > 0) return UNDECIDED;
  const state = stateOf(only.variable.value);
  return { state, eventIndex: only.event.index, bank, findings: [] };
}

/** Events that extend PCR 7 up to its separator; undefined when there is none. */
export function firmwareEvents(boot: ExplainedBoot, bank: HashName): BootEvent[] | undefined {
  const events = boot.replay.log.events.filter(
    (event) => event.pcr === 7 && event.type !== EV_NO_ACTION,
  );
  const end = events.findIndex((event) => isSeparator(event, bank));
  return end < 0 ? undefined : events.filter((_, index) => index < end);
}

function isSecureBoot({ guid, name }: UefiVariable): boolean {
  return guid === EFI_GLOBAL_VARIABLE && name === 'SecureBoot';
}

// PFP: a variable that does not exist is measured without data, which is a Secure Boot that is
// not there.
function stateOf(data: Uint8Array): 'on' | 'off' | undefined {
  const value = data[0] ?? 0;
  if (data.byteLength > 1 || value > 1) return undefined;
  return value === 1 ? 'on' : 'off';
}

function notUnderstood({ pcr, index, offsetBytes }: BootEvent, bank: HashName): Finding {
  return makeFinding('boot.event_not_understood', {
    severity: 'info',
    where: { part: 'boot', pcr, bank, entryIndex: index, offsetBytes },
    expected: 'event data that give the digest',
    actual: 'others',
  });
}

const UNDECIDED: SecureBootFact = { state: undefined, findings: [] };

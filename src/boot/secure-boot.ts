// Whether Secure Boot is on, as far as PCR 7 proves it.
// PFP, PCR 7 and "Measuring UEFI Variables"; UEFI Specification, SecureBoot; FORMATS 15, rule 3.
//
// Event of EV_EFI_VARIABLE_DRIVER_CONFIG: UEFI_VARIABLE_DATA, digest = H(all of it)
//   0   16  VariableName, an EFI_GUID                32     2×n  UnicodeName, UTF-16LE, no NUL
//   16  u64 UnicodeNameLength n, in characters       32+2n  …    VariableData
//   24  u64 VariableDataLength

import { asciiBytes, equalBytes, toHex } from '../bytes/encoding.ts';
import { ByteReader, readAtDoor } from '../bytes/reader.ts';
import { digest, type HashName } from '../crypto/digest.ts';
import { type Finding, makeFinding } from '../findings/finding.ts';
import type { BootEvent } from './event-log.ts';
import { EV_EFI_VARIABLE_DRIVER_CONFIG, EV_NO_ACTION } from './event-types.ts';
import { type ExplainedBoot, isStrongBank } from './explain.ts';
import type { ReplayedEventLog } from './replay.ts';

/** The fact and its witness. */
export interface SecureBootFact {
  /** Undefined when nothing authenticated decides it. */
  readonly state: 'on' | 'off' | undefined;
  /** The event that says so, and the quoted bank whose PCR 7 vouches for it. */
  readonly eventIndex?: number;
  readonly bank?: HashName;
  /** `boot.event_digest_mismatch` when the event does not give its digest. */
  readonly findings: readonly Finding[];
}

/** Reads the fact from the one SecureBoot event before the separator of PCR 7. Needs PCR 7 to be
 *  explained in a quoted bank of SHA-256 or better. Firmware ends its part of PCR 7 with a
 *  separator; it is found by its digest, because anyone may extend PCR 7 later and relabel events
 *  in the log, but nobody can change the digests that came before. */
export function secureBootFact(boot: ExplainedBoot): SecureBootFact {
  const bank = [...boot.quoted.banks].find(
    (quoted) => isStrongBank(quoted) && boot.explanations[quoted]?.explained.includes(7),
  );
  const events = bank === undefined ? undefined : firmwarePart(boot.replay, bank);
  if (bank === undefined || events === undefined) return UNDECIDED;
  const [event, ...others] = events.filter((each) => secureBootData(each) !== undefined);
  if (event === undefined || others.length > 0) return UNDECIDED;
  const measured = digestOf(event, bank);
  const computed = digest(bank, event.data);
  if (measured === undefined || computed === undefined) return UNDECIDED;
  if (!equalBytes(measured, computed)) {
    return { state: undefined, findings: [digestMismatch(event, bank, { measured, computed })] };
  }
  return { state: stateOf(event), eventIndex: event.index, bank, findings: [] };
}

// Events that extend PCR 7 up to its separator; undefined when there is no separator.
function firmwarePart(replay: ReplayedEventLog, bank: HashName): BootEvent[] | undefined {
  const separators = SEPARATORS.map((data) => digest(bank, data) ?? data);
  const events = replay.log.events.filter(
    (event) => event.pcr === 7 && event.type !== EV_NO_ACTION,
  );
  const end = events.findIndex((event) => {
    const value = digestOf(event, bank);
    return value !== undefined && separators.some((separator) => equalBytes(value, separator));
  });
  return end < 0 ? undefined : events.filter((_, index) => index < end);
}

function digestOf(event: BootEvent, bank: HashName): Uint8Array | undefined {
  return event.digests.find((candidate) => candidate.bank === bank)?.value;
}

// PFP: a variable that does not exist is measured without data, which is a Secure Boot that is
// not there.
function stateOf(event: BootEvent): 'on' | 'off' | undefined {
  const data = secureBootData(event);
  if (data === undefined || data.byteLength > 1) return undefined;
  const value = data[0] ?? 0;
  if (value > 1) return undefined;
  return value === 1 ? 'on' : 'off';
}

// VariableData of a SecureBoot event; undefined for every other event.
function secureBootData(event: BootEvent): Uint8Array | undefined {
  if (event.type !== EV_EFI_VARIABLE_DRIVER_CONFIG) return undefined;
  const reading = readAtDoor(() => {
    const reader = new ByteReader(event.data, 'little');
    const isSecureBoot = equalBytes(reader.take(HEAD.byteLength, 'head'), HEAD);
    const lengthBytes = reader.u64('VariableDataLength');
    const hasName = equalBytes(reader.take(NAME.byteLength, 'UnicodeName'), NAME);
    const data = reader.take(reader.leftBytes, 'VariableData');
    const whole = lengthBytes === BigInt(data.byteLength);
    return isSecureBoot && hasName && whole ? data : undefined;
  });
  return reading.ok ? reading.value : undefined;
}

function digestMismatch(
  event: BootEvent,
  bank: HashName,
  digests: { readonly measured: Uint8Array; readonly computed: Uint8Array },
): Finding {
  return makeFinding('boot.event_digest_mismatch', {
    severity: 'contraindicated',
    where: {
      part: 'boot',
      pcr: event.pcr,
      bank,
      entryIndex: event.index,
      offsetBytes: event.offsetBytes,
    },
    expected: toHex(digests.measured),
    actual: toHex(digests.computed),
  });
}

const UNDECIDED: SecureBootFact = { state: undefined, findings: [] };
/** EFI_GLOBAL_VARIABLE 8be4df61-93ca-11d2-aa0d-00e098032b8c as it stands in memory, and
 *  UnicodeNameLength 10. */
const HEAD = Uint8Array.of(
  ...[
    0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c,
  ],
  ...[10, 0, 0, 0, 0, 0, 0, 0],
);
/** "SecureBoot" in UTF-16LE. */
const NAME = asciiBytes([...'SecureBoot'].map((letter) => `${letter}\0`).join(''));
/** Data of EV_SEPARATOR: both values that end a good pre-OS phase (PFP, "EV_SEPARATOR"). */
const SEPARATORS = [Uint8Array.of(0, 0, 0, 0), Uint8Array.of(0xff, 0xff, 0xff, 0xff)];

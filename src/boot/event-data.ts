// Which bytes of an event its digest vouches for, and where a type promises more than it keeps.
// PFP, "Event Descriptions"; FORMATS 15, replay rule 3; docs/decisions/0014-event-data.md

import {
  asciiBytes,
  concatBytes,
  equalBytes,
  latinText,
  toHex,
  viewBytes,
} from '../bytes/encoding.ts';
import { digest, type HashName } from '../crypto/digest.ts';
import { type Finding, makeFinding, type Severity } from '../findings/finding.ts';
import { type BootEvent, digestOf } from './event-log.ts';
import {
  EV_ACTION,
  EV_EFI_ACTION,
  EV_EFI_GPT_EVENT,
  EV_EFI_GPT_EVENT2,
  EV_EFI_VARIABLE_AUTHORITY,
  EV_EFI_VARIABLE_BOOT,
  EV_EFI_VARIABLE_BOOT2,
  EV_EFI_VARIABLE_DRIVER_CONFIG,
  EV_NO_ACTION,
  EV_OMIT_BOOT_DEVICE_EVENTS,
  EV_S_CRTM_VERSION,
  EV_SEPARATOR,
} from './event-types.ts';
import type { ExplainedBoot } from './explain.ts';
import { readUefiVariable } from './uefi-variable.ts';

/** Event data, or the part of them, whose hash is the event's digest. */
export interface ProvenData {
  /** `whole`: all event data. `text`: a text of a boot loader without the label or the NUL that its
   *  log adds, or with the NUL that its log lacks. `variable-value`: VariableData alone. */
  readonly form: 'whole' | 'text' | 'variable-value';
  readonly bytes: Uint8Array;
  /** Before a text, as the log has it: no digest covers it. */
  readonly claimedLabel?: string;
}

/** The bytes that the event's digest in `bank` is the digest of. Undefined when the event data are
 *  not what was measured, as with images and files. The type of the event is not asked: whoever can
 *  alter the log can alter it. */
export function provenData(event: BootEvent, bank: HashName): ProvenData | undefined {
  const measured = digestOf(event, bank);
  if (measured === undefined || event.type === EV_NO_ACTION) return undefined;
  return candidates(event.data).find(({ bytes }) => hashesTo(bytes, bank, measured));
}

/** Whether the event extends one of the two values that end a good pre-OS phase. Found by its
 *  digest, which nobody can relabel. */
export function isSeparator(event: BootEvent, bank: HashName): boolean {
  const measured = digestOf(event, bank);
  if (measured === undefined || event.type === EV_NO_ACTION) return false;
  return SEPARATORS.some((value) => hashesTo(value, bank, measured));
}

/** Whether the event extends a constant of the specification: a separator, or the text of an action
 *  that code in PCR 4 or 5 is started by. Found by its digest; such an event names no code. */
export function isConstant(event: BootEvent, bank: HashName): boolean {
  const measured = digestOf(event, bank);
  if (measured === undefined || event.type === EV_NO_ACTION) return false;
  return CONSTANTS.some((value) => hashesTo(value, bank, measured));
}

/** Findings for events of explained PCRs whose data do not give the digest that their type
 *  promises, bank by bank. An event of another type promises nothing. */
export function judgeEventData(boot: ExplainedBoot): Finding[] {
  return [...boot.quoted.banks].flatMap((bank) => {
    const explained = boot.explanations[bank]?.explained ?? [];
    return boot.replay.log.events
      .filter(({ pcr }) => explained.includes(pcr))
      .flatMap((event) => judgePromise(event, bank));
  });
}

function judgePromise(event: BootEvent, bank: HashName): Finding[] {
  const promise = PROMISES.get(event.type);
  const measured = digestOf(event, bank);
  if (promise === undefined || measured === undefined) return [];
  const computed = digest(bank, event.data);
  if (computed === undefined || equalBytes(computed, measured)) return [];
  const value = promise.orValue ? readUefiVariable(event.data)?.value : undefined;
  if (value !== undefined && hashesTo(value, bank, measured)) return [];
  if (event.type === EV_SEPARATOR && isSeparator(event, bank)) return [];
  const { pcr, index: entryIndex, offsetBytes } = event;
  return [
    makeFinding('boot.event_digest_mismatch', {
      severity: promise.severity,
      where: { part: 'boot', pcr, bank, entryIndex, offsetBytes },
      expected: toHex(measured),
      actual: toHex(computed),
    }),
  ];
}

function hashesTo(bytes: Uint8Array, bank: HashName, measured: Uint8Array): boolean {
  const computed = digest(bank, bytes);
  return computed !== undefined && equalBytes(computed, measured);
}

/** Every part of event data that firmware and boot loaders are known to measure. */
function candidates(data: Uint8Array): ProvenData[] {
  const variable = readUefiVariable(data);
  return [
    { form: 'whole', bytes: data },
    ...labelledTexts(data),
    ...(variable === undefined ? [] : [{ form: 'variable-value', bytes: variable.value } as const]),
  ];
}

function labelledTexts(data: Uint8Array): ProvenData[] {
  const head = latinText(viewBytes(data, 0, Math.min(data.byteLength, LABEL_CHARS)));
  const claimedLabel = LABELS.find((label) => head.startsWith(label));
  if (claimedLabel !== undefined) {
    const text = viewBytes(data, claimedLabel.length, data.byteLength);
    const label = { form: 'text', claimedLabel } as const;
    return [
      { ...label, bytes: withoutNul(text) },
      { ...label, bytes: text },
    ];
  }
  // systemd-boot cuts the last byte of a UTF-16 text off in the log, not in the digest.
  const isCut = data.byteLength % 2 === 1 && data.byteLength > 1 && data[1] === 0;
  const whole = isCut ? concatBytes(data, Uint8Array.of(0)) : withoutNul(data);
  return whole.byteLength === data.byteLength ? [] : [{ form: 'text', bytes: whole }];
}

function withoutNul(data: Uint8Array): Uint8Array {
  return data.at(-1) === 0 ? viewBytes(data, 0, data.byteLength - 1) : data;
}

/** Labels that GRUB writes before a text in PCR 8: since 2.04, and the patched 2.02 of RHEL 8. The
 *  digest is of the text alone, in RHEL 8 with the NUL behind a command. */
const LABELS: readonly string[] = [
  'grub_cmd: ',
  'kernel_cmdline: ',
  'module_cmdline: ',
  'grub_cmd ',
  'grub_kernel_cmdline ',
];
const LABEL_CHARS = 32;

/** Data of EV_SEPARATOR (PFP, "EV_SEPARATOR"). */
const SEPARATORS: readonly Uint8Array[] = [
  Uint8Array.of(0, 0, 0, 0),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff),
];
/** PFP, "EV_EFI_ACTION"; the last is EV_OMIT_BOOT_DEVICE_EVENTS. */
const CONSTANTS: readonly Uint8Array[] = [
  ...SEPARATORS,
  ...[
    'Calling EFI Application from Boot Option',
    'Returning from EFI Application from Boot Option',
    'Calling UEFI Application from Boot Option',
    'Returning from UEFI Application from Boot Option',
    'BOOT ATTEMPTS OMITTED',
  ].map(asciiBytes),
];

/** That the digest is of all event data. */
interface DigestPromise {
  /** Or of VariableData alone. */
  readonly orValue: boolean;
  readonly severity: Severity;
}

/** No real log is known to break these: data that do were altered, or the firmware is unknown. */
const KEPT = { orValue: false, severity: 'warning' } as const;
/** Firmware in the field breaks these: nothing follows but that the data prove nothing. */
const BROKEN_IN_FIELD = { orValue: false, severity: 'info' } as const;
/** Types whose digest PFP defines as H(event data). */
const PROMISES: ReadonlyMap<number, DigestPromise> = new Map<number, DigestPromise>([
  // The verdict speaks of Secure Boot by these.
  [EV_EFI_VARIABLE_DRIVER_CONFIG, { orValue: false, severity: 'contraindicated' }],
  [EV_EFI_VARIABLE_BOOT, { orValue: true, severity: 'warning' }],
  [EV_EFI_VARIABLE_BOOT2, KEPT],
  [EV_EFI_GPT_EVENT, KEPT],
  [EV_EFI_GPT_EVENT2, KEPT],
  [EV_EFI_ACTION, KEPT],
  [EV_OMIT_BOOT_DEVICE_EVENTS, KEPT],
  [EV_SEPARATOR, KEPT],
  // Shim and GRUB measure the signature alone under some versions.
  [EV_EFI_VARIABLE_AUTHORITY, BROKEN_IN_FIELD],
  [EV_S_CRTM_VERSION, BROKEN_IN_FIELD],
  [EV_ACTION, BROKEN_IN_FIELD],
]);

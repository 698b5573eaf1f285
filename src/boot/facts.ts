// What an event log that explains the quote proves about the boot, each fact with its event.
// PFP, "PCR Usage"; UAPI.7 Linux TPM PCR Registry; FORMATS 15, rules 3 and 4; docs/verdicts.md

import { viewBytes } from '../bytes/encoding.ts';
import type { HashName } from '../crypto/digest.ts';
import { isConstant, provenData } from './event-data.ts';
import { type BootEvent, digestOf } from './event-log.ts';
import { EV_EVENT_TAG, EV_NO_ACTION } from './event-types.ts';
import { type ExplainedBoot, strongBankOf } from './explain.ts';
import { firmwareEvents, type SecureBootFact, secureBootFact } from './secure-boot.ts';
import { LINUX_INITRD_TAG, LINUX_LOAD_OPTIONS_TAG, taggedId } from './tagged-event.ts';
import { readUefiVariable, type UefiVariable } from './uefi-variable.ts';

/** The event that proves a fact, and the quoted bank by whose PCR it is authenticated. */
export interface Witness {
  readonly eventIndex: number;
  readonly pcr: number;
  readonly bank: HashName;
  /** What was extended; in the algorithm of `bank`. */
  readonly digest: Uint8Array;
}

/** A variable that was measured whole: content, name and GUID are authenticated. */
export interface VariableFact extends Witness, UefiVariable {}

/** A command line. The text is authenticated, that it is the command line is the log's claim: a
 *  boot loader measures other texts into the same PCR. */
export interface CommandLineFact extends Witness {
  /** `grub`: in PCR 8, as bytes. `utf-16`: systemd-boot (PCR 8) and systemd-stub (PCR 12). */
  readonly form: 'grub' | 'utf-16';
  readonly text: Uint8Array;
}

/** A digest of content that the log does not hold, with what the log says of it. */
export interface ClaimedFact extends Witness {
  /** A path or a name as the boot loader wrote it. No digest covers it. */
  readonly claimed: Uint8Array;
}

/** Facts by kind, each list in the order of the log, which replay authenticates within a PCR. A
 *  kind is empty where its PCR is not explained in a quoted bank of SHA-256 or better. */
export interface BootFacts {
  readonly secureBoot: SecureBootFact;
  /** PCR 7 before its separator: SecureBoot, PK, KEK, db, dbx, and what else firmware measures. */
  readonly variables: readonly VariableFact[];
  /** PCR 7 behind its separator: by which entry of db, or of shim's lists, an image was accepted.
   *  Anyone may add one after boot; nobody can remove one. */
  readonly authorities: readonly VariableFact[];
  /** PCR 4: Authenticode digests of the images that were started: boot loaders, UKI, EFI-stub
   *  kernel. Everything that is no constant of the specification counts as one. */
  readonly images: readonly Witness[];
  readonly commandLines: readonly CommandLineFact[];
  /** PCR 9, as the EFI stub tags them: digest of the load options in UTF-16LE with their NUL. */
  readonly loadOptions: readonly Witness[];
  /** PCR 9, as the EFI stub tags them: digest of the initrd. */
  readonly initrds: readonly Witness[];
  /** PCR 9: every other content; GRUB measures each file that it reads, kernel and initrd too. */
  readonly files: readonly ClaimedFact[];
  /** PCR 7, 8 and 12: measurements whose event data do not give their digest. What they measured is
   *  not known: a variable, an authority or a command line may be among them. */
  readonly unread: readonly Witness[];
}

/** Derives every fact that the log proves. */
export function bootFacts(boot: ExplainedBoot): BootFacts {
  const tagged = contents(boot, 9).map((each) => ({ ...each, tag: tagOf(each.event) }));
  const ofTag = (tag: number) => tagged.filter((each) => each.tag === tag).map(witnessOf);
  const loadOptions = ofTag(LINUX_LOAD_OPTIONS_TAG);
  const initrds = ofTag(LINUX_INITRD_TAG);
  const named = new Set([...loadOptions, ...initrds].map(({ eventIndex }) => eventIndex));
  return {
    secureBoot: secureBootFact(boot),
    ...variablesOf(boot),
    images: contents(boot, 4).map(witnessOf),
    commandLines: [...commandLinesOf(boot, 8), ...commandLinesOf(boot, 12)],
    loadOptions,
    initrds,
    files: tagged
      .filter(({ event }) => !named.has(event.index))
      .map((each) => ({ ...witnessOf(each), claimed: withoutNul(each.event.data) })),
    unread: [7, 8, 12].flatMap((pcr) => contents(boot, pcr).filter(isUnread).map(witnessOf)),
  };
}

interface Measured {
  readonly event: BootEvent;
  readonly bank: HashName;
  readonly digest: Uint8Array;
}

/** Extends of an explained PCR in order, without the constants of the specification. */
function contents(boot: ExplainedBoot, pcr: number): Measured[] {
  const bank = strongBankOf(boot, pcr);
  if (bank === undefined) return [];
  return boot.replay.log.events.flatMap((event) => {
    const digest = digestOf(event, bank);
    const isExtend = event.pcr === pcr && event.type !== EV_NO_ACTION && digest !== undefined;
    return isExtend && !isConstant(event, bank) ? [{ event, bank, digest }] : [];
  });
}

function witnessOf({ event, bank, digest }: Measured): Witness {
  return { eventIndex: event.index, pcr: event.pcr, bank, digest };
}

function isUnread({ event, bank }: Measured): boolean {
  return provenData(event, bank) === undefined;
}

function variablesOf(boot: ExplainedBoot): Pick<BootFacts, 'variables' | 'authorities'> {
  const bank = strongBankOf(boot, 7);
  const firmware = bank === undefined ? undefined : firmwareEvents(boot, bank);
  if (firmware === undefined) return { variables: [], authorities: [] };
  const before = new Set(firmware.map(({ index }) => index));
  const all = contents(boot, 7).flatMap((each) => {
    const proven = provenData(each.event, each.bank);
    const variable = proven?.form === 'whole' ? readUefiVariable(proven.bytes) : undefined;
    return variable === undefined ? [] : [{ ...witnessOf(each), ...variable }];
  });
  return {
    variables: all.filter(({ eventIndex }) => before.has(eventIndex)),
    authorities: all.filter(({ eventIndex }) => !before.has(eventIndex)),
  };
}

function commandLinesOf(boot: ExplainedBoot, pcr: 8 | 12): CommandLineFact[] {
  return contents(boot, pcr).flatMap((each) => {
    const proven = provenData(each.event, each.bank);
    if (proven === undefined) return [];
    const isGrub = pcr === 8 && COMMAND_LINE_LABELS.includes(proven.claimedLabel ?? '');
    const isUtf16 = proven.claimedLabel === undefined && isUtf16Text(proven.bytes);
    if (!isGrub && !isUtf16) return [];
    const form = isGrub ? 'grub' : 'utf-16';
    return [{ ...witnessOf(each), form, text: proven.bytes } as const];
  });
}

/** Whether the bytes are UTF-16LE with a final NUL and no other: systemd measures texts so. */
function isUtf16Text(bytes: Uint8Array): boolean {
  if (bytes.byteLength < 4 || bytes.byteLength % 2 !== 0) return false;
  const text = UTF16.decode(bytes);
  return text.indexOf('\0') === text.length - 1;
}

function tagOf(event: BootEvent): number | undefined {
  return event.type === EV_EVENT_TAG ? taggedId(event.data) : undefined;
}

function withoutNul(data: Uint8Array): Uint8Array {
  return data.at(-1) === 0 ? viewBytes(data, 0, data.byteLength - 1) : data;
}

const COMMAND_LINE_LABELS = ['kernel_cmdline: ', 'grub_kernel_cmdline '];
const UTF16 = new TextDecoder('utf-16le', { ignoreBOM: true });

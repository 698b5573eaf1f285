// Whether everything that a boot measured before IMA started is pinned: what makes
// boot_aggregate_late acceptable. FORMATS 6, rule 2; docs/formats/boot-aggregate.md

import { isConstant } from '../boot/event-data.ts';
import { type BootEvent, digestOf } from '../boot/event-log.ts';
import { EV_NO_ACTION } from '../boot/event-types.ts';
import { type ExplainedBoot, isStrongBank } from '../boot/explain.ts';
import type { HashName } from '../crypto/digest.ts';

/** Where code, command lines and files are measured on the way to a kernel: images that were
 *  started (4), texts of the boot loader (8), files, load options and initrd (9). */
export const PINNED_PCRS = [4, 8, 9] as const;

/** The answer, and in a few words what it lacks. */
export type PinnedBoot =
  | { readonly isPinned: true }
  | { readonly isPinned: false; readonly lacks: string };

/** Asks for each measurement of PCR 4, 8 and 9 whether it is pinned. Which of them is the kernel,
 *  or its command line, only types and labels tell, and those are the attester's word: one unknown
 *  measurement may be the kernel that ran. So every one has to be pinned, but the constants of the
 *  specification; at least one image, and at least one of PCR 8 or 9, because a boot without any
 *  proves no command line. All in one quoted bank of SHA-256 or better whose PCRs are explained. */
export function judgePinnedBoot(
  boot: ExplainedBoot,
  isPinned: (bank: HashName, digest: Uint8Array) => boolean,
): PinnedBoot {
  const bank = [...boot.quoted.banks].find((each) => isStrongBank(each) && isKnown(boot, each));
  if (bank === undefined) return lacking('PCR 4, 8 and 9 explained in one strong bank');
  const measured = boot.replay.log.events.filter(
    (event) => isPinnedPcr(event.pcr) && event.type !== EV_NO_ACTION && !isConstant(event, bank),
  );
  const unknown = measured.find((event) => !isEventPinned(event, bank, isPinned));
  if (unknown !== undefined) return lacking(`event ${unknown.index} of PCR ${unknown.pcr}`);
  if (!measured.some(({ pcr }) => pcr === 4)) return lacking('an image in PCR 4');
  if (!measured.some(({ pcr }) => pcr !== 4)) return lacking('a command line in PCR 8 or 9');
  return { isPinned: true };
}

function isEventPinned(
  event: BootEvent,
  bank: HashName,
  isPinned: (bank: HashName, digest: Uint8Array) => boolean,
): boolean {
  const digest = digestOf(event, bank);
  return digest !== undefined && isPinned(bank, digest);
}

/** Whether each of the PCRs is quoted, and explained or at its start without events. */
function isKnown({ quoted, explanations }: ExplainedBoot, bank: HashName): boolean {
  const explanation = explanations[bank];
  if (explanation === undefined) return false;
  const { unexplained, changedWithoutEvents } = explanation;
  return PINNED_PCRS.every(
    (pcr) =>
      quoted.values.get(bank)?.has(pcr) === true &&
      !unexplained.includes(pcr) &&
      !changedWithoutEvents.includes(pcr),
  );
}

function isPinnedPcr(pcr: number): boolean {
  return PINNED_PCRS.some((pinned) => pinned === pcr);
}

function lacking(lacks: string): PinnedBoot {
  return { isPinned: false, lacks };
}

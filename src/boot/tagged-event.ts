// Reads the tag of an EV_EVENT_TAG event.
// PFP, "TCG_PCClientTaggedEvent"; kernel drivers/firmware/efi/libstub/efi-stub-helper.c
//
//   0   u32  taggedEventID        4   u32  taggedEventDataSize, then the data

import { ByteReader, readAtDoor } from '../bytes/reader.ts';

/** Tag of the initrd that the EFI stub loaded; the digest is of the initrd. */
export const LINUX_INITRD_TAG = 0x8f3b22ec;
/** Tag of the load options of the EFI stub; the digest is of the options in UTF-16LE. */
export const LINUX_LOAD_OPTIONS_TAG = 0x8f3b22ed;

/** The tag, or undefined where the data are no tagged event to the last byte. */
export function taggedId(data: Uint8Array): number | undefined {
  const reading = readAtDoor(() => {
    const reader = new ByteReader(data, 'little');
    const tag = reader.u32('taggedEventID');
    reader.take(reader.u32('taggedEventDataSize'), 'taggedEventData');
    reader.end('taggedEvent');
    return tag;
  });
  return reading.ok ? reading.value : undefined;
}

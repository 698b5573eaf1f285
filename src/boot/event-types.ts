// Event types of the firmware event log. A type is a claim: no digest covers it.
// TCG PC Client Platform Firmware Profile, "Event Types"; TCG EFI Platform Specification.

/** Carries information and is never extended. */
export const EV_NO_ACTION = 0x00000003;
/** Ends the part of a PCR that the firmware extends before the operating system. */
export const EV_SEPARATOR = 0x00000004;
/** A text that says what happened. */
export const EV_ACTION = 0x00000005;
/** A tagged structure; the Linux EFI stub measures load options and initrd with it. */
export const EV_EVENT_TAG = 0x00000006;
/** Version of the static root of trust. */
export const EV_S_CRTM_VERSION = 0x00000008;
/** What boot loaders measure: texts, files, sections of a UKI. */
export const EV_IPL = 0x0000000d;
/** Boot devices are left out of PCR 4. */
export const EV_OMIT_BOOT_DEVICE_EVENTS = 0x00000012;
/** SecureBoot, PK, KEK, db, dbx: digest = H(UEFI_VARIABLE_DATA). */
export const EV_EFI_VARIABLE_DRIVER_CONFIG = 0x80000001;
/** Boot####, BootOrder: digest = H(VariableData), or of all as with BOOT2. */
export const EV_EFI_VARIABLE_BOOT = 0x80000002;
/** Partition table. */
export const EV_EFI_GPT_EVENT = 0x80000006;
/** As EV_ACTION. */
export const EV_EFI_ACTION = 0x80000007;
/** Boot####, BootOrder: digest = H(UEFI_VARIABLE_DATA). */
export const EV_EFI_VARIABLE_BOOT2 = 0x8000000c;
/** Partition table with the varying fields zeroed. */
export const EV_EFI_GPT_EVENT2 = 0x8000000d;
/** Measurement by a hardware root of trust before TPM2_Startup. */
export const EV_EFI_HCRTM_EVENT = 0x80000010;
/** The entry of db, or of shim's lists, that an image was accepted by. */
export const EV_EFI_VARIABLE_AUTHORITY = 0x800000e0;

/** The specification's name of an event type, or its number in hex where it has none. */
export function eventTypeName(type: number): string {
  return NAMES.get(type) ?? `0x${type.toString(16).padStart(8, '0')}`;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x00000000, 'EV_PREBOOT_CERT'],
  [0x00000001, 'EV_POST_CODE'],
  [0x00000002, 'EV_UNUSED'],
  [EV_NO_ACTION, 'EV_NO_ACTION'],
  [EV_SEPARATOR, 'EV_SEPARATOR'],
  [EV_ACTION, 'EV_ACTION'],
  [EV_EVENT_TAG, 'EV_EVENT_TAG'],
  [0x00000007, 'EV_S_CRTM_CONTENTS'],
  [EV_S_CRTM_VERSION, 'EV_S_CRTM_VERSION'],
  [0x00000009, 'EV_CPU_MICROCODE'],
  [0x0000000a, 'EV_PLATFORM_CONFIG_FLAGS'],
  [0x0000000b, 'EV_TABLE_OF_DEVICES'],
  [0x0000000c, 'EV_COMPACT_HASH'],
  [EV_IPL, 'EV_IPL'],
  [0x0000000e, 'EV_IPL_PARTITION_DATA'],
  [0x0000000f, 'EV_NONHOST_CODE'],
  [0x00000010, 'EV_NONHOST_CONFIG'],
  [0x00000011, 'EV_NONHOST_INFO'],
  [EV_OMIT_BOOT_DEVICE_EVENTS, 'EV_OMIT_BOOT_DEVICE_EVENTS'],
  [0x00000013, 'EV_POST_CODE2'],
  [EV_EFI_VARIABLE_DRIVER_CONFIG, 'EV_EFI_VARIABLE_DRIVER_CONFIG'],
  [EV_EFI_VARIABLE_BOOT, 'EV_EFI_VARIABLE_BOOT'],
  [0x80000003, 'EV_EFI_BOOT_SERVICES_APPLICATION'],
  [0x80000004, 'EV_EFI_BOOT_SERVICES_DRIVER'],
  [0x80000005, 'EV_EFI_RUNTIME_SERVICES_DRIVER'],
  [EV_EFI_GPT_EVENT, 'EV_EFI_GPT_EVENT'],
  [EV_EFI_ACTION, 'EV_EFI_ACTION'],
  [0x80000008, 'EV_EFI_PLATFORM_FIRMWARE_BLOB'],
  [0x80000009, 'EV_EFI_HANDOFF_TABLES'],
  [0x8000000a, 'EV_EFI_PLATFORM_FIRMWARE_BLOB2'],
  [0x8000000b, 'EV_EFI_HANDOFF_TABLES2'],
  [EV_EFI_VARIABLE_BOOT2, 'EV_EFI_VARIABLE_BOOT2'],
  [EV_EFI_GPT_EVENT2, 'EV_EFI_GPT_EVENT2'],
  [EV_EFI_HCRTM_EVENT, 'EV_EFI_HCRTM_EVENT'],
  [EV_EFI_VARIABLE_AUTHORITY, 'EV_EFI_VARIABLE_AUTHORITY'],
  [0x800000e1, 'EV_EFI_SPDM_FIRMWARE_BLOB'],
  [0x800000e2, 'EV_EFI_SPDM_FIRMWARE_CONFIG'],
  [0x800000e3, 'EV_EFI_SPDM_DEVICE_POLICY'],
  [0x800000e4, 'EV_EFI_SPDM_DEVICE_AUTHORITY'],
]);

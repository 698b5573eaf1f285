// Reads UEFI_VARIABLE_DATA, the event data of every event that measures a UEFI variable.
// TCG PC Client Platform Firmware Profile (PFP), "Measuring UEFI Variables"; FORMATS 15, rule 3.
//
//   0   16  VariableName, an EFI_GUID                32     2×n  UnicodeName, UTF-16LE, no NUL
//   16  u64 UnicodeNameLength n, in characters       32+2n  …    VariableData
//   24  u64 VariableDataLength

import { toHex } from '../bytes/encoding.ts';
import { ByteReader, readAtDoor } from '../bytes/reader.ts';

/** One measured variable. */
export interface UefiVariable {
  /** Lower case, with dashes, as specifications print it. */
  readonly guid: string;
  readonly name: string;
  readonly value: Uint8Array;
}

/** Reads event data that are one variable from the first byte to the last; undefined when they are
 *  anything else. */
export function readUefiVariable(data: Uint8Array): UefiVariable | undefined {
  const reading = readAtDoor(() => {
    const reader = new ByteReader(data, 'little');
    const guid = guidText(reader);
    const nameChars = reader.u64('UnicodeNameLength');
    const valueBytes = reader.u64('VariableDataLength');
    // Both lengths are hostile 64-bit numbers: nothing is computed from them before they fit.
    const leftBytes = BigInt(reader.leftBytes);
    if (nameChars > leftBytes || valueBytes > leftBytes) return undefined;
    if (2n * nameChars + valueBytes !== leftBytes) return undefined;
    const name = UTF16.decode(reader.take(2 * Number(nameChars), 'UnicodeName'));
    return { guid, name, value: reader.take(Number(valueBytes), 'VariableData') };
  });
  return reading.ok ? reading.value : undefined;
}

/** EFI_GUID: three little-endian numbers, then eight bytes in order. */
function guidText(reader: ByteReader): string {
  const first = reader.u32('VariableName').toString(16).padStart(8, '0');
  const second = reader.u16('VariableName').toString(16).padStart(4, '0');
  const third = reader.u16('VariableName').toString(16).padStart(4, '0');
  const fourth = toHex(reader.take(2, 'VariableName'));
  return `${first}-${second}-${third}-${fourth}-${toHex(reader.take(6, 'VariableName'))}`;
}

/** EFI_GLOBAL_VARIABLE (UEFI Specification, "Globally Defined Variables"). */
export const EFI_GLOBAL_VARIABLE = '8be4df61-93ca-11d2-aa0d-00e098032b8c';

const UTF16 = new TextDecoder('utf-16le', { ignoreBOM: true });

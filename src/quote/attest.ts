// Reader of TPMS_ATTEST for a quote, and for a certification.
// TPM 2.0 Part 2, 10.12.12 TPMS_ATTEST, 10.12.1 TPMS_QUOTE_INFO, 10.12.3 TPMS_CERTIFY_INFO, 10.6.2
// TPMS_PCR_SELECTION.
//
//   bytes  field                             bytes    field
//   4      magic                             8        firmwareVersion
//   2      type                              4        attested.quote.pcrSelect.count
//   2 + n  qualifiedSigner                   each:    2 hash, 1 sizeofSelect, n bitmap
//   2 + n  extraData                         2 + n    attested.quote.pcrDigest
//   17     clockInfo: 8 clock, 4 resetCount, 4 restartCount, 1 safe
//                                            certify: 2 + n name, 2 + n qualifiedName

import { TPM_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Reading, readAtDoor } from '../bytes/reader.ts';
import { hashByTpmAlg } from '../crypto/digest.ts';
import type { PcrSelection } from '../pcr/selection.ts';
import { TPM_ST, tpmNumber } from './constants.ts';

/** What bytes claim to be, before anything else in them can be given a meaning. */
export interface AttestHead {
  /** TPM_GENERATED_VALUE in everything that a TPM made. Not judged here. */
  readonly magic: number;
  /** TPM_ST: how the rest is laid out. */
  readonly type: number;
}

/** What every TPMS_ATTEST has, as its bytes say; nothing in it is believed yet. */
export interface AttestCommon extends AttestHead {
  /** Name of the AK chained with its parents' names; opaque here. */
  readonly qualifiedSigner: Uint8Array;
  readonly extraData: Uint8Array;
  /** Milliseconds that the TPM was powered. */
  readonly clock: bigint;
  /** TPM Resets: obfuscated for keys outside the endorsement and platform hierarchies. */
  readonly resetCount: number;
  /** TPM Restarts and Resumes since the last Reset; obfuscated as `resetCount`. */
  readonly restartCount: number;
  /** False after a power loss until the clock has passed every value it may have had before. */
  readonly safe: boolean;
  /** Obfuscated as `resetCount`. */
  readonly firmwareVersion: bigint;
}

/** A TPMS_ATTEST of type certify. */
export interface CertifyAttest extends AttestCommon {
  /** Name of the certified key. */
  readonly name: Uint8Array;
  /** That name chained with its parents' names; opaque here. */
  readonly qualifiedName: Uint8Array;
}

/** A TPMS_ATTEST of type quote. */
export interface TpmsAttest extends AttestCommon {
  /** In the order of the structure: the order in which pcrDigest is computed. */
  readonly pcrSelect: readonly PcrSelection[];
  readonly pcrDigest: Uint8Array;
  /** Where fields start that are compared with something from outside. */
  readonly offsets: {
    readonly extraDataBytes: number;
    readonly pcrSelectBytes: number;
    readonly pcrDigestBytes: number;
  };
}

/** Reads magic and type, whatever follows them. */
export function readAttestHead(bytes: Uint8Array): Reading<AttestHead> {
  return readAtDoor(() => attestHead(new ByteReader(bytes, 'big')));
}

/** Reads a TPMS_ATTEST of type quote, all of it. Another type is malformed here, because its
 *  layout is another; a wrong magic is not. */
export function readAttest(bytes: Uint8Array): Reading<TpmsAttest> {
  return readWhole(bytes, quoteAttest);
}

/** Reads a TPMS_ATTEST of type certify, as `readAttest` reads a quote. */
export function readCertifyAttest(bytes: Uint8Array): Reading<CertifyAttest> {
  return readWhole(bytes, certifyAttest);
}

function readWhole<T>(bytes: Uint8Array, read: (reader: ByteReader) => T): Reading<T> {
  return readAtDoor(() => {
    const reader = new ByteReader(bytes, 'big');
    if (bytes.byteLength > TPM_LIMITS.attestBytes) {
      reader.fail('over-cap', 'attest', {
        expected: `at most ${TPM_LIMITS.attestBytes} bytes`,
        actual: `${bytes.byteLength} bytes`,
      });
    }
    const attest = read(reader);
    reader.end('attest');
    return attest;
  });
}

function attestHead(reader: ByteReader): AttestHead {
  return { magic: reader.u32('magic'), type: reader.u16('type') };
}

function certifyAttest(reader: ByteReader): CertifyAttest {
  const common = attestCommon(reader, TPM_ST.ATTEST_CERTIFY).common;
  const name = reader.sized16('attested.certify.name', TPM_LIMITS.nameBytes);
  const qualifiedName = reader.sized16('attested.certify.qualifiedName', TPM_LIMITS.nameBytes);
  return { ...common, name, qualifiedName };
}

function quoteAttest(reader: ByteReader): TpmsAttest {
  const { common, extraDataBytes } = attestCommon(reader, TPM_ST.ATTEST_QUOTE);
  const pcrSelectBytes = reader.offsetBytes;
  const pcrSelect = pcrSelections(reader, 'attested.quote.pcrSelect');
  const pcrDigestBytes = reader.offsetBytes;
  const pcrDigest = reader.sized16('attested.quote.pcrDigest', TPM_LIMITS.digestBytes);
  const offsets = { extraDataBytes, pcrSelectBytes, pcrDigestBytes };
  return { ...common, pcrSelect, pcrDigest, offsets };
}

/** The fields in front of what is attested, whose type must be `type`. */
function attestCommon(
  reader: ByteReader,
  type: number,
): { readonly common: AttestCommon; readonly extraDataBytes: number } {
  const head = attestHead(reader);
  if (head.type !== type) {
    reader.fail('bad-value', 'type', {
      expected: type === TPM_ST.ATTEST_QUOTE ? '0x8018, a quote' : '0x8017, a certification',
      actual: tpmNumber(head.type),
      offsetBytes: TYPE_OFFSET_BYTES,
    });
  }
  const qualifiedSigner = reader.sized16('qualifiedSigner', TPM_LIMITS.nameBytes);
  const extraDataBytes = reader.offsetBytes;
  const common = {
    ...head,
    qualifiedSigner,
    extraData: reader.sized16('extraData', TPM_LIMITS.nameBytes),
    clock: reader.u64('clockInfo.clock'),
    resetCount: reader.u32('clockInfo.resetCount'),
    restartCount: reader.u32('clockInfo.restartCount'),
    safe: yesNo(reader, 'clockInfo.safe'),
    firmwareVersion: reader.u64('firmwareVersion'),
  };
  return { common, extraDataBytes };
}

/** TPMI_YES_NO. */
function yesNo(reader: ByteReader, field: string): boolean {
  const offsetBytes = reader.offsetBytes;
  const value = reader.u8(field);
  if (value <= 1) return value === 1;
  return reader.fail('bad-value', field, { expected: '0 or 1', actual: `${value}`, offsetBytes });
}

/** TPML_PCR_SELECTION. */
function pcrSelections(reader: ByteReader, field: string): PcrSelection[] {
  const offsetBytes = reader.offsetBytes;
  const count = reader.u32(`${field}.count`);
  if (count > TPM_LIMITS.selectionEntries) {
    reader.fail('over-cap', `${field}.count`, {
      expected: `at most ${TPM_LIMITS.selectionEntries}`,
      actual: `${count}`,
      offsetBytes,
    });
  }
  const selections: PcrSelection[] = [];
  while (selections.length < count) {
    selections.push(pcrSelection(reader, `${field}[${selections.length}]`));
  }
  return selections;
}

/** TPMS_PCR_SELECTION: PCR n is bit n mod 8 of byte n div 8. */
function pcrSelection(reader: ByteReader, field: string): PcrSelection {
  const tpmAlg = reader.u16(`${field}.hash`);
  const offsetBytes = reader.offsetBytes;
  const sizeofSelect = reader.u8(`${field}.sizeofSelect`);
  if (sizeofSelect > TPM_LIMITS.selectBytes) {
    reader.fail('over-cap', `${field}.sizeofSelect`, {
      expected: `at most ${TPM_LIMITS.selectBytes} bytes`,
      actual: `${sizeofSelect} bytes`,
      offsetBytes,
    });
  }
  const pcrs: number[] = [];
  for (const [index, bits] of reader.take(sizeofSelect, `${field}.pcrSelect`).entries()) {
    for (let bit = 0; bit < 8; bit += 1) {
      if ((bits >> bit) & 1) pcrs.push(index * 8 + bit);
    }
  }
  return { tpmAlg, bank: hashByTpmAlg(tpmAlg)?.name, pcrs };
}

const TYPE_OFFSET_BYTES = 4;

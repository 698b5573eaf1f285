// What an EVM portable signature covers: the extended attributes of a file, and its owner and mode.
// kernel security/integrity/evm/evm_crypto.c: evm_calc_hmac_or_hash, hmac_add_misc; FORMATS 13.2.

import {
  concatBytes,
  equalBytes,
  latinText,
  toHex,
  u16Bytes,
  u32Bytes,
} from '../bytes/encoding.ts';
import { ByteReader, readAtDoor } from '../bytes/reader.ts';
import { digest, hashByName } from '../crypto/digest.ts';
import { type FileSignature, type SignedDigest, signedDigest } from './file-signature.ts';
import { KERNEL_HASH_NAMES } from './hash-names.ts';
import type { FileDigest, TemplateFields } from './template-fields.ts';

/** A record that repeats the attributes of a file: template `evm-sig`. */
export interface MetadataRecord {
  readonly fields: TemplateFields;
  /** Of the numbers in the fields, which is that of the host. */
  readonly byteOrder: 'little' | 'big';
}

/** The digest that an EVM portable signature covers. It speaks for the content only through the
 *  digest in `security.ima`: `other-content` when that is not the measured one. Hosts of 64 bits
 *  only: on others the kernel hashes four bytes less, which no field of the record tells. */
export function signedMetadata(signature: FileSignature, record: MetadataRecord): SignedDigest {
  const { fields, byteOrder } = record;
  const { userId, groupId, mode } = fields;
  const attributes = readAtDoor(() => readAttributes(record));
  if (!attributes.ok) return untold('attributes that agree', 'attributes that do not');
  if (userId === undefined || groupId === undefined || mode === undefined) {
    return untold('owner, group and mode', 'a record without them');
  }
  const content = contentFault(attributes.value, fields);
  if (content !== undefined) return content;
  const hash = hashByName(signature.algorithm)?.name;
  const misc = concatBytes(
    new Uint8Array(INODE_AND_GENERATION_BYTES),
    u32Bytes(userId, byteOrder),
    u32Bytes(groupId, byteOrder),
    u16Bytes(mode, byteOrder),
    new Uint8Array(PADDING_BYTES),
  );
  const values = attributes.value.map(({ value }) => value);
  const covered = hash && digest(hash, concatBytes(...values, misc));
  if (covered === undefined) return untold('a hash that is computed here', signature.algorithm);
  return signedDigest(signature, covered);
}

interface Attribute {
  readonly name: string;
  readonly value: Uint8Array;
}

/** The attributes in the order in which they are hashed. Throws MalformedError. */
function readAttributes({ fields, byteOrder }: MetadataRecord): readonly Attribute[] {
  const names = latinText(fields.xattrNames ?? new Uint8Array()).split('|');
  const lengths = new ByteReader(fields.xattrLengths ?? new Uint8Array(), byteOrder);
  const values = new ByteReader(fields.xattrValues ?? new Uint8Array(), byteOrder);
  const attributes = names.map((name) => ({
    name,
    value: values.take(lengths.u32('xattrlengths'), 'xattrvalues'),
  }));
  lengths.end('xattrlengths');
  values.end('xattrvalues');
  return attributes;
}

/** Why the attributes do not speak for the measured content; undefined when they do. */
function contentFault(
  attributes: readonly Attribute[],
  { fileDigest }: TemplateFields,
): SignedDigest | undefined {
  const held = attributes.filter(({ name }) => name === 'security.ima');
  const [first] = held;
  if (first === undefined || held.length > 1 || fileDigest === undefined) {
    return untold('security.ima once', `${held.length} of them`);
  }
  const reading = readAtDoor(() => readPlainDigest(first.value));
  if (!reading.ok || fileDigest.of === 'verity') {
    return untold('a plain digest in security.ima', 'another value');
  }
  const { algorithm, bytes } = reading.value;
  if (algorithm === fileDigest.algorithm && equalBytes(bytes, fileDigest.bytes)) return undefined;
  const actual = `${fileDigest.algorithm}:${toHex(fileDigest.bytes)}`;
  return { state: 'other-content', expected: `${algorithm}:${toHex(bytes)}`, actual };
}

/** `04`, number of the algorithm, digest (FORMATS 13.1). Throws MalformedError. */
function readPlainDigest(value: Uint8Array): Pick<FileDigest, 'algorithm' | 'bytes'> {
  const reader: ByteReader = new ByteReader(value, 'big');
  const type = reader.u8('type');
  const algorithm = KERNEL_HASH_NAMES[reader.u8('algorithm')];
  if (type !== DIGEST_TYPE || algorithm === undefined) {
    reader.fail('bad-value', 'type', { expected: 'a plain digest', actual: 'another value' });
  }
  return { algorithm, bytes: reader.take(reader.leftBytes, 'digest') };
}

function untold(expected: string, actual: string): SignedDigest {
  return { state: 'untold', expected, actual };
}

const DIGEST_TYPE = 4;

/** struct h_misc on 64 bits: unsigned long ino and u32 generation, both zero where a signature is
 *  portable, then uid, gid and the 16 bits of the mode, padded to a multiple of eight. */
const INODE_AND_GENERATION_BYTES = 12;
const PADDING_BYTES = 2;

// Signatures of files as extended attributes hold them, and what exactly they are signatures over.
// kernel security/integrity/digsig_asymmetric.c, integrity.h: signature_v2_hdr; FORMATS 13.1, 13.2.

import { concatBytes } from '../bytes/encoding.ts';
import { ByteReader, type Malformed, readAtDoor } from '../bytes/reader.ts';
import { digest, type HashName, hashByName } from '../crypto/digest.ts';
import { KERNEL_HASH_NAMES } from './hash-names.ts';
import type { FileDigest } from './template-fields.ts';

/** What a signature is about: the bytes of a file, its fs-verity digest, or its attributes. */
export type SignedSubject = 'content' | 'verity' | 'metadata';

export interface FileSignature {
  readonly subject: SignedSubject;
  readonly version: 2 | 3;
  /** Number of the hash algorithm (`KERNEL_HASH_NAMES`). */
  readonly hashId: number;
  /** Kernel name of that algorithm. */
  readonly algorithm: string;
  /** Which key the signer meant: four bytes, big endian. A hint. */
  readonly keyid: number;
  /** RSASSA-PKCS1-v1_5, or a DER Ecdsa-Sig-Value: the key decides. */
  readonly value: Uint8Array;
}

/** The outcome of reading a signature. `unsupported` names what it is instead. */
export type SignatureReading<T> =
  | { readonly state: 'signature'; readonly signature: T }
  | { readonly state: 'unsupported'; readonly actual: string }
  | { readonly state: 'malformed'; readonly malformed: Malformed };

/** Reads the value of `security.ima` or `security.evm` that a field `sig` or `evmsig` repeats, all
 *  of it. Numbers in it are big endian on every host. */
export function readFileSignature(bytes: Uint8Array): SignatureReading<FileSignature> {
  const reading = readAtDoor(() => readHeader(new ByteReader(bytes, 'big')));
  if (!reading.ok) return { state: 'malformed', malformed: reading.malformed };
  if (typeof reading.value === 'string') return { state: 'unsupported', actual: reading.value };
  return { state: 'signature', signature: reading.value };
}

/** The digest that a signature covers, or why the record does not tell it. `other-content`: the
 *  record tells that it is a signature over something else. */
export type SignedDigest =
  | { readonly state: 'digest'; readonly hash: HashName; readonly digest: Uint8Array }
  | {
      readonly state: 'untold' | 'other-content';
      readonly expected: string;
      readonly actual: string;
    };

/** What a signature over content covers, given the digest of the content that was measured. */
export function signedContent(signature: FileSignature, measured: FileDigest): SignedDigest {
  if (signature.subject === 'metadata') {
    const actual = 'an EVM portable signature, which covers metadata';
    return { state: 'untold', expected: 'a signature over content', actual };
  }
  // A plain `d-ng` does not tell which kind of digest it is; kernels sign content by default.
  const isVerity = measured.of === 'verity';
  if ((signature.subject === 'verity') !== isVerity) {
    const actual = isVerity ? 'one of fs-verity' : 'one of content, as far as the template tells';
    return { state: 'untold', expected: `a digest of ${signature.subject}`, actual };
  }
  if (measured.algorithm !== signature.algorithm) {
    const actual = `one in ${measured.algorithm}`;
    return { state: 'untold', expected: `a digest in ${signature.algorithm}`, actual };
  }
  return signedDigest(signature, measured.bytes);
}

/** The digest behind a signature whose subject has the digest `subjectDigest`. Version 2 signs that
 *  digest; version 3 hashes it once more, with what kind it is (kernel: struct ima_file_id). */
export function signedDigest(signature: FileSignature, subjectDigest: Uint8Array): SignedDigest {
  const { algorithm, hashId, subject, version } = signature;
  const hash = hashByName(algorithm)?.name;
  const prefix = new Uint8Array([TYPE_BYTES[subject], hashId]);
  const covered =
    hash === undefined || version === 2
      ? subjectDigest
      : digest(hash, concatBytes(prefix, subjectDigest));
  if (hash === undefined || covered === undefined) {
    return { state: 'untold', expected: 'a hash that is computed here', actual: algorithm };
  }
  return { state: 'digest', hash, digest: covered };
}

/** Gives the signature, or in words what else a well-formed header says it is. */
function readHeader(reader: ByteReader): FileSignature | string {
  const subject = SUBJECTS.get(reader.u8('type'));
  if (subject === undefined) refuse(reader, 'type', '03, 05 or 06');
  const version = reader.u8('version');
  if (version === 1) return 'version 1, the obsolete RSA format';
  if (version !== 2 && version !== 3) refuse(reader, 'version', '2 or 3');
  if (subject === 'verity' && version === 2) refuse(reader, 'version', '3 for fs-verity');
  const hashId = reader.u8('hash_algo');
  const algorithm = KERNEL_HASH_NAMES[hashId];
  if (algorithm === undefined) refuse(reader, 'hash_algo', 'the number of a kernel hash');
  const keyid = reader.u32('keyid');
  const sizeBytes = reader.u16('sig_size');
  if (sizeBytes === 0) refuse(reader, 'sig_size', 'a signature behind the header');
  const value = reader.take(sizeBytes, 'sig');
  reader.end('signature');
  const postQuantum = version === 3 ? ML_DSA_NAMES.get(sizeBytes) : undefined;
  return postQuantum ?? { subject, version, hashId, algorithm, keyid, value };
}

function refuse(reader: ByteReader, field: string, expected: string): never {
  const offsetBytes = reader.offsetBytes - 1;
  return reader.fail('bad-value', field, { expected, actual: 'another value', offsetBytes });
}

/** First byte of the extended attribute (kernel: enum evm_ima_xattr_type). */
const TYPE_BYTES = { content: 3, metadata: 5, verity: 6 } as const satisfies Record<
  SignedSubject,
  number
>;

const SUBJECTS: ReadonlyMap<number, SignedSubject> = new Map([
  [TYPE_BYTES.content, 'content'],
  [TYPE_BYTES.metadata, 'metadata'],
  [TYPE_BYTES.verity, 'verity'],
]);

/** The header does not tell the scheme, but no RSA or ECDSA signature has these sizes (FIPS 204,
 *  table 2), and only version 3 takes ML-DSA. */
const ML_DSA_NAMES: ReadonlyMap<number, string> = new Map([
  [2420, 'an ML-DSA-44 signature'],
  [3309, 'an ML-DSA-65 signature'],
  [4627, 'an ML-DSA-87 signature'],
]);

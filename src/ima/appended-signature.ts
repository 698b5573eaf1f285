// Signatures appended to files, of which `ima-modsig` records the PKCS#7 part: one signer, detached
// content, no attributes. RFC 2315 9; kernel scripts/sign-file.c, ima_modsig.c; FORMATS 13.3.

import { DER_TAG, derAny, derContents, derContextTag, derElement } from '../bytes/der.ts';
import { toHex } from '../bytes/encoding.ts';
import { TPM_LIMITS } from '../bytes/limits.ts';
import { ByteReader, readAtDoor } from '../bytes/reader.ts';
import type { HashName } from '../crypto/digest.ts';
import type { SignatureReading, SignedDigest } from './file-signature.ts';
import type { FileDigest } from './template-fields.ts';

export interface AppendedSignature {
  readonly hash: HashName;
  /** Which certificate the signer names: DER issuer name and serial number, hex, one behind the
   *  other; or its subject key identifier. A hint. */
  readonly signer:
    | { readonly by: 'issuer-and-serial'; readonly hex: string }
    | { readonly by: 'key-identifier'; readonly keyid: number };
  /** RSASSA-PKCS1-v1_5, or a DER Ecdsa-Sig-Value. */
  readonly value: Uint8Array;
}

/** Reads a field `modsig`: a DER ContentInfo with SignedData, all of it. */
export function readAppendedSignature(der: Uint8Array): SignatureReading<AppendedSignature> {
  const reading = readAtDoor(() => readContentInfo(new ByteReader(der, 'big')));
  if (!reading.ok) return { state: 'malformed', malformed: reading.malformed };
  if (typeof reading.value === 'string') return { state: 'unsupported', actual: reading.value };
  return { state: 'signature', signature: reading.value };
}

/** What it covers: the digest that the kernel took of the file without the appended part. */
export function signedWithoutTail(
  { hash }: AppendedSignature,
  recorded: FileDigest | undefined,
): SignedDigest {
  if (recorded?.algorithm === hash) return { state: 'digest', hash, digest: recorded.bytes };
  const actual = recorded === undefined ? 'no digest' : `one in ${recorded.algorithm}`;
  return { state: 'untold', expected: `a digest d-modsig in ${hash}`, actual };
}

/** Each part gives a value, or in words what else a well-formed structure holds. */
function readContentInfo(reader: ByteReader): AppendedSignature | string {
  const info = derElement(reader, DER_TAG.sequence, 'contentInfo');
  reader.end('contentInfo');
  const type = objectIdentifier(info, 'contentType');
  if (type !== OID.signedData) return `content of type ${type}`;
  const content = derElement(info, derContextTag(0), 'content');
  info.end('content');
  const data = derElement(content, DER_TAG.sequence, 'signedData');
  content.end('signedData');
  return readSignedData(data);
}

function readSignedData(data: ByteReader): AppendedSignature | string {
  derContents(data, DER_TAG.integer, 'version');
  derContents(data, DER_TAG.set, 'digestAlgorithms');
  const detached = derElement(data, DER_TAG.sequence, 'contentInfo');
  const type = objectIdentifier(detached, 'contentType');
  if (type !== OID.data || detached.leftBytes > 0) return 'a signature that is not detached';
  const infos = signerInfos(data);
  data.end('signedData');
  const signer = derElement(infos, DER_TAG.sequence, 'signerInfo');
  return infos.leftBytes > 0 ? 'several signers' : readSigner(signer);
}

/** Passes certificates and revocation lists, which prove nothing here: keys come from keyrings. */
function signerInfos(data: ByteReader): ByteReader {
  for (let optional = 0; ; optional += 1) {
    const { tag, contents } = derAny(data, 'signerInfos');
    if (tag === DER_TAG.set) return contents;
    if (optional > 1 || (tag !== derContextTag(0) && tag !== derContextTag(1))) {
      const actual = `tag 0x${tag.toString(16)}`;
      data.fail('bad-value', 'signerInfos.tag', { expected: 'a SET', actual });
    }
  }
}

function readSigner(info: ByteReader): AppendedSignature | string {
  derContents(info, DER_TAG.integer, 'version');
  const signer = readSignerName(info);
  const digestOid = algorithm(derElement(info, DER_TAG.sequence, 'digestAlgorithm'));
  const hash = HASHES.get(digestOid);
  const next = derAny(info, 'signatureAlgorithm');
  if (next.tag === derContextTag(0)) return 'a signature over attributes';
  if (next.tag !== DER_TAG.sequence) {
    const actual = `tag 0x${next.tag.toString(16)}`;
    info.fail('bad-value', 'signatureAlgorithm.tag', { expected: 'a SEQUENCE', actual });
  }
  const scheme = algorithm(next.contents);
  const value = derContents(info, DER_TAG.octetString, 'signature');
  // Attributes that are not signed: whoever carries the file can change them.
  if (info.leftBytes > 0) derContents(info, derContextTag(1), 'unauthenticatedAttributes');
  info.end('signerInfo');
  if (hash === undefined) return `a digest of algorithm ${digestOid}`;
  const schemeHash = SCHEMES.get(scheme);
  if (schemeHash === undefined) return OTHER_SCHEMES.get(scheme) ?? `algorithm ${scheme}`;
  if (schemeHash !== 'any' && schemeHash !== hash) return `${schemeHash} and ${hash} in one`;
  return { hash, signer, value };
}

function readSignerName(info: ByteReader): AppendedSignature['signer'] {
  const { tag, contents } = derAny(info, 'sid');
  if (tag === KEY_IDENTIFIER_TAG) {
    contents.take(Math.max(0, contents.leftBytes - KEYID_BYTES), 'subjectKeyIdentifier');
    return { by: 'key-identifier', keyid: contents.u32('subjectKeyIdentifier') };
  }
  if (tag !== DER_TAG.sequence) {
    const actual = `tag 0x${tag.toString(16)}`;
    info.fail('bad-value', 'sid.tag', { expected: 'issuer and serial number', actual });
  }
  return { by: 'issuer-and-serial', hex: toHex(contents.take(contents.leftBytes, 'sid')) };
}

/** The identifier of an AlgorithmIdentifier, as hex; its parameters say nothing more here. */
function algorithm(sequence: ByteReader): string {
  const identifier = objectIdentifier(sequence, 'algorithm');
  if (sequence.leftBytes > 0) derAny(sequence, 'parameters');
  sequence.end('parameters');
  return identifier;
}

function objectIdentifier(reader: ByteReader, field: string): string {
  const contents = derElement(reader, DER_TAG.objectIdentifier, field);
  return toHex(contents.take(Math.min(contents.leftBytes, TPM_LIMITS.digestBytes), 'contents'));
}

const KEYID_BYTES = 4;
/** `[0] IMPLICIT OCTET STRING`. */
const KEY_IDENTIFIER_TAG = 0x80;

/** Contents of OBJECT IDENTIFIERs, hex. */
const OID = { signedData: '2a864886f70d010702', data: '2a864886f70d010701' } as const;

const HASHES: ReadonlyMap<string, HashName> = new Map([
  ['2b0e03021a', 'sha1'],
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
  ['608648016503040208', 'sha3-256'],
  ['608648016503040209', 'sha3-384'],
  ['60864801650304020a', 'sha3-512'],
]);

/** Signature algorithms with the hash that they name: RSASSA-PKCS1-v1_5, then ECDSA. */
const SCHEMES: ReadonlyMap<string, HashName | 'any'> = new Map([
  ['2a864886f70d010101', 'any'],
  ['2a864886f70d010105', 'sha1'],
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['60864801650304030e', 'sha3-256'],
  ['60864801650304030f', 'sha3-384'],
  ['608648016503040310', 'sha3-512'],
  ['2a8648ce3d0401', 'sha1'],
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
  ['60864801650304030a', 'sha3-256'],
  ['60864801650304030b', 'sha3-384'],
  ['60864801650304030c', 'sha3-512'],
]);

/** Algorithms that are known by name only. */
const OTHER_SCHEMES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d01010a', 'an RSASSA-PSS signature'],
  ['608648016503040311', 'an ML-DSA-44 signature'],
  ['608648016503040312', 'an ML-DSA-65 signature'],
  ['608648016503040313', 'an ML-DSA-87 signature'],
]);

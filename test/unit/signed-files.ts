// Signers of files and what they write, made with node:crypto alone: every signature here is one
// over a message, so nothing of it shares code with the checks over digests.

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Keyring } from '../../src/crypto/trusted-key.ts';
import { readKeyring } from '../../src/enroll/keyring-file.ts';
import { ascii, join, type Order, unhex, word } from '../property/list-writer.ts';

export interface Signer {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function rsaSigner(modulusLength = 2048): Signer {
  return generateKeyPairSync('rsa', { modulusLength });
}

export function ecSigner(namedCurve = 'P-256'): Signer {
  return generateKeyPairSync('ec', { namedCurve });
}

/** A keyring of the public keys of these signers. */
export function keyringOf(...signers: readonly Signer[]): Keyring {
  const pem = signers.map((signer) => signer.publicKey.export({ type: 'spki', format: 'pem' }));
  const reading = readKeyring(ascii(pem.join('\n')));
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.keyring;
}

/** Key identifier as evmctl makes it, from a key's own encoding. */
export function keyidOf(signer: Signer): Uint8Array {
  const { key } =
    signer.publicKey.export({ format: 'jwk' }).kty === 'RSA' ? rsaBits(signer) : ecBits(signer);
  return new Uint8Array(createHash('sha1').update(key).digest().subarray(-4));
}

/** The subjectPublicKey of an RSA key is its PKCS#1 encoding. */
function rsaBits({ publicKey }: Signer) {
  return { key: publicKey.export({ type: 'pkcs1', format: 'der' }) };
}

/** That of an EC key is its uncompressed point. */
function ecBits({ publicKey }: Signer) {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const halves = [x, y].map((half) => Buffer.from(half, 'base64url'));
  return { key: Buffer.concat([Buffer.from([4]), ...halves]) };
}

export interface HeaderFields {
  readonly type?: number;
  readonly version?: number;
  readonly hashId?: number;
  readonly keyid?: Uint8Array;
  /** Instead of the true one. */
  readonly sizeBytes?: number;
}

/** The nine bytes and the signature behind them: SHA-256, content, version 2, unless told else. */
export function withHeader(signature: Uint8Array, fields: HeaderFields = {}): Uint8Array {
  const { type = 3, version = 2, hashId = 4, keyid = unhex('00000000') } = fields;
  const sizeBytes = fields.sizeBytes ?? signature.byteLength;
  const size = new Uint8Array([sizeBytes >> 8, sizeBytes & 0xff]);
  return join(new Uint8Array([type, version, hashId]), keyid, size, signature);
}

/** Signs `message` as it is hashed once. */
export function signedBy(signer: Signer, message: Uint8Array, hash = 'sha256'): Uint8Array {
  return new Uint8Array(sign(hash, message, signer.privateKey));
}

/** A signature of version 2 over a file with this content. */
export function signFile(signer: Signer, content: Uint8Array, fields: HeaderFields = {}) {
  return withHeader(signedBy(signer, content), { keyid: keyidOf(signer), ...fields });
}

/** A signature of version 3 over something with this digest. */
export function signFileId(signer: Signer, digest: Uint8Array, fields: HeaderFields = {}) {
  const { type = 3, hashId = 4 } = fields;
  const message = join(new Uint8Array([type, hashId]), digest);
  const header = { keyid: keyidOf(signer), version: 3, ...fields };
  return withHeader(signedBy(signer, message), header);
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** Attributes of a file as `evm-sig` records them, in the order in which they are signed. */
export interface MadeMetadata {
  readonly attributes: readonly (readonly [string, Uint8Array])[];
  readonly userId: number;
  readonly groupId: number;
  readonly mode: number;
}

/** The bytes that an EVM portable signature hashes on a 64-bit host. */
export function metadataMessage(metadata: MadeMetadata, order: Order = 'little'): Uint8Array {
  const { attributes, userId, groupId, mode } = metadata;
  const values = attributes.map(([, value]) => value);
  const modeWord = word(mode, order);
  const modeBytes = order === 'little' ? modeWord.slice(0, 2) : modeWord.slice(2);
  const owner = join(word(userId, order), word(groupId, order), modeBytes);
  return join(...values, new Uint8Array(12), owner, new Uint8Array(2));
}

/** The fields of the template that repeat the attributes. */
export function metadataFields(metadata: MadeMetadata, order: Order = 'little') {
  const { attributes, userId, groupId, mode } = metadata;
  return {
    xattrNames: ascii(attributes.map(([name]) => name).join('|')),
    xattrLengths: join(...attributes.map(([, value]) => word(value.byteLength, order))),
    xattrValues: join(...attributes.map(([, value]) => value)),
    userId,
    groupId,
    mode,
  };
}

/** One DER element. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const contents = join(...parts);
  const { byteLength } = contents;
  const short = byteLength < 0x80;
  const length = short ? [byteLength] : [0x82, byteLength >> 8, byteLength & 0xff];
  const compact = !short && byteLength < 0x100 ? [0x81, byteLength] : length;
  return join(new Uint8Array([tag, ...compact]), contents);
}

export interface AppendedFields {
  readonly digestOid?: string;
  readonly schemeOid?: string;
  readonly signature: Uint8Array;
  /** The name of the signer's certificate; by default a key identifier of zeros. */
  readonly sid?: Uint8Array;
  readonly signedAttributes?: Uint8Array;
  readonly signers?: number;
  readonly content?: Uint8Array;
}

/** PKCS#7 as the kernel's sign-file writes it. */
export function appendedSignature(fields: AppendedFields): Uint8Array {
  const { digestOid = '608648016503040201', schemeOid = '2a864886f70d010101' } = fields;
  const algorithm = (oid: string) => der(0x30, der(6, unhex(oid)), der(5));
  const signer = der(
    0x30,
    der(2, new Uint8Array([3])),
    fields.sid ?? der(0x80, new Uint8Array(20)),
    algorithm(digestOid),
    ...(fields.signedAttributes === undefined ? [] : [der(0xa0, fields.signedAttributes)]),
    algorithm(schemeOid),
    der(4, fields.signature),
  );
  const detached = [der(6, unhex('2a864886f70d010701'))];
  const content = fields.content === undefined ? [] : [der(0xa0, der(4, fields.content))];
  const data = der(
    0x30,
    der(2, new Uint8Array([3])),
    der(0x31, algorithm(digestOid)),
    der(0x30, ...detached, ...content),
    der(0x31, ...Array.from({ length: fields.signers ?? 1 }, () => signer)),
  );
  return der(0x30, der(6, unhex('2a864886f70d010702')), der(0xa0, data));
}

// Reads the keys that somebody trusts from a file: PEM blocks of certificates and public keys, or
// one of them in DER. RFC 7468; FORMATS 13.2 for key identifiers; docs/policy.md, "Keyrings"

import { DER_TAG, derContents, derElement } from '../bytes/der.ts';
import { asciiBytes, fromBase64, latinText, toHex, viewBytes } from '../bytes/encoding.ts';
import { KEYRING_LIMITS, TPM_LIMITS } from '../bytes/limits.ts';
import { ByteReader, readAtDoor } from '../bytes/reader.ts';
import { digest, type HashName } from '../crypto/digest.ts';
import { readSpki } from '../crypto/public-key.ts';
import { prepareKey } from '../crypto/signature.ts';
import type { Keyring, TrustedKey } from '../crypto/trusted-key.ts';
import { type Certificate, readCertificate } from './certificate.ts';

/** Why a file is no keyring. */
export interface KeyringProblem {
  /** Line of the file, from 1, in which the block begins; 1 for DER. */
  readonly line: number;
  /** Number of the block, from 1; 0 for a problem of the file as a whole. */
  readonly block: number;
  readonly message: string;
}

export type KeyringReading =
  | { readonly ok: true; readonly keyring: Keyring }
  | { readonly ok: false; readonly problems: readonly KeyringProblem[] };

/** Reads a whole file, PEM or DER by its first byte. One bad block refuses the file: whoever names
 *  a keyring should not learn later that a key was left out. Text around PEM blocks is passed over
 *  (RFC 7468, 2). The order of keys and repeats of a key do not count. */
export function readKeyring(file: Uint8Array): KeyringReading {
  if (file.byteLength > KEYRING_LIMITS.fileBytes) {
    return refused(`a keyring has at most ${KEYRING_LIMITS.fileBytes} bytes`);
  }
  const isDer = file[0] === DER_TAG.sequence;
  const blocks = isDer ? [{ line: 1, label: 'any', der: file }] : pemBlocks(file);
  if (blocks.length === 0) return refused('no PEM block and no DER');
  const keys = new Map<string, TrustedKey>();
  const problems: KeyringProblem[] = [];
  for (const [index, block] of blocks.entries()) {
    const key = typeof block.der === 'string' ? block.der : keyOf(block.label, block.der);
    if (typeof key === 'string') {
      problems.push({ line: block.line, block: index + 1, message: key });
    } else keys.set(key.fingerprint, merged(keys.get(key.fingerprint), key));
  }
  if (problems.length > 0) return { ok: false, problems };
  if (keys.size > KEYRING_LIMITS.keys) {
    return refused(`a keyring has at most ${KEYRING_LIMITS.keys} different keys`);
  }
  return { ok: true, keyring: keyringOf([...keys.values()]) };
}

/** The keyring of these keys, which all differ. */
function keyringOf(keys: readonly TrustedKey[]): Keyring {
  const sorted = [...keys].sort((left, right) => (left.fingerprint < right.fingerprint ? -1 : 1));
  const lines = ['plumbline-keyring/1', ...sorted.map(({ fingerprint }) => fingerprint)];
  const address = hashed('sha256', asciiBytes(`${lines.join('\n')}\n`));
  return { digest: `sha256:${toHex(address)}`, keys: sorted };
}

/** One key that came twice, perhaps once in a certificate: every identifier of it counts. */
function merged(known: TrustedKey | undefined, key: TrustedKey): TrustedKey {
  if (known === undefined) return key;
  return { ...key, ...known, keyids: [...new Set([...known.keyids, ...key.keyids])] };
}

function refused(message: string): KeyringReading {
  return { ok: false, problems: [{ line: 1, block: 0, message }] };
}

interface Block {
  readonly line: number;
  /** What the block says it is. */
  readonly label: string;
  /** Its bytes, or why there are none. */
  readonly der: Uint8Array | string;
}

/** Every block, in order; a boundary without its counterpart is a block that cannot be read. */
function pemBlocks(file: Uint8Array): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly line: number; readonly label: string; body: string } | undefined;
  for (const [index, text] of latinText(file).split(/\r?\n/).entries()) {
    const [, kind, label = ''] = BOUNDARY.exec(text) ?? [];
    const place = open ?? { line: index + 1, label };
    if (kind === undefined) {
      if (open !== undefined) open.body += text.trim();
    } else if (kind === 'BEGIN' && open === undefined) {
      open = { ...place, body: '' };
    } else {
      const isWhole = kind === 'END' && open?.label === label;
      blocks.push({ ...place, der: isWhole ? decoded(open?.body ?? '') : UNPAIRED });
      open = undefined;
    }
  }
  if (open !== undefined) blocks.push({ line: open.line, label: open.label, der: UNPAIRED });
  return blocks;
}

function decoded(body: string): Uint8Array | string {
  return fromBase64(body) ?? 'the block is not base64';
}

/** The key in a block, or why there is none. */
function keyOf(label: string, der: Uint8Array): TrustedKey | string {
  if (der.byteLength > TPM_LIMITS.publicBytes) {
    return `a key or certificate has at most ${TPM_LIMITS.publicBytes} bytes`;
  }
  if (label.endsWith('PRIVATE KEY'))
    return 'a private key: no verifier needs it, keep it elsewhere';
  if (label === 'PUBLIC KEY') return fromSpki(der);
  if (label === 'CERTIFICATE') return fromCertificate(der);
  if (label !== 'any') return 'the block is neither a CERTIFICATE nor a PUBLIC KEY';
  return readCertificate(der).ok ? fromCertificate(der) : fromSpki(der);
}

function fromCertificate(der: Uint8Array): TrustedKey | string {
  const reading = readCertificate(der);
  if (!reading.ok) return 'no certificate can be read';
  const certificate = reading.value;
  const key = fromSpki(certificate.spki);
  if (typeof key === 'string') return key;
  const { subjectKeyId } = certificate.extensions;
  const own = subjectKeyId === undefined ? [] : keyid(subjectKeyId);
  return {
    ...key,
    keyids: [...new Set([...key.keyids, ...own])],
    issuerAndSerial: issuerAndSerial(certificate),
    certificate: certificate.der,
  };
}

function fromSpki(spki: Uint8Array): TrustedKey | string {
  const reading = readSpki(spki);
  if (reading.state === 'malformed') return 'no public key can be read';
  if (reading.state === 'unsupported') return `${reading.actual} is not supported`;
  const key = prepareKey(reading.key);
  if (key === undefined) return 'no signature of this key could mean anything';
  const bits = readAtDoor(() => subjectPublicKey(new ByteReader(spki, 'big')));
  if (!bits.ok) return 'no public key can be read';
  const fingerprint = toHex(hashed('sha256', spki));
  return { key, fingerprint, keyids: keyid(hashed('sha1', bits.value)), spki };
}

/** The bit string of a SubjectPublicKeyInfo without the count of its unused bits. */
function subjectPublicKey(reader: ByteReader): Uint8Array {
  const info = derElement(reader, DER_TAG.sequence, 'subjectPublicKeyInfo');
  derContents(info, DER_TAG.sequence, 'algorithm');
  const bits = derElement(info, DER_TAG.bitString, 'subjectPublicKey');
  bits.u8('unusedBits');
  return bits.take(bits.leftBytes, 'subjectPublicKey');
}

/** What signature headers hold of an identifier: its last four bytes, big endian. */
function keyid(identifier: Uint8Array): number[] {
  const { byteLength } = identifier;
  if (byteLength < KEYID_BYTES) return [];
  const last = viewBytes(identifier, byteLength - KEYID_BYTES, byteLength);
  return [new ByteReader(last, 'big').u32('keyid')];
}

/** As IssuerAndSerialNumber of PKCS#7 spells them. */
function issuerAndSerial({ issuerDn, serial }: Certificate): string {
  const head = new Uint8Array([DER_TAG.integer, serial.byteLength]);
  return `${toHex(issuerDn)}${toHex(head)}${toHex(serial)}`;
}

function hashed(hash: HashName, bytes: Uint8Array): Uint8Array {
  const value = digest(hash, bytes);
  if (value === undefined) throw new Error(`${hash} cannot be computed`);
  return value;
}

const KEYID_BYTES = 4;
const UNPAIRED = 'the block has no END of its own, or no BEGIN';
const BOUNDARY = /^-----(BEGIN|END) ([A-Z0-9 ]{1,32})-----[ \t]*$/;

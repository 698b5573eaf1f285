// Writes certificates and revocation lists for tests, with every field open to change.
// RFC 5280, 4.1 and 5.1.

import { sign } from 'node:crypto';
import { asciiBytes, concatBytes } from '../../src/bytes/encoding.ts';
import { type Certificate, readCertificate } from '../../src/enroll/certificate.ts';
import { hex, type MadeKey, makeEccKey } from './tpm-writer.ts';

/** What a certificate is made of; everything but the names has a usual value. */
export interface CertificateFields {
  readonly subject: string;
  readonly issuer?: string;
  /** The certified key; a new one on P-256 if absent. */
  readonly key?: MadeKey;
  /** SubjectPublicKeyInfo in place of the key's own. */
  readonly spki?: Uint8Array;
  /** Who signs; the certified key itself if absent. */
  readonly signer?: MadeKey;
  readonly serial?: string;
  /** ISO dates. */
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly extensions?: readonly Uint8Array[];
  /** AlgorithmIdentifier and the hash to sign with. */
  readonly algorithm?: { readonly identifier: string; readonly hash: string };
  /** A hand on the TBS bytes before they are signed. */
  readonly rewrite?: (tbs: Uint8Array) => Uint8Array;
}

/** A DER element. */
export function der(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  const size = content.byteLength;
  const length =
    size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return concatBytes(hex(tag), new Uint8Array(length), content);
}

/** A name of one commonName. */
export function dn(text: string): Uint8Array {
  const value = der('0c', asciiBytes(text));
  return der('30', der('31', der('30', hex('0603550403'), value)));
}

/** An extension; `oid` as the hex of its contents, `value` the DER inside. */
export function extension(oid: string, value: Uint8Array, critical = 'ff'): Uint8Array {
  const flag = critical === '' ? [] : [hex(`0101${critical}`)];
  return der('30', der('06', hex(oid)), ...flag, der('04', value));
}

/** basicConstraints with cA set and, if given, a path length. */
export function authority(pathLength?: number): Uint8Array {
  const length = pathLength === undefined ? [] : [der('02', new Uint8Array([pathLength]))];
  return extension('551d13', der('30', hex('0101ff'), ...length));
}

/** extKeyUsage with the purpose of an EK certificate. */
export const EK_PURPOSE = extension('551d25', der('30', der('06', hex('6781050801'))), '');

/** keyUsage; `bits` as hex of the first byte: 04 keyCertSign, 02 cRLSign, 08 keyAgreement. */
export function usage(bits: string): Uint8Array {
  return extension('551d0f', hex(`030200${bits}`));
}

/** subjectKeyIdentifier (`0e`) or authorityKeyIdentifier (`23`) with this hex. */
export function keyId(which: '0e' | '23', id: string): Uint8Array {
  const value = which === '0e' ? der('04', hex(id)) : der('30', der('80', hex(id)));
  return extension(`551d${which}`, value, '');
}

/** Writes and signs a certificate. */
export function writeCertificate(fields: CertificateFields): Uint8Array {
  const { subject, issuer = subject, extensions = [] } = fields;
  const key = fields.key ?? makeEccKey('P-256');
  const algorithm = fields.algorithm ?? ECDSA_SHA256;
  const spki = fields.spki ?? new Uint8Array(key.publicKey.export({ type: 'spki', format: 'der' }));
  const tbs = der(
    '30',
    hex('a003020102'),
    der('02', hex(fields.serial ?? '01')),
    hex(algorithm.identifier),
    dn(issuer),
    der('30', time(fields.notBefore ?? '2020-01-01'), time(fields.notAfter ?? '2040-01-01')),
    dn(subject),
    spki,
    ...(extensions.length === 0 ? [] : [der('a3', der('30', ...extensions))]),
  );
  const rewritten = fields.rewrite?.(tbs) ?? tbs;
  return signed(rewritten, algorithm, fields.signer ?? key);
}

/** The same, read. */
export function makeCertificate(fields: CertificateFields): Certificate {
  const reading = readCertificate(writeCertificate(fields));
  if (!reading.ok) throw new Error(JSON.stringify(reading.malformed));
  return reading.value;
}

/** What a revocation list is made of. */
export interface RevocationListFields {
  readonly issuer: string;
  readonly signer: MadeKey;
  /** Serial numbers as hex. */
  readonly serials?: readonly string[];
  readonly thisUpdate?: string;
  readonly nextUpdate?: string;
  readonly extensions?: readonly Uint8Array[];
}

/** Writes and signs a revocation list. */
export function writeRevocationList(fields: RevocationListFields): Uint8Array {
  const { serials = [], extensions = [] } = fields;
  const entries = serials.map((serial) => der('30', der('02', hex(serial)), time('2025-01-01')));
  const tbs = der(
    '30',
    hex('020101'),
    hex(ECDSA_SHA256.identifier),
    dn(fields.issuer),
    time(fields.thisUpdate ?? '2026-01-01'),
    ...(fields.nextUpdate === undefined ? [] : [time(fields.nextUpdate)]),
    ...(entries.length === 0 ? [] : [der('30', ...entries)]),
    ...(extensions.length === 0 ? [] : [der('a0', der('30', ...extensions))]),
  );
  return signed(tbs, ECDSA_SHA256, fields.signer);
}

function signed(
  tbs: Uint8Array,
  algorithm: { readonly identifier: string; readonly hash: string },
  signer: MadeKey,
): Uint8Array {
  const value = new Uint8Array(sign(algorithm.hash, tbs, signer.privateKey));
  return der('30', tbs, hex(algorithm.identifier), der('03', new Uint8Array(1), value));
}

/** UTCTime until 2049, GeneralizedTime after that. */
function time(date: string): Uint8Array {
  const digits = `${date.replaceAll('-', '')}000000Z`;
  return date < '2050' ? der('17', asciiBytes(digits.slice(2))) : der('18', asciiBytes(digits));
}

const ECDSA_SHA256 = { identifier: '300a06082a8648ce3d040302', hash: 'sha256' };
export const ECDSA_SHA1 = { identifier: '300906072a8648ce3d0401', hash: 'sha1' };

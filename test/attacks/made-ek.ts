// An endorsement key made by hand, with a certificate, that opens credentials as its TPM would:
// written a second time from the specifications, with node:crypto alone. TPM 2.0 Part 1, 11.4.10
// KDFa and 24 Credential Protection; Part 3, 12.5 TPM2_ActivateCredential; FORMATS 14.4.

import {
  constants,
  createDecipheriv,
  createHash,
  createHmac,
  privateDecrypt,
  timingSafeEqual,
} from 'node:crypto';
import { authority, EK_PURPOSE, usage, writeCertificate } from '../unit/certificate-writer.ts';
import { type MadeKey, makeEccKey, makeRsaKey } from '../unit/tpm-writer.ts';

/** A credential as the service sends it, each part in base64. */
export interface SentCredential {
  readonly idObject: string;
  readonly encryptedSecret: string;
}

/** The EK of a made TPM. */
export interface MadeEk {
  /** TPMT_PUBLIC. */
  readonly publicArea: Buffer;
  /** DER, by the made authority. */
  readonly certificate: Buffer;
  /** What the TPM gives back while it holds the key with this public area; undefined where it
   *  refuses. */
  open(sent: SentCredential, ak: Uint8Array): Buffer | undefined;
}

const AUTHORITY_KEY = makeEccKey('P-256');

/** The certificate of the authority that endorses every made EK, in PEM. */
export const AUTHORITY_PEM = pemOf(
  writeCertificate({
    subject: 'made authority',
    key: AUTHORITY_KEY,
    extensions: [authority(0), usage('06')],
  }),
);

/** Makes an EK of RSA 2048; `signer` endorses it in place of the authority. */
export function makeEk({ signer = AUTHORITY_KEY }: { readonly signer?: MadeKey } = {}): MadeEk {
  const key = makeRsaKey(2048);
  const certificate = writeCertificate({
    subject: 'made EK',
    issuer: 'made authority',
    key,
    signer,
    serial: '05',
    extensions: [EK_PURPOSE, usage('20')],
  });
  const open = (sent: SentCredential, ak: Uint8Array) => openCredential(key, sent, ak);
  return { publicArea: publicAreaOf(key), certificate: Buffer.from(certificate), open };
}

function openCredential(
  { privateKey }: MadeKey,
  sent: SentCredential,
  ak: Uint8Array,
): Buffer | undefined {
  const name = Buffer.concat([Buffer.of(0x00, 0x0b), sha256(ak)]);
  const [encrypted] = sizedParts(Buffer.from(sent.encryptedSecret, 'base64'));
  const [inner] = sizedParts(Buffer.from(sent.idObject, 'base64'));
  const [outer, identity] = sizedParts(inner, 1);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const oaep = { padding, oaepHash: 'sha256', oaepLabel: Buffer.from('IDENTITY\0') };
  const seed = privateDecrypt({ key: privateKey, ...oaep }, encrypted);
  const macKey = kdfa(seed, { label: 'INTEGRITY', context: Buffer.alloc(0), bits: 256 });
  const mac = createHmac('sha256', macKey).update(identity).update(name).digest();
  if (mac.length !== outer.length || !timingSafeEqual(mac, outer)) return undefined;
  const cipherKey = kdfa(seed, { label: 'STORAGE', context: name, bits: 128 });
  const decipher = createDecipheriv('aes-128-cfb', cipherKey, Buffer.alloc(16));
  const [secret] = sizedParts(Buffer.concat([decipher.update(identity), decipher.final()]));
  return secret;
}

/** One block of HMAC-SHA256 is enough for every key here. */
function kdfa(
  seed: Buffer,
  { label, context, bits }: { readonly label: string; context: Buffer; readonly bits: number },
): Buffer {
  const input = [u32(1), Buffer.from(`${label}\0`), context, u32(bits)];
  return createHmac('sha256', seed)
    .update(Buffer.concat(input))
    .digest()
    .subarray(0, bits / 8);
}

/** The TPM2B at the start and what follows it; all of `bytes` unless `rest` is asked for. */
function sizedParts(bytes: Buffer, rest = 0): readonly [Buffer, Buffer] {
  const end = 2 + bytes.readUInt16BE(0);
  if (end > bytes.length || (rest === 0 && end < bytes.length)) throw new RangeError('no TPM2B');
  return [bytes.subarray(2, end), bytes.subarray(end)];
}

/** TPMT_PUBLIC after template L-1 of the EK Credential Profile. */
function publicAreaOf({ publicKey }: MadeKey): Buffer {
  const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
  const head = Buffer.from('0001000b000300b2', 'hex');
  const parameters = Buffer.from('0006008000430010080000000000', 'hex');
  return Buffer.concat([head, sized(POLICY), parameters, sized(modulus)]);
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** PolicySecret of the endorsement hierarchy: the default policy of EKs. */
const POLICY = Buffer.from(
  '837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa',
  'hex',
);

// A host made by hand: an attestation key of node:crypto, a measurement list, and quotes over it.
// Written against the specifications, without the code under test. FORMATS 1, 2.3, 14.1, 14.2

import { createHash, generateKeyPairSync, sign } from 'node:crypto';

/** One file that the host measured. */
export interface MadeFile {
  readonly path: string;
  readonly content: string;
}

/** A host with a key, PCR values and a list that grows. */
export interface MadeHost {
  /** TPMT_PUBLIC of the attestation key. */
  readonly ak: Buffer;
  /** The measurement list of this boot, binary, template ima-ng. */
  readonly list: Buffer;
  /** Number of records in the list. */
  readonly recordCount: number;
  /** The list from this record on. */
  listFrom(index: number): Buffer;
  /** Absolute values of the quoted PCRs, hex. */
  readonly pcrValues: Readonly<Record<string, string>>;
  /** Measures more files. */
  measure(files: readonly MadeFile[]): void;
  /** Starts again, and measures these files. */
  reboot(files: readonly MadeFile[]): void;
  /** TPMS_ATTEST and TPMT_SIGNATURE over PCR 0–10 as they are now, with this nonce (hex). */
  quote(nonce: string): { readonly attest: Buffer; readonly signature: Buffer };
}

/** Makes a host that measured these files. */
export function madeHost(files: readonly MadeFile[]): MadeHost {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const ak = publicArea(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'));
  const name = Buffer.concat([u16(SHA256), sha256(ak)]);
  const firmware = Array.from({ length: 10 }, (_, pcr) => sha256(Buffer.from(`firmware ${pcr}`)));
  const aggregate = templateData(sha256(Buffer.concat(firmware)), 'boot_aggregate');
  let data: Buffer[] = [];
  const tpm = { resetCount: 3, clockMs: 42 };
  const values = (): Buffer[] => [...firmware, data.reduce(extend, ZERO)];
  const measure = (more: readonly MadeFile[]) => {
    data.push(...more.map(({ path, content }) => templateData(sha256(Buffer.from(content)), path)));
  };
  const boot = (first: readonly MadeFile[]) => {
    data = [aggregate];
    measure(first);
  };
  boot(files);
  return {
    ak,
    get list() {
      return Buffer.concat(data.map(imaRecord));
    },
    get recordCount() {
      return data.length;
    },
    listFrom: (index) => Buffer.concat(data.slice(index).map(imaRecord)),
    get pcrValues() {
      return Object.fromEntries(values().map((value, pcr) => [pcr, value.toString('hex')]));
    },
    measure,
    reboot: (first) => {
      tpm.resetCount += 1;
      boot(first);
    },
    quote: (nonce) => {
      tpm.clockMs += 1;
      const attest = quoteOver(values(), { name, nonce: Buffer.from(nonce, 'hex'), ...tpm });
      const raw = sign('sha256', attest, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const [r, s] = [raw.subarray(0, 32), raw.subarray(32)];
      const signature = Buffer.concat([u16(ECDSA), u16(SHA256), sized16(r), sized16(s)]);
      return { attest, signature };
    },
  };
}

/** Lines of sha256sum for these files. */
export function digestLines(files: readonly MadeFile[]): string {
  const line = ({ path, content }: MadeFile) =>
    `${sha256(Buffer.from(content)).toString('hex')}  ${path}\n`;
  return files.map(line).join('');
}

function publicArea(x: Buffer, y: Buffer): Buffer {
  const scheme = [u16(NULL), u16(ECDSA), u16(SHA256)];
  const curve = [u16(P256), u16(NULL)];
  return Buffer.concat([
    u16(ECC),
    u16(SHA256),
    u32be(FIXED_RESTRICTED_SIGNING),
    sized16(Buffer.alloc(0)),
    ...scheme,
    ...curve,
    sized16(x),
    sized16(y),
  ]);
}

interface QuoteInput {
  readonly name: Buffer;
  readonly nonce: Buffer;
  readonly resetCount: number;
  readonly clockMs: number;
}

function quoteOver(values: readonly Buffer[], quote: QuoteInput): Buffer {
  const { name, nonce, resetCount, clockMs } = quote;
  const clock = Buffer.concat([u32be(0), u32be(clockMs), u32be(resetCount), u32be(0)]);
  const selection = Buffer.concat([u32be(1), u16(SHA256), Buffer.from([3, 0xff, 0x07, 0])]);
  return Buffer.concat([
    u32be(0xff544347),
    u16(0x8018),
    sized16(name),
    sized16(nonce),
    clock,
    Buffer.from([1]),
    FIRMWARE_VERSION,
    selection,
    sized16(sha256(Buffer.concat(values))),
  ]);
}

function extend(value: Buffer, data: Buffer): Buffer {
  return sha256(Buffer.concat([value, sha256(data)]));
}

function templateData(digest: Buffer, path: string): Buffer {
  const field = Buffer.concat([Buffer.from('sha256:\0'), digest]);
  return Buffer.concat([sized32(field), sized32(Buffer.from(`${path}\0`))]);
}

function imaRecord(data: Buffer): Buffer {
  const digest = createHash('sha1').update(data).digest();
  return Buffer.concat([u32le(10), digest, sized32(Buffer.from('ima-ng')), sized32(data)]);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function sized16(bytes: Buffer): Buffer {
  return Buffer.concat([u16(bytes.length), bytes]);
}

function sized32(bytes: Buffer): Buffer {
  return Buffer.concat([u32le(bytes.length), bytes]);
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function u32be(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u32le(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const ZERO = Buffer.alloc(32);
const FIRMWARE_VERSION = Buffer.from('2024010200120000', 'hex');
const SHA256 = 0x000b;
const NULL = 0x0010;
const ECDSA = 0x0018;
const ECC = 0x0023;
const P256 = 0x0003;
/** fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign. */
const FIXED_RESTRICTED_SIGNING = 0x00050072;

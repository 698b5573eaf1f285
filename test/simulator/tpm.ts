// A TPM 2.0 in memory: PCR banks, boot counters, clock, update counter and an attestation key that
// signs quotes. Only node:crypto. TPM 2.0 Part 1, 17; Part 2, 10.12.12; FORMATS 10.1, 14.

import { createECDH, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { ascii, hash, hex, join, unhex } from '../property/list-writer.ts';

export type Bank = 'sha1' | 'sha256' | 'sha384';

/** PCRs of a quote, bank by bank in the order of the selection. */
export type Selection = readonly { readonly bank: Bank; readonly pcrs: readonly number[] }[];

/** What TPM2_Quote returns. */
export interface TpmQuote {
  /** TPMS_ATTEST. */
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array;
}

/** How a TPM comes up again. */
export interface Startup {
  /** Without an orderly shutdown the clock is unsafe and may have gone back. */
  readonly isOrderly: boolean;
  readonly firmwareVersion?: bigint;
}

/** A software TPM of the libtpms kind. */
export class SimulatedTpm {
  readonly banks: readonly Bank[];
  /** TPMT_PUBLIC of the attestation key. */
  readonly akPublic: Uint8Array;
  readonly #key: KeyObject;
  #pcrs = new Map<Bank, Uint8Array[]>();
  resetCount = 7;
  restartCount = 0;
  clockMs = 100_000n;
  isSafe = true;
  firmwareVersion = 0x2019_1023_0016_3636n;
  /** pcrUpdateCounter of TPM2_PCR_Read: counted per bank, as libtpms does. */
  updateCounter = COUNT_AFTER_STARTUP;

  constructor(input: { readonly banks: readonly Bank[]; readonly identity: string }) {
    this.banks = input.banks;
    const { privateKey, publicArea } = makeAk(input.identity);
    this.#key = privateKey;
    this.akPublic = publicArea;
    this.#initialise(0, 23);
  }

  /** TPM2_PCR_Read of one PCR. */
  value(bank: Bank, pcr: number): Uint8Array {
    const value = this.#pcrs.get(bank)?.[pcr];
    if (value === undefined) throw new Error(`no PCR ${pcr} in bank ${bank}`);
    return value;
  }

  /** TPM2_PCR_Extend that names every bank. */
  extend(pcr: number, digestOf: (bank: Bank) => Uint8Array): void {
    for (const bank of this.banks) {
      const extended = hash(bank, join(this.value(bank, pcr), digestOf(bank)));
      this.#pcrs.get(bank)?.splice(pcr, 1, extended);
    }
    if (!NOT_COUNTED.has(pcr)) this.updateCounter += this.banks.length;
    this.clockMs += 1n;
  }

  /** TPM Reset: every PCR and the update counter start again. */
  reset(startup: Startup): void {
    this.#initialise(0, 23);
    this.updateCounter = COUNT_AFTER_STARTUP;
    this.resetCount += 1;
    this.restartCount = 0;
    this.isSafe = startup.isOrderly;
    this.clockMs += startup.isOrderly ? 30_000n : -5_000n;
    this.firmwareVersion = startup.firmwareVersion ?? this.firmwareVersion;
  }

  /** TPM Restart (Startup(CLEAR) behind Shutdown(STATE)): PCRs are cleared, the boot goes on. */
  restart(): void {
    this.#initialise(0, 23);
    this.updateCounter += COUNT_AFTER_STARTUP;
    this.restartCount += 1;
    this.clockMs += 20_000n;
  }

  /** TPM Resume: PCR 0–15 are restored, the others start again. */
  resume(): void {
    this.#initialise(16, 23);
    this.updateCounter += 4;
    this.restartCount += 1;
    this.clockMs += 10_000n;
  }

  /** TPM2_Quote. */
  quote(nonce: Uint8Array, selection: Selection): TpmQuote {
    const attest = this.#attest(nonce, selection);
    const bare = sign('sha256', attest, { key: this.#key, dsaEncoding: 'ieee-p1363' });
    const [r, s] = [new Uint8Array(bare.subarray(0, 32)), new Uint8Array(bare.subarray(32))];
    return { attest, signature: join(unhex('0018 000b'), sized(r), sized(s)) };
  }

  #attest(nonce: Uint8Array, selection: Selection): Uint8Array {
    const entries = selection.map(({ bank, pcrs }) => {
      const bitmap = new Uint8Array(3);
      for (const pcr of pcrs) bitmap[pcr >> 3] = (bitmap[pcr >> 3] ?? 0) | (1 << (pcr & 7));
      return join(unhex(`${TPM_ALG[bank]}03`), bitmap);
    });
    const composite = selection.flatMap(({ bank, pcrs }) =>
      [...pcrs].sort((a, b) => a - b).map((pcr) => this.value(bank, pcr)),
    );
    return join(
      unhex('ff544347 8018'),
      sized(join(unhex('000b'), hash('sha256', ascii('signer')))),
      sized(nonce),
      number(this.clockMs, 8),
      number(this.resetCount, 4),
      number(this.restartCount, 4),
      number(this.isSafe ? 1 : 0, 1),
      number(this.firmwareVersion, 8),
      number(entries.length, 4),
      ...entries,
      sized(hash('sha256', join(...composite))),
    );
  }

  #initialise(firstPcr: number, lastPcr: number): void {
    for (const bank of this.banks) {
      const values = this.#pcrs.get(bank) ?? [];
      for (let pcr = firstPcr; pcr <= lastPcr; pcr += 1) {
        values[pcr] = new Uint8Array(DIGEST_BYTES[bank]).fill(pcr >= 17 && pcr <= 22 ? 0xff : 0);
      }
      this.#pcrs.set(bank, values);
    }
  }
}

/** A P-256 key that follows from `identity`, so that every run has the same attestation keys. */
function makeAk(identity: string) {
  const pair = createECDH('prime256v1');
  const secret = hash('sha256', ascii(`attestation key of ${identity}`));
  pair.setPrivateKey(hex(secret), 'hex');
  const point = new Uint8Array(pair.getPublicKey());
  const [x, y] = [point.slice(1, 33), point.slice(33)];
  const jwk = { kty: 'EC', crv: 'P-256', x: urlText(x), y: urlText(y), d: urlText(secret) };
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  const head = unhex('0023 000b 00050072 0000 0010 0018 000b 0003 0010');
  return { privateKey, publicArea: join(head, sized(x), sized(y)) };
}

function urlText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** A big-endian number. */
function number(value: bigint | number, sizeBytes: number): Uint8Array {
  return unhex(
    BigInt(value)
      .toString(16)
      .padStart(2 * sizeBytes, '0'),
  );
}

function sized(bytes: Uint8Array): Uint8Array {
  return join(number(bytes.byteLength, 2), bytes);
}

const TPM_ALG: Readonly<Record<Bank, string>> = { sha1: '0004', sha256: '000b', sha384: '000c' };
export const DIGEST_BYTES: Readonly<Record<Bank, number>> = { sha1: 20, sha256: 32, sha384: 48 };
/** PCRs whose changes libtpms does not count. */
const NOT_COUNTED: ReadonlySet<number> = new Set([16, 21, 22, 23]);
/** 24 PCRs initialised, four of them not counted. */
const COUNT_AFTER_STARTUP = 20;

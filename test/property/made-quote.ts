// Quotes made by the tests themselves: a fresh P-256 key, a TPMS_ATTEST written by hand, a DER
// signature. TPM 2.0 Part 2, 10.12.8 TPMS_ATTEST, 10.12.1 TPMS_QUOTE_INFO; FORMATS 14.1.

import { generateKeyPairSync, sign } from 'node:crypto';
import type { HashName } from '../../src/crypto/digest.ts';
import type { SegmentClaim } from '../../src/ima/segment.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import { ascii, hash, join, unhex } from './list-writer.ts';

/** Quoted values by bank and PCR, in the order in which they are selected. */
export type QuotedValues = ReadonlyMap<HashName, ReadonlyMap<number, Uint8Array>>;

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const AK_PEM = ascii(KEY.publicKey.export({ type: 'spki', format: 'pem' }).toString());
const TPM_ALG: Readonly<Partial<Record<HashName, string>>> = {
  sha1: '0004',
  sha256: '000b',
  sha384: '000c',
  sha512: '000d',
};

export const MADE_NONCE = unhex('000102030405060708090a0b0c0d0e0f');

/** TPMS_ATTEST of a quote over `values`. */
export function writeAttest(values: QuotedValues, nonce: Uint8Array = MADE_NONCE): Uint8Array {
  const selections = [...values].map(([bank, pcrs]) => {
    const bitmap = new Uint8Array(3);
    for (const pcr of pcrs.keys()) bitmap[pcr >> 3] = (bitmap[pcr >> 3] ?? 0) | (1 << (pcr & 7));
    return join(unhex(`${TPM_ALG[bank]}03`), bitmap);
  });
  const composite = [...values.values()].flatMap((pcrs) =>
    [...pcrs].sort(([a], [b]) => a - b).map(([, value]) => value),
  );
  return join(
    unhex('ff544347 8018 0022 000b'),
    hash('sha256', ascii('signer')),
    sized(nonce),
    unhex('00000000000003e8 00000005 00000000 01 2019102300163636'),
    unhex(selections.length.toString(16).padStart(8, '0')),
    ...selections,
    sized(hash('sha256', join(...composite))),
  );
}

/** Evidence with a valid quote over `values` and a list in `segments`. */
export function quoteOver(
  values: QuotedValues,
  segments: readonly SegmentClaim[],
  nonce: Uint8Array = MADE_NONCE,
): Evidence {
  const attest = writeAttest(values, nonce);
  const signature = new Uint8Array(sign('sha256', attest, KEY.privateKey));
  return {
    ak: { bytes: AK_PEM, encoding: 'spki-pem' },
    nonce,
    quote: {
      attest,
      signature: { encoding: 'raw', bytes: signature, scheme: 'ecdsa', hash: 'sha256' },
    },
    pcrValues: values,
    ima: { segments, fromIndex: 0 },
  };
}

/** A binary segment with the SHA-1 column. */
export const BINARY_SEGMENT: SegmentClaim = {
  kind: 'current',
  encoding: 'binary',
  digestColumn: 'sha1',
};

function sized(bytes: Uint8Array): Uint8Array {
  return join(unhex(bytes.byteLength.toString(16).padStart(4, '0')), bytes);
}

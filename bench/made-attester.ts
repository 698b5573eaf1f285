// An attester with a P-256 key of its own that quotes PCR 10 and sends the records that it is asked
// for. Written by hand. TPM 2.0 Part 2, 10.12.8 TPMS_ATTEST, 10.12.1 TPMS_QUOTE_INFO; FORMATS 14.1

import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { headOf } from '../src/api/evidence-head.ts';
import type { AkClaim } from '../src/enroll/ak.ts';
import type { EvidenceBody, EvidenceHead } from '../src/service/evidence-document.ts';
import type { MadeList } from './list-maker.ts';

/** Which records a round sends, and the nonce that its quote carries. */
export interface RoundRequest {
  readonly from: number;
  /** The first record that is not sent; the quote is over the records before it. */
  readonly to: number;
  readonly nonce: Uint8Array;
}

/** An attester, which has no list by itself: the values of PCR 10 say what its list is. */
export interface MadeAttester {
  readonly ak: AkClaim;
  /** Quotes, and tells what is sent beside the bytes of the list. */
  attest(round: RoundRequest): EvidenceHead;
}

/** Makes one. Its clock goes on by a second with every quote. */
export function makeAttester(list: Pick<MadeList, 'pcr10'>): MadeAttester {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  let clockMs = 0n;
  return {
    ak: { bytes: new TextEncoder().encode(pem), encoding: 'spki-pem' },
    attest: ({ from, to, nonce }) => {
      clockMs += 1000n;
      const value = list.pcr10(to);
      const attest = writeAttest(value, { nonce, clockMs });
      const quote: EvidenceBody['quote'] = {
        attest: attest.toString('base64'),
        signature: sign('sha256', attest, privateKey).toString('base64'),
        signatureEncoding: 'raw',
        scheme: 'ecdsa',
        hash: 'sha256',
      };
      const pcrValues = { sha256: { 10: Buffer.from(value).toString('hex') } };
      return headOf({ quote, pcrValues, ima: { fromIndex: from, segments: [SEGMENT] } });
    },
  };
}

function writeAttest(
  pcr10: Uint8Array,
  { nonce, clockMs }: { readonly nonce: Uint8Array; readonly clockMs: bigint },
): Buffer {
  const clock = Buffer.alloc(8);
  clock.writeBigUInt64BE(clockMs);
  return Buffer.concat([
    MAGIC_AND_TYPE,
    sized(SIGNER),
    sized(nonce),
    clock,
    RESETS_RESTARTS_SAFE,
    FIRMWARE_VERSION,
    ONE_SELECTION,
    sized(hash('sha256', pcr10, 'buffer')),
  ]);
}

function sized(bytes: Uint8Array): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(bytes.byteLength);
  return Buffer.concat([size, bytes]);
}

const SEGMENT = { kind: 'current', encoding: 'binary', digestColumn: 'sha1' } as const;
const MAGIC_AND_TYPE = Buffer.from('ff5443478018', 'hex');
const SIGNER = Buffer.concat([Buffer.from('000b', 'hex'), hash('sha256', 'signer', 'buffer')]);
const RESETS_RESTARTS_SAFE = Buffer.from('000000050000000001', 'hex');
const FIRMWARE_VERSION = Buffer.from('2019102300163636', 'hex');
/** One bank, SHA-256, of which PCR 10. */
const ONE_SELECTION = Buffer.from('00000001000b03000400', 'hex');

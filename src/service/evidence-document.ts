// The JSON part of evidence: its shape, and the way from text encodings to bytes. What the API
// receives is kept as it came, so that a verdict can be derived again. docs/api.md, "Evidence"

import { z } from 'zod';
import { fromBase64, fromHex } from '../bytes/encoding.ts';
import { IMA_LIMITS } from '../bytes/limits.ts';
import type { Evidence, ImaClaim } from '../verify/evidence.ts';
import type { ProblemPlace } from './problem.ts';

/** Everything of the evidence that comes before its long parts. */
export interface EvidenceHead {
  readonly claims: Omit<Evidence, 'ak' | 'akBinding' | 'nonce' | 'bootLog' | 'receivedAtMs'>;
  /** The same as it was received, a JSON object: kept, so that the verdict can be derived again. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** Names of banks and digest algorithms. */
export const hashName = z.enum([
  'sha1',
  'sha256',
  'sha384',
  'sha512',
  'sm3',
  'sha3-256',
  'sha3-384',
  'sha3-512',
]);

const base64 = z.base64();
const index = z.int().min(0);
const pcrValues = z.partialRecord(
  hashName,
  z.record(z.string().regex(/^(?:[12]?[0-9]|3[01])$/, 'a PCR from 0 to 31'), z.hex()),
);

const signed = { attest: base64, signature: base64 };
const quote = z.discriminatedUnion('signatureEncoding', [
  z.strictObject({ ...signed, signatureEncoding: z.literal('tpmt') }),
  z.strictObject({
    ...signed,
    signatureEncoding: z.literal('raw'),
    scheme: z.enum(['rsassa', 'rsapss', 'ecdsa']),
    hash: hashName,
  }),
]);

const segment = z.strictObject({
  kind: z.enum(['archived', 'staged', 'trimmed', 'snapshot', 'current']),
  encoding: z.enum(['binary', 'ascii']),
  digestColumn: hashName,
  records: index.optional(),
  bytes: base64.optional().meta({ description: 'In application/json only.' }),
});

/** The head, and in application/json all of the evidence. */
export const evidenceBody = z
  .strictObject({
    quote,
    pcrValues: pcrValues.optional(),
    ima: z
      .strictObject({
        fromIndex: index.default(0),
        segments: z.array(segment).max(IMA_LIMITS.segments),
        extendOrder: z.array(index).optional(),
        startValues: pcrValues.optional(),
      })
      .optional(),
    bootLog: base64.optional().meta({ description: 'In application/json only.' }),
    userspaceLog: base64
      .optional()
      .meta({ description: '/run/log/systemd/tpm2-measure.log: what explains PCR 11–15.' }),
    pcrUpdateCounter: index.optional(),
  })
  .meta({ description: 'Everything here is a claim; binary fields are base64, digests hex.' });

/** Evidence as JSON. */
export type EvidenceBody = z.output<typeof evidenceBody>;

/** A head with its bytes decoded, or the places where it is not what it says. */
export type HeadReading =
  | { readonly ok: true; readonly head: EvidenceHead }
  | { readonly ok: false; readonly places: readonly ProblemPlace[] };

/** Decodes the head of the evidence; long parts that it carries are left out. */
export function readHead(body: EvidenceBody): HeadReading {
  const { attest, signature } = body.quote;
  const places: ProblemPlace[] = [];
  const bytes = (text: string, at: string): Uint8Array => {
    const decoded = fromBase64(text);
    if (decoded === undefined) places.push({ at, message: 'not canonical base64' });
    return decoded ?? new Uint8Array();
  };
  const claim = { bytes: bytes(signature, '/quote/signature') };
  const { userspaceLog, pcrUpdateCounter } = body;
  const claims: EvidenceHead['claims'] = {
    quote: {
      attest: bytes(attest, '/quote/attest'),
      signature:
        body.quote.signatureEncoding === 'tpmt'
          ? { ...claim, encoding: 'tpmt' }
          : { ...claim, encoding: 'raw', scheme: body.quote.scheme, hash: body.quote.hash },
    },
    ...(body.pcrValues === undefined ? {} : { pcrValues: valuesOf(body.pcrValues) }),
    ...(body.ima === undefined ? {} : { ima: imaClaim(body.ima) }),
    ...(userspaceLog === undefined ? {} : { userspaceLog: bytes(userspaceLog, '/userspaceLog') }),
    ...(pcrUpdateCounter === undefined ? {} : { pcrUpdateCounter }),
  };
  if (places.length > 0) return { ok: false, places };
  return { ok: true, head: { claims, document: withoutLongParts(body) } };
}

type Values = NonNullable<EvidenceBody['pcrValues']>;

function valuesOf(values: Values): NonNullable<ImaClaim['startValues']> {
  const banks = Object.entries(values) as [z.output<typeof hashName>, Record<string, string>][];
  return new Map(
    banks.map(([bank, pcrs]) => [
      bank,
      new Map(
        Object.entries(pcrs).map(([pcr, hex]) => [Number(pcr), fromHex(hex) ?? new Uint8Array()]),
      ),
    ]),
  );
}

function imaClaim(ima: NonNullable<EvidenceBody['ima']>): ImaClaim {
  const { fromIndex, extendOrder, startValues } = ima;
  return {
    fromIndex,
    segments: ima.segments.map(({ kind, encoding, digestColumn, records }) => ({
      kind,
      encoding,
      digestColumn,
      ...(records === undefined ? {} : { records }),
    })),
    ...(extendOrder === undefined ? {} : { extendOrder }),
    ...(startValues === undefined ? {} : { startValues: valuesOf(startValues) }),
  };
}

function withoutLongParts(body: EvidenceBody): EvidenceHead['document'] {
  const { bootLog, ima, ...rest } = body;
  if (ima === undefined) return rest;
  return { ...rest, ima: { ...ima, segments: imaClaim(ima).segments } };
}

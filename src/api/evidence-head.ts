// The JSON part of evidence: its shape, and the way from text encodings to bytes. The same for
// application/json, which carries the lists too, and for multipart. docs/api.md, "Evidence"

import { z } from 'zod';
import { fromBase64, fromHex } from '../bytes/encoding.ts';
import { IMA_LIMITS } from '../bytes/limits.ts';
import type { EvidenceHead } from '../service/appraise-evidence.ts';
import { Problem, type ProblemPlace } from '../service/problem.ts';
import type { ImaClaim } from '../verify/evidence.ts';
import { hashName } from './schemas.ts';

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
    pcrUpdateCounter: index.optional(),
  })
  .meta({ description: 'Everything here is a claim; binary fields are base64, digests hex.' });

/** Evidence as JSON. */
export type EvidenceBody = z.output<typeof evidenceBody>;

/** The head of the evidence with its bytes decoded. Problem: `request.invalid`. */
export function headOf(body: EvidenceBody): EvidenceHead {
  const { attest, signature } = body.quote;
  const places: ProblemPlace[] = [];
  const bytes = (text: string, at: string): Uint8Array => {
    const decoded = fromBase64(text);
    if (decoded === undefined) places.push({ at, message: 'not canonical base64' });
    return decoded ?? new Uint8Array();
  };
  const claim = { bytes: bytes(signature, '/quote/signature') };
  const { pcrUpdateCounter } = body;
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
    ...(pcrUpdateCounter === undefined ? {} : { pcrUpdateCounter }),
  };
  if (places.length > 0) throw invalid(places);
  return { claims, document: withoutLongParts(body) };
}

/** The bytes of a part that application/json carries. Problem: `request.invalid`. */
export function partBytes(text: string | undefined, at: string): Uint8Array {
  const bytes = text === undefined ? undefined : fromBase64(text);
  if (bytes === undefined) throw invalid([{ at, message: 'base64 is expected here' }]);
  return bytes;
}

/** A problem that names places in the body. */
export function invalid(places: readonly ProblemPlace[]): Problem {
  return new Problem('request.invalid', { detail: 'Correct the places below.', places });
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

// The JSON part of evidence, as requests carry it: what is wrong with it is a problem that names
// the places. The same for application/json and for multipart. docs/api.md, "Evidence"

import { fromBase64 } from '../bytes/encoding.ts';
import { type EvidenceBody, type EvidenceHead, readHead } from '../service/evidence-document.ts';
import { Problem, type ProblemPlace } from '../service/problem.ts';

/** The head of the evidence with its bytes decoded. Problem: `request.invalid`. */
export function headOf(body: EvidenceBody): EvidenceHead {
  const reading = readHead(body);
  if (!reading.ok) throw invalid(reading.places);
  return reading.head;
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

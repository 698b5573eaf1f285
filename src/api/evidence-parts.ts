// Evidence as multipart/form-data: each part goes on as it arrives, none is held whole but the
// head. RFC 7578; docs/api.md, "Evidence"

import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { ByteCollector } from '../bytes/byte-collector.ts';
import type { Appraisal } from '../service/appraise-evidence.ts';
import { type EvidenceBody, evidenceBody } from '../service/evidence-document.ts';
import { Problem } from '../service/problem.ts';
import { headOf, invalid } from './evidence-head.ts';

/** Feeds the parts of a request to an appraisal. Problems: `request.invalid` when parts are
 *  missing, left over, out of order or cut off; `limit.exceeded`. */
export async function receiveMultipart(
  request: FastifyRequest,
  appraisal: Appraisal,
): Promise<void> {
  try {
    await receiveParts(request, appraisal);
  } catch (error) {
    // What is still on its way is read and dropped, so that the caller reads our answer.
    request.raw.unpipe();
    request.raw.resume();
    throw error;
  }
}

async function receiveParts(request: FastifyRequest, appraisal: Appraisal): Promise<void> {
  let head: EvidenceBody | undefined;
  let state: 'head' | 'boot-log' | 'segments' = 'head';
  let segment = 0;
  for await (const part of request.parts()) {
    if (part.type !== 'file') throw unexpected(part.fieldname);
    if (state === 'head' && part.fieldname === 'evidence') {
      head = await receiveHead(part);
      appraisal.accept(headOf(head));
      state = 'boot-log';
    } else if (state === 'boot-log' && part.fieldname === 'bootLog') {
      for await (const window of windowsOf(part)) await appraisal.addBootLog(window);
      state = 'segments';
    } else if (state !== 'head' && part.fieldname === 'segment') {
      if (segment >= (head?.ima?.segments.length ?? 0)) throw tooManySegments(segment);
      await appraisal.push(segment, new Uint8Array());
      for await (const window of windowsOf(part)) await appraisal.push(segment, window);
      segment += 1;
      state = 'segments';
    } else {
      throw unexpected(part.fieldname);
    }
  }
  const wanted = head?.ima?.segments.length ?? 0;
  if (head === undefined) throw misplaced('the first part is "evidence"');
  if (segment < wanted) throw misplaced(`${wanted} segments are announced, ${segment} came`);
}

async function receiveHead(part: MultipartFile): Promise<EvidenceBody> {
  const head = new ByteCollector();
  for await (const window of windowsOf(part)) {
    head.add(window);
    if (head.sizeBytes > HEAD_BYTES) {
      const detail = `The part "evidence" has more than ${HEAD_BYTES} bytes.`;
      throw new Problem('limit.exceeded', detail);
    }
  }
  const parsed = evidenceBody.safeParse(parseJson(head.take()));
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map(({ path, message }) => ({ at: `/${path.join('/')}`, message })),
    );
  }
  return withoutBytes(parsed.data);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid([{ at: '', message: 'the part "evidence" is not JSON in UTF-8' }]);
  }
}

/** The bytes of long parts belong into parts of their own here. */
function withoutBytes(body: EvidenceBody): EvidenceBody {
  const message = 'in multipart/form-data these bytes are a part of their own';
  if (body.bootLog !== undefined) throw invalid([{ at: '/bootLog', message }]);
  const carried = body.ima?.segments.findIndex(({ bytes }) => bytes !== undefined) ?? -1;
  if (carried >= 0) throw invalid([{ at: `/ima/segments/${carried}/bytes`, message }]);
  return body;
}

async function* windowsOf(part: MultipartFile): AsyncIterable<Uint8Array> {
  for await (const window of part.file) {
    if (!(window instanceof Uint8Array)) throw new Error('the parser gave text for bytes');
    yield window;
  }
  if (part.file.truncated) throw new Problem('limit.exceeded', 'A part is larger than allowed.');
}

function tooManySegments(count: number): Problem {
  return misplaced(`${count} segments are announced, and one more came`);
}

function unexpected(fieldName: string): Problem {
  const known = ['evidence', 'bootLog', 'segment'].find((name) => name === fieldName);
  return misplaced(
    known === undefined
      ? 'parts are called "evidence", "bootLog" and "segment"'
      : `the part "${known}" comes out of order`,
  );
}

function misplaced(message: string): Problem {
  return invalid([{ at: 'parts', message }]);
}

/** Thousands of segments can be announced in this. */
const HEAD_BYTES = 1_048_576;

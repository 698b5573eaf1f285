// Routes of attestation: a challenge, and the evidence that answers it. Neither asks for a token:
// attesters prove who they are by the quote. docs/api.md, "Challenges" and "Evidence"

import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { toHex } from '../../bytes/encoding.ts';
import { ByteReader } from '../../bytes/reader.ts';
import { type Appraisal, openAppraisal } from '../../service/appraise-evidence.ts';
import { type EvidenceBody, evidenceBody } from '../../service/evidence-document.ts';
import { type IssuedChallenge, issueChallenge } from '../../service/issue-challenge.ts';
import type { Service } from '../../service/service.ts';
import type { Api } from '../api.ts';
import { headOf, partBytes } from '../evidence-head.ts';
import { receiveMultipart } from '../evidence-parts.ts';
import { challenge, idPath } from '../schemas.ts';
import { verdict } from '../verdict-schema.ts';

/** POST /v1/attesters/{id}/challenges and /v1/challenges/{id}/evidence. */
export function challengeRoutes(api: Api, service: Service): void {
  const tags = ['attestation'];

  api.post(
    '/v1/attesters/:id/challenges',
    {
      config: { access: { public: 'a nonce is worth nothing without the key', limitedById: true } },
      schema: {
        tags,
        summary: 'Ask for a challenge',
        params: idPath,
        response: { 201: challenge },
      },
    },
    async (request, reply) => {
      const issued = await issueChallenge(service, request.params.id);
      const location = `/v1/challenges/${issued.challenge.id}/evidence`;
      return reply.code(201).header('location', location).send(view(issued));
    },
  );

  api.post(
    '/v1/challenges/:id/evidence',
    {
      config: { access: { public: 'the quote proves who it is from' } },
      bodyLimit: JSON_BYTES,
      schema: {
        tags,
        summary: 'Answer a challenge with evidence; the answer is the verdict',
        params: idPath,
        body: {
          content: {
            'application/json': { schema: evidenceBody },
            'multipart/form-data': { schema: z.any().meta(MULTIPART) },
          },
        },
        response: { 201: verdict },
      },
    },
    async (request, reply) => {
      const appraisal = await openAppraisal(service, request.params.id);
      try {
        if (request.isMultipart()) await receiveMultipart(request, appraisal);
        else await receiveJson(request.body as EvidenceBody, appraisal);
        const result = await appraisal.conclude();
        const { id, attesterId, status } = result;
        request.log.info({ verdict: id, attester: attesterId, verdictStatus: status });
        return await reply.code(201).header('location', `/v1/verdicts/${id}`).send(result);
      } finally {
        await appraisal.end();
      }
    },
  );
}

async function receiveJson(body: EvidenceBody, appraisal: Appraisal): Promise<void> {
  const segments = body.ima?.segments ?? [];
  const lists = segments.map(({ bytes }, segment) =>
    partBytes(bytes, `/ima/segments/${segment}/bytes`),
  );
  const bootLog = body.bootLog === undefined ? undefined : partBytes(body.bootLog, '/bootLog');
  appraisal.accept(headOf(body));
  if (bootLog !== undefined) await appraisal.addBootLog(bootLog);
  for (const [segment, bytes] of lists.entries()) {
    const reader = new ByteReader(bytes, 'big');
    do {
      const sizeBytes = Math.min(reader.leftBytes, WINDOW_BYTES);
      await appraisal.push(segment, reader.take(sizeBytes, 'window'));
      // Other requests get their turn between two windows.
      await setImmediate();
    } while (reader.leftBytes > 0);
  }
}

function view({ challenge: issued, policy }: IssuedChallenge) {
  const { selection, signatureHashes } = policy.quote;
  return {
    id: issued.id,
    nonce: toHex(issued.nonce),
    expiresAt: issued.expiresAt.toISOString(),
    quote: {
      selection:
        selection === 'any'
          ? selection
          : selection.map(({ bank, pcrs }) => ({ bank, pcrs: [...pcrs] })),
      signatureHashes: [...signatureHashes],
    },
    ima: {
      list: listNeed(policy.ima),
      fromIndex: issued.fromIndex,
      fromOffset: issued.fromOffset,
    },
    bootLog: policy.boot.eventLog,
    policy: issued.policy,
  };
}

function listNeed(ima: IssuedChallenge['policy']['ima']): 'required' | 'optional' | 'not-required' {
  if (ima === 'not-required') return ima;
  return ima.list === 'required' ? 'required' : 'optional';
}

/** JSON evidence is for short lists; base64 makes it a third longer. */
const JSON_BYTES = 8_388_608;
const WINDOW_BYTES = 65_536;

const MULTIPART = {
  description:
    'Parts in this order: "evidence" (the JSON document without the bytes of lists), then ' +
    '"bootLog" if there is one, then one "segment" for each of ima.segments.',
};

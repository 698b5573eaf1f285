// Routes of verdicts: query, read, and the evidence behind them. docs/api.md, "Verdicts"

import { Readable } from 'node:stream';
import { z } from 'zod';
import type { VerdictFilter, VerdictSummary } from '../../service/ports.ts';
import {
  evidenceOf,
  evidencePart,
  listVerdicts,
  verdictDocument,
} from '../../service/query-verdicts.ts';
import type { Service } from '../../service/service.ts';
import type { Api } from '../api.ts';
import { pageAnswer, pageRequest } from '../cursor.ts';
import {
  idPath,
  pageOf,
  partPath,
  storedEvidence,
  verdictQuery,
  verdictSummary,
} from '../schemas.ts';
import { verdict } from '../verdict-schema.ts';

/** GET /v1/verdicts, /v1/verdicts/{id}, and its /evidence. */
export function verdictRoutes(api: Api, { ports }: Service): void {
  const tags = ['verdicts'];
  const config = { access: ['operator', 'auditor'] } as const;

  api.get(
    '/v1/verdicts',
    {
      config,
      schema: {
        tags,
        summary: 'List verdicts, newest first',
        querystring: verdictQuery,
        response: { 200: pageOf(verdictSummary) },
      },
    },
    async ({ query }) =>
      pageAnswer(await listVerdicts(ports, filterOf(query), pageRequest(query)), summaryView),
  );

  api.get(
    '/v1/verdicts/:id',
    {
      config,
      schema: { tags, summary: 'One verdict', params: idPath, response: { 200: verdict } },
    },
    async ({ params }): Promise<unknown> => JSON.parse(await verdictDocument(ports, params.id)),
  );

  api.get(
    '/v1/verdicts/:id/evidence',
    {
      config,
      schema: {
        tags,
        summary: 'The evidence of a verdict',
        params: idPath,
        response: { 200: storedEvidence },
      },
    },
    async ({ params: { id } }) => {
      const { attesterId, receivedAt, document, parts } = await evidenceOf(ports, id);
      const evidence: Record<string, unknown> = JSON.parse(document);
      return {
        verdictId: id,
        attesterId,
        receivedAt: receivedAt.toISOString(),
        document: evidence,
        parts: parts.map((part) => ({
          ...part,
          href: `/v1/verdicts/${id}/evidence/${part.part}`,
        })),
      };
    },
  );

  api.get(
    '/v1/verdicts/:id/evidence/:part',
    {
      config,
      schema: {
        tags,
        summary: 'One long part of the evidence, as it was received',
        params: partPath,
        response: { 200: { content: { 'application/octet-stream': { schema: z.any() } } } },
      },
    },
    async ({ params: { id, part } }, reply) => {
      const content = await evidencePart(ports, id, part);
      return reply.type('application/octet-stream').send(Readable.from(content));
    },
  );
}

function filterOf(query: z.output<typeof verdictQuery>): VerdictFilter {
  const { attester, status, code, since, until } = query;
  return {
    ...(attester === undefined ? {} : { attester }),
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
    ...(since === undefined ? {} : { since: new Date(since) }),
    ...(until === undefined ? {} : { until: new Date(until) }),
  };
}

function summaryView(summary: VerdictSummary) {
  const { at, expiresAt, codes, ...rest } = summary;
  return {
    ...rest,
    at: at.toISOString(),
    expiresAt: expiresAt.toISOString(),
    codes: [...codes],
  };
}

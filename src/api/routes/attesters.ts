// Routes of the fleet: look, label, remove. docs/api.md, "Enrolment"

import {
  findAttester,
  listAttesters,
  relabelAttester,
  removeAttester,
} from '../../service/enroll-attester.ts';
import type { Service } from '../../service/service.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import { attester, attesterView as view } from '../attester-schema.ts';
import { pageAnswer, pageRequest } from '../cursor.ts';
import { idPath, nothing, pageOf, pageQuery, relabelling } from '../schemas.ts';

const TAGS = ['attesters'];

/** GET /v1/attesters; GET, PATCH and DELETE /v1/attesters/{id}. */
export function attesterRoutes(api: Api, { ports }: Service): void {
  const read = { access: ['operator', 'auditor'] } as const;
  const write = { access: ['operator'] } as const;

  api.get(
    '/v1/attesters',
    {
      config: read,
      schema: {
        tags: TAGS,
        summary: 'List attesters, newest first',
        querystring: pageQuery,
        response: { 200: pageOf(attester) },
      },
    },
    async (request) => pageAnswer(await listAttesters(ports, pageRequest(request.query)), view),
  );

  api.get(
    '/v1/attesters/:id',
    {
      config: read,
      schema: { tags: TAGS, summary: 'One attester', params: idPath, response: { 200: attester } },
    },
    async (request) => view(await findAttester(ports, request.params.id)),
  );

  api.patch(
    '/v1/attesters/:id',
    {
      config: write,
      schema: {
        tags: TAGS,
        summary: 'Replace the labels of an attester',
        params: idPath,
        body: relabelling,
        response: { 200: attester },
      },
    },
    async (request) => {
      const change = { ...request.params, ...request.body, by: callerOf(request) };
      return view(await relabelAttester(ports, change));
    },
  );

  api.delete(
    '/v1/attesters/:id',
    {
      config: write,
      schema: {
        tags: TAGS,
        summary: 'Remove an attester; its verdicts stay',
        params: idPath,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      await removeAttester(ports, request.params.id, callerOf(request));
      return reply.code(204).send();
    },
  );
}

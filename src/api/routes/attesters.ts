// Routes of the fleet: enrol, look, label, remove. docs/api.md, "Enrolment"

import { fromBase64 } from '../../bytes/encoding.ts';
import {
  enrollAttester,
  findAttester,
  listAttesters,
  relabelAttester,
  removeAttester,
} from '../../service/enroll-attester.ts';
import type { Attester, Ports } from '../../service/ports.ts';
import type { Service } from '../../service/service.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import { pageAnswer, pageRequest } from '../cursor.ts';
import { invalid } from '../evidence-head.ts';
import {
  attester,
  enrolled,
  enrolment,
  idPath,
  nothing,
  pageOf,
  pageQuery,
  relabelling,
} from '../schemas.ts';

const TAGS = ['attesters'];

/** POST and GET /v1/attesters; GET, PATCH and DELETE /v1/attesters/{id}. */
export function attesterRoutes(api: Api, { ports }: Service): void {
  const read = { access: ['operator', 'auditor'] } as const;
  const write = { access: ['operator'] } as const;

  enrolRoute(api, ports);

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

function enrolRoute(api: Api, ports: Ports): void {
  api.post(
    '/v1/attesters',
    {
      config: { access: ['agent-enrol', 'operator'] },
      schema: {
        tags: TAGS,
        summary: 'Enrol an attestation key as asserted',
        body: enrolment,
        response: { 200: enrolled, 201: enrolled },
      },
    },
    async (request, reply) => {
      const { ak, labels } = request.body;
      const bytes = fromBase64(ak.bytes);
      if (bytes === undefined) throw invalid([{ at: '/ak/bytes', message: 'not base64' }]);
      const by = callerOf(request);
      const result = await enrollAttester(ports, { ak: { ...ak, bytes }, labels, by });
      return reply
        .code(result.created ? 201 : 200)
        .header('location', `/v1/attesters/${result.attester.id}`)
        .send({ ...view(result.attester), findings: result.findings.map(({ code }) => code) });
    },
  );
}

function view(kept: Attester) {
  const { id, identity, ak, labels, enrolledAt, latest } = kept;
  return {
    id,
    identity,
    akEncoding: ak.encoding,
    labels,
    enrolledAt: enrolledAt.toISOString(),
    latest:
      latest === null
        ? null
        : { ...latest, at: latest.at.toISOString(), expiresAt: latest.expiresAt.toISOString() },
  };
}

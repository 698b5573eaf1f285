// Routes of acceptance policies: upload a version, look, activate. docs/api.md, "Policies"

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { POLICY_LIMITS } from '../../bytes/limits.ts';
import { policyJsonSchema } from '../../policy/json-schema.ts';
import { effectivePolicy } from '../../service/effective-policy.ts';
import type { PinnedPolicy } from '../../service/pinned-policy.ts';
import type { PolicyVersion } from '../../service/policy-store.ts';
import {
  activatePolicy,
  listPolicies,
  policyDocument,
  policyVersions,
  publishPolicy,
} from '../../service/publish-policy.ts';
import type { Service } from '../../service/service.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import {
  activationHeaders,
  effectivePolicy as effectivePolicySchema,
  effectiveQuery,
  policyVersionList,
} from '../policy-schema.ts';
import { activatedPolicy, namePath, overview, publishedPolicy, versionPath } from '../schemas.ts';

const TAGS = ['policies'];
const READ = { access: ['policy-admin', 'operator', 'auditor'] } as const;
const WRITE = { access: ['policy-admin'] } as const;

/** POST and GET /v1/policies, /schema, /{name}/versions, and activation. */
export function policyRoutes(api: Api, service: Service): void {
  const { ports } = service;
  // In a scope of its own, whose JSON parser leaves the text alone.
  api.register((scope: Api, _options, done) => {
    uploadRoute(scope, service);
    done();
  });

  api.get(
    '/v1/policies',
    {
      config: READ,
      schema: { tags: TAGS, summary: 'List policies by name', response: { 200: overview } },
    },
    async () => ({ items: await listPolicies(ports) }),
  );

  api.get(
    '/v1/policies/schema',
    {
      config: { access: { public: 'documentation' } },
      schema: {
        tags: TAGS,
        summary: 'JSON Schema of the policy document',
        response: { 200: z.record(z.string(), z.unknown()) },
      },
    },
    () => ({ ...policyJsonSchema() }),
  );

  api.get(
    '/v1/policies/:name/versions',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'List the versions of a policy, newest first',
        params: namePath,
        response: { 200: policyVersionList },
      },
    },
    async ({ params }, reply) => {
      const versions = await policyVersions(ports, params.name);
      const active = versions.find((kept) => kept.active)?.version ?? 0;
      return reply.header('etag', `"${active}"`).send({ items: versions.map(versionView) });
    },
  );

  api.get(
    '/v1/policies/:name/versions/:version',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'One version of a policy, as it was uploaded',
        params: versionPath,
        response: { 200: z.record(z.string(), z.unknown()) },
      },
    },
    async ({ params }): Promise<Record<string, unknown>> =>
      JSON.parse(await policyDocument(ports, params.name, params.version)),
  );

  activateRoute(api, service);
}

function activateRoute(api: Api, service: Service): void {
  api.post(
    '/v1/policies/:name/versions/:version/activate',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        summary: 'Make a version the active one of its name',
        params: versionPath,
        headers: activationHeaders,
        response: { 200: activatedPolicy },
      },
    },
    async (request) => {
      const expected = expectedVersion(request.headers['if-match']);
      const wanted = { ...request.params, expected };
      const pinned = await activatePolicy(service, wanted, callerOf(request));
      return { ...request.params, ...pinsView(pinned) };
    },
  );

  api.get(
    '/v1/policies/:name/effective',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'Which policy applies to an attester, and why this one does or does not',
        params: namePath,
        querystring: effectiveQuery,
        response: { 200: effectivePolicySchema },
      },
    },
    async ({ params, query }) => {
      const found = await effectivePolicy(service, params.name, query.attester);
      const { attester, effective, effect, considered } = found;
      return {
        attester: { id: attester.id, labels: { ...attester.labels } },
        effective: effective && {
          policy: { ...effective.policy },
          ...pinsView(effective),
        },
        effect,
        considered: considered.map((policy) => ({ ...policy, labels: { ...policy.labels } })),
      };
    },
  );
}

function pinsView({ referenceSets, keyrings }: PinnedPolicy) {
  return { referenceSets: { ...referenceSets }, keyrings: { ...keyrings } };
}

/** The version in an `If-Match`: null for none, undefined where nothing is expected. */
function expectedVersion(ifMatch: string | undefined): number | null | undefined {
  if (ifMatch === undefined) return undefined;
  const version = Number(JSON.parse(ifMatch));
  return version === 0 ? null : version;
}

function versionView({ createdAt, activatedAt, author, ...kept }: PolicyVersion) {
  return {
    ...kept,
    author: author && { ...author },
    createdAt: createdAt.toISOString(),
    activatedAt: activatedAt?.toISOString() ?? null,
  };
}

/** The text is parsed by the policy room: only there are repeated keys seen. */
function uploadRoute(scope: Api, service: Service): void {
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => body,
  );
  scope.post(
    '/v1/policies',
    {
      config: WRITE,
      bodyLimit: POLICY_LIMITS.documentBytes,
      schema: {
        tags: TAGS,
        summary: 'Upload a policy as a new version of its name',
        body: z.instanceof(Uint8Array).meta({
          description: 'A policy document: /v1/policies/schema.',
          type: 'object',
        }),
        response: { 200: publishedPolicy, 201: publishedPolicy },
      },
    },
    async (request, reply) => {
      const published = await publishPolicy(service, request.body, callerOf(request));
      const { name, version, notes } = published;
      return reply
        .code(published.created ? 201 : 200)
        .header('location', `/v1/policies/${name}/versions/${version}`)
        .send({ ...published, notes: [...notes] });
    },
  );
}

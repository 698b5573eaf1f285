// Routes of reference sets: upload a version as text, look, activate. docs/api.md,
// "Reference sets"

import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { SetVersion } from '../../service/ports.ts';
import { Problem } from '../../service/problem.ts';
import type { Service } from '../../service/service.ts';
import {
  activateReferenceSet,
  listReferenceSets,
  setContent,
  setVersions,
  uploadReferenceSet,
} from '../../service/upload-reference-set.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import {
  activatedSet,
  namePath,
  overview,
  setUploadQuery,
  setVersionList,
  uploadedSet,
  versionPath,
} from '../schemas.ts';

const TAGS = ['reference-sets'];
const READ = { access: ['policy-admin', 'operator', 'auditor'] } as const;
const WRITE = { access: ['policy-admin'] } as const;

/** GET /v1/reference-sets; POST /{name}; GET /{name}/versions and below; activation. */
export function referenceSetRoutes(api: Api, service: Service): void {
  const { ports } = service;
  // In a scope of its own, whose parsers hand the stream on.
  api.register((scope: Api, _options, done) => {
    uploadRoute(scope, service);
    done();
  });

  api.get(
    '/v1/reference-sets',
    {
      config: READ,
      schema: { tags: TAGS, summary: 'List reference sets by name', response: { 200: overview } },
    },
    async () => ({ items: await listReferenceSets(ports) }),
  );

  api.get(
    '/v1/reference-sets/:name/versions',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'List the versions of a reference set, newest first',
        params: namePath,
        response: { 200: setVersionList },
      },
    },
    async ({ params }) => ({ items: (await setVersions(ports, params.name)).map(view) }),
  );

  api.get(
    '/v1/reference-sets/:name/versions/:version/content',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'The text of a version, as it was uploaded',
        params: versionPath,
        response: { 200: { content: { 'text/plain': { schema: z.any() } } } },
      },
    },
    async ({ params }, reply) => {
      const { set, content } = await setContent(ports, params.name, params.version);
      return reply.type(MEDIA_TYPES[set.format]).send(Readable.from(content));
    },
  );

  api.post(
    '/v1/reference-sets/:name/versions/:version/activate',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        summary: 'Make a version the active one of its name',
        params: versionPath,
        response: { 200: activatedSet },
      },
    },
    async (request) => {
      await activateReferenceSet(ports, request.params, callerOf(request));
      return request.params;
    },
  );
}

function uploadRoute(scope: Api, { ports, limits }: Service): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    Object.values(MEDIA_TYPES),
    async (_request: unknown, payload: Readable) => payload,
  );
  scope.post(
    '/v1/reference-sets/:name',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        summary: 'Upload a reference set as a new version of its name',
        params: namePath,
        querystring: setUploadQuery,
        body: { content: BODIES },
        response: { 200: uploadedSet, 201: uploadedSet },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const isNdjson = request.headers['content-type']?.startsWith(MEDIA_TYPES.ndjson) === true;
      const uploaded = await uploadReferenceSet(ports, {
        name: params.name,
        reading: { format: isNdjson ? 'ndjson' : 'digest-lines', paths: query.paths },
        body: windowsOf(request),
        capBytes: limits.referenceSetBytes,
        by: callerOf(request),
      });
      return reply
        .code(uploaded.created ? 201 : 200)
        .header('location', `/v1/reference-sets/${uploaded.name}/versions`)
        .send(uploaded);
    },
  );
}

/** The body as it arrives. Whoever stops early still gets our answer: what is on its way is read
 *  and dropped. */
async function* windowsOf({ raw, body }: FastifyRequest): AsyncIterable<Uint8Array> {
  if (!(body instanceof Readable)) {
    throw new Problem('request.invalid', 'Send the text of the set as the body of the request.');
  }
  try {
    for await (const window of body.iterator({ destroyOnReturn: false })) {
      if (!(window instanceof Uint8Array)) throw new Error('the request gave text for bytes');
      yield window;
    }
  } finally {
    raw.resume();
  }
}

function view(set: SetVersion) {
  return { ...set, createdAt: set.createdAt.toISOString() };
}

const MEDIA_TYPES = { 'digest-lines': 'text/plain', ndjson: 'application/x-ndjson' } as const;

const BODIES = {
  'text/plain': {
    schema: z.any().meta({ description: 'Lines of sha1sum, sha256sum, sha384sum or sha512sum.' }),
  },
  'application/x-ndjson': {
    schema: z.any().meta({ description: 'One object a line: "digest" and, optionally, "path".' }),
  },
};

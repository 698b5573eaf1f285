// Routes of reference sets: upload a version as text, look, activate. docs/api.md,
// "Reference sets"

import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { SetTerms } from '../../policy/reference-set-terms.ts';
import type { ReferenceFormat } from '../../policy/reference-set-text.ts';
import { compareReferenceSets } from '../../service/compare-reference-sets.ts';
import type { Ports, SetReading, SetVersion } from '../../service/ports.ts';
import { Problem } from '../../service/problem.ts';
import type { Service } from '../../service/service.ts';
import {
  activateReferenceSet,
  listReferenceSets,
  type SetUpload,
  setContent,
  setVersions,
  type UploadedSet,
  uploadKeylimePolicy,
  uploadReferenceSet,
} from '../../service/upload-reference-set.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import {
  activatedSet,
  namePath,
  overview,
  setDiffQuery,
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
  diffRoute(api, service);
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

function diffRoute(api: Api, service: Service): void {
  api.get(
    '/v1/reference-sets/:name/versions/:version/diff',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'What changed since another version: counts, then an entry a line',
        params: versionPath,
        querystring: setDiffQuery,
        response: { 200: { content: { [MEDIA_TYPES.ndjson]: { schema: z.any() } } } },
      },
    },
    async ({ params, query }, reply) => {
      const versions = { from: query.from, to: params.version };
      const lines = await compareReferenceSets(service, params.name, versions);
      return reply.type(MEDIA_TYPES.ndjson).send(Readable.from(lines, { objectMode: false }));
    },
  );
}

function uploadRoute(scope: Api, { ports, limits }: Service): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    Object.keys(FORMATS),
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
      const uploaded = await keep(ports, formatOf(request), {
        name: params.name,
        paths: query.paths,
        terms: termsOf(query),
        body: windowsOf(request),
        capBytes: limits.referenceSetBytes,
        by: callerOf(request),
      });
      return reply
        .code(uploaded.created ? 201 : 200)
        .header('location', `/v1/reference-sets/${uploaded.name}/versions`)
        .send(flat(uploaded));
    },
  );
}

type Incoming = Omit<SetUpload, 'reading'> & Omit<SetReading, 'format'>;

function keep(
  ports: Ports,
  format: ReferenceFormat | 'keylime',
  { paths, terms, ...upload }: Incoming,
): Promise<UploadedSet> {
  if (format === 'keylime') return uploadKeylimePolicy(ports, { ...upload, terms });
  return uploadReferenceSet(ports, { ...upload, reading: { format, paths, terms } });
}

/** The format that the body's media type means; the route takes no other. */
function formatOf({ headers }: FastifyRequest): ReferenceFormat | 'keylime' {
  const sent = headers['content-type'] ?? '';
  const known = Object.entries(FORMATS).find(([mediaType]) => sent.startsWith(mediaType));
  return known?.[1] ?? 'digest-lines';
}

function termsOf({ validFrom, retireAt, basis }: z.output<typeof setUploadQuery>): SetTerms {
  const validity = {
    ...(validFrom !== undefined && { validFromMs: Date.parse(validFrom) }),
    ...(retireAt !== undefined && { retireAtMs: Date.parse(retireAt) }),
  };
  return { validity, ...(basis && { basis }) };
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
  return { ...flat(set), createdAt: set.createdAt.toISOString() };
}

/** Terms as the API spells them, beside the rest. */
function flat<T extends { readonly terms: SetTerms }>({ terms, ...rest }: T) {
  const { validity, basis = null } = terms;
  const moments = {
    validFrom: momentOf(validity.validFromMs),
    retireAt: momentOf(validity.retireAtMs),
  };
  return { ...rest, ...moments, basis };
}

function momentOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

const MEDIA_TYPES = {
  'digest-lines': 'text/plain',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const;

const FORMATS: Readonly<Record<string, ReferenceFormat | 'keylime'>> = {
  'text/plain': 'digest-lines',
  'application/x-ndjson': 'ndjson',
  'text/csv': 'csv',
  'application/json': 'keylime',
};

const BODIES = {
  'text/plain': {
    schema: z.any().meta({ description: 'Lines of sha1sum, sha256sum, sha384sum or sha512sum.' }),
  },
  'application/x-ndjson': {
    schema: z.any().meta({ description: 'One object a line: "digest" and, optionally, "path".' }),
  },
  'text/csv': {
    schema: z.any().meta({ description: 'RFC 4180 under a header: digest, or algorithm,digest.' }),
  },
  'application/json': {
    schema: z.any().meta({ description: 'A Keylime runtime policy: its file digests are kept.' }),
  },
};

// Routes of keyrings: upload a version as PEM or DER, look, activate. docs/api.md, "Keyrings"

import { z } from 'zod';
import { KEYRING_LIMITS } from '../../bytes/limits.ts';
import {
  activateKeyring,
  keyringContent,
  keyringVersions,
  listKeyrings,
  uploadKeyring,
} from '../../service/keyrings.ts';
import type { Service } from '../../service/service.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import { acceptKeyFiles, KEY_FILE_BODY, keyFileOf } from '../key-files.ts';
import {
  keyringPath,
  keyringVersionList,
  keyringVersionPath,
  uploadedKeyring,
} from '../key-schema.ts';
import { activatedSet, overview } from '../schemas.ts';

const TAGS = ['keyrings'];
const READ = { access: ['policy-admin', 'operator', 'auditor'] } as const;
const WRITE = { access: ['policy-admin'] } as const;

/** GET /v1/keyrings; POST /{name}; GET /{name}/versions and below; activation. */
export function keyringRoutes(api: Api, service: Service): void {
  const { ports } = service;
  api.register((scope: Api, _options, done) => {
    uploadRoute(scope, service);
    done();
  });

  api.get(
    '/v1/keyrings',
    {
      config: READ,
      schema: { tags: TAGS, summary: 'List keyrings by name', response: { 200: overview } },
    },
    async () => ({ items: await listKeyrings(ports) }),
  );

  api.get(
    '/v1/keyrings/:name/versions',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'List the versions of a keyring, newest first',
        params: keyringPath,
        response: { 200: keyringVersionList },
      },
    },
    async ({ params }) => {
      const versions = await keyringVersions(ports, params.name);
      const items = versions.map((kept) => ({ ...kept, createdAt: kept.createdAt.toISOString() }));
      return { items };
    },
  );

  api.get(
    '/v1/keyrings/:name/versions/:version/content',
    {
      config: READ,
      schema: {
        tags: TAGS,
        summary: 'The bytes of a version, as they were uploaded',
        params: keyringVersionPath,
        response: { 200: { content: { 'application/octet-stream': { schema: z.any() } } } },
      },
    },
    async ({ params }, reply) => {
      const content = await keyringContent(ports, params.name, params.version);
      return reply.type('application/octet-stream').send(content);
    },
  );

  api.post(
    '/v1/keyrings/:name/versions/:version/activate',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        summary: 'Make a version the active one of its name',
        params: keyringVersionPath,
        response: { 200: activatedSet },
      },
    },
    async (request) => {
      await activateKeyring(ports, request.params, callerOf(request));
      return request.params;
    },
  );
}

function uploadRoute(scope: Api, { ports }: Service): void {
  acceptKeyFiles(scope);
  scope.post(
    '/v1/keyrings/:name',
    {
      config: WRITE,
      bodyLimit: KEYRING_LIMITS.fileBytes,
      schema: {
        tags: TAGS,
        summary: 'Upload a keyring as a new version of its name',
        params: keyringPath,
        body: KEY_FILE_BODY,
        response: { 200: uploadedKeyring, 201: uploadedKeyring },
      },
    },
    async (request, reply) => {
      const content = keyFileOf(request);
      const by = callerOf(request);
      const uploaded = await uploadKeyring(ports, { ...request.params, content, by });
      return reply
        .code(uploaded.created ? 201 : 200)
        .header('location', `/v1/keyrings/${uploaded.name}/versions`)
        .send(uploaded);
    },
  );
}

// Routes of trust anchors, intermediates and revocation lists. docs/api.md, "Trust anchors"

import { CERTIFICATE_LIMITS } from '../../bytes/limits.ts';
import type { TrustAnchor } from '../../service/key-stores.ts';
import type { Service } from '../../service/service.ts';
import {
  importTrustAnchors,
  listTrustAnchors,
  removeTrustAnchor,
} from '../../service/trust-anchors.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import { acceptKeyFiles, KEY_FILE_BODY, keyFileOf } from '../key-files.ts';
import { anchorPath, anchorQuery, importedAnchors, trustAnchorList } from '../key-schema.ts';
import { nothing } from '../schemas.ts';

const TAGS = ['trust-anchors'];

/** POST and GET /v1/trust-anchors; DELETE /{fingerprint}. */
export function trustAnchorRoutes(api: Api, service: Service): void {
  const { ports } = service;
  api.register((scope: Api, _options, done) => {
    importRoute(scope, service);
    done();
  });

  api.get(
    '/v1/trust-anchors',
    {
      config: { access: ['policy-admin', 'operator', 'auditor'] },
      schema: {
        tags: TAGS,
        summary: 'List what chains of certificates are checked against',
        response: { 200: trustAnchorList },
      },
    },
    async () => ({ items: (await listTrustAnchors(ports)).map(view) }),
  );

  api.delete(
    '/v1/trust-anchors/:fingerprint',
    {
      config: { access: ['policy-admin'] },
      schema: {
        tags: TAGS,
        summary: 'Take one away; attesters stay what they are',
        params: anchorPath,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      await removeTrustAnchor(ports, request.params.fingerprint, callerOf(request));
      return reply.code(204).send();
    },
  );
}

function importRoute(scope: Api, { ports }: Service): void {
  acceptKeyFiles(scope);
  scope.post(
    '/v1/trust-anchors',
    {
      config: { access: ['policy-admin'] },
      bodyLimit: CERTIFICATE_LIMITS.bundleBytes,
      schema: {
        tags: TAGS,
        summary: 'Import certificates or revocation lists',
        querystring: anchorQuery,
        body: KEY_FILE_BODY,
        response: { 201: importedAnchors },
      },
    },
    async (request, reply) => {
      const { kind } = request.query;
      const content = keyFileOf(request);
      const imported = await importTrustAnchors(ports, { kind, content, by: callerOf(request) });
      const items = imported.map((anchor) => ({ ...view(anchor), created: anchor.created }));
      return reply.code(201).send({ items });
    },
  );
}

function view({ fingerprint, kind, subject, expiresAt, addedAt }: TrustAnchor) {
  const times = { expiresAt: expiresAt?.toISOString() ?? null, addedAt: addedAt.toISOString() };
  return { fingerprint, kind, subject, ...times };
}

// Routes of access tokens: make, list, rotate, revoke. docs/api.md, "Access"

import { createToken, type NewToken, revokeToken, rotateToken } from '../../service/access.ts';
import type { Service } from '../../service/service.ts';
import { callerOf } from '../access.ts';
import { newToken, tokenList, wantedRotation, wantedToken } from '../access-schema.ts';
import type { Api } from '../api.ts';
import { idPath, nothing } from '../schemas.ts';

/** POST and GET /v1/tokens; POST /v1/tokens/{id}/rotate; DELETE /v1/tokens/{id}. */
export function tokenRoutes(api: Api, { ports }: Service): void {
  const tags = ['access'];
  // No role but admin.
  const config = { access: [] } as const;

  api.post(
    '/v1/tokens',
    {
      config,
      schema: {
        tags,
        summary: 'Make a token; its secret is shown this once',
        body: wantedToken,
        response: { 201: newToken },
      },
    },
    async (request, reply) => {
      const { name, role, expiresAt } = request.body;
      const wanted = { name, role, expiresAt: dateOf(expiresAt), by: callerOf(request) };
      return reply.code(201).send(secretView(await createToken(ports, wanted)));
    },
  );

  api.get(
    '/v1/tokens',
    {
      config,
      schema: { tags, summary: 'List tokens by name', response: { 200: tokenList } },
    },
    async () => {
      const tokens = await ports.tokens.list();
      return {
        items: tokens.map(({ createdAt, expiresAt, lastUsedAt, ...kept }) => ({
          ...kept,
          createdAt: createdAt.toISOString(),
          expiresAt: expiresAt?.toISOString() ?? null,
          lastUsedAt: lastUsedAt?.toISOString() ?? null,
        })),
      };
    },
  );

  api.post(
    '/v1/tokens/:id/rotate',
    {
      config,
      schema: {
        tags,
        summary: 'Give a token a new secret, shown this once',
        params: idPath,
        body: wantedRotation,
        response: { 200: newToken },
      },
    },
    async (request) => {
      const { graceSeconds, expiresAt } = request.body;
      const wanted = { graceSeconds, expiresAt: dateOf(expiresAt), by: callerOf(request) };
      return secretView(await rotateToken(ports, request.params.id, wanted));
    },
  );

  api.delete(
    '/v1/tokens/:id',
    {
      config,
      schema: { tags, summary: 'Revoke a token', params: idPath, response: { 204: nothing } },
    },
    async (request, reply) => {
      await revokeToken(ports, request.params.id, callerOf(request));
      return reply.code(204).send();
    },
  );
}

function dateOf(moment: string | undefined): Date | undefined {
  return moment === undefined ? undefined : new Date(moment);
}

function secretView({ token: { id, name, role, expiresAt }, secret }: NewToken) {
  return { id, name, role, expiresAt: expiresAt?.toISOString() ?? null, secret };
}

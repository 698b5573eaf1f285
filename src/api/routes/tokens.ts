// Routes of access tokens: make, list, revoke. docs/api.md, "Access"

import { createToken, revokeToken } from '../../service/access.ts';
import type { Service } from '../../service/service.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import { idPath, newToken, nothing, tokenList, wantedToken } from '../schemas.ts';

/** POST and GET /v1/tokens; DELETE /v1/tokens/{id}. */
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
      const { token, secret } = await createToken(ports, {
        ...request.body,
        by: callerOf(request),
      });
      return reply.code(201).send({ id: token.id, name: token.name, role: token.role, secret });
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
        items: tokens.map((kept) => ({ ...kept, createdAt: kept.createdAt.toISOString() })),
      };
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

// Who may call what: every route declares it, and a route that does not keeps the service from
// starting. docs/api.md, "Access"

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AccessToken, Ports, Role } from '../service/ports.ts';
import { Problem } from '../service/problem.ts';

/** `public`, or the roles that may call; `admin` always may. */
export type Access = 'public' | readonly Exclude<Role, 'admin'>[];

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}

/** Makes every route added from now on declare its access, and holds callers to it before a byte of
 *  their body is read. */
export function guardRoutes(api: FastifyInstance, ports: Ports): void {
  api.addHook('onRoute', ({ method, url, config }) => {
    if (config?.access === undefined) throw new Error(`${method} ${url} declares no access`);
  });
  api.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    if (access === 'public' || request.is404) return;
    const token = await tokenOf(request, ports);
    if (token.role !== 'admin' && !access?.some((role) => role === token.role)) {
      await refuse(request, token, { ports, access: access ?? [] });
    }
    callers.set(request, token);
  });
}

/** The token that this request was let in with. */
export function callerOf(request: FastifyRequest): AccessToken {
  const token = callers.get(request);
  if (token === undefined) throw new Error('a public route has no caller');
  return token;
}

async function tokenOf(request: FastifyRequest, ports: Ports): Promise<AccessToken> {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    throw new Problem('token.missing', 'Send a token as "Authorization: Bearer …".');
  }
  const [, secret] = BEARER.exec(authorization) ?? [];
  const token = secret === undefined ? undefined : await ports.tokens.find(secret);
  if (token === undefined) {
    throw new Problem('token.unknown', 'This token is malformed, unknown or revoked.');
  }
  return token;
}

// Only who holds a token is written to the audit log: strangers could fill it. The request log has
// every refusal.
async function refuse(
  request: FastifyRequest,
  token: AccessToken,
  { ports, access }: { readonly ports: Ports; readonly access: readonly Role[] },
): Promise<never> {
  const at = ports.clock.now();
  const subject = `${request.method} ${request.routeOptions.url ?? ''}`;
  await ports.audit.append({ at, actor: token.id, action: 'access.refuse', subject });
  const roles = [...access, 'admin'].join(', ');
  const detail = `This needs one of the roles ${roles}; the token has ${token.role}.`;
  throw new Problem('token.role_insufficient', detail);
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,256})$/i;
const callers = new WeakMap<FastifyRequest, AccessToken>();

// Who may call what: every route declares it, and a route that does not keeps the service from
// starting. docs/api.md, "Access"

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ACCESS_LIMITS } from '../bytes/limits.ts';
import { recognise } from '../service/access.ts';
import { type AccessToken, type Caller, type Ports, ROLES, type Role } from '../service/ports.ts';
import { Problem } from '../service/problem.ts';
import type { CallLimits } from './call-limits.ts';

/** Open to everyone, and why that is right. */
export interface OpenAccess {
  readonly public: string;
  /** Also limits how often one address may call for one `:id`. */
  readonly limitedById?: true;
}

/** Open to everyone, or the roles that may call; `admin` always may. */
export type Access = OpenAccess | readonly Exclude<Role, 'admin'>[];

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}

/** Makes every route added from now on declare its access, whoever adds it: registering one that
 *  does not throws. */
export function requireAccess(api: FastifyInstance): void {
  const routes: DeclaredRoute[] = [];
  declared.set(api, routes);
  api.addHook('onRoute', ({ method, url, config }) => {
    const { access } = config ?? {};
    const mistake = mistakeIn(access);
    if (mistake !== undefined) throw new Error(`${method} ${url} ${mistake}`);
    if (access !== undefined) routes.push({ method: String(method), url, access });
  });
}

/** A route as it was registered: its method, or several with commas, and its pattern. */
export interface DeclaredRoute {
  readonly method: string;
  readonly url: string;
  readonly access: Access;
}

/** Every route of an application, hidden ones too. */
export function declaredRoutes(api: FastifyInstance): readonly DeclaredRoute[] {
  return declared.get(api) ?? [];
}

/** Holds every caller to what the route declares, before a byte of their body is read. */
export function admitCallers(
  api: FastifyInstance,
  { ports, limits }: { readonly ports: Ports; readonly limits: CallLimits },
): void {
  api.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    if (request.is404) return limits.countOpen(request);
    // Never so: requireAccess saw the route. Were it so, nobody but an admin could come in.
    const allowed = access ?? [];
    if ('public' in allowed) {
      await limits.countOpen(request);
      if (allowed.limitedById === true) await limits.countById(request);
      return;
    }
    const caller = await callerBehind(request, { ports, limits });
    const role = caller.roles.find((each) => each === 'admin' || allowed.includes(each));
    if (role === undefined) {
      await limits.countRefusal(request, caller.token.id);
      return refuse(request, caller, { ports, allowed });
    }
    callers.set(request, { ...caller.token, role });
  });
}

/** The token that this request was let in with, in the role that the route asked for. */
export function callerOf(request: FastifyRequest): AccessToken {
  const token = callers.get(request);
  if (token === undefined) throw new Error('a public route has no caller');
  return token;
}

function mistakeIn(access: Access | undefined): string | undefined {
  if (typeof access !== 'object' || access === null) return 'declares no access';
  if ('public' in access)
    return access.public.trim() === '' ? 'is public for no reason' : undefined;
  const unknown = access.find((role) => !ROLES.includes(role));
  return unknown === undefined ? undefined : `is for ${unknown}, which is no role`;
}

/** Whatever is wrong with a token, the answer is the same: only its holder knows what it was. */
async function callerBehind(
  request: FastifyRequest,
  { ports, limits }: { readonly ports: Ports; readonly limits: CallLimits },
): Promise<Caller> {
  const { authorization } = request.headers;
  const [, credential] = BEARER.exec(authorization ?? '') ?? [];
  const isShort = credential !== undefined && credential.length <= ACCESS_LIMITS.credentialChars;
  const recognised = isShort ? recognise(ports, credential) : undefined;
  // Whether it is not good or cannot be known: both cost us something.
  const caller = await recognised?.catch(async (error: unknown) => {
    await limits.countOpen(request);
    throw error;
  });
  if (caller !== undefined) return caller;
  await limits.countOpen(request);
  if (authorization === undefined) {
    throw new Problem('token.missing', 'Send a token as "Authorization: Bearer …".');
  }
  throw new Problem('token.unknown', 'This token is malformed, unknown, expired or revoked.');
}

// Only who holds a token is written to the audit log: strangers could fill it. The request log has
// every refusal.
async function refuse(
  request: FastifyRequest,
  { token, roles }: Caller,
  { ports, allowed }: { readonly ports: Ports; readonly allowed: readonly Role[] },
): Promise<never> {
  const at = ports.clock.now();
  const subject = `${request.method} ${request.routeOptions.url ?? ''}`;
  await ports.audit.append({ at, actor: token.id, action: 'access.refuse', subject });
  const [needed, had] = [[...allowed, 'admin'].join(', '), roles.join(', ') || 'none'];
  const detail = `This needs one of the roles ${needed}; the token has ${had}.`;
  throw new Problem('token.role_insufficient', detail);
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i;
const declared = new WeakMap<FastifyInstance, DeclaredRoute[]>();
const callers = new WeakMap<FastifyRequest, AccessToken>();

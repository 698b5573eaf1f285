// The application as production builds it, listening on a free port over a given database, with a
// clock that the test moves and a token for each role.

import { randomUUID } from 'node:crypto';
import type { Api } from '../../src/api/api.ts';
import { type AppSettings, buildApp } from '../../src/api/app.ts';
import { createFirstToken } from '../../src/service/access.ts';
import {
  type Clock,
  type Ports,
  ROLES,
  type Role,
  type TokenIssuer,
} from '../../src/service/ports.ts';
import { makeService, type ServiceLimits } from '../../src/service/service.ts';
import type { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { storesOn } from '../../src/store/stores.ts';
import { startWorkers } from '../../src/workers/worker-pool.ts';

/** One answer, its JSON body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** A JSON value as tests look into it. */
export type Json = Readonly<Record<string, unknown>>;

export interface Call {
  readonly role?: Role;
  readonly json?: unknown;
  readonly body?: string | FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RunningApi {
  readonly url: string;
  readonly api: Api;
  readonly ports: Ports;
  readonly secrets: Readonly<Record<Role, string>>;
  call(method: string, path: string, call?: Call): Promise<Answer>;
  /** Moves the clock forward. */
  wait(seconds: number): void;
  close(): Promise<void>;
}

export type ApiLimits = Partial<ServiceLimits> & {
  readonly requestMs?: number;
  /** Limits on open calls, trusted proxies, TLS: none of them unless given. */
  readonly server?: Partial<AppSettings>;
  /** Made with the clock of the test. */
  readonly issuer?: (clock: Clock) => TokenIssuer;
};

/** Starts it. */
export async function startApi(database: Database, limits: ApiLimits = {}): Promise<RunningApi> {
  await migrate(database);
  let nowMs = Date.parse('2031-05-03T12:00:00.000Z');
  const random = {
    bytes: (lengthBytes: number) => crypto.getRandomValues(new Uint8Array(lengthBytes)),
    id: () => randomUUID(),
  };
  const clock = { now: () => new Date(nowMs) };
  const issuer = limits.issuer === undefined ? {} : { issuer: limits.issuer(clock) };
  const workers = startWorkers({ threads: 2 });
  const ports: Ports = { clock, random, workers, ...storesOn(database, random.id), ...issuer };
  const { api, url } = await listen(ports, limits);
  const admin = await createFirstToken(ports);
  if (admin === undefined) throw new Error('the database had a token');
  const secrets: Record<Role, string> = {
    'agent-enrol': '',
    operator: '',
    'policy-admin': '',
    auditor: '',
    'relying-party': '',
    admin,
  };
  const call = (method: string, path: string, what: Call = {}) =>
    request(`${url}${path}`, method, { ...what, secrets });
  for (const role of ROLES.filter((each) => each !== 'admin')) {
    const made = await call('POST', '/v1/tokens', { role: 'admin', json: { name: role, role } });
    secrets[role] = String(made.body['secret']);
  }
  const wait = (seconds: number) => {
    nowMs += seconds * 1000;
  };
  const close = async () => {
    await api.close();
    await workers.close();
  };
  return { url, api, ports, secrets, call, wait, close };
}

/** Starts a second instance beside the first, on its database or over a connection of its own: same
 *  clock, same tokens. */
export async function startBeside(
  first: RunningApi,
  { database, ...limits }: ApiLimits & { readonly database?: Database } = {},
): Promise<RunningApi> {
  const { ports: shared, secrets } = first;
  const own = database === undefined ? {} : storesOn(database, shared.random.id);
  const ports: Ports = { ...shared, ...own };
  const { api, url } = await listen(ports, limits);
  const call = (method: string, path: string, what: Call = {}) =>
    request(`${url}${path}`, method, { ...what, secrets });
  return { ...first, url, api, ports, call, close: () => api.close() };
}

async function listen(ports: Ports, { requestMs = 30_000, ...given }: ApiLimits) {
  const { server, issuer: _, ...limits } = given;
  const service = makeService(ports, { ...LIMITS, ...limits });
  const settings = { version: 'test', requestMs, logger: false, ...server };
  const api = await buildApp(service, settings);
  return { api, url: await api.listen({ port: 0 }) };
}

async function request(
  url: string,
  method: string,
  { role, json, body, headers, secrets }: Call & { secrets: Readonly<Record<Role, string>> },
): Promise<Answer> {
  const sent: Record<string, string> = { ...headers };
  if (role !== undefined) sent['authorization'] = `Bearer ${secrets[role]}`;
  if (json !== undefined) sent['content-type'] = 'application/json';
  const payload = json === undefined ? body : JSON.stringify(json);
  const answer = await fetch(url, {
    method,
    headers: sent,
    ...(payload === undefined ? {} : { body: payload }),
  });
  const text = await answer.text();
  const isJson = /[/+]json/.test(answer.headers.get('content-type') ?? '');
  return {
    status: answer.status,
    headers: answer.headers,
    body: isJson ? JSON.parse(text) : { text },
  };
}

const LIMITS: ServiceLimits = {
  evidenceBytes: 4_000_000,
  referenceSetBytes: 1_000_000,
  appraisals: 8,
  openChallenges: 16,
};

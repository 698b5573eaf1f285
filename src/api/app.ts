// The application, whole but not listening: every route is named here, so that a reader can walk
// through the house from this file. docs/api.md

import { Server as TlsServer } from 'node:https';
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyServerOptions, LogController } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { IMA_LIMITS } from '../bytes/limits.ts';
import { Problem } from '../service/problem.ts';
import type { Service } from '../service/service.ts';
import { admitCallers, requireAccess } from './access.ts';
import type { Api } from './api.ts';
import { type CallRates, callLimits } from './call-limits.ts';
import { describeRoutes } from './openapi.ts';
import { answerProblem, PROBLEM_TYPE, problemDocument } from './problem.ts';
import { attesterRoutes } from './routes/attesters.ts';
import { auditRoutes } from './routes/audit.ts';
import { challengeRoutes } from './routes/challenges.ts';
import { enrolmentRoutes } from './routes/enrolment.ts';
import { healthRoutes } from './routes/health.ts';
import { keyringRoutes } from './routes/keyrings.ts';
import { policyRoutes } from './routes/policies.ts';
import { proposalRoutes } from './routes/proposals.ts';
import { referenceSetRoutes } from './routes/reference-sets.ts';
import { resultRoutes } from './routes/results.ts';
import { timelineRoutes } from './routes/timelines.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { trialRoutes } from './routes/trials.ts';
import { trustAnchorRoutes } from './routes/trust-anchors.ts';
import { verdictRoutes } from './routes/verdicts.ts';

/** How the application behaves as a server. */
export interface AppSettings {
  /** Of the running program, for /openapi.json and for results. */
  readonly version: string;
  /** What results name as their issuer. */
  readonly issuer?: string;
  /** Until a request must have arrived whole. */
  readonly requestMs: number;
  readonly logger: NonNullable<FastifyServerOptions['logger']>;
  /** Absent: strangers may call as often as they like. */
  readonly rates?: CallRates;
  /** Addresses and networks (CIDR) whose `x-forwarded-for` is believed. Absent: nobody's. */
  readonly trustedProxies?: readonly string[];
  /** Absent: plain HTTP. */
  readonly tls?: TlsKeys;
}

/** What the service shows who it is with. */
export interface TlsKeys {
  /** The certificate, then its intermediates: PEM. */
  readonly cert: string;
  /** The private key of the certificate: PEM. */
  readonly key: string;
}

/** Builds the application on a service. */
export async function buildApp(service: Service, settings: AppSettings): Promise<Api> {
  const api = newApi(service, settings);
  // First of all: no route, whoever adds it, comes before this.
  requireAccess(api);
  await api.register(helmet, headersOf(settings));
  closeKindly(api);
  const limits = await callLimits(api, settings.rates ?? NO_LIMITS);
  admitCallers(api, { ports: service.ports, limits });
  logRequests(api);
  await api.register(multipart, multipartOptions(service));
  await describeRoutes(api, settings.version);
  healthRoutes(api, service);
  enrolmentRoutes(api, service);
  attesterRoutes(api, service);
  timelineRoutes(api, service);
  challengeRoutes(api, service);
  verdictRoutes(api, service);
  policyRoutes(api, service);
  trialRoutes(api, service);
  referenceSetRoutes(api, service);
  proposalRoutes(api, service);
  keyringRoutes(api, service);
  trustAnchorRoutes(api, service);
  resultRoutes(api, service, settings);
  tokenRoutes(api, service);
  auditRoutes(api, service);
  await api.ready();
  return api;
}

function newApi({ ports }: Service, settings: AppSettings): Api {
  const api = Fastify({
    logger: settings.logger,
    requestTimeout: settings.requestMs,
    connectionTimeout: IDLE_MS,
    bodyLimit: BODY_BYTES,
    trustProxy: settings.trustedProxies === undefined ? false : [...settings.trustedProxies],
    ...serverOf(settings),
    exposeHeadRoutes: false,
    return503OnClosing: false,
    // A caller's id could pretend to be another request's in the log.
    requestIdHeader: false,
    genReqId: () => ports.random.id(),
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId',
    }),
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || socket.destroyed) return;
      socket.end(rawProblem(error.code === 'ERR_HTTP_REQUEST_TIMEOUT', ports.random.id()));
    },
  }).withTypeProvider<ZodTypeProvider>();
  // Node takes the longer of the two for the whole request, whichever it is.
  api.server.headersTimeout = Math.min(HEADERS_MS, settings.requestMs);
  api.setValidatorCompiler(validatorCompiler);
  // Answers are held to their schemas by the compiler and by tests; nothing is stripped here.
  api.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  api.setErrorHandler(answerProblem);
  api.setNotFoundHandler(() => {
    throw new Problem('route.unknown', 'No route has this path and method: see /openapi.json.');
  });
  return api;
}

function serverOf({ tls }: AppSettings) {
  const http = { connectionsCheckingInterval: CHECK_MS };
  return tls === undefined ? { http } : { https: { ...http, ...tls, minVersion: TLS_VERSION } };
}

/** Shows this certificate on connections from now on. Throws, and keeps the one it has, when it
 *  does not fit its key. */
export function replaceKeys({ server }: Api, keys: TlsKeys): void {
  if (server instanceof TlsServer) server.setSecureContext({ ...keys, minVersion: TLS_VERSION });
}

/** Nothing that this service answers is a page: a browser shall do nothing with it. */
function headersOf({ tls }: AppSettings): FastifyHelmetOptions {
  const none = ["'none'"];
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: none, baseUri: none, formAction: none, frameAncestors: none },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: tls === undefined ? false : { maxAge: HSTS_SECONDS },
  };
}

/** Running requests are finished; new ones are told to go elsewhere. */
function closeKindly(api: Api): void {
  let closing = false;
  api.addHook('preClose', async () => {
    closing = true;
  });
  api.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-request-id': request.id });
    if (!closing) return;
    reply.header('connection', 'close');
    const detail = 'This instance is closing. Send the request again.';
    throw new Problem('service.closing', { detail, retryAfterSeconds: 1 });
  });
}

/** One line a request. The route, not the path: the id of an open challenge is a secret. */
function logRequests(api: Api): void {
  api.addHook('onResponse', async (request, reply) => {
    request.log.info({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime),
    });
  });
}

function multipartOptions({ limits }: Service) {
  const parts = IMA_LIMITS.segments + 2;
  return {
    // One byte more, so that the appraisal meets its own limit first and says what it is.
    limits: { fileSize: limits.evidenceBytes + 1, files: parts, parts, fields: 0, headerPairs: 32 },
    throwFileSizeLimit: false,
    isPartAFile: () => true,
  };
}

/** A problem for requests that never became one: slow or broken HTTP. */
function rawProblem(isTimeout: boolean, requestId: string): string {
  const problem = isTimeout
    ? new Problem('request.timed_out', 'Send the request again, faster.')
    : new Problem('request.invalid', 'This is not HTTP that can be read.');
  const document = problemDocument(problem, requestId);
  const body = JSON.stringify(document);
  const status = isTimeout ? '408 Request Timeout' : '400 Bad Request';
  const head = [
    `HTTP/1.1 ${status}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

const BODY_BYTES = 1_048_576;
/** A connection on which nothing moves for so long is closed. */
const IDLE_MS = 60_000;
const HEADERS_MS = 30_000;
const CHECK_MS = 1_000;
const TLS_VERSION = 'TLSv1.2';
const HSTS_SECONDS = 31_536_000;
const NO_LIMITS: CallRates = { open: 0, challenges: 0, refusals: 0 };

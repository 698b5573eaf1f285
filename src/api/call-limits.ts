// How often somebody may call who shows no good token, or whose token has another role.
// docs/api.md, "Open calls"

import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../service/problem.ts';

/** Calls a minute; 0 sets no limit. */
export interface CallRates {
  /** Calls without a good token, from one address. */
  readonly open: number;
  /** Challenges for one attester, from one address. */
  readonly challenges: number;
  /** Calls that the role of a token does not allow, each a row in the audit log. */
  readonly refusals: number;
}

/** Counts calls. Each act's problem: `limit.rate`. */
export interface CallLimits {
  /** Counts a call that shows no good token. */
  countOpen(request: FastifyRequest): Promise<void>;
  /** Counts a call for the `:id` in its path. */
  countById(request: FastifyRequest): Promise<void>;
  /** Counts a call of this token's that its role does not allow. */
  countRefusal(request: FastifyRequest, tokenId: string): Promise<void>;
}

/** The limits of this instance. They are kept in memory, each for the 5,000 callers who called last
 *  (what the plugin keeps by itself). */
export async function callLimits(api: FastifyInstance, rates: CallRates): Promise<CallLimits> {
  await api.register(rateLimit, { global: false, timeWindow: MINUTE_MS });
  const refused = new WeakMap<FastifyRequest, string>();
  const countRefusal = counter(api, rates.refusals, (request) => refused.get(request) ?? '');
  return {
    countOpen: counter(api, rates.open, addressOf),
    countRefusal: (request, tokenId) => {
      refused.set(request, tokenId);
      return countRefusal(request);
    },
    // By the address too: were it by the id alone, any stranger could keep a host from attesting.
    countById: counter(api, rates.challenges, (request) => {
      const { id } = Object(request.params);
      return `${addressOf(request)} ${String(id).toLowerCase()}`;
    }),
  };
}

function counter(
  api: FastifyInstance,
  max: number,
  keyGenerator: (request: FastifyRequest) => string,
): (request: FastifyRequest) => Promise<void> {
  if (max === 0) return async () => {};
  const count = api.createRateLimit({ max, keyGenerator });
  return async (request) => {
    const counted = await count(request);
    if (counted.isAllowed || !counted.isExceeded) return;
    throw new Problem('limit.rate', {
      detail: 'Too many calls without a good token or a fitting role. Come back later.',
      retryAfterSeconds: Math.max(1, counted.ttlInSeconds),
    });
  };
}

// IPv6 networks count as one caller by their first 64 bits: a host has all the addresses behind.
function addressOf(request: FastifyRequest): string {
  return normalizeIP(request.ip);
}

const MINUTE_MS = 60_000;

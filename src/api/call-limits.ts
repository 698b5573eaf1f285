// How often strangers may call: whoever shows no good token is counted by address. docs/api.md,
// "Limits on open calls"

import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../service/problem.ts';

/** Calls a minute; 0 sets no limit. */
export interface CallRates {
  /** Calls without a good token, from one address. */
  readonly open: number;
  /** Challenges for one attester, from one address. */
  readonly challenges: number;
}

/** Counts calls. Each act's problem: `limit.rate`. */
export interface CallLimits {
  /** Counts a call that shows no good token. */
  countOpen(request: FastifyRequest): Promise<void>;
  /** Counts a call for the `:id` in its path. */
  countById(request: FastifyRequest): Promise<void>;
}

/** The limits of this instance. They are kept in memory, each for the 5,000 callers who called last
 *  (what the plugin keeps by itself). */
export async function callLimits(api: FastifyInstance, rates: CallRates): Promise<CallLimits> {
  await api.register(rateLimit, { global: false, timeWindow: MINUTE_MS });
  return {
    countOpen: counter(api, rates.open, addressOf),
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
      detail: 'Too many calls without a token came from this address. Come back later.',
      retryAfterSeconds: Math.max(1, counted.ttlInSeconds),
    });
  };
}

// IPv6 networks count as one caller by their first 64 bits: a host has all the addresses behind.
function addressOf(request: FastifyRequest): string {
  return normalizeIP(request.ip);
}

const MINUTE_MS = 60_000;

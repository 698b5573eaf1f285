// The shape of the verdict document, for /openapi.json; a test holds real verdicts against it.
// docs/verdicts.md

import { z } from 'zod';
import { moment, status } from './schemas.ts';

const count = z.int().min(0);
const pcrs = z.array(z.int().min(0).max(31));
const severity = z.enum(['contraindicated', 'none', 'warning', 'info']);

const check = z.object({
  check: z.string(),
  outcome: z.enum(['passed', 'failed', 'not-run']),
  blockedBy: z.string().optional(),
  reason: z.string().optional(),
});

/** One finding. */
export const finding = z.object({
  code: z.string().meta({ description: 'Stable: docs/reason-codes.md lists them.' }),
  class: z.string(),
  severity,
  where: z.object({
    part: z.string(),
    segment: count.optional(),
    entryIndex: count.optional(),
    offsetBytes: count.optional(),
    field: z.string().optional(),
    pcr: count.optional(),
    bank: z.string().optional(),
  }),
  subject: z.object({ path: z.string().optional(), digest: z.string().optional() }).optional(),
  expected: z.string().optional(),
  actual: z.string().optional(),
  message: z.string(),
  hint: z.string(),
  rule: z.string().optional(),
  carried: z.literal(true).optional(),
});

const imaCoverage = z.object({
  fromIndex: count,
  provenCount: count.nullable(),
  pendingCount: count,
  provenBytes: count,
  banks: z.record(
    z.string(),
    z.object({
      state: z.enum(['proven', 'mismatch', 'not-quoted', 'unsupported', 'unproven']),
      extended: z.enum(['own-hash', 'padded-sha1']).optional(),
    }),
  ),
  segments: count,
});

const bootCoverage = z.object({
  events: count,
  banks: z.record(
    z.string(),
    z.object({ explained: pcrs, unexplained: pcrs, changedWithoutEvents: pcrs }),
  ),
});

/** Epochs of a boot. */
export const epochs = z.array(
  z.object({ fromIndex: count, openedBy: z.string(), closedBy: z.string().optional() }),
);

const timeline = z.object({
  boot: z.int().min(1),
  resetCount: count,
  restartCount: count,
  clockMs: count,
  safe: z.boolean(),
  firmwareVersion: z.string(),
  epochs,
});

/** A stored verdict. Typed loosely: what is answered is a `Verdict`, not a copy of one. */
export const verdict: z.ZodType<unknown> = z
  .object({
    id: z.uuid(),
    attesterId: z.uuid(),
    at: moment,
    expiresAt: moment,
    status,
    checks: z.array(check),
    findings: z.array(finding),
    findingCounts: z.record(z.string(), count),
    coverage: z.object({ ima: imaCoverage.nullable(), boot: bootCoverage.nullable() }),
    timeline: timeline.nullable(),
    diagnosis: z.array(
      z.object({
        hypothesis: z.string(),
        at: z.array(count),
        reachesQuote: z.boolean(),
        note: z.string().optional(),
      }),
    ),
    policy: z.object({
      name: z.string(),
      version: z.int().nullable(),
      digest: z.string().nullable(),
    }),
    next: z.object({ fromIndex: count, afterSeconds: count }),
  })
  .meta({ id: 'Verdict' });

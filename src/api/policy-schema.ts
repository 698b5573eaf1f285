// Shapes around policies: their versions, which one is effective, and trials. docs/api.md,
// "Policies" and "Trials"

import { z } from 'zod';
import { EFFECTS } from '../service/effective-policy.ts';
import { POLICY_STATES } from '../service/policy-store.ts';
import { UNDERIVABLE } from '../service/reappraise.ts';
import { TRIAL_ATTESTERS } from '../service/trial.ts';
import { idPath, keptVersion, moment, status, versionPath } from './schemas.ts';

const { id } = idPath.shape;
const { name, version } = versionPath.shape;
const count = z.int().min(0);
const labels = z.record(z.string(), z.string());
const policy = z.object({ name, version });
const setVersions = z.record(z.string(), z.int());
const pins = { referenceSets: setVersions, keyrings: setVersions };
const codes = z.array(z.string());

export const policyVersionList = z.object({
  items: z.array(
    keptVersion.extend({
      state: z.enum(POLICY_STATES).meta({
        description: 'superseded: it was active once; draft and trial never were.',
      }),
      author: z.object({ id: z.string(), name: z.string() }).nullable(),
      activatedAt: moment.nullable(),
      activatedBy: z.string().nullable(),
    }),
  ),
});

/** `If-Match` of an activation: the ETag of the versions as they were looked at. */
export const activationHeaders = z.object({
  'if-match': z
    .string()
    .regex(/^"(?:0|[1-9]\d{0,9})"$/)
    .optional()
    .meta({ description: 'The version that must be active until now, "0" for none.' }),
});

export const effectiveQuery = z.strictObject({ attester: id });

export const effectivePolicy = z.object({
  attester: z.object({ id, labels }),
  effective: z
    .object({ policy, ...pins })
    .nullable()
    .meta({
      description: 'What a challenge would pin now; null where it would be refused.',
    }),
  effect: z.enum(EFFECTS).meta({ description: 'What becomes of the policy that was asked for.' }),
  considered: z.array(z.object({ name, version, labels, fits: z.boolean(), specificity: count })),
});

export const trialRequest = z
  .strictObject({
    labels: labels.optional(),
    attesters: z.array(id).max(TRIAL_ATTESTERS.usual).optional(),
    statuses: z.array(status).min(1).optional(),
    limit: z.int().min(1).max(TRIAL_ATTESTERS.most).default(TRIAL_ATTESTERS.usual),
  })
  .meta({ description: 'Attesters that fit everything that is said; {} for the newest thousand.' });

export const trialPath = versionPath.extend({ id });

const flip = z.object({ attester: id, from: status, to: status, codes });

export const trialResult = z
  .object({
    total: count,
    leftOut: z.object({ otherPolicy: count, withoutVerdict: count }),
    statuses: z.array(z.object({ from: status, to: status, count })),
    flips: z.array(flip),
    newFindings: z.array(
      z.object({
        code: z.string(),
        severity: z.enum(['contraindicated', 'none', 'warning', 'info']),
        subject: z
          .object({ path: z.string().optional(), digest: z.string().optional() })
          .optional(),
        attesters: count,
        suggestion: z
          .union([
            z.object({
              kind: z.literal('set-entry'),
              sets: z.array(z.string()),
              entry: z.object({ digest: z.string(), path: z.string() }),
            }),
            z.object({
              kind: z.literal('policy-patch'),
              patch: z.array(
                z.object({ op: z.literal('add'), path: z.string(), value: z.unknown() }),
              ),
            }),
          ])
          .nullable(),
      }),
    ),
    isCapped: z.boolean(),
    notDerivable: z.array(
      z.object({ attester: id, because: z.enum([...UNDERIVABLE, 'failed']), codes }),
    ),
    notDerivableCounts: z.record(z.string(), count),
  })
  .meta({ id: 'TrialResult' });

/** One line of a trial that runs. */
export const trialLine = z
  .union([
    z.object({ trial: z.object({ id, policy, ...pins, total: count }) }),
    z.object({ progress: z.object({ done: count, total: count }) }),
    z.object({ flip }),
    z.object({ result: trialResult }),
    z.object({ failed: z.object({ code: z.literal('internal.fault'), requestId: z.string() }) }),
  ])
  .meta({ id: 'TrialLine' });

const trialHead = z.object({
  id,
  policy,
  startedAt: moment,
  finishedAt: moment,
  startedBy: z.string(),
});

export const trialList = z.object({ items: z.array(trialHead) });

export const storedTrial = trialHead.extend({
  result: z.record(z.string(), z.unknown()).meta({
    description: 'TrialResult, with the selection and the versions of the sets.',
  }),
});

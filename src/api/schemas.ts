// Shapes of requests and answers: they check what comes in, and /openapi.json is made from them.
// docs/api.md; OpenAPI 3.1.

import { z } from 'zod';
import { SET_BASES } from '../policy/reference-set-terms.ts';
import { policySchema } from '../policy/schema.ts';
import { hashName } from '../service/evidence-document.ts';

const MOST_LABELS = 64;

/** EAR words. */
export const status = z.enum(['affirming', 'warning', 'contraindicated', 'none']);

export const id = z.uuid().meta({ description: 'Id of a row, given by the service.' });
const name = policySchema.shape.name.meta({ description: 'Name of a policy or a set.' });
const version = z.coerce.number().int().min(1).max(2_147_483_647);
const count = z.int().min(0);

/** A moment, RFC 3339 in UTC. */
export const moment = z.iso.datetime();

/** `sha256:` and hex. */
export const contentDigest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

export const idPath = z.object({ id });
export const namePath = z.object({ name });
export const versionPath = z.object({ name, version });
export const partPath = z.object({
  id,
  part: z.string().regex(/^(?:boot-log|segment-(?:0|[1-9]\d{0,4}))$/),
});

/** What every paged list is asked with. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional().meta({ description: '"next" of the page before.' }),
});

/** One page of `item`s, newest first. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().meta({ description: 'Cursor of the next page; null at the end.' }),
  });
}

/** Labels of an attester. */
export const labels = z
  .record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/),
    z.string().regex(/^[\x20-\x7e]{0,255}$/),
  )
  .refine((all) => Object.keys(all).length <= MOST_LABELS, `at most ${MOST_LABELS} labels`)
  .meta({ description: 'Given by operators; policies choose attesters by them.' });

export const relabelling = z.strictObject({ labels });

export const challenge = z
  .object({
    id,
    nonce: z.hex().length(64).meta({ description: 'What extraData of the quote must equal.' }),
    expiresAt: moment,
    quote: z.object({
      selection: z
        .union([
          z.literal('any'),
          z.array(z.object({ bank: hashName, pcrs: z.array(z.int().min(0).max(31)) })),
        ])
        .meta({ description: 'Exactly these PCRs.' }),
      signatureHashes: z.array(hashName),
    }),
    ima: z.object({
      list: z.enum(['required', 'optional', 'not-required']),
      fromIndex: count.meta({
        description: 'Where the list should start: records of this boot that are proven.',
      }),
      fromOffset: count.meta({ description: 'The same in bytes of the list as it was sent.' }),
    }),
    bootLog: z.enum(['required', 'optional']),
    policy: z.object({ name, version }),
  })
  .meta({ id: 'Challenge' });

export const verdictQuery = pageQuery.extend({
  attester: id.optional(),
  status: status.optional(),
  code: z
    .string()
    .regex(/^[a-z]+\.[a-z0-9_]+$/)
    .optional()
    .meta({ description: 'Only verdicts with a finding of this code.' }),
  since: moment.optional().meta({ description: 'From this moment on.' }),
  until: moment.optional().meta({ description: 'Before this moment.' }),
});

export const verdictSummary = z
  .object({
    id,
    attesterId: id,
    at: moment,
    expiresAt: moment,
    status,
    codes: z.array(z.string()),
    policy: z.object({ name, version }),
  })
  .meta({ id: 'VerdictSummary' });

export const storedEvidence = z.object({
  verdictId: id,
  attesterId: id,
  receivedAt: moment,
  document: z.record(z.string(), z.unknown()).meta({
    description: 'Key, nonce, quote and claims as received; binary fields are base64.',
  }),
  parts: z.array(z.object({ part: z.string(), sizeBytes: count, href: z.string() })),
});

export const publishedPolicy = z.object({
  name,
  version,
  digest: contentDigest,
  created: z.boolean(),
  notes: z.array(z.string()),
});

const setTerms = z.object({
  validFrom: moment.nullable().meta({ description: 'Values count from then on.' }),
  retireAt: moment
    .nullable()
    .meta({ description: 'Values count no more for what is measured from then on.' }),
  basis: z
    .enum(SET_BASES)
    .nullable()
    .meta({ description: 'trusted-on-first-use: seen on a host, and nobody vouches for them.' }),
});

export const uploadedSet = setTerms.extend({
  name,
  version,
  digest: contentDigest,
  entries: count,
  created: z.boolean(),
  leftOut: z
    .array(z.object({ at: z.string(), message: z.string() }))
    .meta({ description: 'What a Keylime runtime policy says beside the digests.' }),
});

export const keptVersion = z.object({
  name,
  version,
  digest: contentDigest,
  createdAt: moment,
  active: z.boolean(),
});

const setVersion = keptVersion.extend({
  ...setTerms.shape,
  entries: count,
  sizeBytes: count,
  format: z.enum(['digest-lines', 'ndjson', 'csv']),
  paths: z.enum(['free', 'bound']),
});

export const setVersionList = z.object({ items: z.array(setVersion) });

/** Every name with its newest and its active version. */
export const overview = z.object({
  items: z.array(z.object({ name, newest: version, active: version.nullable() })),
});

export const activatedPolicy = z.object({
  name,
  version,
  referenceSets: z.record(z.string(), z.int()).meta({ description: 'Versions in use now.' }),
  keyrings: z.record(z.string(), z.int()),
});

export const activatedSet = versionPath;

export const setUploadQuery = z.strictObject({
  paths: z
    .enum(['free', 'bound'])
    .default('free')
    .meta({ description: 'bound: each digest of digest lines counts for its own path only.' }),
  validFrom: moment.optional(),
  retireAt: moment.optional(),
  basis: z.enum(SET_BASES).optional(),
});

export const setDiffQuery = z.strictObject({
  from: version.meta({ description: 'The version to compare with.' }),
});

/** The answer to a request that leaves nothing to say. */
export const nothing = z.undefined().meta({ description: 'Done.' });

export const health = z.object({ status: z.enum(['ok', 'unavailable']) });

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable: docs/api.md lists them.' }),
    requestId: z.string(),
    places: z.array(z.object({ at: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

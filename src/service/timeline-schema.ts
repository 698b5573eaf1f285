// The shape of a kept timeline, for everyone who gets one back from a file or a database: no round
// goes on from what does not have it. The shape itself is that of src/verify/timeline-state.ts.

import { z } from 'zod';
import { TIMELINE_LIMITS } from '../bytes/limits.ts';
import type { HashName } from '../crypto/digest.ts';
import { type FindingCode, REASON_CODES } from '../findings/codes.ts';
import { cappedProblems, dotted } from '../policy/parse-policy.ts';
import type { TimelineState } from '../verify/timeline-state.ts';

/** One place where kept data are not a timeline. */
export interface TimelineProblem {
  /** Such as `checkpoints[0].registers[2].pcr`; empty for the timeline as a whole. */
  readonly path: string;
  readonly message: string;
}

export type TimelineReading =
  | { readonly ok: true; readonly state: TimelineState }
  | { readonly ok: false; readonly problems: readonly TimelineProblem[] };

/** The timeline that a JSON value holds, or every place where it is none. A timeline that was kept
 *  as JSON comes back as it was. */
export function readTimelineState(json: unknown): TimelineReading {
  const parsed = timelineSchema.safeParse(json);
  if (parsed.success) return { ok: true, state: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => ({
    path: dotted(path),
    message,
  }));
  return { ok: false, problems: cappedProblems(problems) };
}

const count = z.int().min(0);
/** What a record says, which need not be a number that can be counted to. */
const told = z.number().min(0);
const unsigned32 = z.int().min(0).max(0xffff_ffff);
const unsigned64 = z.string().regex(/^(?:0|[1-9][0-9]{0,19})$/, 'not a decimal number of 64 bits');
const hex = z.string().regex(/^(?:[0-9a-f]{2})*$/, 'not hex in lower case');
const severity = z.enum(['contraindicated', 'none', 'warning', 'info']);

const findingCode = z.custom<FindingCode>(
  (code) => typeof code === 'string' && Object.hasOwn(REASON_CODES, code),
  'not a reason code of this version',
);

const finding = z.strictObject({
  code: findingCode,
  class: z.enum([
    'malformed',
    'forged',
    'stale',
    'unknown',
    'refused',
    'unsupported',
    'missing',
    'noted',
  ]),
  severity,
  where: z.strictObject({
    part: z.enum(['quote', 'pcr', 'ak', 'ek', 'boot', 'ima', 'policy', 'limit']),
    segment: count.exactOptional(),
    entryIndex: count.exactOptional(),
    offsetBytes: count.exactOptional(),
    field: z.string().exactOptional(),
    pcr: count.exactOptional(),
    bank: z.string().exactOptional(),
  }),
  subject: z
    .strictObject({ path: z.string().exactOptional(), digest: z.string().exactOptional() })
    .exactOptional(),
  expected: z.string().exactOptional(),
  actual: z.string().exactOptional(),
  message: z.string(),
  hint: z.string(),
  rule: z.string().exactOptional(),
  carried: z.literal(true).exactOptional(),
});

const openFindings = z.strictObject({
  findings: z.array(finding),
  counts: z.array(z.tuple([findingCode, count])),
  worst: severity,
});

const epochs = z.strictObject({
  epochs: z.array(
    z.strictObject({
      fromIndex: count,
      openedBy: z.string(),
      closedBy: z.string().exactOptional(),
    }),
  ),
  lastKexec: z.enum(['kexec_load', 'kexec_execute']).nullable(),
  nextKernel: z.strictObject({ image: z.boolean(), commandLine: z.boolean() }),
  first: z
    .strictObject({
      index: count,
      segment: count,
      offsetBytes: count,
      name: z.enum(['boot_aggregate', 'boot_aggregate_late']),
      digest: z.string().regex(/^[a-z0-9-]+:(?:[0-9a-f]{2})*$/, 'not an algorithm and hex'),
      afterExecute: z.boolean(),
    })
    .nullable(),
});

const counterPoint = z.strictObject({
  index: count,
  epochFromIndex: count,
  counter: unsigned32,
  records: told.nullable(),
});

const events = z.strictObject({
  kexec: z.strictObject({
    epochFromIndex: count,
    unknownAtMost: told,
    fittedIndex: count.nullable(),
    missing: told,
  }),
  trim: z.strictObject({ fittedIndex: count.nullable() }),
  counters: z
    .strictObject({ last: counterPoint, tightest: counterPoint, banks: unsigned32.nullable() })
    .nullable(),
  snapshots: z.strictObject({
    last: z.strictObject({ index: count, epochFromIndex: count, attempt: unsigned64 }).nullable(),
  }),
});

/** Hex digits of a value, for every bank that can be replayed. */
const VALUE_DIGITS = {
  sha1: 40,
  sha256: 64,
  sha384: 96,
  sha512: 128,
  'sha3-256': 64,
  'sha3-384': 96,
  'sha3-512': 128,
} as const satisfies Partial<Record<HashName, number>>;

const register = z
  .strictObject({
    pcr: z.int().min(0).max(23),
    bank: z.custom<keyof typeof VALUE_DIGITS>(
      (bank) => typeof bank === 'string' && Object.hasOwn(VALUE_DIGITS, bank),
      'not a bank that can be replayed',
    ),
    firstIndex: count,
    values: z.strictObject({
      'own-hash': hex.exactOptional(),
      'padded-sha1': hex.exactOptional(),
      'padded-sha1-and-violations': hex.exactOptional(),
    }),
  })
  .superRefine(({ bank, values }, context) => {
    const digits = VALUE_DIGITS[bank];
    for (const [mode, value] of Object.entries(values)) {
      if (value.length === digits) continue;
      const message = `not a value of ${bank}, which has ${digits} hex digits`;
      context.addIssue({ code: 'custom', path: ['values', mode], message });
    }
  });

const checkpoint = z.strictObject({
  index: count,
  bytes: count,
  registers: z.array(register),
  appraisal: z.strictObject({ open: openFindings, epochs, events }),
  lastBatch: z.string().regex(/^(?:|0|[1-9][0-9]{0,19})$/, 'not the number of a batch'),
  provenAtMs: count.exactOptional(),
});

const checkpoints = z
  .array(checkpoint)
  .max(1 + TIMELINE_LIMITS.earlierCheckpoints)
  .superRefine((newestFirst, context) => {
    for (const [at, { index }] of newestFirst.entries()) {
      const newer = newestFirst[at - 1];
      if (newer === undefined || index < newer.index) continue;
      const message = 'not older than the checkpoint before it';
      context.addIssue({ code: 'custom', path: [at, 'index'], message });
    }
  });

// Typed by what it reads: the compiler holds the schema to the state.
const timelineSchema: z.ZodType<TimelineState> = z.strictObject({
  format: z.literal('plumbline-timeline/1'),
  boot: z.strictObject({
    number: z.int().min(1),
    resetCount: unsigned32,
    restartCount: unsigned32,
    clockMs: unsigned64,
    safe: z.boolean(),
    firmwareVersion: unsigned64,
  }),
  checkpoints,
  listBase: checkpoint.nullable(),
});

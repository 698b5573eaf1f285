// The acceptance policy document: a closed schema with a strict default for everything that may be
// left out. docs/policy.md describes every key; keep both in step.

import { z } from 'zod';
import { fromHex } from '../bytes/encoding.ts';
import { POLICY_LIMITS, TPM_LIMITS } from '../bytes/limits.ts';
import { HASH_ALGORITHMS, hashByName } from '../crypto/digest.ts';
import { eventRuleProblems } from './event-data.ts';
import { readPattern } from './glob-pattern.ts';

/** Name of a policy, a rule or a reference set. */
const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Highest PCR of a PC client TPM. */
const LAST_PCR = 23;

/** Hashes of file signatures. Not SHA-1: who can make two files of one digest gets one signed. */
const SIGNATURE_HASHES = [
  'sha256',
  'sha384',
  'sha512',
  'sha3-256',
  'sha3-384',
  'sha3-512',
] as const;

/** Longest address in `$schema`. */
const EDITOR_HINT_CHARS = 2048;

const name = z.string().regex(NAME_PATTERN, 'letters, digits, ".", "_" and "-", at most 64');
const treatment = z.enum(['accept', 'report', 'warn', 'refuse']);
const need = z.enum(['required', 'optional']);
const hashName = z.enum(HASH_ALGORITHMS.map((algorithm) => algorithm.name));
const setNames = distinct(z.array(name).min(1).max(POLICY_LIMITS.setsPerRule));

const glob = z.string().superRefine((pattern, context) => {
  const reading = readPattern(pattern);
  if (reading.ok) return;
  const { offsetBytes, message } = reading.problem;
  context.addIssue({ code: 'custom', message: `byte ${offsetBytes} of the pattern: ${message}` });
});

/** An ima-buf name. None that a file record could carry as a path: the template name of a record
 *  is not authenticated (FORMATS 11). */
const eventName = z
  .string()
  .regex(/^[!-~]{1,255}$/, {
    error: 'printable ASCII without spaces (the kernel writes "_"), at most 255',
    abort: true,
  })
  .regex(/^[^/]/, { error: 'the name of an event does not start with "/"', abort: true });

const pinnedValue = z
  .string()
  .refine(isPinnedValue, 'a bank, a colon and the value in hex, for example "sha256:ab…"')
  .transform((value) => value.toLowerCase());

const quote = z
  .strictObject({
    banks: distinct(z.array(hashName)).default(['sha256']),
    pcrs: distinct(z.array(z.int().min(0).max(LAST_PCR))).default([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]),
    signatureHashes: distinct(z.array(z.enum(['sha256', 'sha384', 'sha512']))).default([
      'sha256',
      'sha384',
      'sha512',
    ]),
    minRsaBits: z
      .int()
      .min(2048)
      .max(TPM_LIMITS.rsaBytes * 8)
      .default(2048),
    unsafeClock: treatment.default('warn'),
    firmwareVersions: z.strictObject({ change: treatment.default('warn') }).prefault({}),
  })
  .prefault({});

const allowedValues = z
  .strictObject({ allow: z.array(pinnedValue).optional(), allowIn: setNames.optional() })
  .refine((value) => (value.allow ?? value.allowIn) !== undefined, 'needs allow or allowIn');

const bootAggregate = z
  .strictObject({
    late: z.enum([...treatment.options, 'accept-if-pinned']).default('refuse'),
    kernels: setNames.optional(),
    coverage: z.enum(['0-9', '0-7']).default('0-9'),
  })
  .superRefine((value, context) => {
    if (value.late !== 'accept-if-pinned' || value.kernels !== undefined) return;
    const message = '"accept-if-pinned" needs kernels';
    context.addIssue({ code: 'custom', path: ['kernels'], message });
  })
  .prefault({});

const boot = z
  .strictObject({
    eventLog: need.default('required'),
    secureBoot: need.default('required'),
    pcrs: z
      .record(z.string().regex(/^(?:[0-9]|1[0-9]|2[0-3])$/, 'a PCR from 0 to 23'), allowedValues)
      .default({}),
    bootAggregate,
  })
  .prefault({});

/** One rule of `ima.violations.rules`. */
export const violationRule = z.strictObject({ id: name.optional(), path: glob, then: treatment });

const violations = z
  .strictObject({
    default: treatment.default('refuse'),
    rules: z.array(violationRule).max(POLICY_LIMITS.rules).default([]),
  })
  .prefault({});

/** One rule of `ima.measurements`. */
export const measurementRule = z
  .strictObject({
    id: name,
    path: glob.optional(),
    digestIn: setNames.optional(),
    signedBy: setNames.optional(),
    event: eventName.optional(),
    label: eventName.optional(),
    data: z.record(z.string(), z.string()).optional(),
    keyring: eventName.optional(),
    keyIn: setNames.optional(),
    then: z.enum(['accept', 'warn', 'refuse']),
  })
  .superRefine((rule, context) => {
    for (const { path, message } of ruleProblems(rule)) {
      context.addIssue({ code: 'custom', path, message });
    }
  });

const measurements = z
  .array(measurementRule)
  .max(POLICY_LIMITS.rules)
  .superRefine((rules, context) => {
    for (const index of repeatedIds(rules)) {
      context.addIssue({ code: 'custom', path: [index, 'id'], message: REPEATED_ID });
    }
  });

/** What is wrong with a rule whose id an earlier one has. */
export const REPEATED_ID = 'this id is taken';

/** Indices of the rules whose id an earlier one has. */
export function repeatedIds(rules: readonly { readonly id: string }[]): number[] {
  const seen = new Set<string>();
  return [...rules.entries()].flatMap(([index, { id }]) => {
    if (seen.has(id)) return [index];
    seen.add(id);
    return [];
  });
}

const TEMPLATE_FORM = 'printable ASCII without spaces, at most 255 characters';

/** The built-in templates but the legacy one, whose digests are SHA-1 (FORMATS 2.1). */
const DEFAULT_TEMPLATES = [
  'ima-ng',
  'ima-sig',
  'ima-ngv2',
  'ima-sigv2',
  'ima-buf',
  'ima-modsig',
  'evm-sig',
];

/** Which signatures of files count for rules with `signedBy`. */
const signatures = z
  .strictObject({
    hashes: distinct(z.array(z.enum(SIGNATURE_HASHES))).default(['sha256', 'sha384', 'sha512']),
    minRsaBits: z
      .int()
      .min(1024)
      .max(TPM_LIMITS.rsaBytes * 8)
      .default(2048),
  })
  .prefault({});

const ima = z.strictObject({
  templates: distinct(z.array(z.string().regex(/^[!-~]{1,255}$/, TEMPLATE_FORM))).default(
    DEFAULT_TEMPLATES,
  ),
  fileDigests: distinct(z.array(hashName)).default(['sha256', 'sha384', 'sha512']),
  signatures,
  paddedBanks: treatment.default('refuse'),
  violations,
  history: z.strictObject({ unknown: z.enum(['none', 'warn']).default('none') }).prefault({}),
  kexec: z
    .strictObject({ unmarked: treatment.default('warn'), newKernel: treatment.default('refuse') })
    .prefault({}),
  snapshots: z.literal('cross-check').default('cross-check'),
  updateCounter: z
    .strictObject({
      model: z.enum(['per-bank', 'per-command']),
      lag: z.int().min(0).max(4096).default(16),
      excess: treatment.default('report'),
    })
    // Where nobody says what the TPM counts, the weakest bound holds and nothing follows from more.
    .default({ model: 'per-command', lag: 16, excess: 'accept' }),
  batches: treatment.default('refuse'),
  extendOrder: z.strictObject({ window: z.int().min(0).max(4096).default(0) }).prefault({}),
  measurements,
});

/** The closed schema of `plumbline-policy/1`. */
export const policySchema = z.strictObject({
  /** For editors: where a JSON Schema of the document is. Nothing here reads it. */
  $schema: z.string().max(EDITOR_HINT_CHARS).optional(),
  format: z.literal('plumbline-policy/1'),
  name,
  appliesTo: z.strictObject({ labels: z.record(z.string(), z.string()).default({}) }).prefault({}),
  freshness: z
    .strictObject({
      challengeSeconds: z.int().min(1).max(3600).default(120),
      verdictSeconds: z.int().min(1).max(604_800).default(600),
    })
    .prefault({}),
  quote,
  attester: z.strictObject({ asserted: treatment.default('warn') }).prefault({}),
  boot,
  ima: z.union([z.literal('not-required'), ima]),
});

/** A policy document as its author wrote it. `parsePolicy` is the way to get one. */
export type PolicyDocument = z.input<typeof policySchema>;

/** A policy document with every default written out. */
export type CompletePolicy = z.output<typeof policySchema>;

/** The section `ima`, where measurements are required. */
export type CompleteImaPolicy = z.output<typeof ima>;

/** One rule of `ima.measurements`. */
export type MeasurementRule = z.output<typeof measurementRule>;

/** One rule of `ima.violations.rules`. */
export type ViolationRule = z.output<typeof violationRule>;

function distinct<T extends z.ZodArray>(array: T): T {
  return array.refine((items) => new Set(items).size === items.length, 'an item is repeated');
}

function isPinnedValue(value: string): boolean {
  const colon = value.indexOf(':');
  const algorithm = hashByName(value.substring(0, colon));
  const bytes = fromHex(value.substring(colon + 1));
  return bytes !== undefined && bytes.byteLength === algorithm?.sizeBytes;
}

interface RuleProblem {
  readonly path: string[];
  readonly message: string;
}

/** What is wrong between a rule's keys: what no record can satisfy is a mistake. */
function ruleProblems(rule: MeasurementRule): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const kinds = KINDS.filter((key) => rule[key] !== undefined);
  const conditions = [...kinds, rule.digestIn, rule.signedBy].filter((key) => key !== undefined);
  if (conditions.length === 0) {
    problems.push({ path: [], message: `a rule needs ${KINDS.join(', ')}, digestIn or signedBy` });
  }
  for (const key of kinds.filter((_, index) => index > 0)) {
    problems.push({ path: [key], message: `no record satisfies both ${kinds[0]} and ${key}` });
  }
  if (rule.signedBy !== undefined && kinds.some((key) => key !== 'path')) {
    problems.push({ path: ['signedBy'], message: 'only files are signed' });
  }
  if (rule.data !== undefined && rule.event === undefined) {
    problems.push({ path: ['data'], message: 'data needs event' });
  }
  if (rule.keyIn !== undefined && rule.keyring === undefined) {
    problems.push({ path: ['keyIn'], message: 'keyIn needs keyring' });
  }
  return problems.length > 0 ? problems : eventRuleProblems(rule);
}

/** Keys that say what kind of record a rule is about. */
const KINDS = ['path', 'event', 'label', 'keyring'] as const;

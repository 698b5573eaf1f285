// The closed schema of an evidence bundle and what a person is told when a bundle does not fit it.
// docs/evidence-bundle.md

import { z } from 'zod';
import { fromHex } from '../bytes/encoding.ts';
import { IMA_LIMITS } from '../bytes/limits.ts';
import { HASH_ALGORITHMS } from '../crypto/digest.ts';
import { AK_ENCODINGS } from '../enroll/ak.ts';
import { SEGMENT_KINDS } from '../ima/segment.ts';
import { readJsonText } from '../policy/json-text.ts';
import { SIGNATURE_SCHEMES } from '../quote/signature.ts';
import { UsageError } from './exit.ts';
import { printable } from './terminal.ts';

const BUNDLE_FORMAT = 'plumbline-evidence-bundle/1';

/** Reads the text of a bundle file called `name`. Fails with a `UsageError` that names every place
 *  which does not fit the schema. */
export function parseBundle(text: string, name: string): Bundle {
  const reading = readJsonText(text);
  if (!reading.ok) {
    const { line, column, message } = reading.fault;
    const place = `${printable(name)}, line ${line}, column ${column}`;
    throw new UsageError(`${place}: ${printable(message)}.`, FORMAT_HINT);
  }
  const parsed = bundleSchema.safeParse(reading.value);
  if (parsed.success) return parsed.data;
  const places = describeIssues(parsed.error.issues);
  throw new UsageError(`${printable(name)}: not a valid bundle:\n${places}`, FORMAT_HINT);
}

/** One line for each issue: where in the document, and what is wrong there. */
function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  const shown = issues
    .filter((_, index) => index < SHOWN_ISSUES)
    .map((issue) => `  ${printable(placeOf(issue.path))}: ${printable(issue.message)}`);
  const more = issues.length - shown.length;
  return more > 0 ? [...shown, `  and ${more} more`].join('\n') : shown.join('\n');
}

function placeOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(document)';
  return path
    .map((key, depth) => {
      if (typeof key === 'number') return `[${key}]`;
      return depth === 0 ? String(key) : `.${String(key)}`;
    })
    .join('');
}

const SHOWN_ISSUES = 20;
const FORMAT_HINT = 'docs/evidence-bundle.md shows the format.';

const hexSchema = z.string().transform((text, context) => {
  const bytes = fromHex(text);
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: 'not hex (an even number of digits 0-9 a-f)' });
  return z.NEVER;
});

/** A path below the bundle's folder, as text; the file system's say comes later. */
const pathSchema = z.string().superRefine((path, context) => {
  const problem = pathProblem(path);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

function pathProblem(path: string): string | undefined {
  if (path === '') return 'an empty path';
  if (path.includes('\0')) return 'a path with a NUL in it';
  if (/^(?:[/\\]|[A-Za-z]:)/.test(path)) return 'an absolute path; name a file beside the bundle';
  if (path.split(/[/\\]/).includes('..')) return 'a path with ".."; name a file beside the bundle';
  return undefined;
}

const hashSchema = z.enum(HASH_ALGORITHMS.map((algorithm) => algorithm.name));

/** PCR numbers as keys: canonical decimal below 32, which four bytes of a selection can name. */
const pcrKeySchema = z.string().regex(/^(?:[12]?[0-9]|3[01])$/, 'not a PCR number from 0 to 31');
const pcrValuesSchema = z.partialRecord(hashSchema, z.record(pcrKeySchema, hexSchema));

const indexSchema = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const signatureFiles = { attest: pathSchema, signature: pathSchema };
const quoteSchema = z.discriminatedUnion('signatureEncoding', [
  z.strictObject({ ...signatureFiles, signatureEncoding: z.literal('tpmt') }),
  z.strictObject({
    ...signatureFiles,
    signatureEncoding: z.literal('raw'),
    scheme: z.enum(SIGNATURE_SCHEMES),
    hash: hashSchema,
  }),
]);

const segmentSchema = z.strictObject({
  file: pathSchema,
  kind: z.enum(SEGMENT_KINDS),
  encoding: z.enum(['binary', 'ascii']),
  digestColumn: hashSchema,
  records: indexSchema.optional(),
});

const bundleSchema = z.strictObject({
  format: z.literal(BUNDLE_FORMAT),
  ak: z.strictObject({ file: pathSchema, encoding: z.enum(AK_ENCODINGS) }),
  nonce: hexSchema,
  quote: quoteSchema,
  pcrValues: pcrValuesSchema.optional(),
  ima: z
    .strictObject({
      segments: z.array(segmentSchema).min(1).max(IMA_LIMITS.segments),
      fromIndex: indexSchema.default(0),
      extendOrder: z.array(indexSchema).optional(),
      startValues: pcrValuesSchema.optional(),
    })
    .optional(),
  bootLog: pathSchema.optional(),
  userspaceLog: pathSchema.optional(),
  pcrUpdateCounter: z.int().min(0).max(0xffff_ffff).optional(),
});

/** A bundle as read: paths still are text, hex already is bytes. */
export type Bundle = z.output<typeof bundleSchema>;
export type BundleSegment = z.output<typeof segmentSchema>;
export type BundlePcrValues = z.output<typeof pcrValuesSchema>;

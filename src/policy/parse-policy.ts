// From the text of a policy to its document, or to problems that name the place of each mistake.

import type { z } from 'zod';
import { POLICY_LIMITS } from '../bytes/limits.ts';
import { readJsonText } from './json-text.ts';
import { type CompletePolicy, type PolicyDocument, policySchema } from './schema.ts';

/** One mistake in a policy. */
export interface PolicyProblem {
  /** Such as `ima.measurements[3].path`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
}

export type PolicyParse =
  | { readonly ok: true; readonly policy: PolicyDocument }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** Parses a policy: its text as UTF-8 bytes (preferred: repeated keys are seen there only), or the
 *  value that JSON.parse gave for it. The document comes back as written, without defaults. */
export function parsePolicy(source: unknown): PolicyParse {
  const text = source instanceof Uint8Array ? decodeText(source) : encodeValue(source);
  if (typeof text !== 'string') return { ok: false, problems: [text] };
  const reading = readJsonText(text);
  if (!reading.ok) {
    const { line, column, message } = reading.fault;
    return refused(`line ${line}, column ${column}: ${message}`);
  }
  const completion = completePolicy(reading.value);
  if (!completion.ok) return completion;
  return { ok: true, policy: reading.value as PolicyDocument };
}

export type PolicyCompletion =
  | { readonly ok: true; readonly policy: CompletePolicy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** Checks a document against the schema and writes every default out. */
export function completePolicy(document: unknown): PolicyCompletion {
  const parsed = policySchema.safeParse(document);
  if (parsed.success) return { ok: true, policy: parsed.data };
  return { ok: false, problems: cappedProblems(parsed.error.issues.flatMap((i) => flatten(i))) };
}

/** The first `POLICY_LIMITS.problems`, then a count of the rest. */
export function cappedProblems(problems: readonly PolicyProblem[]): PolicyProblem[] {
  const kept = problems.filter((_, index) => index < POLICY_LIMITS.problems);
  const more = problems.length - kept.length;
  if (more > 0) kept.push({ path: '', message: `and ${more} more problems` });
  return kept;
}

function refused(message: string): PolicyParse {
  return { ok: false, problems: [{ path: '', message }] };
}

function decodeText(bytes: Uint8Array): string | PolicyProblem {
  if (bytes.byteLength > POLICY_LIMITS.documentBytes) return tooLarge();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { path: '', message: 'the text is not UTF-8' };
  }
}

/** A value goes through its text, so that one path and one cap serve both. */
function encodeValue(value: unknown): string | PolicyProblem {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = undefined;
  }
  if (text === undefined) return { path: '', message: 'this is not a JSON value' };
  return text.length > POLICY_LIMITS.documentBytes ? tooLarge() : text;
}

function tooLarge(): PolicyProblem {
  return { path: '', message: `a policy has at most ${POLICY_LIMITS.documentBytes} bytes` };
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** One problem an issue; for unknown keys one a key; for a union those of the branch that was
 *  meant: the one in which something below the root is wrong. */
function flatten(issue: Issue, base: Path = []): PolicyProblem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: dotted([...path, key]), message: 'unknown key' }));
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((branch) => branch.every((inner) => isInside(inner)));
    if (meant !== undefined) return meant.flatMap((inner) => flatten(inner, path));
    return [{ path: dotted(path), message: 'neither "not-required" nor a section' }];
  }
  return [{ path: dotted(path), message: issue.message }];
}

function isInside(issue: Issue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys';
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** Longest part of a path that is shown: keys are the author's, of any length. */
const SHOWN_KEY_CHARS = 80;

/** A path in a document as people read it, such as `ima.measurements[3].path`. */
export function dotted(path: Path): string {
  let text = '';
  for (const part of path) {
    const key = String(part);
    if (typeof part === 'number') text += `[${key}]`;
    else if (!PLAIN_KEY.test(key)) text += `[${JSON.stringify(shortened(key))}]`;
    else text += text === '' ? shortened(key) : `.${shortened(key)}`;
  }
  return text;
}

function shortened(key: string): string {
  return key.length > SHOWN_KEY_CHARS ? `${key.substring(0, SHOWN_KEY_CHARS)}…` : key;
}

// From the text of a policy to its document, or to problems that name the place of each mistake.

import type { z } from 'zod';
import { POLICY_LIMITS } from '../bytes/limits.ts';
import { readJsonText } from './json-text.ts';
import { bytesOfPatterns, joinRules, splitRules } from './rule-lists.ts';
import {
  type CompletePolicy,
  measurementRule,
  type PolicyDocument,
  policySchema,
  REPEATED_ID,
  repeatedIds,
  violationRule,
} from './schema.ts';
import { messageOf } from './schema-message.ts';

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
  const reading = readJsonText(text, POLICY_LIMITS);
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
  const { measurements, violations, rest } = splitRules(document);
  const patternsBytes = bytesOfPatterns([...measurements, ...violations]);
  if (patternsBytes > POLICY_LIMITS.patternsBytes) {
    const message = `all path patterns together have at most ${POLICY_LIMITS.patternsBytes} bytes`;
    return { ok: false, problems: [{ path: 'ima', message }] };
  }
  const measured = readRules(measurements, ['ima', 'measurements'], measurementRule);
  const violated = readRules(violations, ['ima', 'violations', 'rules'], violationRule);
  const inRules = [...measured.problems, ...violated.problems];
  if (inRules.length >= POLICY_LIMITS.problems) return failed(inRules);
  const parsed = policySchema.safeParse(rest);
  if (!parsed.success) return failed([...problemsOf(parsed.error, []), ...inRules]);
  const repeated = repeatedIds(measured.rules).map((index) => {
    return { path: `ima.measurements[${index}].id`, message: REPEATED_ID };
  });
  if (inRules.length + repeated.length > 0) return failed([...inRules, ...repeated]);
  return { ok: true, policy: joinRules(parsed.data, measured.rules, violated.rules) };
}

function failed(problems: readonly PolicyProblem[]): PolicyCompletion {
  return { ok: false, problems: cappedProblems(problems) };
}

/** Reads rules one at a time, until too much is wrong. Finding a mistake costs the schema so much
 *  more than finding none that thousands of them would stop the process. */
function readRules<T>(
  list: readonly unknown[],
  path: Path,
  schema: z.ZodType<T>,
): { readonly rules: readonly T[]; readonly problems: readonly PolicyProblem[] } {
  if (list.length > POLICY_LIMITS.rules) {
    const message = `at most ${POLICY_LIMITS.rules} rules`;
    return { rules: [], problems: [{ path: dotted(path), message }] };
  }
  const rules: T[] = [];
  const problems: PolicyProblem[] = [];
  for (const [index, value] of list.entries()) {
    const parsed = schema.safeParse(value);
    if (parsed.success) rules.push(parsed.data);
    else problems.push(...problemsOf(parsed.error, [...path, index]));
    if (problems.length < POLICY_LIMITS.problems) continue;
    const kept = problems.filter((_, at) => at < POLICY_LIMITS.problems - 1);
    const rest = { path: dotted(path), message: `nothing after index ${index} was checked` };
    return { rules, problems: [...kept, rest] };
  }
  return { rules, problems };
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

/** Every problem that a failed check found, in a value that stands at `base`. */
function problemsOf(error: z.ZodError, base: Path): PolicyProblem[] {
  return error.issues.flatMap((issue) => flatten(issue, base));
}

type Issue = z.core.$ZodIssue;
/** Keys and indices from the document down. */
type Path = readonly PropertyKey[];

/** One problem an issue; for unknown keys one a key; for a union those of the branch that was
 *  meant: the one in which something below the root is wrong. */
function flatten(issue: Issue, base: Path): PolicyProblem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: dotted([...path, key]), message: 'unknown key' }));
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((branch) => branch.every((inner) => isInside(inner)));
    if (meant !== undefined) return meant.flatMap((inner) => flatten(inner, path));
    return [{ path: dotted(path), message: 'neither "not-required" nor a section' }];
  }
  return [{ path: dotted(path), message: messageOf(issue) }];
}

function isInside(issue: Issue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys';
}

const PLAIN_KEY = /^[A-Za-z_$][A-Za-z0-9_-]*$/;
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

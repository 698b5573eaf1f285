// `plumbline result verify`: checks a signed result as a relying party does. docs/results.md

import { RESULT_LIMITS } from '../bytes/limits.ts';
import { EAR_PROFILES, type EarProfile } from '../results/ear.ts';
import type { Appraisal, Ear } from '../results/read-ear.ts';
import { type Expected, verifyResult } from '../service/verify-result.ts';
import { helpHint, readArguments } from './arguments.ts';
import { exitOf, UsageError } from './exit.ts';
import { readText } from './files.ts';
import { printable, type Terminal } from './terminal.ts';

/** Runs `plumbline result …` and gives its exit code. */
export async function runResult(args: readonly string[], terminal: Terminal): Promise<number> {
  const [action, ...rest] = args;
  if (action === 'verify') return verify(rest, terminal);
  throw new UsageError('result: the action is verify.', helpHint('result'));
}

async function verify(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments('result', args, {
    jwks: { type: 'string' },
    attester: { type: 'string' },
    nonce: { type: 'string' },
    audience: { type: 'string' },
    issuer: { type: 'string' },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  const [result, ...more] = positionals;
  if (result === undefined || more.length > 0 || values.jwks === undefined) {
    throw new UsageError('result verify: say one result, and --jwks.', helpHint('result'));
  }
  const { nonce, audience, issuer, attester: attesterId } = values;
  const expected: Expected = {
    ...{ nonce, audience, issuer, attesterId },
    profile: profileOf(values.profile),
    keySet: await keySetText(values.jwks),
    now: new Date(),
  };
  const reading = await verifyResult(await resultText(result), expected);
  if (!reading.ok) throw new UsageError(`the result is not good: ${printable(reading.reason)}.`);
  const appraisal = onlyAppraisal(reading.ear, attesterId);
  await terminal.out(
    values.json ? `${JSON.stringify(reading.claims)}\n` : report(reading.ear, appraisal, terminal),
  );
  return exitOf(appraisal.status);
}

function profileOf(name: string | undefined): EarProfile | undefined {
  if (name === undefined) return undefined;
  const profile = PROFILES.get(name) ?? EAR_PROFILES.find((known) => known === name);
  if (profile !== undefined) return profile;
  throw new UsageError(`--profile: ${printable(name)} is not one.`, helpHint('result'));
}

/** An exit code can say one status only. */
function onlyAppraisal({ appraisals }: Ear, attesterId: string | undefined): Appraisal {
  const [first, ...others] = appraisals.filter(
    (appraisal) => attesterId === undefined || appraisal.attesterId === attesterId,
  );
  if (first !== undefined && others.length === 0) return first;
  throw new UsageError('the result is about several attesters.', 'Say which with --attester.');
}

function report(ear: Ear, appraisal: Appraisal, { paint }: Terminal): string {
  const { status, trustVector } = appraisal;
  const colour = { affirming: paint.good, warning: paint.doubtful, none: paint.doubtful };
  const word = status === 'contraindicated' ? paint.bad(status) : colour[status](status);
  const claims = Object.entries(trustVector).map(([claim, value]) => `${claim} ${value}`);
  const lines = [
    `${word}  ${printable(appraisal.attesterId)}`,
    `  claims   ${printable(claims.join(', '))}`,
    ...appraisal.policies.map((policy) => `  policy   ${printable(policy)}`),
    `  issued   ${timeOf(ear.issuedAt)}, good until ${timeOf(ear.expiresAt)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function timeOf(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString();
}

async function resultText(result: string): Promise<string> {
  if (RESULT.test(result)) return result;
  const { tokenBytes } = RESULT_LIMITS;
  return (result === '-' ? await standardInput() : await readText(result, tokenBytes)).trim();
}

async function standardInput(): Promise<string> {
  let text = '';
  for await (const piece of process.stdin.setEncoding('utf8')) {
    text += String(piece);
    if (text.length > RESULT_LIMITS.tokenBytes)
      throw new UsageError('this is no result: too long.');
  }
  return text;
}

async function keySetText(where: string): Promise<string> {
  if (!/^https?:\/\//.test(where)) return readText(where, RESULT_LIMITS.keySetBytes);
  try {
    return await fetchedText(where);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--jwks: ${printable(where)} does not answer.`);
  }
}

async function fetchedText(address: string): Promise<string> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(FETCH_MS) });
  if (!answer.ok) throw new UsageError(`--jwks: ${printable(address)} answers ${answer.status}.`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > RESULT_LIMITS.keySetBytes) {
      throw new UsageError(`--jwks: ${printable(address)} is too long for a key set.`);
    }
  }
  return text;
}

const PROFILES: ReadonlyMap<string, EarProfile> = new Map([
  ['draft', EAR_PROFILES[0]],
  ['veraison', EAR_PROFILES[1]],
]);
/** JWS, compact: no file is called so. */
const RESULT = /^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/;
const FETCH_MS = 10_000;

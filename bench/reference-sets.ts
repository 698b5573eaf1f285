// What reference sets cost by their size: to build from text, to keep, to look up in, and to
// appraise a list against. `node dist/bench/bench/reference-sets.js` behind a build of the bench.

import { hash } from 'node:crypto';
import { FILE_LIMITS } from '../src/bytes/limits.ts';
import type { AcceptancePolicy } from '../src/policy/acceptance.ts';
import { compilePolicy } from '../src/policy/compile.ts';
import type { IndexedReferenceSet } from '../src/policy/reference-set.ts';
import { ReferenceSetReader } from '../src/policy/reference-set-text.ts';
import type { PolicyDocument } from '../src/policy/schema.ts';
import { beginVerification } from '../src/verify/verify.ts';
import { makeList } from './list-maker.ts';
import { machineLines } from './machine.ts';
import { makeAttester } from './made-attester.ts';
import { cpuMicrosOfEach, requireAffirming } from './measure.ts';
import { figure, table } from './table.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const LISTED = 100_000;
const WINDOW_BYTES = 65_536;
const NONCE = new Uint8Array(32).fill(0x5a);
const POLICY: Omit<PolicyDocument, 'ima'> = {
  format: 'plumbline-policy/1',
  name: 'bench',
  quote: { banks: ['sha256'], pcrs: [10] },
  attester: { asserted: 'accept' },
  boot: { eventLog: 'optional', secureBoot: 'optional' },
};

console.log(machineLines().join('\n'));
await report();

async function report(): Promise<void> {
  const rows: string[][] = [];
  build(linesOf(SIZES[0] ?? 0));
  let largest: IndexedReferenceSet | undefined;
  for (const entries of SIZES) {
    const text = linesOf(entries);
    const built = build(text);
    const { set } = built;
    largest = set;
    rows.push([
      figure(entries),
      `${figure(built.readMillis)} ms`,
      `${figure(built.buildMillis)} ms`,
      `${figure(built.longestMillis)} ms`,
      bytesOf(set).toFixed(1),
      `${figure(await lookUpNanos(set, entries, 'hit'))} ns`,
      `${figure(await lookUpNanos(set, entries, 'miss'))} ns`,
    ]);
  }
  const heads = ['digests', 'read', 'build', 'longest step', 'bytes a digest', 'hit', 'miss'];
  console.log(`\n## Reference sets\n\n${table(heads, rows)}`);
  if (largest === undefined) return;
  const [any = 0, known = 0] = await appraise([policyOf(), policyOf(largest)]);
  const [records, digests] = [figure(LISTED), figure(largest.entryCount)];
  console.log(
    `\n${records} records, each against ${digests} digests : against none: ` +
      (known / any).toFixed(2),
  );
}

interface Built {
  readonly set: IndexedReferenceSet;
  /** Processor time of the lines. */
  readonly readMillis: number;
  /** Processor time of sorting and of the content address. */
  readonly buildMillis: number;
  /** Processor time of the longest step of that. */
  readonly longestMillis: number;
}

function build(text: Uint8Array): Built {
  const start = process.cpuUsage();
  const reader = new ReferenceSetReader({ format: 'digest-lines' });
  for (let at = 0; at < text.byteLength; at += WINDOW_BYTES) {
    reader.push(text.subarray(at, at + WINDOW_BYTES));
  }
  const read = process.cpuUsage(start);
  const steps = reader.ending();
  let longestMillis = 0;
  for (;;) {
    const before = process.cpuUsage();
    const step = steps.next();
    longestMillis = Math.max(longestMillis, millis(process.cpuUsage(before)));
    if (step.done !== true) continue;
    if (!step.value.ok) throw new Error('a made set is not valid');
    const all = process.cpuUsage(start);
    const readMillis = millis(read);
    const buildMillis = millis(all) - readMillis;
    return { set: step.value.set, readMillis, buildMillis, longestMillis };
  }
}

function millis({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}

/** Lines of sha256sum; the first are those of the made list. */
function linesOf(count: number): Uint8Array {
  const lines: string[] = [];
  for (let index = 0; index < count; index += 1) {
    lines.push(`${hash('sha256', `content ${index}`)}  /usr/lib/file-${index}\n`);
  }
  return new TextEncoder().encode(lines.join(''));
}

function bytesOf(set: IndexedReferenceSet): number {
  const tables = [...set.tables.values()];
  const bytes = tables.reduce((sum, { free, bound }) => sum + free.sizeBytes + bound.sizeBytes, 0);
  return bytes / set.entryCount;
}

/** Processor time of one look-up, in another order than that of the records. */
async function lookUpNanos(
  set: IndexedReferenceSet,
  entries: number,
  kind: 'hit' | 'miss',
): Promise<number> {
  const count = Math.min(entries, 100_000);
  const keys = new Uint8Array(count * 32);
  for (let index = 0; index < count; index += 1) {
    const of = (index * 7919) % entries;
    keys.set(
      hash('sha256', `${kind === 'hit' ? 'content' : 'strange'} ${of}`, 'buffer'),
      index * 32,
    );
  }
  const name = new TextEncoder().encode('/usr/bin/true');
  const key = new Uint8Array(32);
  const work = () => {
    let found = 0;
    for (let at = 0; at < keys.length; at += 32) {
      for (let byte = 0; byte < 32; byte += 1) key[byte] = keys[at + byte] ?? 0;
      if (set.has('sha256', key, name)) found += 1;
    }
    if (found !== (kind === 'hit' ? count : 0)) throw new Error('a look-up went wrong');
  };
  const [micros = 0] = await cpuMicrosOfEach([work], { warmUp: 3, samples: 15, calls: 1 });
  return (micros * 1000) / count;
}

/** Processor time of the whole list at first contact, under each policy, in microseconds. */
function appraise(policies: readonly AcceptancePolicy[]): Promise<readonly number[]> {
  const list = makeList(LISTED);
  const attester = makeAttester(list);
  const { claims } = attester.attest({ from: 0, to: LISTED, nonce: NONCE });
  const evidence = { ...claims, ak: attester.ak, nonce: NONCE };
  const sent = list.records(0, LISTED);
  const works = policies.map((policy) => () => {
    const verification = beginVerification(evidence, policy);
    for (let at = 0; at < sent.byteLength; at += FILE_LIMITS.windowBytes) {
      verification.push(0, sent.subarray(at, at + FILE_LIMITS.windowBytes));
    }
    requireAffirming(verification.conclude());
  });
  return cpuMicrosOfEach(works, { warmUp: 1, samples: 5, calls: 1 });
}

/** A policy with one rule: any file, or those that the set knows. */
function policyOf(set?: IndexedReferenceSet): AcceptancePolicy {
  const rule = { id: 'os', path: '/**', then: 'accept' } as const;
  const document: PolicyDocument = {
    ...POLICY,
    ima: { measurements: [set === undefined ? rule : { ...rule, digestIn: ['known'] }] },
  };
  const sets = new Map(set && [['known', set]]);
  const result = compilePolicy(document, { sets, version: null });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.policy;
}

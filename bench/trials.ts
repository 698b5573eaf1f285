// A trial over a thousand stored attesters while others attest; then the version is activated, and
// what each attester's next round says is compared with the trial. Ends with 1 where they differ.
// `node dist/bench/bench/trials.js` behind a build of the bench.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAppraisal } from '../src/service/appraise-evidence.ts';
import { enrollAttester } from '../src/service/enroll-attester.ts';
import { issueChallenge } from '../src/service/issue-challenge.ts';
import type { Ports } from '../src/service/ports.ts';
import { activatePolicy, publishPolicy } from '../src/service/publish-policy.ts';
import { makeService, type Service } from '../src/service/service.ts';
import { beginTrial, type TrialLine } from '../src/service/trial.ts';
import type { Database } from '../src/store/database.ts';
import { openEmbedded } from '../src/store/embedded.ts';
import { migrate } from '../src/store/migrate.ts';
import { storesOn } from '../src/store/stores.ts';
import type { Verdict } from '../src/verify/verdict.ts';
import { startWorkers } from '../src/workers/worker-pool.ts';
import { type MadeList, makeList } from './list-maker.ts';
import { machineLines } from './machine.ts';
import { type MadeAttester, makeAttester } from './made-attester.ts';

const ATTESTERS = 1000;
/** Attester number n has measured so many records and n % 100 more. */
const RECORDS = 100;
/** The record that the new version warns of: half of the fleet has it. */
const WARNED = RECORDS + 50;

interface Host {
  readonly attester: MadeAttester;
  readonly id: string;
  readonly records: number;
}

async function report(opened: Database): Promise<void> {
  console.log(machineLines().join('\n'));
  await migrate(opened, 'migrations');
  const workers = startWorkers();
  const ports: Ports = { clock, random, workers, ...storesOn(opened, random.id) };
  const service = makeService(ports, LIMITS);
  const list = makeList(RECORDS + 100);
  await publish(service, [ANY]);
  await activatePolicy(service, { name: NAME, version: 1 }, BY);
  const fleet: Host[] = [];
  for (let number = 0; number < ATTESTERS; number += 1) {
    fleet.push(await firstRound(service, list, RECORDS + (number % 100)));
  }
  const path = `/usr/lib/x86_64-linux-gnu/measured/file-${String(WARNED).padStart(9, '0')}`;
  await publish(service, [{ id: 'warned', path, then: 'warn' }, ANY]);
  const tried = await tryOut(service, fleet, list);
  await activatePolicy(service, { name: NAME, version: 2 }, BY);
  const flips = new Map(tried.result.flips.map(({ attester, to }) => [attester, to]));
  let differences = 0;
  const startedMs = performance.now();
  for (const host of fleet) {
    const { status } = await nextRound(service, list, host);
    if (status !== (flips.get(host.id) ?? 'affirming')) differences += 1;
  }
  const activationMs = performance.now() - startedMs;
  console.log(`trial of ${tried.result.total} attesters: ${Math.round(tried.trialMs)} ms`);
  console.log(`rounds that went on meanwhile: ${tried.rounds}`);
  console.log(`flips: ${flips.size}, not derivable: ${tried.result.notDerivable.length}`);
  console.log(`next round of each, re-appraisal included: ${Math.round(activationMs)} ms`);
  console.log(`attesters whose next round is not what the trial said: ${differences}`);
  if (differences > 0 || flips.size !== ATTESTERS / 2 - 10) process.exitCode = 1;
  await workers.close();
}

/** Runs the trial, with rounds of the first attester one after the other beside it. */
async function tryOut(service: Service, fleet: readonly Host[], list: MadeList) {
  const [first] = fleet;
  if (first === undefined) throw new Error('there is no fleet');
  const startedMs = performance.now();
  const policy = { name: NAME, version: 2 };
  const lines = await beginTrial(service, { policy, selection: { limit: ATTESTERS } }, BY);
  let trialMs = 0;
  const trial = resultOf(lines).then((result) => {
    trialMs = performance.now() - startedMs;
    return result;
  });
  let rounds = 0;
  while (trialMs === 0) {
    await nextRound(service, list, first);
    rounds += 1;
  }
  return { result: await trial, trialMs, rounds };
}

async function resultOf(lines: AsyncIterable<TrialLine>) {
  for await (const line of lines) if ('result' in line) return line.result;
  throw new Error('the trial has no result');
}

async function publish(service: Service, measurements: readonly object[]): Promise<void> {
  const text = JSON.stringify({ ...POLICY, ima: { measurements } });
  await publishPolicy(service, new TextEncoder().encode(text), BY);
}

async function firstRound(service: Service, list: MadeList, records: number): Promise<Host> {
  const attester = makeAttester(list);
  const enrolment = { ak: attester.ak, labels: {}, by: BY };
  const { id } = (await enrollAttester(service, enrolment)).attester;
  const host = { attester, id, records };
  await nextRound(service, list, host);
  return host;
}

/** A round with all records that the challenge asks for. */
async function nextRound(service: Service, list: MadeList, host: Host): Promise<Verdict> {
  const { challenge } = await issueChallenge(service, host.id);
  const { fromIndex: from, nonce } = challenge;
  const appraisal = await openAppraisal(service, challenge.id);
  try {
    appraisal.accept(host.attester.attest({ from, to: host.records, nonce }));
    await appraisal.push(0, list.records(from, host.records));
    return await appraisal.conclude();
  } finally {
    await appraisal.end();
  }
}

const LIMITS = {
  evidenceBytes: 1_073_741_824,
  referenceSetBytes: 1_048_576,
  appraisals: 1,
  openChallenges: 16,
};
const BY = {
  id: '00000000-0000-4000-8000-000000000000',
  name: 'bench',
  role: 'admin',
  createdAt: new Date(0),
} as const;
const NAME = 'bench';
const ANY = { id: 'any', path: '/**', then: 'accept' };
const POLICY = {
  format: 'plumbline-policy/1',
  name: NAME,
  attester: { asserted: 'report' },
  quote: { pcrs: [10] },
  boot: { eventLog: 'optional', secureBoot: 'optional' },
};
const clock = { now: () => new Date() };
const random = {
  bytes: (lengthBytes: number) => crypto.getRandomValues(new Uint8Array(lengthBytes)),
  id: () => crypto.randomUUID(),
};

const folder = mkdtempSync(join(tmpdir(), 'plumbline-trials-'));
const database = await openEmbedded(folder);
try {
  await report(database);
} finally {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
}

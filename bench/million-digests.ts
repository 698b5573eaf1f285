// A reference set of a million digests through the service: upload, activation, and first contacts
// of 100,000 records against it. `node dist/bench/bench/million-digests.js` behind a build of the
// bench.

import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAppraisal } from '../src/service/appraise-evidence.ts';
import { enrollAttester } from '../src/service/enroll-attester.ts';
import { issueChallenge } from '../src/service/issue-challenge.ts';
import type { Ports } from '../src/service/ports.ts';
import { activatePolicy, publishPolicy } from '../src/service/publish-policy.ts';
import { makeService, type Service } from '../src/service/service.ts';
import { activateReferenceSet, uploadReferenceSet } from '../src/service/upload-reference-set.ts';
import type { Database } from '../src/store/database.ts';
import { openEmbedded } from '../src/store/embedded.ts';
import { migrate } from '../src/store/migrate.ts';
import { storesOn } from '../src/store/stores.ts';
import { startWorkers } from '../src/workers/worker-pool.ts';
import { type MadeList, makeList } from './list-maker.ts';
import { machineLines } from './machine.ts';
import { makeAttester } from './made-attester.ts';
import { requireAffirming } from './measure.ts';
import { figure, table } from './table.ts';

const DIGESTS = 1_000_000;
const RECORDS = 100_000;
const WINDOW_BYTES = 65_536;
const NAME = 'bench';
const SET = 'known';

async function report(opened: Database): Promise<void> {
  console.log(machineLines().join('\n'));
  await migrate(opened, 'migrations');
  const workers = startWorkers();
  const ports: Ports = { clock, random, workers, ...storesOn(opened, random.id) };
  const service = makeService(ports, LIMITS);
  const list = makeList(RECORDS);
  const rows = [
    await timed('upload a million lines of sha256sum', () => upload(ports)),
    await timed('activate the set', () =>
      activateReferenceSet(ports, { name: SET, version: 1 }, BY),
    ),
    await timed('upload a policy that names it', () => publish(service)),
    await timed('activate the policy: the set is loaded', async () => {
      await activatePolicy(service, { name: NAME, version: 1 }, BY);
    }),
    await timed('first contact of 100,000 records', await firstContact(service, list)),
    await timed('the same of another attester', await firstContact(service, list)),
    await timed('the same of a third', await firstContact(service, list)),
  ];
  console.log(`\n${table(['step', 'took', 'CPU'], rows)}`);
  await workers.close();
}

/** A row of what `work` costs. */
async function timed(what: string, work: () => Promise<void>): Promise<string[]> {
  const startedMs = performance.now();
  const started = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(started);
  const took = performance.now() - startedMs;
  const cpu = (user + system) / 1000;
  return [what, ...[took, cpu].map((millis) => `${figure(millis)} ms`)];
}

async function upload(ports: Ports): Promise<void> {
  const reading = { format: 'digest-lines', paths: 'free', terms: { validity: {} } } as const;
  const set = { name: SET, reading, body: lines(), by: BY };
  const kept = await uploadReferenceSet(ports, { ...set, capBytes: LIMITS.referenceSetBytes });
  if (kept.entries !== DIGESTS) throw new Error('a set is not whole');
}

/** Lines of sha256sum; the first are those of the made list. */
async function* lines(): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = '';
  for (let index = 0; index < DIGESTS; index += 1) {
    text += `${hash('sha256', `content ${index}`)}  /usr/lib/file-${index}\n`;
    if (text.length < WINDOW_BYTES) continue;
    yield encoder.encode(text);
    text = '';
  }
  yield encoder.encode(text);
}

async function publish(service: Service): Promise<void> {
  await publishPolicy(service, new TextEncoder().encode(JSON.stringify(POLICY)), BY);
}

/** Has an attester make its evidence; what judges it, in windows as HTTP gives them. */
async function firstContact(service: Service, list: MadeList): Promise<() => Promise<void>> {
  const attester = makeAttester(list);
  const enrolment = { ak: attester.ak, labels: {}, by: BY };
  const { id } = (await enrollAttester(service, enrolment)).attester;
  const { challenge } = await issueChallenge(service, id);
  const head = attester.attest({ from: 0, to: RECORDS, nonce: challenge.nonce });
  const sent = list.records(0, RECORDS);
  return async () => {
    const appraisal = await openAppraisal(service, challenge.id);
    try {
      appraisal.accept(head);
      for (let at = 0; at < sent.byteLength; at += WINDOW_BYTES) {
        await appraisal.push(0, sent.subarray(at, at + WINDOW_BYTES));
      }
      requireAffirming(await appraisal.conclude());
    } finally {
      await appraisal.end();
    }
  };
}

const LIMITS = {
  evidenceBytes: 1_073_741_824,
  referenceSetBytes: 1_073_741_824,
  appraisals: 1,
  openChallenges: 16,
};
const BY = {
  id: '00000000-0000-4000-8000-000000000000',
  name: 'bench',
  role: 'admin',
  createdAt: new Date(0),
} as const;
const POLICY = {
  format: 'plumbline-policy/1',
  name: NAME,
  attester: { asserted: 'accept' },
  quote: { pcrs: [10] },
  boot: { eventLog: 'optional', secureBoot: 'optional' },
  ima: { measurements: [{ id: 'os', path: '/**', digestIn: [SET], then: 'accept' }] },
};
const clock = { now: () => new Date() };
const random = {
  bytes: (lengthBytes: number) => crypto.getRandomValues(new Uint8Array(lengthBytes)),
  id: () => crypto.randomUUID(),
};

const folder = mkdtempSync(join(tmpdir(), 'plumbline-million-'));
const database = await openEmbedded(folder);
try {
  await report(database);
} finally {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
}

// The same rounds over the use cases of the service: a challenge, the evidence, the verdict, all on
// a database. HTTP is left out. What is counted is explained in docs/performance.md.

import { openAppraisal } from '../src/service/appraise-evidence.ts';
import { enrollAttester } from '../src/service/enroll-attester.ts';
import { issueChallenge } from '../src/service/issue-challenge.ts';
import type { AccessToken, Ports } from '../src/service/ports.ts';
import { activatePolicy, publishPolicy } from '../src/service/publish-policy.ts';
import { makeService, type Service } from '../src/service/service.ts';
import type { Database } from '../src/store/database.ts';
import { migrate } from '../src/store/migrate.ts';
import { storesOn } from '../src/store/stores.ts';
import { startWorkers } from '../src/workers/worker-pool.ts';
import {
  type CountingDatabase,
  countingDatabase,
  countsBetween,
  type DatabaseCounts,
} from './counting-database.ts';
import { historyRounds, NEW_RECORDS } from './histories.ts';
import type { MadeList } from './list-maker.ts';
import { type MadeAttester, makeAttester } from './made-attester.ts';
import { cpuMicrosOfEach, median, requireAffirming } from './measure.ts';

/** Medians of a round with 20 new records, from asking for the challenge to the stored verdict. */
export interface ServiceFigures extends DatabaseCounts {
  /** Records and rounds before it. */
  readonly records: number;
  readonly rounds: number;
  /** Processor time of this process, the quote included; the embedded database is in this process,
   *  PostgreSQL is not. */
  readonly roundMicros: number;
}

/** Measures histories of so many records on an empty `database`, each of an attester of its own. */
export async function measureService(
  database: Database,
  list: MadeList,
  histories: readonly number[],
): Promise<readonly ServiceFigures[]> {
  await migrate(database, MIGRATIONS);
  const counting = countingDatabase(database);
  const workers = startWorkers();
  const ports: Ports = { clock, random, workers, ...storesOn(counting.database, random.id) };
  const service = makeService(ports, LIMITS);
  await publishPolicy(service, new TextEncoder().encode(JSON.stringify(POLICY)), OPERATOR);
  await activatePolicy(service, { name: POLICY.name, version: 1 }, OPERATOR);
  const measured: { host: Host; records: number; rounds: number; counts: DatabaseCounts }[] = [];
  // One history after the other: the database holds no more than it and the shorter ones.
  for (const records of histories) {
    const host = await enrolledHost(service, list);
    const ends = historyRounds(records);
    for (const end of ends) await playRound(host, end);
    const counts = await countRounds(host, counting);
    measured.push({ host, records, rounds: ends.length, counts });
  }
  const works = measured.map(({ host }) => nextRound(host));
  const often = { warmUp: WARM_UP_ROUNDS, samples: TIMED_ROUNDS, calls: 1 };
  const micros = await cpuMicrosOfEach(works, often);
  return measured.map(({ records, rounds, counts }, at) => {
    return { records, rounds, ...counts, roundMicros: micros[at] ?? 0 };
  });
}

/** An enrolled attester and the list that it follows. */
interface Host {
  readonly service: Service;
  readonly list: MadeList;
  readonly attester: MadeAttester;
  readonly id: string;
  /** Records that were sent. */
  sent: number;
}

async function enrolledHost(service: Service, list: MadeList): Promise<Host> {
  const attester = makeAttester(list);
  const enrolment = { ak: attester.ak, labels: {}, by: OPERATOR };
  const { id } = (await enrollAttester(service, enrolment)).attester;
  return { service, list, attester, id, sent: 0 };
}

/** What a round does to the database: each count is the median over some rounds. */
async function countRounds(host: Host, counting: CountingDatabase): Promise<DatabaseCounts> {
  const play = nextRound(host);
  const rounds: DatabaseCounts[] = [];
  for (let round = 0; round < COUNTED_ROUNDS; round += 1) {
    const before = await counting.counts();
    await play();
    rounds.push(countsBetween(before, await counting.counts()));
  }
  return {
    answeredBytes: median(rounds.map(({ answeredBytes }) => answeredBytes)),
    pageBytes: median(rounds.map(({ pageBytes }) => pageBytes)),
    logBytes: median(rounds.map(({ logBytes }) => logBytes)),
  };
}

/** Rounds of 20 new records, one at each call. */
function nextRound(host: Host): () => Promise<void> {
  return () => playRound(host, host.sent + NEW_RECORDS);
}

/** One round: the records from where the challenge says up to `to`. */
async function playRound(host: Host, to: number): Promise<void> {
  const { service, list, attester, id, sent } = host;
  const { challenge } = await issueChallenge(service, id);
  const { fromIndex, nonce } = challenge;
  if (fromIndex !== sent) throw new Error(`asked for records from ${fromIndex}, not ${sent}`);
  const appraisal = await openAppraisal(service, challenge.id);
  try {
    appraisal.accept(attester.attest({ from: fromIndex, to, nonce }));
    await appraisal.push(0, list.records(fromIndex, to));
    requireAffirming(await appraisal.conclude());
    host.sent = to;
  } finally {
    await appraisal.end();
  }
}

const COUNTED_ROUNDS = 21;
const WARM_UP_ROUNDS = 5;
const TIMED_ROUNDS = 41;
/** Records that a list must have beyond the longest history. */
export const RECORDS_BEYOND = (COUNTED_ROUNDS + WARM_UP_ROUNDS + TIMED_ROUNDS) * NEW_RECORDS;

const MIGRATIONS = 'migrations';
const LIMITS = {
  evidenceBytes: 1_073_741_824,
  referenceSetBytes: 1_048_576,
  appraisals: 1,
  openChallenges: 16,
};
const OPERATOR: AccessToken = {
  id: '00000000-0000-4000-8000-000000000000',
  name: 'bench',
  role: 'admin',
  createdAt: new Date(0),
};
/** Accepts what the made list holds. */
const POLICY = {
  format: 'plumbline-policy/1',
  name: 'bench',
  attester: { asserted: 'report' },
  quote: { pcrs: [10] },
  boot: { eventLog: 'optional', secureBoot: 'optional' },
  ima: { measurements: [{ id: 'any', path: '/**', then: 'accept' }] },
};
const clock = { now: () => new Date() };
const random = {
  bytes: (lengthBytes: number) => crypto.getRandomValues(new Uint8Array(lengthBytes)),
  id: () => crypto.randomUUID(),
};

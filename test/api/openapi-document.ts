// The text of /openapi.json as it is kept in test/golden: indented, with one fixed version.

import { buildApp } from '../../src/api/app.ts';
import type { Ports } from '../../src/service/ports.ts';
import { makeService } from '../../src/service/service.ts';
import type { Database } from '../../src/store/database.ts';
import { storesOn } from '../../src/store/stores.ts';
import { startWorkers } from '../../src/workers/worker-pool.ts';

/** Builds the application over a database that nobody asks, and has it describe itself. */
export async function openapiDocument(): Promise<string> {
  const clock = { now: () => new Date(0) };
  const random = { bytes: (size: number) => new Uint8Array(size), id: () => 'none' };
  const workers = startWorkers();
  const ports: Ports = { clock, random, workers, ...storesOn(noDatabase, random.id) };
  const limits = { evidenceBytes: 1, referenceSetBytes: 1, appraisals: 1, openChallenges: 1 };
  const settings = { version: '0.0.0', requestMs: 1_000, logger: false };
  const api = await buildApp(makeService(ports, limits), settings);
  const answer = await api.inject('/openapi.json');
  await api.close();
  await workers.close();
  return `${JSON.stringify(JSON.parse(answer.body), undefined, 2)}\n`;
}

const refuse = () => Promise.reject(new Error('there is no database'));
const noDatabase: Database = {
  query: refuse,
  run: refuse,
  script: refuse,
  transaction: refuse,
  close: () => Promise.resolve(),
};

// `npm run bench`: what a round costs by length of the history behind it. `--check` ends with 1
// when the longest history costs over twice the shortest; `--postgres URL` adds an empty database.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Database } from '../src/store/database.ts';
import { openEmbedded } from '../src/store/embedded.ts';
import { openPostgres } from '../src/store/postgres.ts';
import { measureCore } from './core-rounds.ts';
import { HISTORIES, NEW_RECORDS } from './histories.ts';
import { type MadeList, makeList } from './list-maker.ts';
import { machineLines } from './machine.ts';
import { peakMemory } from './peak-memory.ts';
import { measureService, RECORDS_BEYOND } from './service-rounds.ts';
import { figure, mebibytes, table } from './table.ts';

/** A cost after the longest history, as a multiple of that after the shortest. */
interface Ratio {
  readonly of: string;
  readonly value: number;
}

const MOST = 2;
const SHORTEST = Math.min(...HISTORIES);
const LONGEST = Math.max(...HISTORIES);

const { values: options } = parseArgs({
  options: { check: { type: 'boolean', default: false }, postgres: { type: 'string' } },
});
const ratios = await report();
if (options.check && ratios.some(({ value }) => !(value <= MOST))) process.exitCode = 1;

/** Measures and prints everything. */
async function report(): Promise<readonly Ratio[]> {
  console.log(machineLines().join('\n'));
  const list = makeList(LONGEST + RECORDS_BEYOND);
  const found = [...(await reportCore(list)), ...(await reportEmbedded(list))];
  if (options.postgres !== undefined) {
    const database = openPostgres(options.postgres, { connections: 1 });
    found.push(...(await reportService('PostgreSQL', database, list)));
  }
  reportMemory(list);
  console.log(
    `\n## ${NEW_RECORDS} new records after ${figure(LONGEST)} : after ${figure(SHORTEST)}\n`,
  );
  for (const { of, value } of found) console.log(`- ${of}: ${value.toFixed(2)}`);
  return found;
}

async function reportCore(list: MadeList): Promise<readonly Ratio[]> {
  const figures = await measureCore(list, HISTORIES);
  const rows = figures.map((one) => [
    figure(one.records),
    `${figure(one.roundMicros)} µs`,
    figure(one.stateBytes),
    `${figure(one.firstContactNanos)} ns`,
  ]);
  const heads = ['history', 'CPU of a round', 'bytes of the state', 'first contact, CPU a record'];
  console.log(`\n## The core\n\n${table(heads, rows)}`);
  return [
    { of: 'CPU of the core', value: ratioOf(figures, 'roundMicros') },
    { of: 'bytes of the state', value: ratioOf(figures, 'stateBytes') },
  ];
}

async function reportEmbedded(list: MadeList): Promise<readonly Ratio[]> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  try {
    return await reportService('embedded database', await openEmbedded(folder), list);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function reportService(
  name: string,
  database: Database,
  list: MadeList,
): Promise<readonly Ratio[]> {
  try {
    const figures = await measureService(database, list, HISTORIES);
    const rows = figures.map((one) => [
      figure(one.records),
      figure(one.rounds),
      `${figure(one.roundMicros)} µs`,
      figure(one.answeredBytes),
      figure(one.pageBytes),
      figure(one.logBytes),
    ]);
    const heads = ['history', 'rounds', 'CPU of a round', 'answered', 'pages', 'log'];
    console.log(`\n## The service, ${name}\n\n${table(heads, rows)}`);
    return [
      { of: `CPU, ${name}`, value: ratioOf(figures, 'roundMicros') },
      { of: `bytes answered, ${name}`, value: ratioOf(figures, 'answeredBytes') },
      { of: `bytes of pages, ${name}`, value: ratioOf(figures, 'pageBytes') },
      { of: `bytes written, ${name}`, value: ratioOf(figures, 'logBytes') },
    ];
  } finally {
    await database.close();
  }
}

function reportMemory(list: MadeList): void {
  const rows = HISTORIES.map((records) => {
    const { idleBytes, peakBytes } = peakMemory(list, records);
    return [figure(records), mebibytes(idleBytes), mebibytes(peakBytes)];
  });
  const heads = ['records', 'RSS before the list', 'peak RSS'];
  console.log(`\n## Memory of a whole list, in windows of 1 MiB\n\n${table(heads, rows)}`);
}

function ratioOf<Cost extends string>(
  figures: readonly Readonly<Record<Cost, number>>[],
  cost: Cost,
): number {
  const [shortest, longest] = [figures[0], figures.at(-1)];
  if (shortest === undefined || longest === undefined) throw new Error('nothing was measured');
  return longest[cost] / shortest[cost];
}

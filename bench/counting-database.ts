// A database that counts what it answers and what the server does for it. docs/performance.md

import { z } from 'zod';
import type { Database, Queries } from '../src/store/database.ts';

/** What was counted since the database was opened. */
export interface DatabaseCounts {
  /** Of the values in the rows that were answered; JSON as its text. */
  readonly answeredBytes: number;
  /** Pages of tables and indexes that were looked at, in memory or on disk, as bytes. */
  readonly pageBytes: number;
  /** Of the write-ahead log: everything that was changed. */
  readonly logBytes: number;
}

/** A database whose work is counted. */
export interface CountingDatabase {
  readonly database: Database;
  /** The counts so far. Asks the server, outside any transaction. */
  counts(): Promise<DatabaseCounts>;
}

/** Counts the work of `database`, which must use a single connection: a connection reports its work
 *  to the server's statistics only now and then, and this one is told when. */
export function countingDatabase(database: Database): CountingDatabase {
  let answeredBytes = 0;
  const counted = ({ query, run, script }: Queries): Queries => ({
    query: (text, values, row) => {
      const weighed = z.unknown().transform((found) => {
        answeredBytes += rowBytes(found);
        return found;
      });
      return query(text, values, weighed.pipe(row));
    },
    run,
    script,
  });
  return {
    database: {
      ...counted(database),
      transaction: (work) => database.transaction((queries) => work(counted(queries))),
      close: () => database.close(),
    },
    counts: async () => {
      await database.run('SELECT pg_stat_force_next_flush()', []);
      const [row] = await database.query(COUNTS, [], CountsRow);
      if (row === undefined) throw new Error('the server has no statistics');
      return { answeredBytes, ...row };
    },
  };
}

/** The difference of two counts. */
export function countsBetween(before: DatabaseCounts, after: DatabaseCounts): DatabaseCounts {
  return {
    answeredBytes: after.answeredBytes - before.answeredBytes,
    pageBytes: after.pageBytes - before.pageBytes,
    logBytes: after.logBytes - before.logBytes,
  };
}

/** Bytes of the values of a row, near what the wire carried. */
function rowBytes(row: unknown): number {
  if (typeof row !== 'object' || row === null) throw new Error('a row is an object');
  return Object.values(row).reduce((bytes: number, value) => bytes + valueBytes(value), 0);
}

function valueBytes(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value === 'string') return Buffer.byteLength(value);
  // What is an object now was JSON, which the driver has read.
  const isJson = typeof value === 'object' && !(value instanceof Date);
  return isJson ? Buffer.byteLength(JSON.stringify(value)) : NUMBER_BYTES;
}

/** Numbers and dates. */
const NUMBER_BYTES = 8;

const CountsRow = z.object({ pageBytes: z.number(), logBytes: z.number() });
const COUNTS = `
  SELECT (pages * current_setting('block_size')::integer)::float8 AS "pageBytes",
    (pg_current_wal_insert_lsn() - '0/0')::float8 AS "logBytes"
  FROM (
    SELECT sum(
      coalesce(heap_blks_read + heap_blks_hit, 0) + coalesce(idx_blks_read + idx_blks_hit, 0) +
      coalesce(toast_blks_read + toast_blks_hit, 0) + coalesce(tidx_blks_read + tidx_blks_hit, 0)
    ) AS pages FROM pg_statio_user_tables
  ) touched`;

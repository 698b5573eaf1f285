// PostgreSQL behind the Database face: a pool of connections, one taken for each transaction.
// https://www.postgresql.org/docs/15/runtime-config-client.html for the timeouts.

import pg from 'pg';
import type { Database, Queries, SqlValue } from './database.ts';

/** How the pool behaves; `report` hears of idle connections that the server dropped. */
export interface PostgresOptions {
  readonly connections?: number;
  readonly report?: (error: Error) => void;
}

/** Opens a pool on the PostgreSQL at `url` (`postgres://…`). Connects on first use. */
export function openPostgres(url: string, options: PostgresOptions = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connections ?? 16,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
    application_name: 'plumbline',
  });
  pool.on('error', (error) => options.report?.(error));
  return {
    ...queriesOf(pool),
    transaction: async (work) => {
      const client = await pool.connect();
      return inTransaction(client, work);
    },
    close: () => pool.end(),
  };
}

function queriesOf(source: pg.Pool | pg.PoolClient): Queries {
  return {
    query: async (text, values, row) => {
      const result = await source.query(text, parameters(values));
      return result.rows.map((found) => row.parse(found));
    },
    run: async (text, values) => (await source.query(text, parameters(values))).rowCount ?? 0,
    script: async (text) => {
      await source.query(text);
    },
  };
}

async function inTransaction<T>(
  client: pg.PoolClient,
  work: (queries: Queries) => Promise<T>,
): Promise<T> {
  // A connection that breaks while it is ours speaks up twice: through the query that fails and
  // through this event, which would end the process if nobody listened.
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    const result = await work(queriesOf(client));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

function parameters(values: readonly SqlValue[]): unknown[] {
  return [...values];
}

const CONNECT_MS = 5_000;
const STATEMENT_MS = 60_000;

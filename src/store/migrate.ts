// The migration runner: plain numbered SQL files, forward only, each once and in one transaction.
// migrations/; a released file is never edited, and the checksum kept here says so.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Database, Queries } from './database.ts';

/** Where the files are: two folders up, from `src/store` and from `dist/store` alike. */
export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Brings the database to the newest version; several instances may start at once. Answers the
 *  names of the files it applied. Throws, and changes nothing more, on an edited file and on a
 *  database that knows files we do not: a newer program has been here. */
export async function migrate(database: Database, folder = MIGRATIONS): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  await database.transaction(async (queries) => {
    await queries.run(LOCK, []);
    await queries.script(LEDGER);
    await refuseUnknown(queries, names);
  });
  const applied: string[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8');
    const isNew = await database.transaction((queries) => applyOnce(queries, name, text));
    if (isNew) applied.push(name);
  }
  return applied;
}

async function refuseUnknown(queries: Queries, names: readonly string[]): Promise<void> {
  const rows = await queries.query('SELECT name FROM schema_migrations', [], LedgerName);
  const unknown = rows.find((row) => !names.includes(row.name));
  if (unknown === undefined) return;
  throw new Error(`the database has migration ${unknown.name}, which this version does not know`);
}

async function applyOnce(queries: Queries, name: string, text: string): Promise<boolean> {
  await queries.run(LOCK, []);
  const [row] = await queries.query(SEEN, [name, text], LedgerRow);
  if (row?.intact === false) {
    throw new Error(`migration ${name} was edited after it had been applied`);
  }
  if (row !== undefined) return false;
  await queries.script(text);
  await queries.run(RECORD, [name, text]);
  return true;
}

// Any number will do, as long as every instance uses the same one.
const LOCK = 'SELECT pg_advisory_xact_lock(7034281)';
const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations (
  name       text        PRIMARY KEY,
  sha256     text        NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)`;
const CHECKSUM = `encode(sha256(convert_to($2, 'UTF8')), 'hex')`;
const SEEN = `SELECT sha256 = ${CHECKSUM} AS intact FROM schema_migrations WHERE name = $1`;
const RECORD = `INSERT INTO schema_migrations (name, sha256) VALUES ($1, ${CHECKSUM})`;
const NAME = /^\d{4}_[a-z0-9_]+\.sql$/;
const LedgerName = z.object({ name: z.string() });
const LedgerRow = z.object({ intact: z.boolean() });

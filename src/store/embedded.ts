// PostgreSQL embedded in a folder (PGlite) behind the Database face: one connection, no server. It
// survives a killed process; it does not fsync, so a power cut may cost the last writes.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PGlite, Transaction } from '@electric-sql/pglite';
import type { Database, Queries } from './database.ts';
import { lockFolder } from './folder-lock.ts';

/** Opens the database in `folder`, which is made when it is absent. Throws when another process
 *  has it open: two would destroy each other's pages. */
export async function openEmbedded(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(folder);
  const engine = await startEngine(join(folder, 'pgdata')).catch(async (error: unknown) => {
    await unlock();
    throw error;
  });
  return {
    ...queriesOf(engine),
    transaction: (work) => engine.transaction((inside) => work(queriesOf(inside))),
    close: async () => {
      await engine.close();
      await unlock();
    },
  };
}

async function startEngine(folder: string): Promise<PGlite> {
  // Loaded here, so that nothing pays for the engine unless it is used.
  const { PGlite } = await import('@electric-sql/pglite');
  return PGlite.create(folder);
}

function queriesOf(source: PGlite | Transaction): Queries {
  return {
    query: async (text, values, row) => {
      const result = await source.query(text, [...values]);
      return result.rows.map((found) => row.parse(found));
    },
    run: async (text, values) => (await source.query(text, [...values])).affectedRows ?? 0,
    script: async (text) => {
      await source.exec(text);
    },
  };
}

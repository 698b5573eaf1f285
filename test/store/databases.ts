// Runs the same tests on both databases: embedded in a temporary folder, and a private cluster.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { Database } from '../../src/store/database.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { postgresBinaries, startCluster } from './postgres-cluster.ts';

/** Describes `title` once for each database; `opened()` gives the database inside a test. */
export function onBothDatabases(
  title: string,
  suite: (opened: () => Database, name: 'embedded' | 'PostgreSQL') => void,
): void {
  describe(`${title} (embedded)`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-embedded-'));
    let database: Database | undefined;
    before(async () => {
      database = await openEmbedded(folder);
    });
    after(async () => {
      await database?.close();
      rmSync(folder, { recursive: true, force: true });
    });
    suite(() => given(database), 'embedded');
  });
  const binaries = postgresBinaries();
  if (binaries === undefined) return;
  describe(`${title} (PostgreSQL)`, () => {
    let database: Database | undefined;
    let remove: (() => void) | undefined;
    before(() => {
      const cluster = startCluster(binaries);
      remove = cluster.remove;
      database = openPostgres(cluster.url);
    });
    after(async () => {
      await database?.close();
      remove?.();
    });
    suite(() => given(database), 'PostgreSQL');
  });
}

function given(database: Database | undefined): Database {
  if (database === undefined) throw new Error('the database is not open yet');
  return database;
}

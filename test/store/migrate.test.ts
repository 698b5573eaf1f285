// Migrations: from empty, again, several at once, and the refusals.

import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { z } from 'zod';
import { MIGRATIONS, migrate } from '../../src/store/migrate.ts';
import { onBothDatabases } from './databases.ts';

onBothDatabases('migrations', (opened) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-migrations-'));
  cpSync(MIGRATIONS, folder, { recursive: true });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('are applied once, however many instances start together', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => migrate(opened(), folder)));
    const applied = runs.flat();
    assert.equal(new Set(applied).size, applied.length);
    assert.ok(applied.includes('0001_attesters.sql'));
    assert.deepEqual(await migrate(opened(), folder), []);
  });

  it('leave nothing behind when one fails', async () => {
    const path = join(folder, '9998_broken.sql');
    writeFileSync(path, 'CREATE TABLE half (id int); SELECT nonsense;');
    await assert.rejects(migrate(opened(), folder));
    rmSync(path);
    const rows = await opened().query(`SELECT to_regclass('half') AS found`, [], z.unknown());
    assert.deepEqual(rows, [{ found: null }]);
    assert.deepEqual(await migrate(opened(), folder), []);
  });

  it('are refused when an applied file was edited', async () => {
    appendFileSync(join(folder, '0001_attesters.sql'), '-- a word more\n');
    await assert.rejects(migrate(opened(), folder), /0001_attesters\.sql was edited/);
    cpSync(MIGRATIONS, folder, { recursive: true });
    assert.deepEqual(await migrate(opened(), folder), []);
  });

  it('are refused on a database that a newer program migrated', async () => {
    const path = join(folder, '9999_later.sql');
    writeFileSync(path, 'CREATE TABLE later (id int);');
    assert.deepEqual(await migrate(opened(), folder), ['9999_later.sql']);
    rmSync(path);
    await assert.rejects(migrate(opened(), folder), /9999_later\.sql/);
  });
});

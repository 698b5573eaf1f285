// Keyrings in the database: versions that never change, and a pointer for each name to the active
// one. migrations/0012_keys.sql

import { z } from 'zod';
import type { KeyringStore } from '../service/key-stores.ts';
import { bytesColumn, type Database, onlyRow } from './database.ts';

/** The keyring store on this database. */
export function keyringStore(database: Database): KeyringStore {
  return {
    publish: (keyring) =>
      database.transaction(async (queries) => {
        await queries.run(TURN, [keyring.name]);
        const known = await queries.query(KNOWN, [keyring.name, keyring.digest], NumberRow);
        if (known[0] !== undefined) return { version: known[0].version, created: false };
        const { name, digest, content, keys, at } = keyring;
        const values = [name, digest, content, keys, at];
        const { version } = onlyRow(await queries.query(PUBLISH, values, NumberRow));
        return { version, created: true };
      }),
    activate: async (name, version, at) => (await database.run(ACTIVATE, [name, version, at])) > 0,
    active: () => database.query(`${SELECT} WHERE a.version = k.version`, [], KeyringRow),
    versions: (name) =>
      database.query(`${SELECT} WHERE k.name = $1 ORDER BY k.version DESC`, [name], KeyringRow),
    list: () => database.query(NEWEST, [], KeyringRow),
    content: async (name, version) =>
      (await database.query(CONTENT, [name, version], ContentRow))[0]?.content,
  };
}

const NumberRow = z.object({ version: z.number() });
const ContentRow = z.object({ content: bytesColumn });
const KeyringRow = z.object({
  name: z.string(),
  version: z.number(),
  digest: z.string(),
  createdAt: z.date(),
  active: z.boolean(),
  keys: z.number(),
});

// Two uploads of one name take their turn, so that each sees the other's version.
const TURN = `SELECT pg_advisory_xact_lock(hashtextextended('keyring ' || $1::text, 0))`;
const KNOWN = 'SELECT version FROM keyrings WHERE name = $1 AND digest = $2';
const PUBLISH = `
  INSERT INTO keyrings (name, version, digest, content, keys, created_at)
  SELECT $1::text, coalesce(max(version), 0) + 1, $2, $3, $4, $5
  FROM keyrings WHERE name = $1
  RETURNING version`;
const ACTIVATE = `
  INSERT INTO active_keyrings (name, version, activated_at)
  SELECT name, version, $3 FROM keyrings WHERE name = $1 AND version = $2
  ON CONFLICT (name) DO UPDATE
  SET version = excluded.version, activated_at = excluded.activated_at`;
const SELECT = `
  SELECT k.name, k.version, k.digest, k.created_at AS "createdAt", k.keys,
    coalesce(a.version = k.version, false) AS active
  FROM keyrings k LEFT JOIN active_keyrings a ON a.name = k.name`;
const NEWEST = `${SELECT}
  WHERE k.version = (SELECT max(version) FROM keyrings WHERE name = k.name) ORDER BY k.name`;
const CONTENT = 'SELECT content FROM keyrings WHERE name = $1 AND version = $2';

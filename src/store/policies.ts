// Policies in the database: versions that never change, and a pointer for each name to the active
// one. migrations/0002_policies.sql

import { z } from 'zod';
import type { PolicyStore } from '../service/ports.ts';
import { type Database, onlyRow } from './database.ts';

/** The policy store on this database. */
export function policyStore(database: Database): PolicyStore {
  return {
    publish: (policy) =>
      database.transaction(async (queries) => {
        // Two uploads of one name take their turn, so that each sees the other's version.
        await queries.run(TURN, [policy.name]);
        const known = await queries.query(KNOWN, [policy.name, policy.digest], NumberRow);
        if (known[0] !== undefined) return { version: known[0].version, created: false };
        const values = [policy.name, policy.digest, policy.document, policy.at];
        const { version } = onlyRow(await queries.query(PUBLISH, values, NumberRow));
        return { version, created: true };
      }),
    activate: async (name, version, at) => (await database.run(ACTIVATE, [name, version, at])) > 0,
    active: () => database.query(`${SELECT} WHERE a.version = p.version`, [], VersionRow),
    versions: (name) =>
      database.query(`${SELECT} WHERE p.name = $1 ORDER BY p.version DESC`, [name], VersionRow),
    document: async (name, version) =>
      (await database.query(DOCUMENT, [name, version], DocumentRow))[0]?.document,
    list: () => database.query(NEWEST, [], VersionRow),
  };
}

const NumberRow = z.object({ version: z.number() });
const DocumentRow = z.object({ document: z.string() });
const VersionRow = z.object({
  name: z.string(),
  version: z.number(),
  digest: z.string(),
  createdAt: z.date(),
  active: z.boolean(),
});

const TURN = `SELECT pg_advisory_xact_lock(hashtextextended('policy ' || $1::text, 0))`;
const KNOWN = 'SELECT version FROM policies WHERE name = $1 AND digest = $2';
const PUBLISH = `
  INSERT INTO policies (name, version, digest, document, created_at)
  SELECT $1::text, coalesce(max(version), 0) + 1, $2, $3::json, $4
  FROM policies WHERE name = $1
  RETURNING version`;
const ACTIVATE = `
  INSERT INTO active_policies (name, version, activated_at)
  SELECT name, version, $3 FROM policies WHERE name = $1 AND version = $2
  ON CONFLICT (name) DO UPDATE
  SET version = excluded.version, activated_at = excluded.activated_at`;
const SELECT = `
  SELECT p.name, p.version, p.digest, p.created_at AS "createdAt",
    coalesce(a.version = p.version, false) AS active
  FROM policies p LEFT JOIN active_policies a ON a.name = p.name`;
const NEWEST = `${SELECT}
  WHERE p.version = (SELECT max(version) FROM policies WHERE name = p.name) ORDER BY p.name`;
const DOCUMENT = `
  SELECT document::text AS document FROM policies WHERE name = $1 AND version = $2`;

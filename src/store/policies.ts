// Policies in the database: versions that never change, and a pointer for each name to the active
// one. migrations/0002_policies.sql, migrations/0010_policy_states.sql

import { z } from 'zod';
import { POLICY_STATES, type PolicyActivation, type PolicyStore } from '../service/policy-store.ts';
import { appendAudit } from './audit-log.ts';
import { type Database, onlyRow } from './database.ts';

/** The policy store on this database. */
export function policyStore(database: Database): PolicyStore {
  return {
    publish: ({ name, digest, document, at, by, audit }) =>
      database.transaction(async (queries) => {
        // Two uploads of one name take their turn, so that each sees the other's version.
        await queries.run(TURN, [name]);
        const known = await queries.query(KNOWN, [name, digest], NumberRow);
        if (known[0] !== undefined) return { version: known[0].version, created: false };
        const values = [name, digest, document, at, by.id, by.name];
        const { version } = onlyRow(await queries.query(PUBLISH, values, NumberRow));
        await appendAudit(queries, audit(version));
        return { version, created: true };
      }),
    activate: (activation) => activate(database, activation),
    active: () => database.query(ALL_ACTIVE, [], VersionRow),
    versions: (name) =>
      database.query(`${SELECT} WHERE p.name = $1 ORDER BY p.version DESC`, [name], VersionRow),
    document: async (name, version) =>
      (await database.query(DOCUMENT, [name, version], DocumentRow))[0]?.document,
    list: () => database.query(NEWEST, [], VersionRow),
  };
}

function activate(
  database: Database,
  { name, version, at, by, expected, audit }: PolicyActivation,
): Promise<'activated' | 'unknown' | 'overtaken'> {
  return database.transaction(async (queries) => {
    await queries.run(TURN, [name]);
    const [active] = await queries.query(ACTIVE, [name], NumberRow);
    const isOvertaken = expected !== undefined && expected !== (active?.version ?? null);
    if (isOvertaken) return 'overtaken';
    if ((await queries.run(ACTIVATE, [name, version, at])) === 0) return 'unknown';
    await queries.run(NOTE_ACTIVATION, [name, version, at, by.name]);
    await appendAudit(queries, audit);
    return 'activated';
  });
}

const NumberRow = z.object({ version: z.number() });
const DocumentRow = z.object({ document: z.string() });
const VersionRow = z
  .object({
    name: z.string(),
    version: z.number(),
    digest: z.string(),
    createdAt: z.date(),
    active: z.boolean(),
    state: z.enum(POLICY_STATES),
    authorId: z.string().nullable(),
    authorName: z.string().nullable(),
    activatedAt: z.date().nullable(),
    activatedBy: z.string().nullable(),
  })
  .transform(({ authorId: id, authorName, ...version }) => ({
    ...version,
    author: id === null || authorName === null ? null : { id, name: authorName },
  }));

const TURN = `SELECT pg_advisory_xact_lock(hashtextextended('policy ' || $1::text, 0))`;
const KNOWN = 'SELECT version FROM policies WHERE name = $1 AND digest = $2';
const PUBLISH = `
  INSERT INTO policies (name, version, digest, document, created_at, author_id, author_name)
  SELECT $1::text, coalesce(max(version), 0) + 1, $2, $3::json, $4, $5, $6
  FROM policies WHERE name = $1
  RETURNING version`;
const ACTIVE = 'SELECT version FROM active_policies WHERE name = $1';
const ACTIVATE = `
  INSERT INTO active_policies (name, version, activated_at)
  SELECT name, version, $3 FROM policies WHERE name = $1 AND version = $2
  ON CONFLICT (name) DO UPDATE
  SET version = excluded.version, activated_at = excluded.activated_at`;
const NOTE_ACTIVATION = `
  INSERT INTO policy_activations (name, version, activated_at, activated_by)
  VALUES ($1, $2, $3, $4)`;
const SELECT = `
  SELECT p.name, p.version, p.digest, p.created_at AS "createdAt",
    p.author_id AS "authorId", p.author_name AS "authorName",
    coalesce(a.version = p.version, false) AS active,
    CASE
      WHEN a.version = p.version THEN 'active'
      WHEN latest.activated_at IS NOT NULL THEN 'superseded'
      WHEN EXISTS (SELECT 1 FROM policy_trials t
        WHERE t.policy_name = p.name AND t.policy_version = p.version) THEN 'trial'
      ELSE 'draft'
    END AS state,
    latest.activated_at AS "activatedAt", latest.activated_by AS "activatedBy"
  FROM policies p
  LEFT JOIN active_policies a ON a.name = p.name
  LEFT JOIN LATERAL (
    SELECT activated_at, activated_by FROM policy_activations n
    WHERE n.name = p.name AND n.version = p.version ORDER BY n.id DESC LIMIT 1
  ) latest ON true`;
const ALL_ACTIVE = `${SELECT} WHERE a.version = p.version ORDER BY p.name`;
const NEWEST = `${SELECT}
  WHERE p.version = (SELECT max(version) FROM policies WHERE name = p.name) ORDER BY p.name`;
const DOCUMENT = `
  SELECT document::text AS document FROM policies WHERE name = $1 AND version = $2`;

// Keys that sign results: one that is active, and the public halves of those before it for as long
// as their signatures count. migrations/0014_signing_keys.sql

import { z } from 'zod';
import type { KeyReplacement, SigningKeyStore } from '../service/signing-key-store.ts';
import { appendAudit } from './audit-log.ts';
import type { Database } from './database.ts';

/** The signing key store on this database. */
export function signingKeyStore(database: Database): SigningKeyStore {
  return {
    active: async () => (await database.query(ACTIVE, [], KeyRow))[0],
    replace: (replacement) => replace(database, replacement),
    published: async (at) => {
      const rows = await database.query(PUBLISHED, [at], PublicRow);
      return rows.map(({ publicJwk }) => publicJwk);
    },
    sweep: (before) => database.run(SWEEP, [before]),
  };
}

function replace(
  database: Database,
  { key, replaced, neededUntil, entry }: KeyReplacement,
): Promise<boolean> {
  return database.transaction(async (queries) => {
    await queries.run(TURN, []);
    const [active] = await queries.query(ACTIVE, [], KeyRow);
    if ((active?.kid ?? null) !== replaced) return false;
    await queries.run(RETIRE, [entry.at, neededUntil]);
    await queries.run(ACTIVATE, [key.kid, key.publicJwk, key.privateJwk, entry.at]);
    await appendAudit(queries, entry);
    return true;
  });
}

const KeyRow = z.object({
  kid: z.string(),
  publicJwk: z.string(),
  privateJwk: z.string().nullable(),
});
const PublicRow = z.object({ publicJwk: z.string() });

// Instances that start together take their turn: the second meets the first's key.
const TURN = `SELECT pg_advisory_xact_lock(hashtextextended('signing key', 0))`;
const ACTIVE = `
  SELECT kid, public_jwk AS "publicJwk", private_jwk AS "privateJwk"
  FROM signing_keys WHERE replaced_at IS NULL`;
const RETIRE = `
  UPDATE signing_keys SET replaced_at = $1, needed_until = $2, private_jwk = NULL
  WHERE replaced_at IS NULL`;
// A key that is kept elsewhere may come back.
const ACTIVATE = `
  INSERT INTO signing_keys (kid, public_jwk, private_jwk, created_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (kid) DO UPDATE
  SET private_jwk = excluded.private_jwk, replaced_at = NULL, needed_until = NULL`;
const PUBLISHED = `
  SELECT public_jwk AS "publicJwk" FROM signing_keys
  WHERE replaced_at IS NULL OR needed_until > $1
  ORDER BY replaced_at DESC NULLS FIRST, kid`;
const SWEEP = 'DELETE FROM signing_keys WHERE needed_until <= $1';

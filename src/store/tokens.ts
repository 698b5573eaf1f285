// Access tokens, by the digest of the token. migrations/0007_access.sql,
// migrations/0011_audit_chain.sql

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { AuditEntry } from '../service/audit-log.ts';
import { ROLES, type StoredToken, type TokenStore } from '../service/ports.ts';
import { appendAudit } from './audit-log.ts';
import type { Database } from './database.ts';

/** The token store on this database. */
export function tokenStore(database: Database): TokenStore {
  return {
    add: (token, secret, entry) => add(database, { text: ADD, token, secret, entry }),
    addFirst: (token, secret, entry) => add(database, { text: ADD_FIRST, token, secret, entry }),
    find: async (secret, at) => (await database.query(FIND, [digestOf(secret), at], TokenRow))[0],
    noteUse: async (id, at) => {
      await database.run(NOTE_USE, [id, at]);
    },
    list: () => database.query(`${SELECT} WHERE revoked_at IS NULL ORDER BY name`, [], TokenRow),
    rotate: ({ id, secret, oldUntil, expiresAt }, entry) =>
      database.transaction(async (queries) => {
        const values = [id, digestOf(secret), entry.at, oldUntil, expiresAt ?? null];
        const [token] = await queries.query(ROTATE, values, TokenRow);
        if (token !== undefined) await appendAudit(queries, entry);
        return token;
      }),
    revoke: (id, keepAdmin, entry) =>
      database.transaction(async (queries) => {
        // Two that would revoke each other take their turn.
        const admins = await queries.query(LOCK_ADMINS, [entry.at], IdRow);
        const isLast = admins.length === 1 && admins[0]?.id === id;
        if (keepAdmin && isLast) return 'last-admin';
        if ((await queries.run(REVOKE, [id, entry.at])) === 0) return 'absent';
        await appendAudit(queries, entry);
        return 'revoked';
      }),
  };
}

function add(
  database: Database,
  wanted: {
    readonly text: string;
    readonly token: StoredToken;
    readonly secret: string;
    readonly entry: AuditEntry;
  },
): Promise<boolean> {
  const { text, token, secret, entry } = wanted;
  return database.transaction(async (queries) => {
    const isNew = (await queries.run(text, valuesOf(token, secret))) > 0;
    if (isNew) await appendAudit(queries, entry);
    return isNew;
  });
}

function valuesOf(token: StoredToken, secret: string): (string | Date | null)[] {
  return [token.id, token.name, token.role, digestOf(secret), token.createdAt, token.expiresAt];
}

// No salt and no slow hash: a secret is 256 random bits, which nobody can guess from a digest. For
// the same reason an index may find it: how long the search takes tells something about digests of
// guesses, which leads to no secret.
function digestOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

const IdRow = z.object({ id: z.string() });
const TokenRow = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: z.date(),
  expiresAt: z.date().nullable(),
  lastUsedAt: z.date().nullable(),
});

const COLUMNS = `id, name, role, created_at AS "createdAt", expires_at AS "expiresAt",
  last_used_at AS "lastUsedAt"`;
const SELECT = `SELECT ${COLUMNS} FROM access_tokens`;
const FIND = `${SELECT}
  WHERE (digest = $1 OR (previous_digest = $1 AND previous_until > $2))
    AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)`;
const NOTE_USE = `
  UPDATE access_tokens SET last_used_at = greatest(last_used_at, $2) WHERE id = $1`;
// A revoked token keeps its name: the audit log stays readable.
const ADD = `
  INSERT INTO access_tokens (id, name, role, digest, created_at, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (name) DO NOTHING`;
// Instances that start together use one name: the second meets the first's row and adds nothing.
const ADD_FIRST = `
  INSERT INTO access_tokens (id, name, role, digest, created_at, expires_at)
  SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT 1 FROM access_tokens)
  ON CONFLICT (name) DO NOTHING`;
// What an update sets, it computes from the row as it was: the old digest moves aside.
const ROTATE = `
  UPDATE access_tokens
  SET digest = $2, expires_at = coalesce($5, expires_at),
    previous_digest = CASE WHEN $4::timestamptz > $3::timestamptz THEN digest END,
    previous_until = CASE WHEN $4::timestamptz > $3::timestamptz THEN $4::timestamptz END
  WHERE id = $1 AND revoked_at IS NULL
    AND coalesce(coalesce($5, expires_at) > $3, true)
  RETURNING ${COLUMNS}`;
const LOCK_ADMINS = `
  SELECT id FROM access_tokens
  WHERE role = 'admin' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1)
  ORDER BY id FOR UPDATE`;
const REVOKE = 'UPDATE access_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL';

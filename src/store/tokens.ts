// Access tokens, by the digest of the token, and the audit log. migrations/0007_access.sql

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type AccessToken, type AuditLog, ROLES, type TokenStore } from '../service/ports.ts';
import type { Database } from './database.ts';

/** The token store on this database. */
export function tokenStore(database: Database): TokenStore {
  return {
    add: async (token, secret) => (await database.run(ADD, valuesOf(token, secret))) > 0,
    addFirst: async (token, secret) => (await database.run(ADD_FIRST, valuesOf(token, secret))) > 0,
    find: async (secret) => {
      const text = `${SELECT} WHERE revoked_at IS NULL AND digest = $1`;
      return (await database.query(text, [digestOf(secret)], TokenRow))[0];
    },
    list: () => database.query(`${SELECT} WHERE revoked_at IS NULL ORDER BY name`, [], TokenRow),
    revoke: async (id, at) => (await database.run(REVOKE, [id, at])) > 0,
  };
}

/** The audit log on this database. */
export function auditLog(database: Database): AuditLog {
  return {
    append: async ({ at, actor, action, subject, detail }) => {
      await database.run(APPEND, [at, actor, action, subject, JSON.stringify(detail ?? {})]);
    },
  };
}

function valuesOf(token: AccessToken, secret: string): (string | Date)[] {
  return [token.id, token.name, token.role, digestOf(secret), token.createdAt];
}

// No salt and no slow hash: a secret is 256 random bits, which nobody can guess from a digest.
function digestOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

const TokenRow = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: z.date(),
});

const SELECT = 'SELECT id, name, role, created_at AS "createdAt" FROM access_tokens';
// A revoked token keeps its name: the audit log stays readable.
const ADD = `
  INSERT INTO access_tokens (id, name, role, digest, created_at) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (name) DO NOTHING`;
// Instances that start together use one name: the second meets the first's row and adds nothing.
const ADD_FIRST = `
  INSERT INTO access_tokens (id, name, role, digest, created_at)
  SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM access_tokens)
  ON CONFLICT (name) DO NOTHING`;
const REVOKE = 'UPDATE access_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL';
const APPEND = `
  INSERT INTO audit_log (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5::jsonb)`;

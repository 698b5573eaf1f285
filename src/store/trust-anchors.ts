// Trust anchors, intermediates and revocation lists in the database. migrations/0012_keys.sql

import { z } from 'zod';
import { ANCHOR_KINDS, type TrustAnchorStore } from '../service/key-stores.ts';
import { bytesColumn, type Database, onlyRow } from './database.ts';

/** The trust anchor store on this database. */
export function trustAnchorStore(database: Database): TrustAnchorStore {
  return {
    add: async ({ fingerprint, kind, der, subject, expiresAt, addedAt }) =>
      (await database.run(ADD, [fingerprint, kind, der, subject, expiresAt, addedAt])) > 0,
    list: () => database.query(LIST, [], AnchorRow),
    state: async () => onlyRow(await database.query(STATE, [], StateRow)).state,
    remove: async (fingerprint) => (await database.run(REMOVE, [fingerprint])) > 0,
  };
}

const AnchorRow = z.object({
  fingerprint: z.string(),
  kind: z.enum(ANCHOR_KINDS),
  der: bytesColumn,
  subject: z.string(),
  expiresAt: z.date().nullable(),
  addedAt: z.date(),
});

const StateRow = z.object({ state: z.string() });

const ADD = `
  INSERT INTO trust_anchors (fingerprint, kind, der, subject, expires_at, added_at)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (fingerprint) DO NOTHING`;
const LIST = `
  SELECT fingerprint, kind, der, subject, expires_at AS "expiresAt", added_at AS "addedAt"
  FROM trust_anchors ORDER BY subject, fingerprint`;
const STATE = `
  SELECT coalesce(md5(string_agg(kind || fingerprint, ' ' ORDER BY fingerprint)), '') AS state
  FROM trust_anchors`;
const REMOVE = 'DELETE FROM trust_anchors WHERE fingerprint = $1';

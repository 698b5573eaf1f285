// Enrolled attesters in the database. migrations/0001_attesters.sql

import { z } from 'zod';
import { type Attester, type AttesterStore, type NewAttester, STATUSES } from '../service/ports.ts';
import { bytesColumn, type Database, onlyRow, type SqlValue } from './database.ts';

/** The attester store on this database. */
export function attesterStore(database: Database): AttesterStore {
  return {
    enrol: (attester) => enrol(database, attester),
    find: async (id) => {
      const text = `${SELECT} WHERE a.removed_at IS NULL AND a.id = $1`;
      return (await database.query(text, [id], AttesterRow)).map(toAttester)[0];
    },
    list: async ({ limit, after }) => {
      const behind = after === undefined ? '' : 'AND (a.enrolled_at, a.id) < ($2, $3)';
      const values: SqlValue[] = after === undefined ? [limit] : [limit, after.at, after.id];
      const text = `${SELECT} WHERE a.removed_at IS NULL ${behind}
        ORDER BY a.enrolled_at DESC, a.id DESC LIMIT $1`;
      return (await database.query(text, values, AttesterRow)).map(toAttester);
    },
    relabel: async (id, labels) => (await database.run(RELABEL, [id, JSON.stringify(labels)])) > 0,
    remove: (id, at) => remove(database, id, at),
  };
}

async function enrol(
  database: Database,
  attester: NewAttester,
): Promise<{ id: string; created: boolean }> {
  const values = [
    attester.id,
    attester.identity,
    attester.ak.bytes,
    attester.ak.encoding,
    JSON.stringify(attester.labels),
    attester.enrolledAt,
  ];
  return onlyRow(await database.query(ENROL, values, EnrolRow));
}

function remove(database: Database, id: string, at: Date): Promise<boolean> {
  return database.transaction(async (queries) => {
    const removed = await queries.run(REMOVE, [id, at]);
    // In this order: a round that is being settled holds its challenge, so it either fails or has
    // written its timeline before the second statement looks.
    await queries.run('DELETE FROM challenges WHERE attester_id = $1 AND spent_at IS NULL', [id]);
    await queries.run('DELETE FROM attester_timelines WHERE attester_id = $1', [id]);
    return removed > 0;
  });
}

const AttesterRow = z.object({
  id: z.string(),
  identity: z.string(),
  ak: bytesColumn,
  akEncoding: z.enum(['tpmt-public', 'tpm2b-public', 'spki-pem', 'x509-pem', 'x509-der']),
  labels: z.record(z.string(), z.string()),
  enrolledAt: z.date(),
  verdictId: z.string().nullable(),
  verdictStatus: z.enum(STATUSES).nullable(),
  decidedAt: z.date().nullable(),
  verdictExpiresAt: z.date().nullable(),
});

function toAttester(row: z.infer<typeof AttesterRow>): Attester {
  const { verdictId, verdictStatus, decidedAt, verdictExpiresAt } = row;
  const judged = verdictId !== null && verdictStatus !== null;
  return {
    id: row.id,
    identity: row.identity,
    ak: { bytes: row.ak, encoding: row.akEncoding },
    labels: row.labels,
    enrolledAt: row.enrolledAt,
    latest:
      judged && decidedAt !== null && verdictExpiresAt !== null
        ? { id: verdictId, status: verdictStatus, at: decidedAt, expiresAt: verdictExpiresAt }
        : null,
  };
}

const EnrolRow = z.object({ id: z.string(), created: z.boolean() });

const SELECT = `
  SELECT a.id, a.identity, a.ak, a.ak_encoding AS "akEncoding", a.labels,
    a.enrolled_at AS "enrolledAt", v.id AS "verdictId", v.status AS "verdictStatus",
    v.decided_at AS "decidedAt", v.expires_at AS "verdictExpiresAt"
  FROM attesters a LEFT JOIN LATERAL (
    SELECT id, status, decided_at, expires_at FROM verdicts
    WHERE attester_id = a.id ORDER BY decided_at DESC, id DESC LIMIT 1
  ) v ON true`;

// The row that was there answers with its own id, which is how a caller sees it was not created.
const ENROL = `
  INSERT INTO attesters (id, identity, ak, ak_encoding, labels, enrolled_at)
  VALUES ($1, $2, $3, $4, $5::jsonb, $6)
  ON CONFLICT (identity) DO UPDATE
  SET removed_at = NULL, ak = excluded.ak, ak_encoding = excluded.ak_encoding,
    enrolled_at =
      CASE WHEN attesters.removed_at IS NULL THEN attesters.enrolled_at
      ELSE excluded.enrolled_at END
  RETURNING id, id = $1 AS created`;
const RELABEL = 'UPDATE attesters SET labels = $2::jsonb WHERE id = $1 AND removed_at IS NULL';
const REMOVE = 'UPDATE attesters SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL';

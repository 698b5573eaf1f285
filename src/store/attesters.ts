// Enrolled attesters in the database. migrations/0001_attesters.sql

import { z } from 'zod';
import { BINDINGS } from '../service/enrolment-store.ts';
import type { NewAttester } from '../service/new-attester.ts';
import { type Attester, type AttesterStore, type EnrolledAs, STATUSES } from '../service/ports.ts';
import { bytesColumn, type Database, onlyRow, type Queries, type SqlValue } from './database.ts';

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
    replaceAk: (attester, from) => replaceAk(database, attester, from),
    relabel: async (id, labels) => (await database.run(RELABEL, [id, JSON.stringify(labels)])) > 0,
    remove: (id, at) => remove(database, id, at),
  };
}

function enrol(database: Database, attester: NewAttester): Promise<EnrolledAs> {
  return database.transaction(async (queries) => {
    const { id, identity, akIdentity, ak, binding, ek, codes, labels, enrolledAt } = attester;
    const [before] = await queries.query(KEY_BEFORE, [identity], KeyRow);
    const { id: kept } = onlyRow(
      await queries.query(
        ENROL,
        [
          ...[id, identity, akIdentity, ak.bytes, ak.encoding, JSON.stringify(labels), enrolledAt],
          ...[binding, ek?.publicArea ?? null, ek?.certificate ?? null, codes],
        ],
        EnrolRow,
      ),
    );
    // Of enrolments that come together, the one whose id was kept made the row.
    const created = before === undefined && kept === id;
    const akReplaced = before !== undefined && before.akIdentity !== akIdentity;
    if (akReplaced) await forgetRounds(queries, kept);
    if (created || akReplaced) {
      await queries.run(KEEP_KEY, [kept, enrolledAt, ak.bytes, ak.encoding, binding]);
    }
    return { id: kept, created, akReplaced };
  });
}

function replaceAk(database: Database, attester: NewAttester, from: string): Promise<boolean> {
  return database.transaction(async (queries) => {
    const { id, akIdentity, ak, binding, codes, enrolledAt } = attester;
    const values = [id, from, akIdentity, ak.bytes, ak.encoding, binding, codes];
    if ((await queries.run(REPLACE_AK, values)) === 0) return false;
    if (akIdentity === from) return true;
    await forgetRounds(queries, id);
    await queries.run(KEEP_KEY, [id, enrolledAt, ak.bytes, ak.encoding, binding]);
    return true;
  });
}

function remove(database: Database, id: string, at: Date): Promise<boolean> {
  return database.transaction(async (queries) => {
    const removed = await queries.run(REMOVE, [id, at]);
    // Whoever was asked to prove a key before the removal does not come back by the answer.
    await queries.run(FORGET_DRAFTS, [id]);
    await forgetRounds(queries, id);
    return removed > 0;
  });
}

// In this order: a round that is being settled holds its challenge, so it either fails or has
// written its timeline before the second statement looks.
async function forgetRounds(queries: Queries, id: string): Promise<void> {
  await queries.run('DELETE FROM challenges WHERE attester_id = $1 AND spent_at IS NULL', [id]);
  await queries.run('DELETE FROM attester_timelines WHERE attester_id = $1', [id]);
}

const AttesterRow = z.object({
  id: z.string(),
  identity: z.string(),
  akIdentity: z.string(),
  binding: z.enum(BINDINGS),
  ekPublic: bytesColumn.nullable(),
  ekCertificate: bytesColumn.nullable(),
  codes: z.array(z.string()),
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
    akIdentity: row.akIdentity,
    binding: row.binding,
    ek: row.ekPublic === null ? null : { publicArea: row.ekPublic, certificate: row.ekCertificate },
    codes: row.codes,
    ak: { bytes: row.ak, encoding: row.akEncoding },
    labels: row.labels,
    enrolledAt: row.enrolledAt,
    latest:
      judged && decidedAt !== null && verdictExpiresAt !== null
        ? { id: verdictId, status: verdictStatus, at: decidedAt, expiresAt: verdictExpiresAt }
        : null,
  };
}

const KeyRow = z.object({ akIdentity: z.string() });
const EnrolRow = z.object({ id: z.string() });

const SELECT = `
  SELECT a.id, a.identity, coalesce(a.ak_identity, a.identity) AS "akIdentity", a.binding,
    a.ek_public AS "ekPublic", a.ek_certificate AS "ekCertificate", a.codes,
    a.ak, a.ak_encoding AS "akEncoding", a.labels,
    a.enrolled_at AS "enrolledAt", v.id AS "verdictId", v.status AS "verdictStatus",
    v.decided_at AS "decidedAt", v.expires_at AS "verdictExpiresAt"
  FROM attesters a LEFT JOIN LATERAL (
    SELECT id, status, decided_at, expires_at FROM verdicts
    WHERE attester_id = a.id ORDER BY decided_at DESC, id DESC LIMIT 1
  ) v ON true`;

const KEY_BEFORE = `
  SELECT coalesce(ak_identity, identity) AS "akIdentity" FROM attesters
  WHERE identity = $1 FOR UPDATE`;
// The row that was there answers with its own id.
const ENROL = `
  INSERT INTO attesters (id, identity, ak_identity, ak, ak_encoding, labels, enrolled_at, binding,
    ek_public, ek_certificate, codes)
  VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11)
  ON CONFLICT (identity) DO UPDATE
  SET removed_at = NULL, ak_identity = excluded.ak_identity, ak = excluded.ak,
    ak_encoding = excluded.ak_encoding, binding = excluded.binding,
    ek_public = excluded.ek_public, ek_certificate = excluded.ek_certificate,
    codes = excluded.codes,
    enrolled_at =
      CASE WHEN attesters.removed_at IS NULL THEN attesters.enrolled_at
      ELSE excluded.enrolled_at END
  RETURNING id`;
const KEEP_KEY = `
  INSERT INTO attester_keys (attester_id, bound_at, ak, ak_encoding, binding)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (attester_id, bound_at) DO NOTHING`;
const REPLACE_AK = `
  UPDATE attesters SET ak_identity = $3, ak = $4, ak_encoding = $5, binding = $6, codes = $7
  WHERE id = $1 AND removed_at IS NULL AND coalesce(ak_identity, identity) = $2`;
const RELABEL = 'UPDATE attesters SET labels = $2::jsonb WHERE id = $1 AND removed_at IS NULL';
const FORGET_DRAFTS = `
  DELETE FROM enrolment_drafts WHERE identity = (SELECT identity FROM attesters WHERE id = $1)`;
const REMOVE = 'UPDATE attesters SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL';

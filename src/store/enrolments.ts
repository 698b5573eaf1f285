// Enrolments that wait for their activation, in the database. migrations/0013_enrolment.sql

import { z } from 'zod';
import type { EnrolmentDraft, EnrolmentStore } from '../service/enrolment-store.ts';
import { bytesColumn, type Database } from './database.ts';

/** The enrolment store on this database. */
export function enrolmentStore(database: Database): EnrolmentStore {
  return {
    idOf: async (identity) => (await database.query(ID_OF, [identity], IdRow))[0]?.id,
    keep: (draft, cap) => keep(database, draft, cap),
    take: async (id) => (await database.query(TAKE, [id], DraftRow)).map(toDraft)[0],
    sweep: (before) => database.run('DELETE FROM enrolment_drafts WHERE expires_at < $1', [before]),
  };
}

async function keep(database: Database, draft: EnrolmentDraft, cap: number): Promise<void> {
  const { attester } = draft;
  await database.run(KEEP, [
    ...[draft.id, attester.id, attester.identity, attester.akIdentity],
    ...[attester.ak.bytes, attester.ak.encoding],
    ...[attester.ek?.publicArea ?? null, attester.ek?.certificate ?? null],
    ...[attester.codes, JSON.stringify(attester.labels), draft.secretDigest],
    ...[draft.askedBy, attester.enrolledAt, draft.expiresAt, cap - 1],
  ]);
}

const IdRow = z.object({ id: z.string() });
const DraftRow = z.object({
  id: z.string(),
  attesterId: z.string(),
  identity: z.string(),
  akIdentity: z.string(),
  ak: bytesColumn,
  akEncoding: z.enum(['tpmt-public', 'tpm2b-public', 'spki-pem', 'x509-pem', 'x509-der']),
  ekPublic: bytesColumn,
  ekCertificate: bytesColumn.nullable(),
  codes: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
  secretDigest: bytesColumn,
  askedBy: z.string().nullable(),
  createdAt: z.date(),
  expiresAt: z.date(),
});

function toDraft(row: z.infer<typeof DraftRow>): EnrolmentDraft {
  const { id, secretDigest, askedBy, expiresAt } = row;
  const attester = {
    id: row.attesterId,
    identity: row.identity,
    akIdentity: row.akIdentity,
    ak: { bytes: row.ak, encoding: row.akEncoding },
    binding: 'activated' as const,
    ek: { publicArea: row.ekPublic, certificate: row.ekCertificate },
    codes: row.codes,
    labels: row.labels,
    enrolledAt: row.createdAt,
  };
  return { id, attester, secretDigest, askedBy, expiresAt };
}

const ID_OF = 'SELECT id FROM attesters WHERE identity = $1';
const KEEP = `
  WITH dropped AS (
    DELETE FROM enrolment_drafts WHERE id IN (
      SELECT id FROM enrolment_drafts WHERE identity = $3
      ORDER BY created_at DESC, id DESC OFFSET $15)
  )
  INSERT INTO enrolment_drafts (id, attester_id, identity, ak_identity, ak, ak_encoding, ek_public,
    ek_certificate, codes, labels, secret_digest, asked_by, created_at, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12, $13, $14)`;
// One row is deleted once: of answers that come together, one gets the draft.
const TAKE = `
  DELETE FROM enrolment_drafts WHERE id = $1
  RETURNING id, attester_id AS "attesterId", identity, ak_identity AS "akIdentity", ak,
    ak_encoding AS "akEncoding", ek_public AS "ekPublic", ek_certificate AS "ekCertificate", codes,
    labels, secret_digest AS "secretDigest", asked_by AS "askedBy", created_at AS "createdAt",
    expires_at AS "expiresAt"`;

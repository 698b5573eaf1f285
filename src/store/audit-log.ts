// The audit log in the database: appended to under the lock of its newest link, queried, verified
// link by link. migrations/0007_access.sql, migrations/0011_audit_chain.sql

import { z } from 'zod';
import type {
  AuditEntry,
  AuditFilter,
  AuditLog,
  AuditPage,
  AuditRecord,
  AuditVerification,
} from '../service/audit-log.ts';
import { type AuditRow, linkHash, NOTHING } from './audit-chain.ts';
import { bytesColumn, type Database, onlyRow, type Queries, type SqlValue } from './database.ts';

/** The audit log on this database. */
export function auditLog(database: Database): AuditLog {
  return {
    append: (entry) => database.transaction((queries) => appendAudit(queries, entry)),
    list: (filter, page) => list(database, filter, page),
    verify: (known) => verify(database, known),
  };
}

/** Appends an entry in a transaction that others have begun: what it tells of and the entry happen
 *  together. Last in the transaction: until it ends, every other entry waits. */
export async function appendAudit(queries: Queries, entry: AuditEntry): Promise<void> {
  const head = onlyRow(await queries.query(LOCK_HEAD, [], HeadRow));
  const row: AuditRow = {
    id: String(head.id + 1),
    at: entry.at.toISOString().replace('Z', '000Z'),
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    detail: JSON.stringify(entry.detail ?? {}),
  };
  const hash = linkHash(head.hash, row);
  const { id, at, actor, action, subject, detail } = row;
  await queries.run(INSERT, [id, at, actor, action, subject, detail, hash]);
  await queries.run(MOVE_HEAD, [id, hash]);
}

async function list(
  database: Database,
  filter: AuditFilter,
  { limit, before }: AuditPage,
): Promise<AuditRecord[]> {
  const values: SqlValue[] = [limit];
  const conditions = ['true'];
  const where = (condition: string, value: SqlValue | undefined) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(`${condition} $${values.length}`);
  };
  where('actor =', filter.actor);
  where('action =', filter.action);
  where('subject =', filter.subject);
  where('at >=', filter.since);
  where('at <', filter.until);
  where('id <', before);
  const text = `${SELECT} WHERE ${conditions.join(' AND ')} ORDER BY audit_log.id DESC LIMIT $1`;
  return (await database.query(text, values, ChainRow)).map(
    ({ detail, hash, id, at, ...rest }) => ({
      ...rest,
      id: Number(id),
      at: new Date(at),
      detail: Detail.parse(JSON.parse(detail)),
      hash: hexOf(hash),
    }),
  );
}

async function verify(
  database: Database,
  known: AuditVerification['head'] | undefined,
): Promise<AuditVerification> {
  const { last, ...head } = onlyRow(await database.query(HEAD, [], HeadRow));
  const links = new Map([[0, hexOf(NOTHING)]]);
  const noted = { id: head.id, hash: hexOf(head.hash) };
  const answer = (rows: number, brokenAt: number | null) => ({ head: noted, rows, brokenAt });
  let [rows, reached, previous] = [0, 0, NOTHING];
  for (;;) {
    const page = await database.query(WALK, [reached, head.id], ChainRow);
    for (const row of page) {
      reached = Number(row.id);
      if (hexOf(linkHash(previous, row)) !== hexOf(row.hash)) return answer(rows, reached);
      if (reached === known?.id) links.set(reached, hexOf(row.hash));
      previous = row.hash;
      rows += 1;
    }
    if (page.length === 0) break;
  }
  // The newest rows may be gone, or rows be there that nobody appended.
  if (reached !== head.id || hexOf(previous) !== noted.hash) return answer(rows, reached + 1);
  if (last !== head.id) return answer(rows, head.id + 1);
  const isKnown = known === undefined || links.get(known.id) === known.hash;
  return answer(rows, isKnown ? null : Math.min(known.id, head.id + 1));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const HeadRow = z.object({
  id: z.coerce.number(),
  hash: bytesColumn,
  last: z.coerce.number(),
});
const ChainRow = z.object({
  id: z.string(),
  at: z.string(),
  actor: z.string().nullable(),
  action: z.string(),
  subject: z.string(),
  detail: z.string(),
  hash: bytesColumn,
});
const Detail = z.record(z.string(), z.union([z.string(), z.number()]));

// One statement sees one moment: what is appended meanwhile is in both columns or in neither.
const HEAD = `
  SELECT id, hash, (SELECT coalesce(max(id), 0) FROM audit_log) AS last FROM audit_head`;
const LOCK_HEAD = 'SELECT id, hash, id AS last FROM audit_head FOR UPDATE';
const INSERT = `
  INSERT INTO audit_log (id, at, actor, action, subject, detail, hash)
  VALUES ($1, $2, $3, $4, $5, $6::json, $7)`;
const MOVE_HEAD = 'UPDATE audit_head SET id = $1, hash = $2';
const SELECT = `
  SELECT id::text AS id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
    actor, action, subject, detail::text AS detail, hash
  FROM audit_log`;
const WALK = `${SELECT} WHERE id > $1 AND id <= $2 ORDER BY audit_log.id LIMIT 1000`;

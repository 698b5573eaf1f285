// Verdicts in the database. migrations/0005_verdicts.sql; they are written in evidence.ts.

import { z } from 'zod';
import type { PageRequest } from '../service/page.ts';
import {
  STATUSES,
  type VerdictFilter,
  type VerdictStore,
  type VerdictSummary,
} from '../service/ports.ts';
import type { Database, SqlValue } from './database.ts';

/** The verdict store on this database. */
export function verdictStore(database: Database): VerdictStore {
  return {
    find: async (id) => (await database.query(FIND, [id], DocumentRow))[0]?.document,
    list: (filter, page) => list(database, filter, page),
  };
}

async function list(
  database: Database,
  filter: VerdictFilter,
  page: PageRequest,
): Promise<VerdictSummary[]> {
  const values: SqlValue[] = [];
  const conditions: string[] = [];
  const require = (condition: (...places: string[]) => string, ...wanted: SqlValue[]) => {
    const places = wanted.map((value) => `$${values.push(value)}`);
    conditions.push(condition(...places));
  };
  if (filter.attester !== undefined) require((at) => `attester_id = ${at}`, filter.attester);
  if (filter.status !== undefined) require((at) => `status = ${at}`, filter.status);
  if (filter.code !== undefined) require((at) => `codes @> ${at}`, [filter.code]);
  if (filter.since !== undefined) require((at) => `decided_at >= ${at}`, filter.since);
  if (filter.until !== undefined) require((at) => `decided_at < ${at}`, filter.until);
  if (page.after !== undefined) {
    const behind = (at?: string, id?: string) => `(decided_at, id) < (${at}, ${id})`;
    require(behind, page.after.at, page.after.id);
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const limit = `$${values.push(page.limit)}`;
  const text = `${SELECT} ${where} ORDER BY decided_at DESC, id DESC LIMIT ${limit}`;
  const rows = await database.query(text, values, SummaryRow);
  return rows.map(({ policyName, policyVersion, ...rest }) => ({
    ...rest,
    policy: { name: policyName, version: policyVersion },
  }));
}

const DocumentRow = z.object({ document: z.string() });
const SummaryRow = z.object({
  id: z.string(),
  attesterId: z.string(),
  at: z.date(),
  expiresAt: z.date(),
  status: z.enum(STATUSES),
  codes: z.array(z.string()),
  policyName: z.string(),
  policyVersion: z.number(),
});

const FIND = 'SELECT document::text AS document FROM verdicts WHERE id = $1';
const SELECT = `
  SELECT id, attester_id AS "attesterId", decided_at AS at, expires_at AS "expiresAt", status,
    codes, policy_name AS "policyName", policy_version AS "policyVersion"
  FROM verdicts`;

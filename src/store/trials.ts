// Finished trials of policies in the database. migrations/0010_policy_states.sql

import { z } from 'zod';
import type { TrialStore } from '../service/policy-store.ts';
import { appendAudit } from './audit-log.ts';
import type { Database } from './database.ts';

/** The trial store on this database. */
export function trialStore(database: Database): TrialStore {
  return {
    add: ({ id, policy, startedAt, finishedAt, startedBy, result }, audit) =>
      database.transaction(async (queries) => {
        const values = [id, policy.name, policy.version, startedAt, finishedAt, startedBy, result];
        await queries.run(ADD, values);
        await appendAudit(queries, audit);
      }),
    find: async (id) => {
      const text = `${SELECT}, result::text AS result FROM policy_trials WHERE id = $1`;
      return (await database.query(text, [id], ResultRow)).map(nested)[0];
    },
    list: async (name, version, limit) =>
      (await database.query(LIST, [name, version, limit], TrialRow)).map(nested),
  };
}

function nested<Row extends { readonly name: string; readonly version: number }>({
  name,
  version,
  ...row
}: Row) {
  return { ...row, policy: { name, version } };
}

const TrialRow = z.object({
  id: z.string(),
  name: z.string(),
  version: z.number(),
  startedAt: z.date(),
  finishedAt: z.date(),
  startedBy: z.string(),
});
const ResultRow = TrialRow.extend({ result: z.string() });

const ADD = `
  INSERT INTO policy_trials
    (id, policy_name, policy_version, started_at, finished_at, started_by, result)
  VALUES ($1, $2, $3, $4, $5, $6, $7::json)`;
const SELECT = `
  SELECT id, policy_name AS name, policy_version AS version, started_at AS "startedAt",
    finished_at AS "finishedAt", started_by AS "startedBy"`;
const LIST = `${SELECT} FROM policy_trials WHERE policy_name = $1 AND policy_version = $2
  ORDER BY finished_at DESC, id DESC LIMIT $3`;

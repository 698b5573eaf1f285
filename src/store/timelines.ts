// Timelines in the database. migrations/0008_timelines.sql, migrations/0010_policy_states.sql; the
// rounds that move them are written in evidence.ts.

import { z } from 'zod';
import type { PageRequest } from '../service/page.ts';
import { STATUSES } from '../service/ports.ts';
import { readTimelineState } from '../service/timeline-schema.ts';
import type {
  KeptTimeline,
  Renewal,
  RoundSummary,
  TimelineStore,
} from '../service/timeline-store.ts';
import type { Database, SqlValue } from './database.ts';

/** The timeline store on this database. */
export function timelineStore(database: Database): TimelineStore {
  return {
    find: (attesterId) => find(database, attesterId),
    rounds: (attesterId, page) => rounds(database, attesterId, page),
    renew: (renewal) => renew(database, renewal),
    history: (attesterId, limit) => database.query(HISTORY, [attesterId, limit], HistoryRow),
  };
}

async function find(database: Database, attesterId: string): Promise<KeptTimeline> {
  const [row] = await database.query(FIND, [attesterId], TimelineRow);
  if (row === undefined || row.version === 0) {
    const nothing = { state: undefined, updatedAt: undefined, nextIndex: undefined };
    return { version: 0, ...nothing, under: undefined };
  }
  const reading = readTimelineState(row.state);
  if (!reading.ok) {
    const [place] = reading.problems;
    const what = place === undefined ? '' : `: ${place.path} ${place.message}`;
    throw new Error(`the kept timeline of attester ${attesterId} is damaged${what}`);
  }
  const updatedAt = row.updatedAt ?? undefined;
  const nextIndex = row.nextIndex ?? undefined;
  const under = row.under ?? undefined;
  return { version: row.version, state: reading.state, updatedAt, nextIndex, under };
}

async function renew(
  database: Database,
  { attesterId, version, under, state, at }: Renewal,
): Promise<boolean> {
  const key = [attesterId, version, JSON.stringify(under)];
  const rows =
    state === undefined
      ? await database.run(NOTE, key)
      : await database.run(RENEW, [...key, JSON.stringify(state), at]);
  return rows > 0;
}

async function rounds(
  database: Database,
  attesterId: string,
  { limit, after }: PageRequest,
): Promise<RoundSummary[]> {
  const behind = after === undefined ? '' : 'AND (v.decided_at, v.id) < ($3, $4)';
  const values: SqlValue[] = [attesterId, limit];
  if (after !== undefined) values.push(after.at, after.id);
  const text = `${ROUNDS} ${behind} ORDER BY v.decided_at DESC, v.id DESC LIMIT $2`;
  return database.query(text, values, RoundRow);
}

const TimelineRow = z.object({
  version: z.number(),
  state: z.unknown(),
  updatedAt: z.date().nullable(),
  nextIndex: z.number().nullable(),
  under: z
    .object({
      policy: z.object({ name: z.string(), version: z.number() }),
      referenceSets: z.record(z.string(), z.number()),
      keyrings: z.record(z.string(), z.number()),
    })
    .nullable(),
});
const HistoryRow = z.object({ verdictId: z.string(), moved: z.boolean() });
const RoundRow = z.object({
  id: z.string(),
  boot: z.number(),
  at: z.date(),
  status: z.enum(STATUSES),
  fromIndex: z.number().nullable(),
  provenCount: z.number().nullable(),
  pendingCount: z.number().nullable(),
});

// Rounds from before the attester was removed and came back are of another timeline.
const IS_ROUND = 'v.attester_id = a.id AND v.boot IS NOT NULL AND v.decided_at >= a.enrolled_at';
// A round that went on from the version that still stands did not move it.
const FIND = `
  SELECT coalesce(t.version, 0)::float8 AS version, t.state, t.updated_at AS "updatedAt",
    newest.next_index::float8 AS "nextIndex", t.appraised_under AS under
  FROM attesters a
  LEFT JOIN attester_timelines t ON t.attester_id = a.id
  LEFT JOIN LATERAL (
    SELECT v.next_index, v.timeline_version FROM verdicts v WHERE ${IS_ROUND}
    ORDER BY v.decided_at DESC, v.id DESC LIMIT 1
  ) newest ON newest.timeline_version = t.version
  WHERE a.id = $1`;
const ROUNDS = `
  SELECT v.id, v.boot, v.decided_at AS at, v.status, v.from_index::float8 AS "fromIndex",
    v.proven_count::float8 AS "provenCount", v.pending_count::float8 AS "pendingCount"
  FROM attesters a JOIN verdicts v ON ${IS_ROUND}
  WHERE a.id = $1`;

const RENEW = `
  UPDATE attester_timelines
  SET version = version + 1, appraised_under = $3::jsonb, state = $4::json, updated_at = $5
  WHERE attester_id = $1 AND version = $2`;
const NOTE = `
  UPDATE attester_timelines SET appraised_under = $3::jsonb
  WHERE attester_id = $1 AND version = $2`;

// A round that proved nothing new says nothing about records; but the last one is told against the
// one before it.
const HISTORY = `
  WITH life AS (
    SELECT a.enrolled_at, t.began_at, (t.state->'boot'->>'number')::integer AS boot
    FROM attesters a LEFT JOIN attester_timelines t ON t.attester_id = a.id
    WHERE a.id = $1
  ), moves AS (
    SELECT v.id, v.timeline_version, v.proven_count,
      max(v.proven_count) OVER (ORDER BY v.timeline_version
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,
      row_number() OVER (ORDER BY v.timeline_version) AS from_first,
      row_number() OVER (ORDER BY v.timeline_version DESC) AS from_last
    FROM verdicts v, life
    WHERE v.attester_id = $1 AND v.moved AND v.boot = life.boot
      AND v.decided_at >= life.began_at
  ), newest AS (
    SELECT v.id FROM verdicts v, life
    WHERE v.attester_id = $1 AND v.decided_at >= life.enrolled_at
    ORDER BY v.decided_at DESC, v.id DESC LIMIT 1
  ), history AS (
    SELECT id, timeline_version AS place, true AS moved FROM moves
    WHERE from_first = 1 OR from_last <= 2 OR proven_count > coalesce(before, -1)
    UNION ALL
    SELECT id, NULL, false FROM newest WHERE id NOT IN (SELECT id FROM moves)
  )
  SELECT id AS "verdictId", moved FROM history ORDER BY place NULLS LAST LIMIT $2`;

// Timelines in the database. migrations/0008_timelines.sql; they are written in evidence.ts.

import { z } from 'zod';
import type { PageRequest } from '../service/page.ts';
import { STATUSES } from '../service/ports.ts';
import { readTimelineState } from '../service/timeline-schema.ts';
import type { KeptTimeline, RoundSummary, TimelineStore } from '../service/timeline-store.ts';
import type { Database, SqlValue } from './database.ts';

/** The timeline store on this database. */
export function timelineStore(database: Database): TimelineStore {
  return {
    find: (attesterId) => find(database, attesterId),
    rounds: (attesterId, page) => rounds(database, attesterId, page),
  };
}

async function find(database: Database, attesterId: string): Promise<KeptTimeline> {
  const [row] = await database.query(FIND, [attesterId], TimelineRow);
  if (row === undefined || row.version === 0) {
    return { version: 0, state: undefined, updatedAt: undefined, nextIndex: undefined };
  }
  const reading = readTimelineState(row.state);
  if (!reading.ok) {
    const [place] = reading.problems;
    const what = place === undefined ? '' : `: ${place.path} ${place.message}`;
    throw new Error(`the kept timeline of attester ${attesterId} is damaged${what}`);
  }
  const updatedAt = row.updatedAt ?? undefined;
  const nextIndex = row.nextIndex ?? undefined;
  return { version: row.version, state: reading.state, updatedAt, nextIndex };
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
});
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
    newest.next_index::float8 AS "nextIndex"
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

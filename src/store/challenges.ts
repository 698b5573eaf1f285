// Challenges in the database. migrations/0004_challenges.sql; they are spent in evidence.ts.

import { z } from 'zod';
import type { Challenge, ChallengeStore } from '../service/ports.ts';
import { bytesColumn, type Database } from './database.ts';

/** The challenge store on this database. */
export function challengeStore(database: Database): ChallengeStore {
  return {
    issue: async (challenge, cap) => {
      await database.run(ISSUE, [
        challenge.attesterId,
        challenge.id,
        challenge.nonce,
        challenge.policy.name,
        challenge.policy.version,
        JSON.stringify(challenge.referenceSets),
        JSON.stringify(challenge.keyrings),
        challenge.timelineVersion,
        challenge.fromIndex,
        challenge.fromOffset,
        challenge.issuedAt,
        challenge.expiresAt,
        cap - 1,
      ]);
    },
    find: async (id) => {
      const [row] = await database.query(FIND, [id], ChallengeRow);
      if (row === undefined) return undefined;
      const { policyName, policyVersion, ...rest } = row;
      return { ...rest, policy: { name: policyName, version: policyVersion } };
    },
    sweep: (before) => database.run('DELETE FROM challenges WHERE expires_at < $1', [before]),
  };
}

/** The challenge's place in SQL: the values that name its row. */
export function challengeKey(challenge: Challenge): [string, string] {
  return [challenge.attesterId, challenge.id];
}

const ChallengeRow = z.object({
  id: z.string(),
  attesterId: z.string(),
  nonce: bytesColumn,
  policyName: z.string(),
  policyVersion: z.number(),
  referenceSets: z.record(z.string(), z.number()),
  keyrings: z.record(z.string(), z.number()),
  timelineVersion: z.number(),
  fromIndex: z.number(),
  fromOffset: z.number(),
  issuedAt: z.date(),
  expiresAt: z.date(),
  spentAt: z.date().nullable(),
});

// float8 reads as a number on both drivers and is exact below 2^53.
const FIND = `
  SELECT id, attester_id AS "attesterId", nonce, policy_name AS "policyName",
    policy_version AS "policyVersion", reference_sets AS "referenceSets", keyrings,
    timeline_version::float8 AS "timelineVersion", from_index::float8 AS "fromIndex",
    from_offset::float8 AS "fromOffset", issued_at AS "issuedAt", expires_at AS "expiresAt",
    spent_at AS "spentAt"
  FROM challenges WHERE id = $1`;

const ISSUE = `
  WITH dropped AS (
    DELETE FROM challenges WHERE attester_id = $1 AND id IN (
      SELECT id FROM challenges WHERE attester_id = $1 AND spent_at IS NULL
      ORDER BY issued_at DESC, id DESC OFFSET $13)
  )
  INSERT INTO challenges (attester_id, id, nonce, policy_name, policy_version, reference_sets,
    keyrings, timeline_version, from_index, from_offset, issued_at, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9, $10, $11, $12)`;

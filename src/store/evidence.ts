// Evidence in the database, and the one transaction that decides: it spends the challenge, stores
// the verdict with the state after it, and links the evidence. migrations/0006_evidence.sql

import { z } from 'zod';
import type {
  Challenge,
  Decision,
  EvidenceDraft,
  EvidencePart,
  EvidenceStore,
  StoredEvidence,
} from '../service/ports.ts';
import { challengeKey } from './challenges.ts';
import { type Chunk, ChunkGatherer, expandChunk } from './chunks.ts';
import type { Database, Queries } from './database.ts';

/** The evidence store on this database; `newId` names drafts. */
export function evidenceStore(database: Database, newId: () => string): EvidenceStore {
  return {
    begin: (challenge, receivedAt) => new Draft(database, newId(), { challenge, receivedAt }),
    ofVerdict: (verdictId) => ofVerdict(database, verdictId),
    read: (evidence, part) => read(database, evidence, part),
    sweep: (before) => database.run(SWEEP, [before]),
  };
}

class Draft implements EvidenceDraft {
  readonly #database: Database;
  readonly #id: string;
  readonly #origin: { readonly challenge: Challenge; readonly receivedAt: Date };
  readonly #gatherer = new ChunkGatherer<EvidencePart>();
  #opened = false;

  constructor(
    database: Database,
    id: string,
    origin: { readonly challenge: Challenge; readonly receivedAt: Date },
  ) {
    this.#database = database;
    this.#id = id;
    this.#origin = origin;
  }

  async write(part: EvidencePart, window: Uint8Array): Promise<void> {
    const chunks = await this.#gatherer.add(part, window);
    if (chunks.length > 0) await this.#store(this.#database, chunks);
  }

  // What is small is written here as a whole: one commit for the usual round.
  async settle(decision: Decision): Promise<boolean> {
    const chunks = await this.#gatherer.rest();
    try {
      await this.#database.transaction(async (queries) => {
        await this.#store(queries, chunks);
        if ((await decide(queries, decision, this.#id)) === 0) throw new NotSpendable();
      });
      return true;
    } catch (error) {
      if (error instanceof NotSpendable) return false;
      throw error;
    }
  }

  async abandon(): Promise<void> {
    if (!this.#opened) return;
    await this.#database.run(ABANDON, [this.#origin.challenge.attesterId, this.#id]);
  }

  async #store(queries: Queries, chunks: readonly Chunk<EvidencePart>[]): Promise<void> {
    const { challenge, receivedAt } = this.#origin;
    if (!this.#opened) {
      await queries.run(OPEN, [challenge.attesterId, this.#id, challenge.id, receivedAt]);
      this.#opened = true;
    }
    for (const { part, sequence, sizeBytes, bytes } of chunks) {
      const values = [challenge.attesterId, this.#id, part, sequence, sizeBytes, bytes];
      await queries.run(CHUNK, values);
    }
  }
}

/** Rolls the deciding transaction back when the challenge is not ours to spend. */
class NotSpendable extends Error {}

function decide(queries: Queries, decision: Decision, evidenceId: string): Promise<number> {
  const { challenge, verdict, stateAfter } = decision;
  const ima = verdict.coverage.ima;
  return queries.run(DECIDE, [
    ...challengeKey(challenge),
    decision.receivedAt,
    verdict.id,
    verdict.status,
    new Date(verdict.at),
    new Date(verdict.expiresAt),
    challenge.policy.name,
    challenge.policy.version,
    JSON.stringify(challenge.referenceSets),
    Object.keys(verdict.findingCounts),
    JSON.stringify(verdict),
    evidenceId,
    decision.document,
    stateAfter === undefined ? null : JSON.stringify(stateAfter),
    verdict.timeline?.boot ?? null,
    ima?.fromIndex ?? null,
    ima?.provenCount ?? null,
    ima?.pendingCount ?? null,
    verdict.next.fromIndex,
    JSON.stringify({
      policy: challenge.policy,
      referenceSets: challenge.referenceSets,
      keyrings: challenge.keyrings,
    }),
    JSON.stringify(challenge.keyrings),
  ]);
}

async function ofVerdict(
  database: Database,
  verdictId: string,
): Promise<StoredEvidence | undefined> {
  const [row] = await database.query(OF_VERDICT, [verdictId], EvidenceRow);
  if (row === undefined) return undefined;
  const parts = await database.query(PARTS, [row.attesterId, row.evidenceId], PartRow);
  return { ...row, parts };
}

async function* read(
  database: Database,
  { attesterId, evidenceId }: StoredEvidence,
  part: string,
): AsyncIterable<Uint8Array> {
  for (let sequence = 0; ; sequence += 1) {
    const key = [attesterId, evidenceId, part, sequence];
    const [row] = await database.query(READ, key, ChunkRow);
    if (row === undefined) return;
    yield await expandChunk(row.bytes);
  }
}

const EvidenceRow = z.object({
  attesterId: z.string(),
  evidenceId: z.string(),
  receivedAt: z.date(),
  document: z.string(),
});
const PartRow = z.object({ part: z.string(), sizeBytes: z.number() });
const ChunkRow = z.object({ bytes: z.instanceof(Uint8Array) });

const OPEN = `
  INSERT INTO evidence (attester_id, id, challenge_id, received_at) VALUES ($1, $2, $3, $4)`;
const CHUNK = `
  INSERT INTO evidence_chunks (attester_id, evidence_id, part, sequence, size_bytes, bytes)
  VALUES ($1, $2, $3, $4, $5, $6)`;
const ABANDON = 'DELETE FROM evidence WHERE attester_id = $1 AND id = $2 AND verdict_id IS NULL';
const SWEEP = 'DELETE FROM evidence WHERE verdict_id IS NULL AND received_at < $1';

// Promise 4: two spenders meet at the row of the challenge. The second waits for the first, finds
// spent_at set, updates nothing, and so stores nothing. Two rounds of one attester meet at the row
// of its timeline in the same way: the second finds another version, and stores nothing either.
const DECIDE = `
  WITH spent AS (
    UPDATE challenges SET spent_at = $6
    WHERE attester_id = $1 AND id = $2 AND spent_at IS NULL AND expires_at > $3
      AND timeline_version =
        coalesce((SELECT version FROM attester_timelines WHERE attester_id = $1), 0)
    RETURNING id, timeline_version
  ), advanced AS (
    INSERT INTO attester_timelines AS kept
      (attester_id, version, state, updated_at, appraised_under, began_at)
    SELECT $1, timeline_version + 1, $15::json, $6, $21::jsonb, $6
    FROM spent WHERE $15::json IS NOT NULL
    ON CONFLICT (attester_id) DO UPDATE
    SET version = excluded.version, state = excluded.state, updated_at = excluded.updated_at,
      appraised_under = excluded.appraised_under
    WHERE kept.version + 1 = excluded.version
    RETURNING version
  ), stored AS (
    INSERT INTO verdicts (attester_id, id, challenge_id, status, decided_at, expires_at,
      policy_name, policy_version, reference_sets, codes, document, timeline_version, boot,
      from_index, proven_count, pending_count, next_index, moved, keyrings)
    SELECT $1, $4, id, $5, $6, $7, $8, $9, $10::jsonb, $11, $12::json, timeline_version, $16,
      $17, $18, $19, $20, $15::json IS NOT NULL, $22::jsonb
    FROM spent WHERE $15::json IS NULL OR EXISTS (SELECT 1 FROM advanced)
    RETURNING id
  )
  UPDATE evidence SET verdict_id = stored.id, document = $14::json
  FROM stored WHERE evidence.attester_id = $1 AND evidence.id = $13`;

const OF_VERDICT = `
  SELECT attester_id AS "attesterId", id AS "evidenceId", received_at AS "receivedAt",
    document::text AS document
  FROM evidence WHERE verdict_id = $1`;
const PARTS = `
  SELECT part, sum(size_bytes)::float8 AS "sizeBytes" FROM evidence_chunks
  WHERE attester_id = $1 AND evidence_id = $2 GROUP BY part ORDER BY length(part), part`;
const READ = `
  SELECT bytes FROM evidence_chunks
  WHERE attester_id = $1 AND evidence_id = $2 AND part = $3 AND sequence = $4`;

// Reference sets in the database: content stored once for each digest, versions that never change,
// and a pointer for each name to the active one. migrations/0003_reference_sets.sql,
// 0009_set_validity.sql

import { z } from 'zod';
import type { SetTerms } from '../policy/reference-set-terms.ts';
import type { ReferenceSetDraft, ReferenceSetStore } from '../service/ports.ts';
import { type Chunk, ChunkGatherer, expandChunk } from './chunks.ts';
import { type Database, onlyRow, type Queries } from './database.ts';

/** The reference set store on this database. */
export function referenceSetStore(database: Database): ReferenceSetStore {
  return {
    begin: (upload) => new Draft(database, upload),
    activate: async (name, version, at) => (await database.run(ACTIVATE, [name, version, at])) > 0,
    active: () => database.query(`${SELECT} WHERE a.version = s.version`, [], SetRow),
    versions: (name) =>
      database.query(`${SELECT} WHERE s.name = $1 ORDER BY s.version DESC`, [name], SetRow),
    list: () => database.query(NEWEST, [], SetRow),
    find: async (name, version) => {
      const text = `${SELECT} WHERE s.name = $1 AND s.version = $2`;
      return (await database.query(text, [name, version], SetRow))[0];
    },
    read: (digest) => read(database, digest),
    sweep: (before) => database.run(SWEEP, [before]),
  };
}

type Upload = Parameters<ReferenceSetStore['begin']>[0];
type Finished = Parameters<ReferenceSetDraft['finish']>[0];

class Draft implements ReferenceSetDraft {
  readonly #database: Database;
  readonly #upload: Upload;
  readonly #gatherer = new ChunkGatherer<'set'>();
  #sizeBytes = 0;
  #opened = false;

  constructor(database: Database, upload: Upload) {
    this.#database = database;
    this.#upload = upload;
  }

  async write(window: Uint8Array): Promise<void> {
    this.#sizeBytes += window.byteLength;
    const chunks = await this.#gatherer.add('set', window);
    if (chunks.length > 0) await this.#store(this.#database, chunks);
  }

  async finish(set: Finished): Promise<{ version: number; created: boolean }> {
    const chunks = await this.#gatherer.rest();
    return this.#database.transaction(async (queries) => {
      await this.#store(queries, chunks);
      await queries.run(TURN, []);
      await this.#settleContent(queries, set.digest);
      const known = await queries.query(KNOWN, [set.name, set.digest], NumberRow);
      if (known[0] !== undefined) return { version: known[0].version, created: false };
      const { validity, basis = null } = set.terms;
      const terms = [momentOf(validity.validFromMs), momentOf(validity.retireAtMs), basis];
      const values = [set.name, set.digest, set.entries, this.#sizeBytes, set.at, ...terms];
      const { version } = onlyRow(await queries.query(PUBLISH, values, NumberRow));
      return { version, created: true };
    });
  }

  async abandon(): Promise<void> {
    if (!this.#opened) return;
    await this.#database.run(ABANDON, [this.#upload.id]);
  }

  async #store(queries: Queries, chunks: readonly Chunk<'set'>[]): Promise<void> {
    const { id, reading, at } = this.#upload;
    if (!this.#opened) await queries.run(OPEN, [id, reading.format, reading.paths, at]);
    this.#opened = true;
    for (const { sequence, bytes } of chunks) await queries.run(CHUNK, [id, sequence, bytes]);
  }

  /** Keeps this content under its digest, unless the same is kept already. */
  async #settleContent(queries: Queries, digest: string): Promise<void> {
    const same = await queries.query(CONTENT, [digest], z.object({ id: z.string() }));
    if (same.length > 0) await queries.run(ABANDON, [this.#upload.id]);
    else await queries.run(SETTLE, [this.#upload.id, digest]);
  }
}

async function* read(database: Database, digest: string): AsyncIterable<Uint8Array> {
  for (let sequence = 0; ; sequence += 1) {
    const [row] = await database.query(READ, [digest, sequence], ChunkRow);
    if (row === undefined) return;
    yield await expandChunk(row.bytes);
  }
}

function momentOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}

function termsOf({ validFrom, retireAt, basis }: z.infer<typeof TermColumns>): SetTerms {
  const validity = {
    ...(validFrom && { validFromMs: validFrom.getTime() }),
    ...(retireAt && { retireAtMs: retireAt.getTime() }),
  };
  return { validity, ...(basis && { basis }) };
}

const NumberRow = z.object({ version: z.number() });
const ChunkRow = z.object({ bytes: z.instanceof(Uint8Array) });
const TermColumns = z.object({
  validFrom: z.date().nullable(),
  retireAt: z.date().nullable(),
  basis: z.enum(['trusted-on-first-use']).nullable(),
});
const SetRow = TermColumns.extend({
  name: z.string(),
  version: z.number(),
  digest: z.string(),
  createdAt: z.date(),
  active: z.boolean(),
  entries: z.number(),
  sizeBytes: z.number(),
  format: z.enum(['digest-lines', 'ndjson', 'csv']),
  paths: z.enum(['free', 'bound']),
}).transform(({ validFrom, retireAt, basis, ...row }) => {
  return { ...row, terms: termsOf({ validFrom, retireAt, basis }) };
});

const OPEN =
  'INSERT INTO reference_set_contents (id, format, paths, started_at) VALUES ($1, $2, $3, $4)';
const CHUNK = `
  INSERT INTO reference_set_chunks (content_id, sequence, bytes) VALUES ($1, $2, $3)`;
const ABANDON = 'DELETE FROM reference_set_contents WHERE id = $1 AND digest IS NULL';
const SWEEP = 'DELETE FROM reference_set_contents WHERE digest IS NULL AND started_at < $1';

// Finishing is rare and short: one turn for all keeps content and versions simple.
const TURN = `SELECT pg_advisory_xact_lock(hashtextextended('reference sets', 0))`;
const CONTENT = 'SELECT id FROM reference_set_contents WHERE digest = $1';
const SETTLE = 'UPDATE reference_set_contents SET digest = $2 WHERE id = $1';
const KNOWN = 'SELECT version FROM reference_sets WHERE name = $1 AND digest = $2';
const PUBLISH = `
  INSERT INTO reference_sets
    (name, version, digest, entries, size_bytes, created_at, valid_from, retire_at, basis)
  SELECT $1::text, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8
  FROM reference_sets WHERE name = $1
  RETURNING version`;
const ACTIVATE = `
  INSERT INTO active_reference_sets (name, version, activated_at)
  SELECT name, version, $3 FROM reference_sets WHERE name = $1 AND version = $2
  ON CONFLICT (name) DO UPDATE
  SET version = excluded.version, activated_at = excluded.activated_at`;
const SELECT = `
  SELECT s.name, s.version, s.digest, s.created_at AS "createdAt", s.entries,
    s.size_bytes::float8 AS "sizeBytes", c.format, c.paths,
    s.valid_from AS "validFrom", s.retire_at AS "retireAt", s.basis,
    coalesce(a.version = s.version, false) AS active
  FROM reference_sets s JOIN reference_set_contents c ON c.digest = s.digest
  LEFT JOIN active_reference_sets a ON a.name = s.name`;
const NEWEST = `${SELECT}
  WHERE s.version = (SELECT max(version) FROM reference_sets WHERE name = s.name)
  ORDER BY s.name`;
const READ = `
  SELECT k.bytes FROM reference_set_chunks k JOIN reference_set_contents c ON c.id = k.content_id
  WHERE c.digest = $1 AND k.sequence = $2`;

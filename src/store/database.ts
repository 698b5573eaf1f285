// The one face of the database: PostgreSQL through a pool, or PostgreSQL embedded in a folder. The
// same SQL runs on both, and every row is checked before anyone believes it. docs/api.md

import { z } from 'zod';

/** A value that both drivers carry alike. JSON goes as text, into a `json` or `jsonb` column. */
export type SqlValue = string | number | boolean | null | Date | Uint8Array | readonly string[];

/** What can be asked inside and outside a transaction. */
export interface Queries {
  /** Runs one statement with parameters `$1…` and checks each row. Throws when the database or a
   *  row is not what we think it is: a fault. */
  query<T>(text: string, values: readonly SqlValue[], row: z.ZodType<T>): Promise<T[]>;
  /** Runs one statement for its effect; answers how many rows it touched. */
  run(text: string, values: readonly SqlValue[]): Promise<number>;
  /** Runs several statements without parameters. Meant for migrations. */
  script(text: string): Promise<void>;
}

/** A database, and how to leave it. */
export interface Database extends Queries {
  /** Runs `work` in one transaction: all of it happens, or nothing. Inside, only the given
   *  `queries` may be used: the embedded database has a single connection. */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** Waits for what runs, then lets go. */
  close(): Promise<void>;
}

/** The one row that a statement must have answered with. */
export function onlyRow<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined || rows.length !== 1) {
    throw new Error(`expected one row, the database answered ${rows.length}`);
  }
  return row;
}

/** A short `bytea` column. One driver gives a Buffer, whose `slice` means something else than that
 *  of a Uint8Array: nobody outside shall meet it. */
export const bytesColumn = z.instanceof(Uint8Array).transform((bytes) => new Uint8Array(bytes));

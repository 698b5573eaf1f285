// The hash that links each row of the audit log to the row before it. Fields are hashed one by one,
// so that no two rows have the same input. migrations/0011_audit_chain.sql computes the same.

import { createHash } from 'node:crypto';

/** One row, as text. */
export interface AuditRow {
  readonly id: string;
  /** UTC with microseconds: `2031-05-03T12:00:00.000000Z`. */
  readonly at: string;
  readonly actor: string | null;
  readonly action: string;
  readonly subject: string;
  /** JSON, as it is stored. */
  readonly detail: string;
}

/** SHA-256 over the hash of the row before (32 bytes) and the SHA-256 of each field in UTF-8, in
 *  the order id, at, actor, action, subject, detail; 32 zero bytes for no actor. */
export function linkHash(previous: Uint8Array, row: AuditRow): Uint8Array {
  const hash = createHash('sha256').update(previous);
  for (const field of [row.id, row.at, row.actor, row.action, row.subject, row.detail]) {
    hash.update(field === null ? NOTHING : createHash('sha256').update(field, 'utf8').digest());
  }
  return new Uint8Array(hash.digest());
}

/** What stands before the first row: 32 zero bytes. */
export const NOTHING = new Uint8Array(32);

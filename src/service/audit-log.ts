// The port of the audit log: what is written down about changes and refusals, and how it is read.
// docs/api.md, "Audit"

export interface AuditEntry {
  readonly at: Date;
  /** Id of the access token that acted; null for the service itself. */
  readonly actor: string | null;
  /** What was done, `noun.verb`. */
  readonly action: string;
  /** To what: an id or a name. */
  readonly subject: string;
  readonly detail?: Readonly<Record<string, string | number>>;
}

/** An entry in its place in the chain. */
export interface AuditRecord extends Required<AuditEntry> {
  /** From 1, in the order of the chain. */
  readonly id: number;
  /** SHA-256 over the record and the hash before it: hex. */
  readonly hash: string;
}

export interface AuditFilter {
  readonly actor?: string;
  readonly action?: string;
  readonly subject?: string;
  readonly since?: Date;
  readonly until?: Date;
}

/** A page of the audit log, newest first; `before` is the last record of the page before. */
export interface AuditPage {
  readonly limit: number;
  readonly before?: number;
}

export interface AuditVerification {
  /** The newest record. Whoever notes it can show later that the log still leads there. */
  readonly head: { readonly id: number; readonly hash: string };
  /** How many records were found good. */
  readonly rows: number;
  /** Where the chain breaks: this record, or one before it, was changed or removed. Null:
   *  nowhere. */
  readonly brokenAt: number | null;
}

/** Only grows. Each record carries a hash over itself and the record before it. */
export interface AuditLog {
  append(entry: AuditEntry): Promise<void>;
  list(filter: AuditFilter, page: AuditPage): Promise<AuditRecord[]>;
  /** Walks the whole chain; `known` is a head that somebody noted before. */
  verify(known?: AuditVerification['head']): Promise<AuditVerification>;
}

// What the use cases need of kept policies: versions that never change, which of them is active,
// and their trials. src/store/policies.ts and src/store/trials.ts implement it.

import type { AuditEntry } from './audit-log.ts';
import type { Version } from './version.ts';

/** What a version has been through. `draft`: uploaded. `trial`: tried out, never active.
 *  `superseded`: it was active once. An older version that is activated again is `active`. */
export const POLICY_STATES = ['draft', 'trial', 'active', 'superseded'] as const;
export type PolicyState = (typeof POLICY_STATES)[number];

/** Who did something: id and name of an access token. */
export interface Author {
  readonly id: string;
  readonly name: string;
}

export interface PolicyVersion extends Version {
  readonly state: PolicyState;
  /** Null for what was uploaded before authors were kept. */
  readonly author: Author | null;
  /** When it last became the active version, and by whom; null if it never did, or nobody knows. */
  readonly activatedAt: Date | null;
  readonly activatedBy: string | null;
}

export interface PolicyActivation {
  readonly name: string;
  readonly version: number;
  readonly at: Date;
  readonly by: Author;
  /** The version that must be active until now; null: none. Undefined: whichever it is. */
  readonly expected: number | null | undefined;
  /** Written down in the same transaction. */
  readonly audit: AuditEntry;
}

export interface PolicyStore {
  /** Keeps a new version and writes it down; content that the name already has is that version
   *  (`created` false). */
  publish(policy: {
    readonly name: string;
    readonly digest: string;
    readonly document: string;
    readonly at: Date;
    readonly by: Author;
    audit(version: number): AuditEntry;
  }): Promise<{ readonly version: number; readonly created: boolean }>;
  /** Makes this the one active version of its name, and writes it down: both happen or neither. */
  activate(activation: PolicyActivation): Promise<'activated' | 'unknown' | 'overtaken'>;
  /** The active version of every name, by name. */
  active(): Promise<PolicyVersion[]>;
  /** Every version of a name, newest first. */
  versions(name: string): Promise<PolicyVersion[]>;
  document(name: string, version: number): Promise<string | undefined>;
  /** The newest version of every name, by name. */
  list(): Promise<PolicyVersion[]>;
}

/** A trial that ran to its end. */
export interface StoredTrial {
  readonly id: string;
  readonly policy: { readonly name: string; readonly version: number };
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** Name of the access token. */
  readonly startedBy: string;
  /** JSON text. */
  readonly result: string;
}

export interface TrialStore {
  /** Keeps a trial and writes it down: both happen or neither. */
  add(trial: StoredTrial, audit: AuditEntry): Promise<void>;
  find(id: string): Promise<StoredTrial | undefined>;
  /** The trials of a version without their results, newest first, at most `limit`. */
  list(name: string, version: number, limit: number): Promise<Omit<StoredTrial, 'result'>[]>;
}

// What the use cases need from the world, in their own words: time, randomness, and what is kept.
// src/store implements the stores, src/main.ts brings all of it together.

import type { SetTerms } from '../policy/reference-set-terms.ts';
import type { ReferenceReading } from '../policy/reference-set-text.ts';
import type { TimelineState } from '../verify/timeline-state.ts';
import type { Verdict, VerdictStatus } from '../verify/verdict.ts';
import type { AppraisalWorkers } from './appraisal-workers.ts';
import type { AuditEntry, AuditLog } from './audit-log.ts';
import type { EnrolmentStore } from './enrolment-store.ts';
import type { KeyringStore, TrustAnchorStore } from './key-stores.ts';
import type { Labels, NewAttester } from './new-attester.ts';
import type { PageRequest } from './page.ts';
import type { PinnedPolicy } from './pinned-policy.ts';
import type { PolicyStore, TrialStore } from './policy-store.ts';
import type { SigningKeyStore } from './signing-key-store.ts';
import type { TimelineStore } from './timeline-store.ts';
import type { Version } from './version.ts';

/** The words of a verdict's status, as a list. */
export const STATUSES = [
  'affirming',
  'warning',
  'contraindicated',
  'none',
] as const satisfies readonly VerdictStatus[];

/** Everything that a use case may reach. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly attesters: AttesterStore;
  readonly enrolments: EnrolmentStore;
  readonly challenges: ChallengeStore;
  readonly evidence: EvidenceStore;
  readonly verdicts: VerdictStore;
  readonly timelines: TimelineStore;
  readonly policies: PolicyStore;
  readonly trials: TrialStore;
  readonly referenceSets: ReferenceSetStore;
  readonly keyrings: KeyringStore;
  readonly trustAnchors: TrustAnchorStore;
  readonly tokens: TokenStore;
  readonly signingKeys: SigningKeyStore;
  /** A private key (JWK, as JSON) that signs results and is kept elsewhere. Absent: a key of our
   *  own, in the store. */
  readonly resultKey?: string;
  /** Absent: only our own tokens count. */
  readonly issuer?: TokenIssuer;
  readonly audit: AuditLog;
  readonly storage: Storage;
  readonly workers: AppraisalWorkers;
}

export interface Clock {
  now(): Date;
}

/** Unpredictable values. */
export interface Random {
  bytes(lengthBytes: number): Uint8Array;
  /** A random UUID (version 4): names a row and cannot be guessed. */
  id(): string;
}

export interface Attester extends NewAttester {
  /** The newest verdict, null before the first. */
  readonly latest: Omit<VerdictSummary, 'attesterId' | 'codes' | 'policy'> | null;
}

export interface EnrolledAs {
  readonly id: string;
  readonly created: boolean;
  readonly akReplaced: boolean;
}

export interface AttesterStore {
  /** Keeps a new attester. An identity that is known keeps its id and its labels (`created` is
   *  false) and is described by the given key from now on. If it had been removed it comes back,
   *  enrolled at the given time. Another attestation key than before (`akReplaced`) takes the
   *  timeline and the open challenges with it: both were the old key's. */
  enrol(attester: NewAttester): Promise<EnrolledAs>;
  /** Gives the attester the AK, binding and codes of `attester`; false when it does not have the
   *  AK `from` any more, or was removed. Another AK takes timeline and challenges with it. */
  replaceAk(attester: NewAttester, from: string): Promise<boolean>;
  /** The attester, unless unknown or removed. */
  find(id: string): Promise<Attester | undefined>;
  list(page: PageRequest): Promise<Attester[]>;
  /** Replaces the labels; false when there is no such attester. */
  relabel(id: string, labels: Labels): Promise<boolean>;
  /** Takes it out of the fleet with its open challenges, its timeline and every enrolment of its
   *  identity that waits for an answer; its verdicts stay. */
  remove(id: string, at: Date): Promise<boolean>;
}

/** The policy is pinned when it is issued: an activation meanwhile does not move the goal. */
export interface Challenge extends PinnedPolicy {
  readonly id: string;
  readonly attesterId: string;
  readonly nonce: Uint8Array;
  /** Version of the timeline that the round goes on from: once another round has moved it, this
   *  challenge cannot be answered any more. */
  readonly timelineVersion: number;
  /** Absolute index of the first record to send, and the bytes of the list before it. */
  readonly fromIndex: number;
  readonly fromOffset: number;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export interface StoredChallenge extends Challenge {
  readonly spentAt: Date | null;
}

export interface ChallengeStore {
  /** Keeps a challenge; of more than `cap` open ones of its attester the oldest are dropped. */
  issue(challenge: Challenge, cap: number): Promise<void>;
  find(id: string): Promise<StoredChallenge | undefined>;
  /** Drops challenges that expired before `before`; answers how many. */
  sweep(before: Date): Promise<number>;
}

/** `boot-log`, or `segment-N` with N from 0 in the order of the evidence. */
export type EvidencePart = 'boot-log' | `segment-${number}`;

/** What the deciding transaction stores. */
export interface Decision {
  readonly challenge: Challenge;
  readonly verdict: Verdict;
  /** What the next round goes on from; undefined when this one changes nothing. */
  readonly stateAfter: TimelineState | undefined;
  /** When the quote arrived: a challenge that had expired by then is not spent. */
  readonly receivedAt: Date;
  /** The evidence without its lists: JSON text. */
  readonly document: string;
}

/** Evidence on its way in: invisible until settled. */
export interface EvidenceDraft {
  /** Keeps bytes of a part; parts come one after the other. */
  write(part: EvidencePart, window: Uint8Array): Promise<void>;
  /** In one transaction: spends the challenge, stores the verdict and the state after it, links the
   *  evidence. False, and nothing stored, when the challenge cannot be spent (any more) or another
   *  round has moved the timeline since it was issued. */
  settle(decision: Decision): Promise<boolean>;
  /** Forgets what was written. */
  abandon(): Promise<void>;
}

export interface StoredEvidence {
  readonly attesterId: string;
  readonly evidenceId: string;
  readonly receivedAt: Date;
  readonly document: string;
  readonly parts: readonly { readonly part: string; readonly sizeBytes: number }[];
}

export interface EvidenceStore {
  begin(challenge: Challenge, receivedAt: Date): EvidenceDraft;
  ofVerdict(verdictId: string): Promise<StoredEvidence | undefined>;
  /** The bytes of one part as they were received. */
  read(evidence: StoredEvidence, part: string): AsyncIterable<Uint8Array>;
  /** Drops drafts begun before `before` that nothing settled; answers how many. */
  sweep(before: Date): Promise<number>;
}

export interface VerdictSummary {
  readonly id: string;
  readonly attesterId: string;
  readonly at: Date;
  readonly expiresAt: Date;
  readonly status: VerdictStatus;
  readonly codes: readonly string[];
  readonly policy: { readonly name: string; readonly version: number };
}

export interface VerdictFilter {
  readonly attester?: string;
  readonly status?: VerdictStatus;
  /** Only verdicts with a finding of this code. */
  readonly code?: string;
  readonly since?: Date;
  readonly until?: Date;
}

export interface VerdictStore {
  /** The verdict document: JSON text, as it was answered. */
  find(id: string): Promise<string | undefined>;
  list(filter: VerdictFilter, page: PageRequest): Promise<VerdictSummary[]>;
}

/** How the text of a set is to be read, and the terms said beside it. */
export type SetReading = Required<ReferenceReading>;

export interface SetVersion extends Version, SetReading {
  /** Those of the text included. */
  readonly terms: SetTerms;
  readonly entries: number;
  /** Of the text as it was uploaded. */
  readonly sizeBytes: number;
}

/** A reference set on its way in: invisible until finished. */
export interface ReferenceSetDraft {
  write(window: Uint8Array): Promise<void>;
  /** Makes what was written a version of `name`; content that the name already has is that
   *  version (`created` false). */
  finish(set: {
    readonly name: string;
    readonly digest: string;
    readonly entries: number;
    readonly terms: SetTerms;
    readonly at: Date;
  }): Promise<{ readonly version: number; readonly created: boolean }>;
  abandon(): Promise<void>;
}

export interface ReferenceSetStore {
  begin(upload: {
    readonly id: string;
    readonly reading: SetReading;
    readonly at: Date;
  }): ReferenceSetDraft;
  activate(name: string, version: number, at: Date): Promise<boolean>;
  /** The active version of every name, by name. */
  active(): Promise<SetVersion[]>;
  versions(name: string): Promise<SetVersion[]>;
  list(): Promise<SetVersion[]>;
  find(name: string, version: number): Promise<SetVersion | undefined>;
  /** The uploaded bytes of a set. */
  read(digest: string): AsyncIterable<Uint8Array>;
  sweep(before: Date): Promise<number>;
}

export const ROLES = [
  'agent-enrol',
  'operator',
  'policy-admin',
  'auditor',
  'relying-party',
  'admin',
] as const;
export type Role = (typeof ROLES)[number];

export interface AccessToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: Date;
}

/** A token as it is kept, without its secret. */
export interface StoredToken extends AccessToken {
  /** From then on it is worth nothing; null: never. */
  readonly expiresAt: Date | null;
  /** Within an hour or so; null before the first use. */
  readonly lastUsedAt: Date | null;
}

export interface TokenRotation {
  readonly id: string;
  readonly secret: string;
  readonly oldUntil: Date;
  /** Undefined: as before. */
  readonly expiresAt: Date | undefined;
}

/** Keeps the SHA-256 of each token's secret, never the secret. A change and its entry in the audit
 *  log happen together, at the time of the entry. */
export interface TokenStore {
  /** False when the name is taken. */
  add(token: StoredToken, secret: string, entry: AuditEntry): Promise<boolean>;
  /** Adds a token if there never was one; false otherwise. */
  addFirst(token: StoredToken, secret: string, entry: AuditEntry): Promise<boolean>;
  /** The token that has this secret at this time, unless revoked or expired. */
  find(secret: string, at: Date): Promise<StoredToken | undefined>;
  /** Writes down that a token was used. */
  noteUse(id: string, at: Date): Promise<void>;
  /** Every token that is not revoked, by name. */
  list(): Promise<StoredToken[]>;
  /** Gives a token a new secret; the old one works until `oldUntil`, any older one no more.
   *  Undefined when there is no such token, or it would be expired. */
  rotate(rotation: TokenRotation, entry: AuditEntry): Promise<StoredToken | undefined>;
  /** With `keepAdmin`, the last admin token that works stays (`last-admin`). */
  revoke(
    id: string,
    keepAdmin: boolean,
    entry: AuditEntry,
  ): Promise<'revoked' | 'absent' | 'last-admin'>;
}

/** Who signs tokens for us elsewhere: an OpenID Connect provider. */
export interface TokenIssuer {
  /** Whether some of its tokens make an admin. */
  readonly namesAdmins: boolean;
  /** Whom a token stands for; undefined when it is not good. Problem:
   *  `token.issuer_unreachable`. */
  recognise(jwt: string): Promise<Caller | undefined>;
}

/** Who calls. */
export interface Caller {
  readonly token: Omit<AccessToken, 'role'>;
  /** What it may be let in as; an issuer's token may name none. */
  readonly roles: readonly Role[];
}

/** What keeps all of it. */
export interface Storage {
  /** Whether it answers now. Never throws. */
  reachable(): Promise<boolean>;
}

// The verdict document: what every caller gets and what is stored. docs/verdicts.md

import type { HashName } from '../crypto/digest.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Finding, Severity } from '../findings/finding.ts';
import type { PolicyIdentity } from '../policy/acceptance.ts';
import type { Epoch } from '../timeline/epochs.ts';

/** EAR words. `none` is never shown as good. */
export type VerdictStatus = 'affirming' | 'warning' | 'contraindicated' | 'none';

/** The steps of the procedure, in their order. */
export const CHECKS = [
  'ak.suitability',
  'quote.structure',
  'quote.signature',
  'quote.nonce',
  'quote.selection',
  'quote.composite',
  'boot.replay',
  'ima.replay',
  'ima.boot_aggregate',
  'ima.structure',
  'ima.measurements',
] as const;
export type CheckName = (typeof CHECKS)[number];

export interface Check {
  readonly check: CheckName;
  readonly outcome: 'passed' | 'failed' | 'not-run';
  /** The check whose outcome kept this one from running. */
  readonly blockedBy?: CheckName;
  /** Why it did not run, when no other check is to blame. */
  readonly reason?: string;
}

export interface BankCoverage {
  /** `proven`: a prefix replays to the quoted value; `mismatch`: none does. */
  readonly state: 'proven' | 'mismatch' | 'not-quoted' | 'unsupported' | 'unproven';
  /** How the bank was extended; only where it is proven. */
  readonly extended?: 'own-hash' | 'padded-sha1';
}

export interface ImaCoverage {
  readonly fromIndex: number;
  /** Absolute: how many records of this boot the quote proves; null when no prefix fits. */
  readonly provenCount: number | null;
  /** Records behind the proven ones. */
  readonly pendingCount: number;
  /** Bytes of the proven records. */
  readonly provenBytes: number;
  readonly banks: Readonly<Partial<Record<HashName, BankCoverage>>>;
  readonly segments: number;
}

export interface BootCoverage {
  readonly events: number;
  readonly banks: Readonly<Partial<Record<HashName, BootBankCoverage>>>;
}

export interface BootBankCoverage {
  /** PCRs whose quoted value is the replayed one. */
  readonly explained: readonly number[];
  /** PCRs with events whose quoted value is another. */
  readonly unexplained: readonly number[];
  /** PCRs above their reset value that no event extends. */
  readonly changedWithoutEvents: readonly number[];
}

export interface Timeline {
  /** Boots of this attester that were seen, this one included; 1 when nothing was known. */
  readonly boot: number;
  readonly resetCount: number;
  readonly restartCount: number;
  /** Milliseconds; exact below 2^53. */
  readonly clockMs: number;
  readonly safe: boolean;
  /** 16 hex digits. */
  readonly firmwareVersion: string;
  readonly epochs: readonly Epoch[];
}

/** What the pure procedure answers: the same for the same bytes, policy and state. */
export interface VerdictBody {
  readonly status: VerdictStatus;
  readonly checks: readonly Check[];
  readonly findings: readonly Finding[];
  readonly findingCounts: Readonly<Record<string, number>>;
  readonly coverage: { readonly ima: ImaCoverage | null; readonly boot: BootCoverage | null };
  /** Null when no quote could be read and verified. */
  readonly timeline: Timeline | null;
  /** What may explain a failed replay; never improves a verdict. */
  readonly diagnosis: readonly Diagnosis[];
  readonly policy: PolicyIdentity;
  readonly next: { readonly fromIndex: number; readonly afterSeconds: number };
}

/** A stored verdict. */
export interface Verdict extends VerdictBody {
  readonly id: string;
  readonly attesterId: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly expiresAt: string;
}

/** The status that a gravest severity gives. */
export function statusOf(worst: Severity): VerdictStatus {
  return worst === 'info' ? 'affirming' : worst;
}

// What a trial counts up to its result: changes of status, by which findings, and what would help.
// Bounded, however many attesters and findings there are. docs/api.md, "Trials"

import { REAPPRAISAL_LIMITS } from '../bytes/limits.ts';
import type { Finding } from '../findings/finding.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import type { VerdictStatus } from '../verify/verdict.ts';
import type { Underivable } from './reappraise.ts';
import { type FindingSubject, type Suggestion, suggestChange } from './suggest-change.ts';

/** What a trial finds out about one attester. */
export type TrialOutcome =
  | {
      readonly attester: string;
      readonly from: VerdictStatus;
      readonly to: VerdictStatus;
      /** Findings that the newest verdict does not have. Info findings are left out. */
      readonly fresh: readonly Finding[];
      /** Codes of the same, those included of which the verdict only tells a count. */
      readonly codes: readonly string[];
    }
  | {
      readonly attester: string;
      readonly from: VerdictStatus;
      /** `failed`: the service did. */
      readonly because: Underivable | 'failed';
      readonly codes: readonly string[];
    };

export interface TrialResult {
  /** Attesters of the selection for which this policy would speak: those that were looked at. */
  readonly total: number;
  /** Of the rest of the selection. */
  readonly leftOut: { readonly otherPolicy: number; readonly withoutVerdict: number };
  readonly statuses: readonly {
    readonly from: VerdictStatus;
    readonly to: VerdictStatus;
    readonly count: number;
  }[];
  /** Attesters whose status would change; at most a thousand are named, `statuses` counts all. */
  readonly flips: readonly Flip[];
  /** New findings by how many attesters have them, the most frequent twenty. */
  readonly newFindings: readonly NewFinding[];
  /** Whether more different findings came than are told apart. */
  readonly isCapped: boolean;
  /** Those that the stored evidence says nothing about; at most a thousand are named. */
  readonly notDerivable: readonly Undecided[];
  readonly notDerivableCounts: Readonly<Record<string, number>>;
}

export interface Flip {
  readonly attester: string;
  readonly from: VerdictStatus;
  readonly to: VerdictStatus;
  readonly codes: readonly string[];
}

export type Undecided = Omit<TrialOutcome & { readonly because: unknown }, 'from'>;

export interface NewFinding extends FindingSubject {
  readonly attesters: number;
  readonly suggestion: Suggestion | null;
}

/** Counts outcomes. */
export class TrialTally {
  readonly #document: PolicyDocument;
  readonly #statuses = new Map<string, { from: VerdictStatus; to: VerdictStatus; count: number }>();
  readonly #flips: Flip[] = [];
  readonly #findings = new Map<string, { finding: FindingSubject; attesters: number }>();
  readonly #undecided: Undecided[] = [];
  readonly #undecidedCounts = new Map<string, number>();
  #isCapped = false;
  #total = 0;

  constructor(document: PolicyDocument) {
    this.#document = document;
  }

  /** Adds an attester; answers its flip, if it is one. */
  add(outcome: TrialOutcome): Flip | undefined {
    this.#total += 1;
    if ('because' in outcome) {
      const { attester, because, codes } = outcome;
      this.#undecidedCounts.set(because, (this.#undecidedCounts.get(because) ?? 0) + 1);
      keep(this.#undecided, { attester, because, codes });
      return undefined;
    }
    const { attester, from, to, codes } = outcome;
    const key = `${from} ${to}`;
    const count = (this.#statuses.get(key)?.count ?? 0) + 1;
    this.#statuses.set(key, { from, to, count });
    for (const [subject, finding] of bySubject(outcome.fresh)) this.#count(subject, finding);
    if (from === to) return undefined;
    const flip = { attester, from, to, codes };
    keep(this.#flips, flip);
    return flip;
  }

  result(leftOut: TrialResult['leftOut']): TrialResult {
    const frequent = [...this.#findings]
      .sort(([aKey, a], [bKey, b]) => b.attesters - a.attesters || (aKey < bKey ? -1 : 1))
      .slice(0, REAPPRAISAL_LIMITS.trialFindings);
    return {
      total: this.#total,
      leftOut,
      statuses: [...this.#statuses.values()].sort((a, b) => b.count - a.count),
      flips: this.#flips,
      newFindings: frequent.map(([, { finding, attesters }]) => ({
        ...finding,
        attesters,
        suggestion: suggestChange(finding, this.#document) ?? null,
      })),
      isCapped: this.#isCapped,
      notDerivable: this.#undecided,
      notDerivableCounts: Object.fromEntries(this.#undecidedCounts),
    };
  }

  #count(key: string, { code, severity, subject }: Finding): void {
    const known = this.#findings.get(key);
    if (known !== undefined) {
      known.attesters += 1;
    } else if (this.#findings.size < REAPPRAISAL_LIMITS.trialDistinct) {
      const finding = { code, severity, ...(subject === undefined ? {} : { subject }) };
      this.#findings.set(key, { finding, attesters: 1 });
    } else {
      this.#isCapped = true;
    }
  }
}

/** What makes findings of several attesters, or of two verdicts, the same. */
export function findingKey({ code, subject }: Pick<Finding, 'code' | 'subject'>): string {
  return JSON.stringify([code, subject?.digest ?? null, subject?.path ?? null]);
}

function bySubject(findings: readonly Finding[]): Map<string, Finding> {
  return new Map(findings.map((finding) => [findingKey(finding), finding]));
}

function keep<T>(named: T[], item: T): void {
  if (named.length < REAPPRAISAL_LIMITS.trialNames) named.push(item);
}

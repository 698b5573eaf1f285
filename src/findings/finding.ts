// A finding: one reason code with its place, what was expected and what was found; and the capped
// log in which a verification collects them.

import { type FindingCode, REASON_CODES } from './codes.ts';
import type { FindingClass } from './reason-code.ts';

/** How a finding bears on the verdict, in EAR words; `info` never changes a status. */
export type Severity = 'contraindicated' | 'none' | 'warning' | 'info';

/** Where in the evidence. Every offset is absolute in the attester's bytes. */
export interface Where {
  readonly part: 'quote' | 'pcr' | 'ak' | 'ek' | 'boot' | 'ima' | 'policy' | 'limit';
  /** Number of the segment in the evidence, from 0. */
  readonly segment?: number;
  /** Absolute index of the record in the boot, or of the event in the event log, from 0. */
  readonly entryIndex?: number;
  /** Offset in the bytes of the part (for `ima`: of the segment's file). */
  readonly offsetBytes?: number;
  readonly field?: string;
  readonly pcr?: number;
  readonly bank?: string;
}

/** What the finding is about, as claimed by the evidence: escaped text, `algorithm:hex` digest. */
export interface Subject {
  readonly path?: string;
  readonly digest?: string;
}

export interface Finding {
  readonly code: FindingCode;
  readonly class: FindingClass;
  readonly severity: Severity;
  readonly where: Where;
  readonly subject?: Subject;
  readonly expected?: string;
  readonly actual?: string;
  /** What is the case, in words. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  /** Id of the policy rule that decided, when one did. */
  readonly rule?: string;
  /** Found in an earlier round of this boot and still open: a record that ran stays run. */
  readonly carried?: true;
}

/** A log as plain data, to be kept from round to round. */
export interface SavedFindings {
  readonly findings: readonly Finding[];
  readonly counts: readonly (readonly [FindingCode, number])[];
  readonly worst: Severity;
}

/** What a finding has beside its code. */
export interface FindingDetail {
  readonly severity: Severity;
  readonly where: Where;
  readonly subject?: Subject;
  readonly expected?: string;
  readonly actual?: string;
  readonly rule?: string;
  /** A sentence about this case, put behind the catalogue's meaning. */
  readonly note?: string;
}

/** Makes a finding from the catalogue. */
export function makeFinding(code: FindingCode, detail: FindingDetail): Finding {
  const { note, ...rest } = detail;
  const entry = REASON_CODES[code];
  return {
    code,
    class: entry.class,
    ...rest,
    message: note === undefined ? entry.meaning : `${entry.meaning} ${note}`,
    hint: entry.hint,
  };
}

const RANK: Readonly<Record<Severity, number>> = {
  info: 0,
  warning: 1,
  none: 2,
  contraindicated: 3,
};

/** The graver of two severities: contraindicated, then none, then warning, then info. */
export function graver(left: Severity, right: Severity): Severity {
  return RANK[left] >= RANK[right] ? left : right;
}

/** Collects findings: the first few of each code in full, then a count, and the gravest severity
 *  of all. Bounded whatever the evidence holds. */
export class FindingLog {
  readonly #capPerCode: number;
  readonly #kept: Finding[] = [];
  readonly #counts = new Map<FindingCode, number>();
  #worst: Severity = 'info';

  constructor(capPerCode: number) {
    this.#capPerCode = capPerCode;
  }

  /** Records a finding from the catalogue. */
  add(code: FindingCode, detail: FindingDetail): void {
    this.addAll([makeFinding(code, detail)]);
  }

  /** Records findings that another room made. */
  addAll(findings: Iterable<Finding>): void {
    for (const finding of findings) {
      const count = (this.#counts.get(finding.code) ?? 0) + 1;
      this.#counts.set(finding.code, count);
      this.#worst = graver(this.#worst, finding.severity);
      if (count <= this.#capPerCode) this.#kept.push(finding);
    }
  }

  /** Everything in the log as plain data. */
  save(): SavedFindings {
    return { findings: this.#kept, counts: [...this.#counts], worst: this.#worst };
  }

  /** A copy without findings that have no weight, except of the codes in `besides`. Codes that only
   *  such findings have are left out of the counts too. */
  lasting(besides: ReadonlySet<FindingCode>): FindingLog {
    const lasting = new FindingLog(this.#capPerCode);
    lasting.#worst = this.#worst;
    const lasts = ({ severity, code }: Finding) => severity !== 'info' || besides.has(code);
    for (const finding of this.#kept) if (lasts(finding)) lasting.#kept.push(finding);
    const codes = new Set(lasting.#kept.map(({ code }) => code));
    for (const [code, count] of this.#counts) if (codes.has(code)) lasting.#counts.set(code, count);
    return lasting;
  }

  /** Takes over what an earlier round left open, marked as carried. */
  carry(saved: SavedFindings): void {
    for (const finding of saved.findings) this.#kept.push({ ...finding, carried: true });
    for (const [code, count] of saved.counts) {
      this.#counts.set(code, (this.#counts.get(code) ?? 0) + count);
    }
    this.#worst = graver(this.#worst, saved.worst);
  }

  /** Takes over everything in `other`, counts included. */
  absorb(other: FindingLog): void {
    const before = new Map(other.#counts);
    for (const finding of other.#kept) {
      this.addAll([finding]);
      before.set(finding.code, (before.get(finding.code) ?? 1) - 1);
    }
    for (const [code, more] of before) {
      if (more > 0) this.#counts.set(code, (this.#counts.get(code) ?? 0) + more);
    }
    this.#worst = graver(this.#worst, other.#worst);
  }

  /** An independent copy: a state to come back to. Bounded like the log itself. */
  copy(): FindingLog {
    const copy = new FindingLog(this.#capPerCode);
    copy.absorb(this);
    return copy;
  }

  /** The findings kept in full, in the order they were made. */
  get findings(): readonly Finding[] {
    return this.#kept;
  }

  /** How often each code occurred, kept or not. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The gravest severity of all findings, `info` when there are none. */
  get worst(): Severity {
    return this.#worst;
  }
}

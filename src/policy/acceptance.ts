// What a compiled acceptance policy answers: the only face of a policy that the procedure sees.
// The built-in structural policy and every uploaded one are values of this type. docs/policy.md

import type { HashName } from '../crypto/digest.ts';
import type { FindingCode } from '../findings/codes.ts';
import type { Severity } from '../findings/finding.ts';
import type { TemplateFields } from '../ima/template-fields.ts';
import type { Template } from '../ima/templates.ts';

/** What a policy does with a fact. `report` tells it without weight. */
export type Treatment = 'accept' | 'report' | 'warn' | 'refuse';

const SEVERITIES: Readonly<Record<Exclude<Treatment, 'accept'>, Severity>> = {
  report: 'info',
  warn: 'warning',
  refuse: 'contraindicated',
};

/** Severity of the finding that a treatment calls for; undefined when it calls for none. */
export function severityOf(treatment: Treatment): Severity | undefined {
  return treatment === 'accept' ? undefined : SEVERITIES[treatment];
}

/** Which policy spoke. A verdict names it. */
export interface PolicyIdentity {
  readonly name: string;
  /** Version in the service; null for a file that was never uploaded and for the structural one. */
  readonly version: number | null;
  /** `sha256:` and hex over the policy document's canonical bytes; null for the structural one. */
  readonly digest: string | null;
}

export interface BankSelection {
  readonly bank: HashName;
  readonly pcrs: readonly number[];
}

/** One authenticated measurement, as rules see it. */
export interface Measurement {
  /** Absolute index of its record in the boot. */
  readonly index: number;
  /** `buffer` for records of template ima-buf, `file` for every other. */
  readonly kind: 'file' | 'buffer';
  /** Name field without its final NUL; spaces already are underscores. */
  readonly name: Uint8Array;
  /** Kernel name of the digest's algorithm. */
  readonly algorithm: string;
  readonly digest: Uint8Array;
  /** Everything that the record holds: signatures, buffer, owner. */
  readonly fields: TemplateFields;
  readonly template: Template;
  /** Of the numbers in the fields. */
  readonly byteOrder: 'little' | 'big';
  /** A time, in milliseconds since 1970, by which it had been measured; undefined when nobody told
   *  the time. */
  readonly provenAtMs: number | undefined;
}

export interface Ruling {
  readonly then: 'accept' | 'warn' | 'refuse';
  /** Id of the rule that decided. */
  readonly rule: string;
}

/** Something that rules found about a measurement on the way to what they say of it. */
export interface Remark {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** The field of the record that it is about. */
  readonly field: string;
  readonly expected?: string;
  readonly actual?: string;
  /** The rule on whose behalf it is said. */
  readonly rule?: string;
}

/** What ordered rules say of a measurement. */
export interface Judgement {
  /** The first matching rule's ruling; undefined when no rule matches: not accepted. */
  readonly ruling: Ruling | undefined;
  readonly remarks: readonly Remark[];
}

export interface MeasurementRules {
  judge(measurement: Measurement): Judgement;
  /** In a few words, what would have been accepted for it: goes into `expected`. */
  expectation(measurement: Measurement): string;
}

/** The values that one PCR may have. */
export interface AllowedValues {
  /** Whether a value of this bank has to be one of them. */
  speaksOf(bank: HashName): boolean;
  /** `bootedByMs`: a time by which the PCR had its value, in milliseconds since 1970. */
  has(bank: HashName, value: Uint8Array, bootedByMs: number | undefined): boolean;
  /** In a few words: goes into `expected`. */
  readonly expectation: string;
}

export interface AcceptancePolicy {
  readonly identity: PolicyIdentity;
  readonly freshness: { readonly challengeSeconds: number; readonly verdictSeconds: number };
  readonly quote: {
    /** Exactly these banks and PCRs; `any` takes whatever was quoted, if not empty. */
    readonly selection: 'any' | readonly BankSelection[];
    readonly signatureHashes: ReadonlySet<HashName>;
    readonly minRsaBits: number;
    readonly unsafeClock: Treatment;
    /** A TPM firmware version other than in the round before. */
    readonly firmwareChange: Treatment;
    /** Nonce shorter than 16 bytes. */
    readonly weakNonce: Treatment;
  };
  readonly attester: {
    /** An AK that nothing binds to a TPM. */
    readonly asserted: Treatment;
  };
  readonly boot: {
    readonly eventLog: 'required' | 'optional';
    readonly secureBoot: 'required' | 'optional';
    /** Allowed values by PCR. */
    readonly pcrs: ReadonlyMap<number, AllowedValues>;
    /** PCR 0–7 explained in one quoted bank, not in another; or no quoted bank logged. */
    readonly partial: Treatment;
    /** PCR 8–9 that the log does not explain. */
    readonly loader: Treatment;
    readonly aggregate: {
      readonly late: Treatment | 'accept-if-pinned';
      /** Whether a digest that the boot measured is pinned, for `accept-if-pinned`. */
      isPinned(bank: HashName, digest: Uint8Array, bootedByMs: number | undefined): boolean;
      /** Whether a non-SHA-1 aggregate may leave out PCR 8–9. */
      readonly partialCoverage: Treatment;
      /** Zeros although the PCR was extended. */
      readonly zero: Treatment;
    };
  };
  readonly ima: 'not-required' | ImaAcceptance;
}

export interface ImaAcceptance {
  /** `if-extended`: a list is needed only where a quoted IMA PCR is above its reset value. */
  readonly list: 'required' | 'if-extended';
  readonly templates: 'any' | ReadonlySet<string>;
  /** Kernel names of acceptable file digest algorithms. */
  readonly fileDigests: 'any' | ReadonlySet<string>;
  /** A quoted bank is padded, while another one proves the list. */
  readonly paddedBanks: Treatment;
  /** Nothing but SHA-1 or padded banks proves the list. */
  readonly weakBanks: Treatment;
  /** What to do with a violation whose claimed name is `name`. */
  violation(name: Uint8Array): { readonly then: Treatment; readonly rule?: string };
  readonly kexec: {
    readonly unmarked: Treatment;
    readonly newKernel: Treatment;
    /** Records that may slip in between the count and its record. */
    readonly countSlack: number;
    /** A count further behind than that. */
    readonly countBehind: Treatment;
  };
  readonly snapshots: 'cross-check' | 'refuse' | 'ignore';
  readonly updateCounter: {
    readonly model: 'per-bank' | 'per-command' | 'off';
    /** Banks that the TPM has, as far as the policy knows: a lower bound. */
    readonly banks: number;
    /** Records that may slip in between the counter and its record. */
    readonly lag: number;
    /** More extends than the list explains. */
    readonly excess: Treatment;
  };
  /** One extend for many records (FORMATS 12.2); `refuse` does not even look for batches. */
  readonly batches: Treatment;
  /** How far an extend may be out of the list's order, on the host's word (FORMATS 12.3). */
  readonly extendOrderWindow: number;
  /** Records that are genuine, behind a history that nobody has any more. */
  readonly unknownHistory: 'none' | 'warn';
  /** Records for a PCR that is not quoted. */
  readonly unquotedPcrs: Treatment;
  /** Whether a measured file is a kernel image that may be booted by kexec. */
  isPinnedKernel(measurement: Measurement): boolean;
  /** `any` accepts every measurement and says so. */
  readonly measurements: 'any' | MeasurementRules;
}

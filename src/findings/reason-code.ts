// What the catalogue says about one reason code.
// docs/reason-codes.md

/** What kind of fault a finding is: the question an operator asks first. */
export type FindingClass =
  | 'malformed' // the bytes are not what the format says
  | 'forged' // a cryptographic or structural check failed
  | 'stale' // genuine but not fresh
  | 'unknown' // nothing we were given speaks for it
  | 'refused' // understood, and not acceptable under the policy
  | 'unsupported' // well-formed, but beyond what this verifier can check
  | 'missing' // something needed was not supplied
  | 'noted'; // true and worth knowing; never a reason to refuse by itself

export interface ReasonCode {
  readonly class: FindingClass;
  /** One sentence: what is the case. */
  readonly meaning: string;
  /** What a person does next. */
  readonly hint: string;
  /** Where the rule comes from. */
  readonly source: string;
  /** What had already been verified when this code can occur; names the trust in its place. */
  readonly after: string;
}

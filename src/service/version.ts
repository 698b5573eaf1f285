// What versions of policies, reference sets and keyrings have in common: they never change, and one
// of each name is active.

/** An immutable version of a policy or of a reference set. */
export interface Version {
  readonly name: string;
  readonly version: number;
  /** `sha256:` and hex. */
  readonly digest: string;
  readonly createdAt: Date;
  readonly active: boolean;
}

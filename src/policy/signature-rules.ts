// The condition `signedBy`: whether a file was signed by a key of certain keyrings. FORMATS 13;
// docs/policy.md, "Signed files"; docs/decisions/0018-signatures-of-files.md

import { KEYRING_LIMITS } from '../bytes/limits.ts';
import { couldBeSignedBy } from '../crypto/digest-signature.ts';
import type { TrustedKey } from '../crypto/trusted-key.ts';
import type { Measurement } from './acceptance.ts';
import { type Reason, type SignatureClaim, signatureClaims } from './signature-claims.ts';

/** What makes a valid signature count. */
export interface SignatureTerms {
  /** Hashes that a signature may be over. */
  readonly hashes: 'any' | ReadonlySet<string>;
  readonly minRsaBits: number;
}

/** Terms of a rule that refuses: a weak signature speaks against a file as well as a strong one. */
export const ANY_TERMS: SignatureTerms = { hashes: 'any', minRsaBits: 0 };

/** Who signed a measured file, as far as some keyrings can tell. */
export type SignerAnswer =
  /** `signed`: by which key, and in which field the signature stands. */
  | { readonly outcome: 'signed'; readonly key: TrustedKey; readonly field: string }
  | { readonly outcome: 'unsigned' }
  /** `not-counted`: one reason for each signature that the record carries. */
  | { readonly outcome: 'not-counted'; readonly reasons: readonly Reason[] };

/** The keys that one rule trusts to sign files. */
export class SignerCondition {
  /** Names of the keyrings, for people. */
  readonly #from: string;
  readonly #keys: readonly TrustedKey[];
  readonly #terms: SignatureTerms;

  constructor(from: string, keys: readonly TrustedKey[], terms: SignatureTerms) {
    this.#from = from;
    this.#keys = keys;
    this.#terms = terms;
  }

  /** Checks the signatures of a record until one counts. A check costs up to some milliseconds. */
  judge(measurement: Measurement): SignerAnswer {
    const reasons: Reason[] = [];
    for (const claim of signatureClaims(measurement)) {
      const result = 'reason' in claim ? claim.reason : this.#check(claim);
      if ('fingerprint' in result) return { outcome: 'signed', key: result, field: claim.field };
      reasons.push(result);
    }
    return reasons.length === 0 ? { outcome: 'unsigned' } : { outcome: 'not-counted', reasons };
  }

  /** The key that made the signature, or why there is none that counts. */
  #check(claim: CheckableClaim): TrustedKey | Reason {
    const { field, signed, hint } = claim;
    const { hashes, minRsaBits } = this.#terms;
    if (hashes !== 'any' && !hashes.has(signed.hash)) {
      return weak(field, [...hashes].join(', '), signed.hash);
    }
    const key = this.#candidates(claim).find((each) => each.key.verifiesDigest(signed));
    if (key !== undefined) {
      const { publicKey } = key.key;
      const isShort = publicKey.kind === 'rsa' && publicKey.bits < minRsaBits;
      return isShort ? weak(field, `RSA of ${minRsaBits} bits`, `${publicKey.bits} bits`) : key;
    }
    const isKnown = this.#keys.some((each) => claim.isHinted(each));
    return {
      code: isKnown ? 'ima.file_signature_invalid' : 'ima.file_signature_key_unknown',
      field,
      expected: `a signature by a key of ${this.#from}`,
      actual: `another one, ${hint}`,
    };
  }

  /** Keys that the signature can be of, the one that the signer named first. */
  #candidates({ signed, isHinted }: CheckableClaim): readonly TrustedKey[] {
    const fitting = this.#keys.filter(({ key }) => couldBeSignedBy(key.publicKey, signed.value));
    const others = fitting.filter((key) => !isHinted(key));
    return [
      ...fitting.filter((key) => isHinted(key)),
      ...others.filter((_, index) => index < KEYRING_LIMITS.triedKeys),
    ];
  }
}

type CheckableClaim = Exclude<SignatureClaim, { readonly reason: Reason }>;

function weak(field: string, expected: string, actual: string): Reason {
  return { code: 'ima.file_signature_weak', field, expected, actual };
}

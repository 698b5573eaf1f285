// What the use cases need of the keys that sign results. src/store/signing-keys.ts implements it.

import type { AuditEntry } from './audit-log.ts';

/** The key that signs. */
export interface SigningKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  /** JWK as JSON text, ready to be published. */
  readonly publicJwk: string;
  /** JWK as JSON text; null when it is kept elsewhere. */
  readonly privateJwk: string | null;
}

/** A change of the key that signs. */
export interface KeyReplacement {
  readonly key: SigningKey;
  /** The key that signs until now; null when there is none. */
  readonly replaced: string | null;
  /** How long signatures of the replaced key must be checkable. */
  readonly neededUntil: Date;
  readonly entry: AuditEntry;
}

export interface SigningKeyStore {
  active(): Promise<SigningKey | undefined>;
  /** Makes a key the one that signs, at the time of the entry, and forgets the private half of the
   *  one before. False when another than `replaced` signs by now. */
  replace(replacement: KeyReplacement): Promise<boolean>;
  /** The public JWKs, as JSON text, of the active key and of those still needed; newest first. */
  published(at: Date): Promise<string[]>;
  /** Drops keys that nobody needs after `before`; answers how many. */
  sweep(before: Date): Promise<number>;
}

// What the use cases need of kept keys: keyrings that rules name, and the certificates that chains
// end in. src/store/keyrings.ts and src/store/trust-anchors.ts implement it.

import type { Version } from './version.ts';

export interface KeyringVersion extends Version {
  /** How many keys it holds. */
  readonly keys: number;
}

export interface KeyringStore {
  /** Keeps a new version; keys that the name already has are that version (`created` false). */
  publish(keyring: {
    readonly name: string;
    readonly digest: string;
    /** As it was uploaded. */
    readonly content: Uint8Array;
    readonly keys: number;
    readonly at: Date;
  }): Promise<{ readonly version: number; readonly created: boolean }>;
  /** Makes this the one active version of its name; false when there is no such version. */
  activate(name: string, version: number, at: Date): Promise<boolean>;
  /** The active version of every name, by name. */
  active(): Promise<KeyringVersion[]>;
  /** Every version of a name, newest first. */
  versions(name: string): Promise<KeyringVersion[]>;
  /** The newest version of every name, by name. */
  list(): Promise<KeyringVersion[]>;
  content(name: string, version: number): Promise<Uint8Array | undefined>;
}

/** `anchor` is believed by itself, the others only below an anchor. */
export const ANCHOR_KINDS = ['anchor', 'intermediate', 'crl'] as const;
export type AnchorKind = (typeof ANCHOR_KINDS)[number];

/** A certificate or revocation list that somebody uploaded. */
export interface TrustAnchor {
  /** SHA-256 over `der`, hex. */
  readonly fingerprint: string;
  readonly kind: AnchorKind;
  readonly der: Uint8Array;
  /** For people: subject of a certificate, issuer of a revocation list. */
  readonly subject: string;
  /** End of validity; null where none is told. */
  readonly expiresAt: Date | null;
  readonly addedAt: Date;
}

export interface TrustAnchorStore {
  /** Keeps one; false when it was kept already, in whatever kind. */
  add(anchor: TrustAnchor): Promise<boolean>;
  /** All of them, by subject. */
  list(): Promise<TrustAnchor[]>;
  /** Differs whenever what is kept differs. */
  state(): Promise<string>;
  /** False when there is none. */
  remove(fingerprint: string): Promise<boolean>;
}

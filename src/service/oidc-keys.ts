// The keys of a token issuer: asked for when needed, kept for a while, and never asked for so often
// that strangers could make us flood the issuer. OpenID Connect Discovery 1.0; RFC 7517

import {
  type CompactJWSHeaderParameters,
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
} from 'jose';
import { z } from 'zod';
import { ACCESS_LIMITS } from '../bytes/limits.ts';
import type { Clock } from './ports.ts';
import { Problem } from './problem.ts';

/** Where an issuer's keys are. */
export interface KeySource {
  /** What `iss` must equal; the discovery document lies below it. */
  readonly issuer: string;
  /** Address or file of the JWKS; absent: the discovery document names it. */
  readonly jwks?: string;
}

/** The world, as recognising needs it. */
export interface OidcWorld {
  readonly clock: Clock;
  /** The text at an address or in a file. Throws when it cannot be had. */
  readonly read: (where: string) => Promise<string>;
}

type KeyFinder = (header: CompactJWSHeaderParameters, jws: FlattenedJWSInput) => Promise<CryptoKey>;

/** Finds the key that a token names. */
export class IssuerKeys {
  readonly #source: KeySource;
  readonly #world: OidcWorld;
  #kept: { readonly find: KeyFinder; readonly atMs: number } | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(source: KeySource, world: OidcWorld) {
    this.#source = source;
    this.#world = world;
  }

  /** The key for a token with this header; keys that the issuer added since are found. Throws when
   *  it has none. Problem: `token.issuer_unreachable`. */
  readonly find: KeyFinder = async (header, jws) => {
    if (this.#age() >= KEPT_MS) await this.#ask();
    try {
      return await this.#found(header, jws);
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      if (!isUnknown || this.#sinceAsked() < PAUSE_MS) throw error;
      await this.#ask();
      return await this.#found(header, jws);
    }
  };

  async #found(header: CompactJWSHeaderParameters, jws: FlattenedJWSInput): Promise<CryptoKey> {
    if (this.#kept === undefined) throw unreachable();
    return this.#kept.find(header, jws);
  }

  /** All who need the keys at once wait for one asking. */
  async #ask(): Promise<void> {
    if (this.#asking === undefined) {
      if (this.#sinceAsked() < PAUSE_MS) throw unreachable();
      this.#askedMs = this.#nowMs();
      this.#asking = this.#load().finally(() => {
        this.#asking = undefined;
      });
    }
    await this.#asking;
  }

  async #load(): Promise<void> {
    try {
      const text = await this.#world.read(this.#source.jwks ?? (await this.#discover()));
      const find = createLocalJWKSet(KeySet.parse(JSON.parse(text)));
      this.#kept = { find, atMs: this.#nowMs() };
    } catch {
      throw unreachable();
    }
  }

  async #discover(): Promise<string> {
    const { issuer } = this.#source;
    const text = await this.#world.read(`${issuer.replace(/\/$/, '')}${DISCOVERY}`);
    const document = Discovery.parse(JSON.parse(text));
    if (document.issuer !== issuer) throw new Error('the document is of another issuer');
    const isSafe = document.jwks_uri.startsWith('https:') || issuer.startsWith('http:');
    if (!isSafe) throw new Error('the keys would come over plain HTTP');
    return document.jwks_uri;
  }

  #age(): number {
    return this.#kept === undefined ? Number.POSITIVE_INFINITY : this.#nowMs() - this.#kept.atMs;
  }

  #sinceAsked(): number {
    return this.#nowMs() - this.#askedMs;
  }

  #nowMs(): number {
    return this.#world.clock.now().getTime();
  }
}

function unreachable(): Problem {
  const detail = 'The keys of the issuer cannot be had now. Send the request again later.';
  return new Problem('token.issuer_unreachable', { detail, retryAfterSeconds: PAUSE_MS / 1000 });
}

const DISCOVERY = '/.well-known/openid-configuration';
/** So long a key that the issuer withdrew may still be believed. */
const KEPT_MS = 600_000;
/** Between two askings, whatever came of the first. */
const PAUSE_MS = 30_000;
const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
const KeySet = z.object({
  keys: z.array(z.looseObject({ kty: z.string() })).max(ACCESS_LIMITS.issuerKeys),
});

// The keys that sign attestation results: made when first needed, replaced on demand, published for
// as long as a result that they signed can be good. RFC 7517 (JWK), RFC 7638; docs/results.md

import {
  CompactSign,
  calculateJwkThumbprint,
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import { z } from 'zod';
import { RESULT_LIMITS } from '../bytes/limits.ts';
import type { AccessToken, Ports } from './ports.ts';
import { Problem } from './problem.ts';
import type { SigningKey } from './signing-key-store.ts';

/** A key that can sign. */
export interface Signer {
  readonly kid: string;
  readonly privateJwk: JWK;
}

/** A public key, as relying parties get it. */
export type PublicJwk = z.output<typeof PublicKey>;

/** The key that signs now; made, or taken over from where it is kept, when it is not in the store
 *  yet. */
export async function currentSigner(ports: Ports): Promise<Signer> {
  const kept = ports.resultKey === undefined ? undefined : await keyOf(ports.resultKey);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const active = await ports.signingKeys.active();
    const isActive = kept === undefined ? active?.privateJwk : active?.kid === kept.kid;
    if (active !== undefined && isActive) return signerOf(kept ?? active);
    const key = kept === undefined ? await freshKey() : { ...kept, privateJwk: null };
    await replace(ports, { key, replaced: active?.kid ?? null, actor: null });
  }
  throw new Error('instances do not agree on the key that signs results');
}

/** Has another key sign from now on; the old one stays published. Answers the new one's name.
 *  Problem: `result.key_fixed`. */
export async function rotateSigner(ports: Ports, by: AccessToken): Promise<{ kid: string }> {
  if (ports.resultKey !== undefined) {
    const how =
      'The key is in the file that PLUMBLINE_RESULT_KEY names: replace that, and restart.';
    throw new Problem('result.key_fixed', how);
  }
  const { kid: replaced } = await currentSigner(ports);
  await replace(ports, { key: await freshKey(), replaced, actor: by.id });
  // Ours, or the one of somebody who was faster.
  return { kid: (await currentSigner(ports)).kid };
}

/** The key set: the key that signs now, then those before it that are still needed. Whoever asks
 *  here, strangers too, makes no key: the first one is made when the service starts. */
export async function publishedKeys(ports: Ports): Promise<PublicJwk[]> {
  const texts = await ports.signingKeys.published(ports.clock.now());
  return texts.map((text) => PublicKey.parse(JSON.parse(text)));
}

/** Throws, with a message for people, unless this text is a private key whose signatures its public
 *  half verifies. */
export async function requireSigningKey(text: string): Promise<void> {
  try {
    const { publicJwk, privateJwk } = await keyOf(text);
    const publicKey = await importJWK(PublicKey.parse(JSON.parse(publicJwk)), ALGORITHM);
    const signed = await new CompactSign(new Uint8Array(1))
      .setProtectedHeader({ alg: ALGORITHM })
      .sign(await importJWK(JSON.parse(privateJwk), ALGORITHM));
    await compactVerify(signed, publicKey);
  } catch {
    throw new Error('PLUMBLINE_RESULT_KEY: the file does not hold a private P-256 key (JWK)');
  }
}

async function replace(
  ports: Ports,
  how: {
    readonly key: SigningKey;
    readonly replaced: string | null;
    readonly actor: string | null;
  },
): Promise<void> {
  const { key, replaced, actor } = how;
  const at = ports.clock.now();
  const neededUntil = new Date(at.getTime() + RESULT_LIMITS.oldKeySeconds * 1000);
  const action = replaced === null ? 'result_key.create' : 'result_key.rotate';
  const entry = { at, actor, action, subject: key.kid };
  await ports.signingKeys.replace({ key, replaced, neededUntil, entry });
}

async function freshKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return keyOf(JSON.stringify(await exportJWK(privateKey)));
}

async function keyOf(text: string): Promise<SigningKey & { readonly privateJwk: string }> {
  const { kty, crv, x, y, d } = PrivateKey.parse(JSON.parse(text));
  const point = { kty, crv, x, y };
  const kid = await calculateJwkThumbprint(point);
  const publicJwk = JSON.stringify({ ...point, kid, use: 'sig', alg: ALGORITHM });
  return { kid, publicJwk, privateJwk: JSON.stringify({ ...point, d }) };
}

function signerOf({ kid, privateJwk }: SigningKey): Signer {
  return { kid, privateJwk: PrivateKey.parse(JSON.parse(privateJwk ?? 'null')) };
}

/** ES256: ECDSA with P-256 and SHA-256 (RFC 7518 3.4). */
export const ALGORITHM = 'ES256';
const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const point = { kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinate, y: coordinate };
const PrivateKey = z.object({ ...point, d: coordinate });

/** Shape of a key in the key set. */
export const PublicKey = z.object({
  ...point,
  kid: z.string(),
  use: z.literal('sig'),
  alg: z.literal(ALGORITHM),
});
/** More than instances that start at once ever need. */
const ATTEMPTS = 4;

// JWS by hand, without the library that the service uses: opened and signed with node:crypto alone.
// RFC 7515 3.1 and 5.2; RFC 7518 3.4 (ES256)

import {
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

/** A JWS whose signature was checked. */
export interface OpenedJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A key set: RFC 7517 5. */
export interface KeySet {
  readonly keys: readonly (JsonWebKey & { readonly kid?: string })[];
}

/** A key to sign with, and the set to check with. */
export interface MadeKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly keySet: KeySet;
}

/** Makes a P-256 key. */
export function madeKey(kid: string): MadeKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid, privateKey, keySet: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid }] } };
}

/** Checks an ES256 signature by the key that the header names; undefined when it is not good. */
export function openJws(token: string, { keys }: KeySet): OpenedJws | undefined {
  const [head = '', body = '', signature = ''] = token.split('.');
  const header = objectOf(head);
  const key = keys.find(({ kid }) => kid === header['kid']);
  if (header['alg'] !== 'ES256' || key === undefined) return undefined;
  const publicKey = { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: RAW };
  const isGood = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    publicKey,
    Buffer.from(signature, 'base64url'),
  );
  return isGood ? { header, claims: objectOf(body) } : undefined;
}

/** Signs these claims as results are signed; `header` replaces members of the usual one. */
export function signJws(claims: object, key: MadeKey, header: object = {}): string {
  const usual = { alg: 'ES256', kid: key.kid, typ: 'eat+jwt' };
  const signed = `${encoded({ ...usual, ...header })}.${encoded(claims)}`;
  const privateKey = { key: key.privateKey, dsaEncoding: RAW };
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}

/** JSON as a part of a JWS. */
export function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function objectOf(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

const RAW = 'ieee-p1363' as const;

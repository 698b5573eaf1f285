// A token issuer on loopback: discovery document, key set, and tokens as good or bad as a test
// wants.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from 'jose';

/** What a token says; what is left out is as it should be. */
export interface WantedJwt {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: { readonly typ?: string; readonly kid?: string };
  /** Signs with this key in place of the newest. */
  readonly by?: IssuerKey;
}

export interface IssuerKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export interface TestIssuer {
  readonly url: string;
  readonly audience: string;
  /** How often somebody asked for the keys. */
  asked(): number;
  /** The only key from now on. */
  rotate(alg: string): Promise<IssuerKey>;
  /** Seconds since 1970: the time at which tokens are signed. */
  nowSeconds: number;
  sign(wanted?: WantedJwt): Promise<string>;
  /** Answers every request so from now on; undefined: as an issuer does. */
  answerWith(answer: { readonly status: number; readonly body: string } | undefined): void;
  close(): Promise<void>;
}

/** Starts one with an ES256 key. */
export async function startIssuer(nowSeconds: number): Promise<TestIssuer> {
  let [asked, url] = [0, ''];
  let key = await newKey('ES256');
  let answer: { readonly status: number; readonly body: string } | undefined;
  const documents: Readonly<Record<string, () => Promise<object> | object>> = {
    '/.well-known/openid-configuration': () => ({ issuer: url, jwks_uri: `${url}/keys` }),
    '/keys': async () => {
      asked += 1;
      return { keys: [{ ...(await exportJWK(key.publicKey)), kid: key.kid, use: 'sig' }] };
    },
  };
  const server = createServer((request, response) => {
    void Promise.resolve(documents[request.url ?? '']?.() ?? {}).then((document) => {
      response.writeHead(answer?.status ?? 200, { 'content-type': 'application/json' });
      response.end(answer?.body ?? JSON.stringify(document));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the issuer has no port');
  url = `http://127.0.0.1:${address.port}`;
  const issuer: TestIssuer = {
    url,
    audience: 'plumbline',
    nowSeconds,
    asked: () => asked,
    rotate: async (alg) => {
      key = await newKey(alg);
      return key;
    },
    sign: ({ claims, header, by = key } = {}) =>
      new SignJWT({
        iss: url,
        aud: 'plumbline',
        sub: 'ada',
        iat: issuer.nowSeconds,
        exp: issuer.nowSeconds + 300,
        groups: ['auditors'],
        ...claims,
      })
        .setProtectedHeader({ alg: by.alg, kid: by.kid, typ: 'at+jwt', ...header })
        .sign(by.privateKey),
    answerWith: (given) => {
      answer = given;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}

/** A token by HMAC with the text of the public key as its secret. */
export async function signedByPublicKey(token: string, key: IssuerKey): Promise<string> {
  const [, payload = ''] = token.split('.');
  const claims: JWTPayload = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: key.kid, typ: 'at+jwt' })
    .sign(new TextEncoder().encode(await exportSPKI(key.publicKey)));
}

async function newKey(alg: string): Promise<IssuerKey> {
  return { alg, kid: randomUUID(), ...(await generateKeyPair(alg, { extractable: true })) };
}

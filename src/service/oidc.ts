// Tokens that an OpenID Connect provider signs: whom one stands for, if every check holds.
// RFC 7519 (JWT), RFC 8725 (its best current practice), RFC 9068 (access tokens); docs/api.md

import { type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { IssuerKeys, type KeySource, type OidcWorld } from './oidc-keys.ts';
import type { Caller, Role, TokenIssuer } from './ports.ts';
import { Problem } from './problem.ts';

/** Whose tokens count, and for what. */
export interface OidcSettings extends KeySource {
  /** What `aud` must be or hold. */
  readonly audience: string;
  /** Where roles are found: name of a claim, or a JSON pointer (RFC 6901) to one further inside. */
  readonly roleClaim: string;
  /** Our role by the value in that claim. Other values mean nothing. */
  readonly roles: ReadonlyMap<string, Role>;
}

/** The issuer behind these settings. Asks for its keys on first use. */
export function oidcIssuer(settings: OidcSettings, world: OidcWorld): TokenIssuer {
  const keys = new IssuerKeys(settings, world);
  return {
    namesAdmins: [...settings.roles.values()].includes('admin'),
    recognise: async (jwt) => {
      const claims = await verifiedClaims(jwt, { settings, keys, now: world.clock.now() });
      return claims === undefined ? undefined : callerOf(claims, settings);
    },
  };
}

async function verifiedClaims(
  jwt: string,
  by: { readonly settings: OidcSettings; readonly keys: IssuerKeys; readonly now: Date },
): Promise<JWTPayload | undefined> {
  const { issuer, audience } = by.settings;
  try {
    const { payload, protectedHeader } = await jwtVerify(jwt, by.keys.find, {
      algorithms: ALGORITHMS,
      issuer,
      audience,
      currentDate: by.now,
      clockTolerance: CLOCKS_DIFFER_SECONDS,
      requiredClaims: ['exp', 'iat', 'sub'],
    });
    return TYPES.includes(protectedHeader.typ?.toLowerCase()) ? payload : undefined;
  } catch (error) {
    // Strangers write tokens: whatever else goes wrong with one, it is not good.
    if (error instanceof Problem) throw error;
    return undefined;
  }
}

function callerOf(claims: JWTPayload, settings: OidcSettings): Caller | undefined {
  const subject = Subject.safeParse(claims.sub);
  if (!subject.success) return undefined;
  const values = Values.safeParse(claimAt(claims, settings.roleClaim));
  const roles = (values.success ? values.data : []).flatMap((value) => {
    const role = settings.roles.get(value);
    return role === undefined ? [] : [role];
  });
  const createdAt = new Date((claims.iat ?? 0) * 1000);
  return { token: { id: `oidc:${subject.data}`, name: subject.data, createdAt }, roles };
}

function claimAt(claims: JWTPayload, where: string): unknown {
  const [first = '', ...rest] = where.startsWith('/')
    ? where.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : ['', where];
  if (first !== '') return undefined;
  return rest.reduce<unknown>(
    (value, step) => (Object.hasOwn(Object(value), step) ? Object(value)[step] : undefined),
    claims,
  );
}

/** Asymmetric ones only: with a public key as the secret of an HMAC, anybody could sign. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];
/** Other types are signed statements of the same issuer for another purpose. */
const TYPES: readonly (string | undefined)[] = [
  undefined,
  'jwt',
  'application/jwt',
  'at+jwt',
  'application/at+jwt',
];
const CLOCKS_DIFFER_SECONDS = 30;
/** OpenID Connect Core 1.0, section 2: at most 255 ASCII characters. */
const Subject = z.string().regex(/^[\x20-\x7e]{1,255}$/);
const Values = z.union([z.string().transform((value) => [value]), z.array(z.string())]);

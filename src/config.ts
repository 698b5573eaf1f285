// The environment, read once and checked: whoever starts the service gets settings or one message
// that names every mistake. docs/api.md, "Settings"

import { z } from 'zod';
import type { OidcSettings } from './service/oidc.ts';
import type { Role } from './service/ports.ts';
import type { ServiceLimits } from './service/service.ts';

/** How the service is to run. */
export interface Settings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly database:
    | { readonly kind: 'postgres'; readonly url: string }
    | { readonly kind: 'embedded'; readonly folder: string };
  readonly logLevel: z.output<typeof logLevel>;
  /** Until a request must have arrived whole. */
  readonly requestSeconds: number;
  readonly limits: ServiceLimits;
  /** Calls a minute; 0 sets no limit. src/api/call-limits.ts says which. */
  readonly rates: {
    readonly open: number;
    readonly challenges: number;
    readonly refusals: number;
  };
  /** Absent: nobody's `x-forwarded-for` is believed. */
  readonly trustedProxies?: readonly string[];
  /** Files in PEM. Absent: plain HTTP. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Absent: only our own tokens count. */
  readonly oidc?: OidcSettings;
  /** What results name as their issuer: the address under which relying parties reach us. */
  readonly issuer?: string;
  /** A file with the private key (JWK) that signs results. Absent: a key kept in the database. */
  readonly resultKeyFile?: string;
}

/** Where the environment is wrong: a mistake of whoever starts the service. */
export class SettingsError extends Error {}

/** Settings from the environment. Throws a `SettingsError`. */
export function settingsFrom(environment: Readonly<Record<string, string | undefined>>): Settings {
  // An empty variable is one that was left out: compose files write them so.
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = variables.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );
    throw new SettingsError(`the environment is not valid\n  ${mistakes.join('\n  ')}`);
  }
  const { data } = parsed;
  const { PLUMBLINE_TRUSTED_PROXIES: trustedProxies } = data;
  const { PLUMBLINE_ISSUER: issuer, PLUMBLINE_RESULT_KEY: resultKeyFile } = data;
  const tls = tlsFrom(data);
  const oidc = oidcFrom(data);
  return {
    host: data.HOST,
    port: data.PORT,
    database:
      data.DATABASE_URL === undefined
        ? { kind: 'embedded', folder: data.PLUMBLINE_DATA }
        : { kind: 'postgres', url: data.DATABASE_URL },
    logLevel: data.PLUMBLINE_LOG_LEVEL,
    requestSeconds: data.PLUMBLINE_REQUEST_SECONDS,
    limits: {
      evidenceBytes: data.PLUMBLINE_EVIDENCE_BYTES,
      referenceSetBytes: data.PLUMBLINE_REFERENCE_SET_BYTES,
      appraisals: data.PLUMBLINE_APPRAISALS,
      openChallenges: data.PLUMBLINE_OPEN_CHALLENGES,
    },
    rates: {
      open: data.PLUMBLINE_OPEN_CALLS_PER_MINUTE,
      challenges: data.PLUMBLINE_CHALLENGES_PER_MINUTE,
      refusals: REFUSALS_PER_MINUTE,
    },
    ...(trustedProxies === undefined ? {} : { trustedProxies }),
    ...(tls === undefined ? {} : { tls }),
    ...(oidc === undefined ? {} : { oidc }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(resultKeyFile === undefined ? {} : { resultKeyFile }),
  };
}

function tlsFrom(data: Variables): Settings['tls'] {
  const { PLUMBLINE_TLS_CERT: certFile, PLUMBLINE_TLS_KEY: keyFile } = data;
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}

function oidcFrom(data: Variables): OidcSettings | undefined {
  const {
    PLUMBLINE_OIDC_ISSUER: issuer,
    PLUMBLINE_OIDC_AUDIENCE: audience,
    PLUMBLINE_OIDC_ROLES: roles,
    PLUMBLINE_OIDC_ROLE_CLAIM: roleClaim,
    PLUMBLINE_OIDC_JWKS: jwks,
  } = data;
  if (issuer === undefined || audience === undefined || roles === undefined) return undefined;
  return { issuer, audience, roleClaim, roles, ...(jwks === undefined ? {} : { jwks }) };
}

/** What one variable cannot say about another. */
function holdTogether(data: Variables, context: z.core.$RefinementCtx<Variables>): void {
  const wrong = (path: keyof Variables, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  const { PLUMBLINE_TLS_CERT: cert, PLUMBLINE_TLS_KEY: key } = data;
  if ((cert === undefined) !== (key === undefined)) {
    wrong(cert === undefined ? 'PLUMBLINE_TLS_CERT' : 'PLUMBLINE_TLS_KEY', 'name both files');
  }
  const isPlain = cert === undefined && data.PLUMBLINE_PLAIN_HTTP === undefined;
  if (isPlain && !LOOPBACK.test(data.HOST)) {
    const what = 'other machines would send tokens over plain HTTP';
    const ways = 'set PLUMBLINE_TLS_CERT and PLUMBLINE_TLS_KEY, or PLUMBLINE_PLAIN_HTTP';
    wrong('HOST', `${what}: ${ways}=behind-proxy if a proxy ends TLS`);
  }
  const named = OIDC.filter((name) => data[name] !== undefined);
  for (const name of named.length > 0 ? NEEDED_OIDC : []) {
    if (data[name] === undefined) wrong(name, `${named.join(', ')} is set, so this is needed too`);
  }
}

const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']);
const rate = z.coerce.number().int().min(0).max(1_000_000);
const positive = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Roles may be given by name only, so that no claim of others is taken for one of ours. */
const roleMapping = z.string().transform((text, context) => {
  const roles = new Map<string, Role>();
  for (const pair of text.split(',')) {
    const at = pair.lastIndexOf('=');
    const role = ROLE.safeParse(pair.slice(at + 1).trim());
    const value = pair.slice(0, Math.max(at, 0)).trim();
    if (!role.success || value === '' || roles.has(value)) {
      context.addIssue({ code: 'custom', message: 'pairs value=role, separated by commas' });
      return z.NEVER;
    }
    roles.set(value, role.data);
  }
  return roles;
});

const ROLE = z.enum([
  'agent-enrol',
  'operator',
  'policy-admin',
  'auditor',
  'relying-party',
  'admin',
] as const satisfies readonly Role[]);

const addresses = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'addresses or networks')));

/** More than anybody makes by mistake, and no way to fill the audit log. */
const REFUSALS_PER_MINUTE = 60;
const ISSUER_HINT = 'an https:// address';
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|\[?::1\]?|localhost)$/;
const SAFE_ADDRESS = /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)(?:[:/]|$))/;
const NEEDED_OIDC = [
  'PLUMBLINE_OIDC_ISSUER',
  'PLUMBLINE_OIDC_AUDIENCE',
  'PLUMBLINE_OIDC_ROLES',
] as const;
const OIDC = [...NEEDED_OIDC, 'PLUMBLINE_OIDC_JWKS'] as const;

type Variables = z.output<typeof eachVariable>;

const eachVariable = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(?:ql)?:\/\//, 'an address that begins with postgres://')
    .optional(),
  PLUMBLINE_DATA: z.string().default('plumbline-data'),
  PLUMBLINE_LOG_LEVEL: logLevel.default('info'),
  PLUMBLINE_REQUEST_SECONDS: positive.max(3600).default(600),
  // A list of seven million records.
  PLUMBLINE_EVIDENCE_BYTES: positive.default(1_073_741_824),
  PLUMBLINE_REFERENCE_SET_BYTES: positive.default(1_073_741_824),
  PLUMBLINE_APPRAISALS: positive.max(10_000).default(64),
  PLUMBLINE_OPEN_CHALLENGES: positive.max(1_000).default(16),
  // Some hundred hosts behind one address, each asking and answering once a minute.
  PLUMBLINE_OPEN_CALLS_PER_MINUTE: rate.default(1_200),
  // An agent that tries again every two seconds.
  PLUMBLINE_CHALLENGES_PER_MINUTE: rate.default(30),
  PLUMBLINE_TRUSTED_PROXIES: addresses.optional(),
  PLUMBLINE_TLS_CERT: z.string().optional(),
  PLUMBLINE_TLS_KEY: z.string().optional(),
  PLUMBLINE_PLAIN_HTTP: z.literal('behind-proxy').optional(),
  PLUMBLINE_ISSUER: z.string().regex(SAFE_ADDRESS, ISSUER_HINT).optional(),
  PLUMBLINE_RESULT_KEY: z.string().optional(),
  PLUMBLINE_OIDC_ISSUER: z.string().regex(SAFE_ADDRESS, ISSUER_HINT).optional(),
  PLUMBLINE_OIDC_AUDIENCE: z.string().optional(),
  PLUMBLINE_OIDC_ROLES: roleMapping.optional(),
  PLUMBLINE_OIDC_ROLE_CLAIM: z.string().default('roles'),
  PLUMBLINE_OIDC_JWKS: z
    .string()
    .refine((where) => !where.startsWith('http') || SAFE_ADDRESS.test(where), ISSUER_HINT)
    .optional(),
});

const variables = eachVariable.superRefine(holdTogether);

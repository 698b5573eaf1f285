// Access tokens: made, shown once, recognised, given a new secret, revoked. docs/api.md, "Access"

import { toBase64Url } from '../bytes/encoding.ts';
import type { AuditEntry } from './audit-log.ts';
import type { AccessToken, Caller, Ports, Role, StoredToken } from './ports.ts';
import { Problem } from './problem.ts';

/** A new token with its secret, which nobody can ask for again. */
export interface NewToken {
  readonly token: StoredToken;
  readonly secret: string;
}

interface WantedToken {
  readonly name: string;
  readonly role: Role;
  /** Undefined: never. */
  readonly expiresAt?: Date | undefined;
}

/** Whom a bearer credential stands for: one of our secrets, or a token of the issuer if there is
 *  one. Undefined for anything else, whatever is wrong with it. Problem:
 *  `token.issuer_unreachable`. */
export async function recognise(ports: Ports, credential: string): Promise<Caller | undefined> {
  if (!SECRET.test(credential)) return ports.issuer?.recognise(credential);
  const at = ports.clock.now();
  const token = await ports.tokens.find(credential, at);
  if (token === undefined) return undefined;
  const unnoted = at.getTime() - (token.lastUsedAt?.getTime() ?? 0);
  if (unnoted >= NOTED_EVERY_MS) await ports.tokens.noteUse(token.id, at);
  return { token, roles: [token.role] };
}

/** Makes a token. Problems: `token.name_taken`, `request.invalid`. */
export async function createToken(
  ports: Ports,
  { by, ...wanted }: WantedToken & { readonly by: AccessToken },
): Promise<NewToken> {
  const made = freshToken(ports, wanted);
  requireFuture(made.token.createdAt, wanted.expiresAt);
  if (!(await ports.tokens.add(made.token, made.secret, creation(made.token, by.id)))) {
    throw new Problem('token.name_taken', 'A token has or had this name. Choose another one.');
  }
  return made;
}

/** The first admin token of a new database; undefined when there ever was a token. */
export async function createFirstToken(ports: Ports): Promise<string | undefined> {
  const { token, secret } = freshToken(ports, { name: 'bootstrap', role: 'admin' });
  const isFirst = await ports.tokens.addFirst(token, secret, creation(token, null));
  return isFirst ? secret : undefined;
}

/** Gives a token a new secret and, if wanted, another date. Problems: `token.absent`,
 *  `request.invalid`. */
export async function rotateToken(
  ports: Ports,
  id: string,
  wanted: {
    /** How long the old secret still works. */
    readonly graceSeconds: number;
    readonly expiresAt?: Date | undefined;
    readonly by: AccessToken;
  },
): Promise<NewToken> {
  const { graceSeconds, expiresAt, by } = wanted;
  const at = ports.clock.now();
  requireFuture(at, expiresAt);
  const secret = freshSecret(ports);
  const oldUntil = new Date(at.getTime() + graceSeconds * 1000);
  const detail = { graceSeconds, ...untilWhen(expiresAt) };
  const entry = { at, actor: by.id, action: 'token.rotate', subject: id, detail };
  const token = await ports.tokens.rotate({ id, secret, oldUntil, expiresAt }, entry);
  if (token === undefined) {
    const why = 'No token has this id, or it was revoked, or it has expired and needs a new date.';
    throw new Problem('token.absent', why);
  }
  return { token, secret };
}

/** Makes a token worthless. Problems: `token.absent`, `token.last_admin`. */
export async function revokeToken(ports: Ports, id: string, by: AccessToken): Promise<void> {
  const entry = { at: ports.clock.now(), actor: by.id, action: 'token.revoke', subject: id };
  const outcome = await ports.tokens.revoke(id, ports.issuer?.namesAdmins !== true, entry);
  if (outcome === 'absent') {
    throw new Problem('token.absent', 'No token has this id, or it was revoked.');
  }
  if (outcome === 'last-admin') {
    const detail = 'Nobody could make tokens any more. Make another admin token first.';
    throw new Problem('token.last_admin', detail);
  }
}

function creation(token: StoredToken, actor: string | null): AuditEntry {
  const { id: subject, createdAt: at, name, role, expiresAt } = token;
  const detail = { name, role, ...untilWhen(expiresAt ?? undefined) };
  return { at, actor, action: 'token.create', subject, detail };
}

function freshToken(ports: Ports, { name, role, expiresAt }: WantedToken): NewToken {
  const id = ports.random.id();
  const createdAt = ports.clock.now();
  const dates = { createdAt, expiresAt: expiresAt ?? null, lastUsedAt: null };
  return { token: { id, name, role, ...dates }, secret: freshSecret(ports) };
}

function freshSecret(ports: Ports): string {
  return `${PREFIX}${toBase64Url(ports.random.bytes(SECRET_BYTES))}`;
}

function requireFuture(now: Date, expiresAt: Date | undefined): void {
  if (expiresAt === undefined || expiresAt.getTime() > now.getTime()) return;
  const places = [{ at: '/expiresAt', message: 'must lie in the future' }];
  throw new Problem('request.invalid', { detail: 'Correct the places below.', places });
}

function untilWhen(expiresAt: Date | undefined): { expiresAt?: string } {
  return expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() };
}

/** Lets people and scanners tell a leaked token from noise. */
const PREFIX = 'plumbline_';
const SECRET_BYTES = 32;
const SECRET = /^plumbline_[A-Za-z0-9_-]{43}$/;
/** Often enough to find tokens that nobody uses, and no write on most calls. */
const NOTED_EVERY_MS = 3_600_000;

// Access tokens: made, shown once, recognised, revoked. docs/api.md, "Access"

import { toBase64Url } from '../bytes/encoding.ts';
import type { AccessToken, Ports, Role } from './ports.ts';
import { Problem } from './problem.ts';

/** A new token with its secret, which nobody can ask for again. */
export interface NewToken {
  readonly token: AccessToken;
  readonly secret: string;
}

/** Makes a token. Problem: `token.name_taken`. */
export async function createToken(
  ports: Ports,
  wanted: { readonly name: string; readonly role: Role; readonly by: AccessToken },
): Promise<NewToken> {
  const made = freshToken(ports, wanted);
  if (!(await ports.tokens.add(made.token, made.secret))) {
    throw new Problem('token.name_taken', 'A token has or had this name. Choose another one.');
  }
  const { id, role, createdAt: at } = made.token;
  const entry = { at, actor: wanted.by.id, action: 'token.create', subject: id };
  await ports.audit.append({ ...entry, detail: { name: wanted.name, role } });
  return made;
}

/** The first admin token of a new database; undefined when there ever was a token. */
export async function createFirstToken(ports: Ports): Promise<string | undefined> {
  const { token, secret } = freshToken(ports, { name: 'bootstrap', role: 'admin' });
  if (!(await ports.tokens.addFirst(token, secret))) return undefined;
  const entry = { at: token.createdAt, actor: null, action: 'token.create', subject: token.id };
  await ports.audit.append({ ...entry, detail: { name: token.name, role: token.role } });
  return secret;
}

/** Makes a token worthless. Problem: `token.absent`. */
export async function revokeToken(ports: Ports, id: string, by: AccessToken): Promise<void> {
  const at = ports.clock.now();
  if (!(await ports.tokens.revoke(id, at))) {
    throw new Problem('token.absent', 'No token has this id, or it was revoked.');
  }
  await ports.audit.append({ at, actor: by.id, action: 'token.revoke', subject: id });
}

function freshToken(
  ports: Ports,
  wanted: { readonly name: string; readonly role: Role },
): NewToken {
  const secret = `${PREFIX}${toBase64Url(ports.random.bytes(SECRET_BYTES))}`;
  const { name, role } = wanted;
  return { token: { id: ports.random.id(), name, role, createdAt: ports.clock.now() }, secret };
}

/** Lets people and scanners tell a leaked token from noise. */
const PREFIX = 'plumbline_';
const SECRET_BYTES = 32;

// The content address of a policy document.

import { toHex } from '../bytes/encoding.ts';
import { RunningSha256 } from '../crypto/running-digest.ts';
import type { PolicyDocument } from './schema.ts';

/** `sha256:` and hex over the document as written, in canonical JSON (RFC 8785): the order of keys
 *  and white space do not count, defaults that were left out stay out. */
export function policyDigest(document: PolicyDocument): string {
  const hash = new RunningSha256();
  hash.update(new TextEncoder().encode(canonicalJson(document)));
  return `sha256:${toHex(hash.digest())}`;
}

/** Keys sorted by UTF-16 code unit, no white space, strings and numbers as ECMAScript writes them.
 *  Depth is bounded by the schema. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

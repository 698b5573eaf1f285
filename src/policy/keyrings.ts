// Keyrings by the names that rules use. docs/policy.md, "Keyrings"

import type { Keyring, TrustedKey } from '../crypto/trusted-key.ts';
import type { PolicyProblem } from './parse-policy.ts';

/** One problem for each name in `names` that no supplied keyring has. */
export function missingKeyrings(
  names: readonly string[] | undefined,
  keyrings: ReadonlyMap<string, Keyring>,
  path: string,
): PolicyProblem[] {
  return (names ?? []).flatMap((name, index) =>
    keyrings.has(name) ? [] : [{ path: `${path}[${index}]`, message: `no keyring "${name}"` }],
  );
}

/** The different keys of the named keyrings. */
export function keysOf(
  names: readonly string[],
  keyrings: ReadonlyMap<string, Keyring>,
): readonly TrustedKey[] {
  const keys = names.flatMap((name) => keyrings.get(name)?.keys ?? []);
  return [...new Map(keys.map((key) => [key.fingerprint, key])).values()];
}

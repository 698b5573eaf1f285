// The versions of a name at a glance: the newest and the active one.

import type { Version } from './version.ts';

/** Two version numbers; null where none is active. */
export interface VersionsOfName {
  readonly name: string;
  readonly newest: number;
  readonly active: number | null;
}

/** Joins the newest version of each name with the active one. */
export function versionsByName(
  newest: readonly Version[],
  active: readonly Version[],
): VersionsOfName[] {
  const activeOf = new Map(active.map(({ name, version }) => [name, version]));
  return newest.map(({ name, version }) => ({
    name,
    newest: version,
    active: activeOf.get(name) ?? null,
  }));
}

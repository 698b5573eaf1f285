// Compares what files import with the table in test/support/rooms.ts. Pure: sources in, sentences
// out, so that the rules are tested on made-up sources as well as on the tree.

import { ROOMS, WRAPPED_PACKAGES } from './rooms.ts';
import type { Import, Source } from './source-tree.ts';

/** One sentence for each import that the table does not allow. */
export function importViolations(sources: readonly Source[]): readonly string[] {
  const known = new Set(sources.map((source) => source.path));
  return sources.flatMap((source) =>
    source.imports.flatMap((wanted) => {
      const fault = faultOf(source.path, wanted, known);
      return fault === undefined ? [] : [`${source.path} imports ${wanted.specifier}: ${fault}`];
    }),
  );
}

/** The room of a path under src/: its folder, or its own name for a file directly there. */
export function roomOf(path: string): string {
  const [, room = ''] = path.split('/');
  return room.replace(/\.ts$/, '');
}

function faultOf(from: string, wanted: Import, known: ReadonlySet<string>): string | undefined {
  const room = ROOMS[roomOf(from)];
  if (room === undefined) return `${roomOf(from)} is not a room of test/support/rooms.ts`;
  if (wanted.specifier === '(computed)') return 'an import that no reader can follow';
  if (wanted.path === undefined) {
    const named = packageOf(wanted.specifier);
    if (room.packages.some((allowed) => covers(allowed, named))) return undefined;
    return `${roomOf(from)} may not use ${named}, because ${room.because}`;
  }
  if (!known.has(wanted.path)) return 'there is no such file under src/';
  return arrowFault(roomOf(from), wanted, wanted.path);
}

function arrowFault(from: string, wanted: Import, path: string): string | undefined {
  const to = roomOf(path);
  if (to === from) return undefined;
  const [source, target] = [ROOMS[from], ROOMS[to]];
  if (source === undefined || target === undefined) return `${to} is not a room of the table`;
  const file = path.replace(/^src\/[^/]+\//, '').replace(/\.ts$/, '');
  const allowed =
    source.rooms.includes(to) ||
    source.rooms.includes(`${to}/${file}`) ||
    (wanted.typesOnly && source.types.includes(to));
  if (!allowed) {
    const form = source.types.includes(to) ? 'import more than types from' : 'import';
    return `${from} may not ${form} ${to}, because ${source.because}`;
  }
  if (target.doors !== 'any' && !target.doors.includes(file)) {
    return `${file} is not a door of ${to} (${target.doors.join(', ')})`;
  }
  return undefined;
}

/** One sentence for each package that should have one importer and has more. */
export function wrappingViolations(sources: readonly Source[]): readonly string[] {
  return WRAPPED_PACKAGES.flatMap((wrapped) => {
    const importers = sources.filter((source) =>
      source.imports.some((each) => packageOf(each.specifier) === wrapped),
    );
    if (importers.length <= 1) return [];
    const paths = importers.map((source) => source.path).join(', ');
    return [`${wrapped} is imported by more than one file: ${paths}`];
  });
}

/** Every cycle among `edges`, each once, as `a -> b -> a`. */
export function cyclesOf(edges: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const cycles = new Map<string, string>();
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): void => {
    const from = path.indexOf(node);
    if (from >= 0) {
      const members = path.slice(from);
      cycles.set([...members].sort().join(), [...members, node].join(' -> '));
    }
    if (from >= 0 || done.has(node)) return;
    for (const next of edges.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of edges.keys()) visit(node, []);
  return [...cycles.values()];
}

/** Who imports whom among `sources`, by path. */
export function fileEdges(sources: readonly Source[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    sources.map((source) => [source.path, source.imports.flatMap(({ path }) => path ?? [])]),
  );
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function covers(allowed: string, named: string): boolean {
  return allowed.endsWith('*') ? named.startsWith(allowed.slice(0, -1)) : named === allowed;
}

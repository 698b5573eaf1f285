// What a source of reference values finds: files under the paths that a host would see, and what
// had to be left out. docs/cli.md, "reference make"

/** One thing that a source holds. */
export type Found = FoundFile | FoundLink | LeftOut;

/** A regular file. Its content is read before the next thing is asked for. */
export interface FoundFile {
  readonly kind: 'file';
  /** Absolute on the host, with `/` between its parts. */
  readonly path: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Another name of a file that the same source held before. */
export interface FoundLink {
  readonly kind: 'link';
  readonly path: string;
  readonly of: string;
}

/** Something that gives no reference value although one may be missed: told, never dropped. */
export interface LeftOut {
  readonly kind: 'left-out';
  readonly path: string;
  readonly why: string;
}

/** The name that replaces what is no UTF-8: such names cannot be written into a set. */
const REPLACEMENT = '\u{fffd}';

/** Why a path can be no reference value; undefined where it can. */
export function unusablePath(path: string): string | undefined {
  if (path.includes(REPLACEMENT)) return 'its name is not UTF-8';
  if (path.includes('\0')) return 'its name holds a NUL';
  return undefined;
}

/** The path on a host whose /bin, /sbin and /lib* are links into /usr, as IMA records it there. */
export function mergedUsr(path: string): string {
  return /^\/(?:bin|sbin|lib|lib32|lib64|libx32)\//.test(path) ? `/usr${path}` : path;
}

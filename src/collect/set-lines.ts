// Reference values as lines of NDJSON, ready to be uploaded as a set.
// docs/policy.md, "Reference sets"

import { toHex } from '../bytes/encoding.ts';
import { digestsOf, type FileHash } from '../crypto/file-digests.ts';
import { type Found, type LeftOut, mergedUsr, unusablePath } from './found-file.ts';
import type { RecordedValue } from './stored-list.ts';

/** How values are written. */
export interface LineChoices {
  readonly algorithms: readonly FileHash[];
  /** `bound`: each digest counts for the path it was found under. `free`: for every path. */
  readonly paths: 'bound' | 'free';
  /** Whether /bin, /sbin and /lib* are links into /usr on the hosts. */
  readonly mergedUsr: boolean;
}

/** Turns what sources hold into lines, and counts. */
export class SetLines {
  readonly #choices: LineChoices;
  /** Values of this source's files, for its links. */
  #known = new Map<string, readonly string[]>();
  /** What lists recorded that is a line already: a list repeats files, a set need not. */
  readonly #recorded = new Set<string>();
  /** Lines that were made. */
  entries = 0;
  /** What gave no line. */
  readonly left: LeftOut[] = [];

  constructor(choices: LineChoices) {
    this.#choices = choices;
  }

  /** Lines for everything in one source, each with its newline. */
  async *source(source: AsyncIterable<Found>): AsyncGenerator<string> {
    this.#known = new Map();
    for await (const found of source) {
      const line = await this.#lineOf(found);
      if (line !== '') yield line;
    }
  }

  /** The line of a value that a list recorded, empty where there is one already. Spaces in its name
   *  are underscores already. */
  recorded(found: RecordedValue | LeftOut): string {
    if ('kind' in found) return this.#leave(found);
    const { path, algorithm, digest } = found;
    const value = `${algorithm}:${toHex(digest)}`;
    const key = this.#choices.paths === 'bound' ? `${value} ${this.#hostPath(path)}` : value;
    if (this.#recorded.has(key)) return '';
    this.#recorded.add(key);
    return this.#lines(path, [value]);
  }

  async #lineOf(found: Found): Promise<string> {
    if (found.kind === 'left-out') return this.#leave(found);
    const values = found.kind === 'file' ? await this.#valuesOf(found) : this.#known.get(found.of);
    if (values === undefined) {
      const why = 'a link to something that this source does not hold';
      return this.#leave({ kind: 'left-out', path: found.path, why });
    }
    if (typeof values === 'string') {
      return this.#leave({ kind: 'left-out', path: found.path, why: values });
    }
    this.#known.set(found.path, values);
    return this.#lines(found.path, values);
  }

  /** The file's values, or why it has none. */
  async #valuesOf({
    content,
  }: {
    readonly content: AsyncIterable<Uint8Array>;
  }): Promise<readonly string[] | string> {
    const { algorithms } = this.#choices;
    try {
      const digests = await digestsOf(content, algorithms);
      return digests.map((digest, index) => `${algorithms[index]}:${toHex(digest)}`);
    } catch (error) {
      if (error instanceof Error && 'syscall' in error && 'code' in error)
        return String(error.code);
      throw error;
    }
  }

  #lines(path: string, values: readonly string[]): string {
    const host = this.#hostPath(path);
    if (unusablePath(host) !== undefined) return '';
    this.entries += values.length;
    const place = this.#choices.paths === 'bound' ? { path: host } : {};
    return values.map((digest) => `${JSON.stringify({ digest, ...place })}\n`).join('');
  }

  #hostPath(path: string): string {
    return this.#choices.mergedUsr ? mergedUsr(path) : path;
  }

  #leave(left: LeftOut): string {
    this.left.push(left);
    return '';
  }
}

// The files below a folder, as a host that has this folder as its root would see them: a mounted
// image, an unpacked tree. docs/cli.md, "reference make"

import { createReadStream, type Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Found, unusablePath } from './found-file.ts';

/** Everything below `root`, in the order of names, links not followed: IMA records the file that is
 *  opened in the end, under its own path. Throws what the file system throws about `root`
 *  itself. */
export async function* filesInFolder(root: string): AsyncGenerator<Found> {
  const waiting = [{ folder: root, path: '' }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { folder, path } = next;
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (folder === root) throw error;
      yield { kind: 'left-out', path, why: reasonOf(error) };
      continue;
    }
    for (const entry of entries.sort(byName)) {
      const inside = { folder: join(folder, entry.name), path: `${path}/${entry.name}` };
      if (entry.isDirectory()) waiting.push(inside);
      else if (entry.isFile()) yield fileAt(inside);
    }
  }
}

function fileAt({ folder: file, path }: { folder: string; path: string }): Found {
  const why = unusablePath(path);
  if (why !== undefined) return { kind: 'left-out', path, why };
  return { kind: 'file', path, content: createReadStream(file) };
}

function byName(left: Dirent, right: Dirent): number {
  return left.name < right.name ? -1 : 1;
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read';
}

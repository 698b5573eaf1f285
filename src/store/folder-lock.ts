// A lock file that keeps two processes out of one data folder. The embedded database has no lock
// of its own.

import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Takes the folder for this process and answers how to give it back. Throws when a living process
 *  holds it; a lock whose process is gone is taken over. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'plumbline.lock');
  if (!(await claim(path))) {
    const holder = Number(await readFile(path, 'utf8'));
    // A container restarts with the same process id: our own number is a lock left behind, unless
    // this very process holds the folder.
    if (held.has(path) || (holder !== process.pid && isAlive(holder))) {
      throw new Error(`the data folder ${folder} is in use by process ${holder}`);
    }
    await rm(path, { force: true });
    if (!(await claim(path))) throw new Error(`the data folder ${folder} is being taken`);
  }
  held.add(path);
  return async () => {
    held.delete(path);
    await rm(path, { force: true });
  };
}

async function claim(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(processId: number): boolean {
  if (!Number.isSafeInteger(processId) || processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const held = new Set<string>();

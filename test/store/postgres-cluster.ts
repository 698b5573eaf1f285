// A private PostgreSQL for one test file: a cluster in a temporary folder, reachable through a
// socket in that folder only, owned by an unprivileged user where the tests run as root.

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A running cluster. */
export interface PostgresCluster {
  /** Connection address of its one database. */
  readonly url: string;
  /** Ends every connection and the server at once, as a crash does. */
  crash(): void;
  /** Starts it again after a crash. */
  restart(): void;
  /** Stops it and removes the folder. */
  remove(): void;
}

/** Folder of `initdb` and `pg_ctl`, or undefined where PostgreSQL is not installed. Under `CI` its
 *  absence is an error: there the tests must not shrink. */
export function postgresBinaries(): string | undefined {
  const found = candidates().find((folder) => existsSync(join(folder, 'initdb')));
  if (found !== undefined) return found;
  const message = 'PostgreSQL is not installed: no initdb in PATH or /usr/lib/postgresql';
  if (process.env['CI'] === 'true') throw new Error(message);
  console.error(`SKIPPED on PostgreSQL: ${message}`);
  return undefined;
}

/** Makes and starts a cluster with the given binaries. */
export function startCluster(binaries: string): PostgresCluster {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-pg-'));
  const data = join(folder, 'data');
  const owner = ownerOf(folder);
  const run = (program: string, ...args: string[]) => runAs(owner, join(binaries, program), args);
  const start = () => {
    const options = `-c listen_addresses='' -c unix_socket_directories='${folder}' -c fsync=off`;
    run('pg_ctl', '-D', data, '-w', '-l', join(folder, 'server.log'), '-o', options, 'start');
  };
  run('initdb', '-D', data, '-A', 'trust', '-U', 'plumbline', '-E', 'UTF8', '--no-sync');
  start();
  return {
    url: `postgres://plumbline@localhost/postgres?host=${encodeURIComponent(folder)}`,
    crash: () => run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop'),
    restart: start,
    remove: () => {
      run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function candidates(): string[] {
  const home = '/usr/lib/postgresql';
  const versions = existsSync(home) ? readdirSync(home) : [];
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a));
  const fromPath = (process.env['PATH'] ?? '').split(':');
  return [...newestFirst.map((version) => join(home, version, 'bin')), ...fromPath];
}

/** PostgreSQL refuses to run as root: then the folder and the server belong to this user. */
function ownerOf(folder: string): string | undefined {
  if (userInfo().uid !== 0) return undefined;
  const uid = Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' }));
  const gid = Number(execFileSync('id', ['-g', 'postgres'], { encoding: 'utf8' }));
  chownSync(folder, uid, gid);
  chmodSync(folder, 0o755);
  return 'postgres';
}

function runAs(owner: string | undefined, program: string, args: readonly string[]): void {
  const [command, full] =
    owner === undefined ? [program, args] : ['runuser', ['-u', owner, '--', program, ...args]];
  execFileSync(command, full, { stdio: ['ignore', 'ignore', 'inherit'], cwd: tmpdir() });
}

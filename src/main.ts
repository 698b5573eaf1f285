// The composition root: puts settings, database, use cases and application together, and owns
// nothing else. docs/ARCHITECTURE.md

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { buildApp, replaceKeys, type TlsKeys } from './api/app.ts';
import type { Settings } from './config.ts';
import { createFirstToken } from './service/access.ts';
import { sweep } from './service/housekeeping.ts';
import { oidcIssuer } from './service/oidc.ts';
import { fetchIssuerDocument } from './service/oidc-document.ts';
import type { Clock, Ports, Random } from './service/ports.ts';
import { currentSigner, requireSigningKey } from './service/result-keys.ts';
import { makeService } from './service/service.ts';
import type { Database } from './store/database.ts';
import { migrate } from './store/migrate.ts';
import { storesOn } from './store/stores.ts';
import { warmUp } from './verify/warm-up.ts';
import { startWorkers } from './workers/worker-pool.ts';

/** A service that listens. */
export interface RunningService {
  /** Where, for example `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The secret of the first admin token: present on the first start on a database, never again.
   *  Whoever starts the service shows it. */
  readonly bootstrapToken?: string;
  /** Reads certificate and key again, for connections from then on; rejects, and keeps what it has,
   *  when they do not fit. Absent on plain HTTP. */
  reloadKeys?(): Promise<void>;
  /** Finishes what runs, then lets the database go. */
  close(): Promise<void>;
}

/** Starts the service. Throws when the database or the port cannot be had. */
export async function startService(settings: Settings): Promise<RunningService> {
  const database = await openDatabase(settings.database);
  try {
    return await startOn(database, settings);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function startOn(database: Database, settings: Settings): Promise<RunningService> {
  await migrate(database);
  const issuer = settings.oidc && oidcIssuer(settings.oidc, { clock, read: readAnywhere });
  const kept = await keptResultKey(settings);
  const ports: Ports = {
    clock,
    random,
    ...storesOn(database, random.id),
    workers: startWorkers(),
    ...kept,
    ...(issuer === undefined ? {} : { issuer }),
  };
  const { tls, trustedProxies, rates } = settings;
  // Made now, so that whoever asks for public keys finds them and makes none.
  await currentSigner(ports);
  warmUp();
  const service = makeService(ports, settings.limits);
  const api = await buildApp(service, {
    version: await programVersion(),
    requestMs: settings.requestSeconds * 1000,
    logger: { level: settings.logLevel },
    rates,
    ...(settings.issuer === undefined ? {} : { issuer: settings.issuer }),
    ...(trustedProxies === undefined ? {} : { trustedProxies }),
    ...(tls === undefined ? {} : { tls: await readKeys(tls) }),
  });
  const broom = setInterval(() => {
    sweep(ports).catch((error: unknown) => api.log.error({ err: error }, 'sweep'));
  }, SWEEP_MS).unref();
  const url = await api.listen({ host: settings.host, port: settings.port });
  const bootstrapToken = await createFirstToken(ports);
  return {
    url,
    ...(bootstrapToken === undefined ? {} : { bootstrapToken }),
    ...(tls === undefined ? {} : { reloadKeys: async () => replaceKeys(api, await readKeys(tls)) }),
    close: async () => {
      clearInterval(broom);
      await api.close();
      await ports.workers.close();
      await database.close();
    },
  };
}

async function readKeys(files: NonNullable<Settings['tls']>): Promise<TlsKeys> {
  const [cert, key] = await Promise.all([files.certFile, files.keyFile].map(readText));
  return { cert: cert ?? '', key: key ?? '' };
}

/** Fails before anybody is answered when the file does not hold a key that can sign. */
async function keptResultKey({ resultKeyFile }: Settings): Promise<{ resultKey?: string }> {
  if (resultKeyFile === undefined) return {};
  const resultKey = await readText(resultKeyFile);
  await requireSigningKey(resultKey);
  return { resultKey };
}

/** An address of the issuer's, or a file. */
function readAnywhere(where: string): Promise<string> {
  return /^https?:\/\//.test(where) ? fetchIssuerDocument(where) : readText(where);
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

// Loaded when wanted: the command line starts without either.
async function openDatabase(database: Settings['database']): Promise<Database> {
  if (database.kind === 'postgres') {
    const { openPostgres } = await import('./store/postgres.ts');
    return openPostgres(database.url);
  }
  const { openEmbedded } = await import('./store/embedded.ts');
  return openEmbedded(database.folder);
}

async function programVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

const clock: Clock = { now: () => new Date() };

const random: Random = {
  bytes: (lengthBytes) => crypto.getRandomValues(new Uint8Array(lengthBytes)),
  id: () => crypto.randomUUID(),
};

const SWEEP_MS = 600_000;

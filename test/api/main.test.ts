// The composition root: a service from settings alone, its first token, and a clean end.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { settingsFrom } from '../../src/config.ts';
import { startService } from '../../src/main.ts';
import { postgresBinaries, startCluster } from '../store/postgres-cluster.ts';

const QUIET = { PORT: '0', PLUMBLINE_LOG_LEVEL: 'silent' };

describe('a service in a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-main-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  holdsItsPromises(() => ({ PLUMBLINE_DATA: folder }));
});

const binaries = postgresBinaries();
if (binaries !== undefined) {
  describe('a service on PostgreSQL', () => {
    const cluster = startCluster(binaries);
    after(() => cluster.remove());
    holdsItsPromises(() => ({ DATABASE_URL: cluster.url }));
  });
}

function holdsItsPromises(database: () => Record<string, string>): void {
  it('shows an admin token on its first start and never again', async () => {
    const first = await startService(settingsFrom({ ...QUIET, ...database() }));
    const authorization = `Bearer ${first.bootstrapToken}`;
    const tokens = await fetch(`${first.url}/v1/tokens`, { headers: { authorization } });
    assert.equal(tokens.status, 200);
    await first.close();
    const second = await startService(settingsFrom({ ...QUIET, ...database() }));
    assert.equal(second.bootstrapToken, undefined);
    const again = await fetch(`${second.url}/v1/tokens`, { headers: { authorization } });
    assert.equal(again.status, 200);
    await second.close();
  });

  it('signs results with the key of a file, or does not start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-key-'));
    const file = join(folder, 'key.jwk');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = privateKey.export({ format: 'jwk' });
    const settings = settingsFrom({ ...QUIET, ...database(), PLUMBLINE_RESULT_KEY: file });
    writeFileSync(file, JSON.stringify({ kty: jwk.kty }));
    await assert.rejects(startService(settings), /PLUMBLINE_RESULT_KEY/);
    writeFileSync(file, JSON.stringify(jwk));
    const service = await startService(settings);
    const answer = await fetch(`${service.url}/.well-known/jwks.json`);
    const { keys } = Object(await answer.json());
    assert.equal(keys[0].x, jwk.x);
    await service.close();
    rmSync(folder, { recursive: true });
  });

  it('lets the database go when it cannot have its port', async () => {
    const service = await startService(settingsFrom({ ...QUIET, ...database() }));
    const { port } = new URL(service.url);
    const taken = settingsFrom({ ...QUIET, PLUMBLINE_DATA: mkdtempSync(TEMPORARY), PORT: port });
    await assert.rejects(startService(taken), /EADDRINUSE/);
    await assert.rejects(startService(taken), /EADDRINUSE/);
    await service.close();
    if (taken.database.kind === 'embedded') rmSync(taken.database.folder, { recursive: true });
  });
}

const TEMPORARY = join(tmpdir(), 'plumbline-port-');

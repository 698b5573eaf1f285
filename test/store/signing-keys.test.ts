// Signing keys on both databases: one signs, whoever starts together, and a replaced one forgets
// its private half.

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import type { Ports } from '../../src/service/ports.ts';
import {
  currentSigner,
  publishedKeys,
  requireSigningKey,
  rotateSigner,
} from '../../src/service/result-keys.ts';
import { migrate } from '../../src/store/migrate.ts';
import { storesOn } from '../../src/store/stores.ts';
import { startWorkers } from '../../src/workers/worker-pool.ts';
import { onBothDatabases } from './databases.ts';

const NOON = new Date('2031-05-03T12:00:00Z');
const ADMIN = { id: randomUUID(), name: 'ada', role: 'admin', createdAt: NOON } as const;

onBothDatabases('signing keys', (opened) => {
  let now = NOON;
  const workers = startWorkers();
  after(() => workers.close());
  const ports = (more: Partial<Ports> = {}): Ports => ({
    clock: { now: () => now },
    random: { bytes: (size) => new Uint8Array(size), id: () => randomUUID() },
    workers,
    ...storesOn(opened(), randomUUID),
    ...more,
  });
  const stored = () =>
    opened().query(
      'SELECT kid, private_jwk AS "privateJwk", replaced_at AS "replacedAt" FROM signing_keys',
      [],
      z.object({
        kid: z.string(),
        privateJwk: z.string().nullable(),
        replacedAt: z.date().nullable(),
      }),
    );
  before(() => migrate(opened()));

  it('are made once, however many instances start', async () => {
    const signers = await Promise.all(Array.from({ length: 8 }, () => currentSigner(ports())));
    assert.equal(new Set(signers.map(({ kid }) => kid)).size, 1);
    assert.equal((await stored()).length, 1);
  });

  it('forget the private half when they are replaced', async () => {
    const { kid: old } = await currentSigner(ports());
    const { kid } = await rotateSigner(ports(), ADMIN);
    assert.notEqual(kid, old);
    const halves = new Map((await stored()).map((key) => [key.kid, key.privateJwk !== null]));
    assert.deepEqual([halves.get(old), halves.get(kid)], [false, true]);
    const [entry] = await ports().audit.list({ action: 'result_key.rotate' }, { limit: 1 });
    assert.deepEqual([entry?.actor, entry?.subject], [ADMIN.id, kid]);
  });

  it('are dropped when nothing that they signed can be good', async () => {
    assert.equal(await ports().signingKeys.sweep(now), 0);
    now = new Date(NOON.getTime() + 604_860_000);
    assert.equal((await publishedKeys(ports())).length, 1);
    assert.equal(await ports().signingKeys.sweep(now), 1);
    assert.equal((await stored()).length, 1);
  });

  it('may be kept elsewhere, and then are nowhere in the database', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const resultKey = JSON.stringify(privateKey.export({ format: 'jwk' }));
    await requireSigningKey(resultKey);
    const { kid: own } = await currentSigner(ports());
    const { kid } = await currentSigner(ports({ resultKey }));
    assert.deepEqual(
      (await publishedKeys(ports({ resultKey }))).map((key) => key.kid),
      [kid, own],
    );
    assert.ok((await stored()).every(({ privateJwk }) => privateJwk === null));
    await assert.rejects(rotateSigner(ports({ resultKey }), ADMIN), { code: 'result.key_fixed' });
    // Without the file a key of our own signs again.
    const { kid: next } = await currentSigner(ports());
    assert.ok(next !== kid && next !== own);
    assert.equal((await currentSigner(ports({ resultKey }))).kid, kid);
  });

  it('are refused when they cannot sign', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export(JWK);
    const mixed = { ...privateKey.export(JWK), x, y };
    for (const wrong of [publicKey.export(JWK), other.export(JWK), mixed, {}]) {
      await assert.rejects(requireSigningKey(JSON.stringify(wrong)), /PLUMBLINE_RESULT_KEY/);
    }
    await assert.rejects(requireSigningKey('not JSON'), /PLUMBLINE_RESULT_KEY/);
    await requireSigningKey(JSON.stringify(privateKey.export(JWK)));
  });
});

const JWK = { format: 'jwk' } as const;

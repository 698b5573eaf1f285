// The fleet: one key is one attester, whatever it is called and however it is encoded.

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { after, before, it } from 'node:test';
import { onBothDatabases } from '../store/databases.ts';
import { answer, bodyFor, type Challenged, challenge, enrol, publish } from './attestation.ts';
import { madeHost } from './made-host.ts';
import { type RunningApi, startApi } from './running-api.ts';

onBothDatabases('attesters', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened(), { openChallenges: 2 });
    await publish(running);
  });
  after(() => running.close());

  const send = (bytes: Buffer, encoding = 'tpmt-public', labels = {}) => {
    const json = { ak: { encoding, bytes: bytes.toString('base64') }, labels };
    return running.call('POST', '/v1/attesters', { role: 'agent-enrol', json });
  };

  it('keep their id and labels when their key is enrolled again', async () => {
    const { ak } = madeHost([]);
    const first = await send(ak, 'tpmt-public', { env: 'prod' });
    assert.equal(first.status, 201);
    assert.deepEqual(first.body['findings'], ['ak.asserted']);
    const again = await send(ak, 'tpmt-public', { env: 'test' });
    assert.equal(again.status, 200);
    assert.equal(again.body['id'], first.body['id']);
    assert.deepEqual(again.body['labels'], { env: 'prod' });
  });

  it('are the same whatever the encoding of their key', async () => {
    const { ak } = madeHost([]);
    const first = await send(ak);
    // TPMT_PUBLIC of an ECC key ends with its coordinates, each behind a length of two bytes.
    const x = ak.subarray(-66, -34).toString('base64url');
    const y = ak.subarray(-32).toString('base64url');
    const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
    const pem = Buffer.from(key.export({ type: 'spki', format: 'pem' }));
    const again = await send(pem, 'spki-pem');
    assert.equal(again.body['id'], first.body['id']);
    assert.equal(again.body['akEncoding'], 'spki-pem');
  });

  it('are not enrolled with a key that no verdict would believe', async () => {
    const { ak } = madeHost([]);
    const unrestricted = Buffer.from(ak);
    // objectAttributes stand behind type and nameAlg; restricted is bit 16.
    unrestricted.writeUInt32BE(ak.readUInt32BE(4) & ~(1 << 16), 4);
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const weak = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
    const wrong = [
      await send(unrestricted),
      await send(weak, 'spki-pem'),
      await send(Buffer.from('no key')),
      await send(ak.subarray(0, 40)),
    ];
    for (const { status, body } of wrong) {
      assert.equal(status, 422);
      assert.equal(body['code'], 'attester.ak_refused');
    }
    const text = { ak: { encoding: 'tpmt-public', bytes: '***' } };
    const malformed = await running.call('POST', '/v1/attesters', { role: 'operator', json: text });
    assert.equal(malformed.status, 400);
  });

  it('are gone when removed, with their challenges, and back when enrolled again', async () => {
    const { host, id } = await enrol(running);
    const open = await challenge(running, id);
    const path = `/v1/attesters/${id}`;
    assert.equal((await running.call('DELETE', path, { role: 'operator' })).status, 204);
    assert.equal((await running.call('DELETE', path, { role: 'operator' })).status, 404);
    assert.equal((await running.call('GET', path, { role: 'operator' })).status, 404);
    assert.equal((await running.call('POST', `${path}/challenges`)).status, 404);
    const late = await answer(running, open.id, { json: bodyFor(host, open.nonce) });
    assert.equal(late.body['code'], 'challenge.unknown');
    assert.equal((await send(host.ak)).body['id'], id);
    assert.equal((await running.call('GET', path, { role: 'operator' })).status, 200);
  });

  it('may have so many challenges open; the oldest give way', async () => {
    const { host, id } = await enrol(running);
    const codes: unknown[] = [];
    const given: Challenged[] = [];
    for (let count = 0; count < 3; count += 1) {
      given.push(await challenge(running, id));
      running.wait(1);
    }
    for (const { id: challengeId, nonce } of given) {
      const { body } = await answer(running, challengeId, { json: bodyFor(host, nonce) });
      codes.push(body['code']);
    }
    // The second of those that are left is open, but its round was overtaken by the first.
    assert.deepEqual(codes, ['challenge.unknown', undefined, 'round.overtaken']);
  });

  it('are listed page by page, each once, while others come', async () => {
    const role = 'operator';
    const seen: string[] = [];
    const all = await running.call('GET', '/v1/attesters?limit=200', { role });
    const before = (all.body['items'] as { id: string }[]).map(({ id }) => id);
    let cursor = '';
    do {
      const path = `/v1/attesters?limit=2${cursor}`;
      const { body } = await running.call('GET', path, { role });
      seen.push(...(body['items'] as { id: string }[]).map(({ id }) => id));
      cursor = body['next'] === null ? '' : `&cursor=${String(body['next'])}`;
      running.wait(1);
      await enrol(running);
    } while (cursor !== '');
    assert.deepEqual(seen, before);
    const forged = await running.call('GET', '/v1/attesters?cursor=AAAA', { role });
    assert.equal(forged.body['code'], 'request.invalid');
    const limit = await running.call('GET', '/v1/attesters?limit=0', { role });
    assert.ok(JSON.stringify(limit.body['places']).includes('querystring/limit'));
  });
});

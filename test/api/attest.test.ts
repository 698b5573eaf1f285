// The main road: enrol, challenge, evidence, verdict, and every way to leave it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { verdict as verdictSchema } from '../../src/api/verdict-schema.ts';
import { onBothDatabases } from '../store/databases.ts';
import {
  answer,
  bodyFor,
  challenge,
  enrol,
  FILES,
  formOf,
  headFor,
  POLICY,
  publish,
} from './attestation.ts';
import { type RunningApi, startApi } from './running-api.ts';

onBothDatabases('attestation', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened());
  });
  after(() => running.close());

  it('has no challenge before there is a policy', async () => {
    const { id } = await enrol(running);
    const { status, body } = await running.call('POST', `/v1/attesters/${id}/challenges`);
    assert.equal(status, 409);
    assert.equal(body['code'], 'policy.none_active');
    await publish(running);
  });

  it('tells an attester what to quote and what to send', async () => {
    const { id } = await enrol(running);
    const { status, headers, body } = await running.call('POST', `/v1/attesters/${id}/challenges`);
    assert.equal(status, 201);
    assert.equal(headers.get('location'), `/v1/challenges/${String(body['id'])}/evidence`);
    assert.match(String(body['nonce']), /^[0-9a-f]{64}$/);
    assert.equal(body['expiresAt'], '2031-05-03T12:02:00.000Z');
    assert.deepEqual(body['quote'], {
      selection: [{ bank: 'sha256', pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }],
      signatureHashes: ['sha256', 'sha384', 'sha512'],
    });
    assert.deepEqual(body['ima'], { list: 'required', fromIndex: 0, fromOffset: 0 });
    assert.equal(body['bootLog'], 'optional');
  });

  it('affirms a good host, in JSON', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const { status, headers, body } = await answer(running, challengeId, {
      json: bodyFor(host, nonce),
    });
    assert.equal(status, 201);
    assert.equal(body['status'], 'affirming', JSON.stringify(body));
    assert.equal(headers.get('location'), `/v1/verdicts/${String(body['id'])}`);
    assert.deepEqual(verdictSchema.parse(body), body);
    const kept = await running.call('GET', `/v1/verdicts/${String(body['id'])}`, {
      role: 'operator',
    });
    assert.deepEqual(kept.body, body);
    const fleet = await running.call('GET', `/v1/attesters/${id}`, { role: 'operator' });
    assert.deepEqual(fleet.body['latest'], {
      id: body['id'],
      status: 'affirming',
      at: body['at'],
      expiresAt: body['expiresAt'],
    });
  });

  it('affirms a good host, in parts', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const head = headFor(host, nonce);
    const [claim] = head.ima.segments;
    const segments = [{ ...claim, kind: 'staged', records: 1 }, claim];
    // Cut after the first record, whose end is known: 4 + 20 + 4 + 6 + 4 + 4 + 40 + 4 + 15.
    const parts = [
      ['segment', host.list.subarray(0, 101)],
      ['segment', host.list.subarray(101)],
    ] as const;
    const { status, body } = await answer(running, challengeId, {
      body: formOf({ ...head, ima: { segments } }, parts),
    });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body['status'], 'affirming', JSON.stringify(body));
  });

  it('names the record that is not known', async () => {
    const { host, id } = await enrol(running, [...FILES, { path: '/tmp/x', content: 'evil' }]);
    const { id: challengeId, nonce } = await challenge(running, id);
    const { body } = await answer(running, challengeId, { json: bodyFor(host, nonce) });
    assert.equal(body['status'], 'contraindicated');
    const codes = body['findingCounts'];
    assert.ok(codes !== null && typeof codes === 'object' && 'ima.file_unknown' in codes);
  });

  it('gives garbage a verdict', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const body = bodyFor(host, nonce, { list: Buffer.from('no list at all') });
    const quote = { ...body.quote, attest: 'AAAA', signature: '' };
    const given = await answer(running, challengeId, { json: { ...body, quote } });
    assert.equal(given.status, 201);
    assert.equal(given.body['status'], 'contraindicated');
    assert.deepEqual(verdictSchema.parse(given.body), given.body);
  });

  it('reads the log of user space from the head', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const userspaceLog = Buffer.from('no record').toString('base64');
    const json = { ...bodyFor(host, nonce), userspaceLog };
    const { status, body } = await answer(running, challengeId, { json });
    assert.equal(status, 201);
    assert.ok(JSON.stringify(body['findings']).includes('boot.userspace_log_malformed'));
  });

  it('refuses a second answer, whatever it holds', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const json = bodyFor(host, nonce);
    assert.equal((await answer(running, challengeId, { json })).status, 201);
    const again = await answer(running, challengeId, { json });
    assert.equal(again.status, 409);
    assert.equal(again.body['code'], 'challenge.spent');
  });

  it('gives one verdict to answers that come together', async () => {
    const { host, id } = await enrol(running);
    for (let round = 0; round < 3; round += 1) {
      const { id: challengeId, nonce } = await challenge(running, id);
      const json = bodyFor(host, nonce);
      const answers = await Promise.all(
        [1, 2, 3].map(() => answer(running, challengeId, { json })),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409]);
    }
    const kept = await running.call('GET', `/v1/verdicts?attester=${id}`, { role: 'auditor' });
    assert.equal(Object(kept.body['items']).length, 3);
  });

  it('refuses an answer after the expiry, and to a challenge that never was', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const json = bodyFor(host, nonce);
    running.wait(120);
    const late = await answer(running, challengeId, { json });
    assert.equal(late.status, 410);
    assert.equal(late.body['code'], 'challenge.expired');
    const unknown = await answer(running, randomUUID(), { json });
    assert.equal(unknown.status, 404);
    assert.equal(unknown.body['code'], 'challenge.unknown');
  });

  it('refuses malformed requests by their places and leaves the challenge open', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const body = bodyFor(host, nonce);
    const wrong = { ...body, quote: { ...body.quote, attest: 'not base64!' }, extra: 1 };
    const refused = await answer(running, challengeId, { json: wrong });
    assert.equal(refused.status, 400);
    assert.equal(refused.body['code'], 'request.invalid');
    assert.ok(JSON.stringify(refused.body['places']).includes('/quote/attest'));
    assert.equal((await answer(running, challengeId, { json: body })).status, 201);
  });

  it('refuses parts that are missing, left over or out of order', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const head = headFor(host, nonce);
    const segment = ['segment', host.list] as const;
    const wrong = [
      [],
      [segment, segment],
      [segment, ['bootLog', host.list]],
      [['other', host.list]],
    ];
    for (const parts of wrong as (readonly (readonly [string, Buffer])[])[]) {
      const { status, body } = await answer(running, challengeId, { body: formOf(head, parts) });
      assert.equal(status, 400, JSON.stringify(body));
      assert.equal(body['code'], 'request.invalid');
    }
    const right = await answer(running, challengeId, { body: formOf(head, [segment]) });
    assert.equal(right.body['status'], 'affirming');
  });

  it('refuses evidence above the limit and leaves the challenge open', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const head = headFor(host, nonce);
    const large = await answer(running, challengeId, {
      body: formOf(head, [['segment', Buffer.alloc(4_000_001)]]),
    });
    assert.equal(large.status, 413, JSON.stringify(large.body));
    assert.equal(large.body['code'], 'limit.exceeded');
    const right = await answer(running, challengeId, { json: bodyFor(host, nonce) });
    assert.equal(right.body['status'], 'affirming');
  });

  it('gives the evidence of a verdict back', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const { body } = await answer(running, challengeId, { json: bodyFor(host, nonce) });
    const path = `/v1/verdicts/${String(body['id'])}/evidence`;
    const kept = await running.call('GET', path, { role: 'auditor' });
    const document = Object(kept.body['document']);
    assert.equal(document.nonce, nonce);
    assert.equal(document.ak.bytes, host.ak.toString('base64'));
    assert.deepEqual(kept.body['parts'], [
      { part: 'segment-0', sizeBytes: host.list.length, href: `${path}/segment-0` },
    ]);
    const list = await fetch(`${running.url}${path}/segment-0`, {
      headers: { authorization: `Bearer ${running.secrets.auditor}` },
    });
    assert.ok(Buffer.from(await list.arrayBuffer()).equals(host.list));
    const absent = await running.call('GET', `${path}/boot-log`, { role: 'auditor' });
    assert.equal(absent.body['code'], 'evidence.unknown');
  });

  it('appraises under the policy that was active when the challenge was issued', async () => {
    const [earlier, later] = [await enrol(running), await enrol(running)];
    const before = await challenge(running, earlier.id);
    const strict = { ...POLICY, ima: { measurements: [] } };
    await running.call('POST', '/v1/policies', { role: 'policy-admin', json: strict });
    await running.call('POST', '/v1/policies/prod/versions/2/activate', { role: 'policy-admin' });
    const after = await challenge(running, later.id);
    const first = await answer(running, before.id, { json: bodyFor(earlier.host, before.nonce) });
    const second = await answer(running, after.id, { json: bodyFor(later.host, after.nonce) });
    assert.equal(first.body['status'], 'affirming');
    assert.equal(second.body['status'], 'contraindicated');
    await running.call('POST', '/v1/policies/prod/versions/1/activate', { role: 'policy-admin' });
  });
});

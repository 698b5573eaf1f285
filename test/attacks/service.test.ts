// Attacks on the service around the procedure: spent and foreign challenges, keys brought along,
// faults in the middle, callers without the right to. FORMATS 17; docs/api.md.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { answer, attest, bodyFor, challenge, enrol, FILES, publish } from '../api/attestation.ts';
import { madeHost } from '../api/made-host.ts';
import { type Answer, type RunningApi, startApi, startBeside } from '../api/running-api.ts';
import { onBothDatabases } from '../store/databases.ts';
import { flipByte } from '../tamper/tampering.ts';

onBothDatabases('attacks on the service', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened());
    await publish(running);
  });
  after(() => running.close());

  const latestOf = async (id: string) => {
    const { body } = await running.call('GET', `/v1/attesters/${id}`, { role: 'auditor' });
    return Object(body['latest']);
  };
  const verdictsOf = async (id: string): Promise<number> => {
    const { body } = await running.call('GET', `/v1/verdicts?attester=${id}`, { role: 'auditor' });
    return Object(body['items']).length;
  };

  it('the same evidence sent twice', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const json = bodyFor(host, nonce);
    assertStatus(await answer(running, challengeId, { json }), 'affirming');
    const again = await answer(running, challengeId, { json });
    assert.deepEqual([again.status, again.body['code']], [409, 'challenge.spent']);
    assert.equal(await verdictsOf(id), 1);
  });

  it('the answer to one challenge sent for another', async () => {
    const { host, id } = await enrol(running);
    const [first, second] = [await challenge(running, id), await challenge(running, id)];
    const crossed = await answer(running, second.id, { json: bodyFor(host, first.nonce) });
    assertFound(crossed, 'quote.nonce_mismatch', 'extraData');
    assertStatus(await attest(running, { host, id }), 'affirming');
  });

  it('a nonce as text, and one from an expired challenge', async () => {
    const { host, id } = await enrol(running);
    const { id: challengeId, nonce } = await challenge(running, id);
    const text = Buffer.from(nonce).toString('hex');
    const asText = await answer(running, challengeId, { json: bodyFor(host, text) });
    assertFound(asText, 'quote.nonce_mismatch', 'extraData');
    const late = await challenge(running, id);
    running.wait(121);
    const json = bodyFor(host, late.nonce);
    const expired = await answer(running, late.id, { json });
    assert.deepEqual([expired.status, expired.body['code']], [410, 'challenge.expired']);
    const other = await challenge(running, id);
    const reused = await answer(running, other.id, { json });
    assertFound(reused, 'quote.nonce_mismatch', 'extraData');
    assertStatus(await attest(running, { host, id }), 'affirming');
  });

  it('the evidence of one host sent for another', async () => {
    const [ours, theirs] = [await enrol(running), await enrol(running)];
    const { id, nonce } = await challenge(running, ours.id);
    const foreign = await answer(running, id, { json: bodyFor(theirs.host, nonce) });
    assertFound(foreign, 'quote.signature_invalid', 'signature');
    assertStatus(await attest(running, ours), 'affirming');
    assert.equal(await verdictsOf(theirs.id), 0);
  });

  it('a key, a policy or an attester named in the evidence', async () => {
    const enrolled = await enrol(running);
    const { id, nonce } = await challenge(running, enrolled.id);
    const own = madeHost(FILES);
    const ak = { encoding: 'tpmt-public', bytes: own.ak.toString('base64') };
    for (const extra of [{ ak }, { policy: 'other' }, { attester: enrolled.id }, { nonce }]) {
      const json = { ...bodyFor(own, nonce), ...extra };
      const { status, body } = await answer(running, id, { json });
      assert.deepEqual([status, body['code']], [400, 'request.invalid'], JSON.stringify(extra));
    }
    assert.equal(await verdictsOf(enrolled.id), 0);
    const json = bodyFor(enrolled.host, nonce);
    assertStatus(await answer(running, id, { json }), 'affirming');
  });

  it('CVE-2022-3500: a fault in the middle neither affirms nor keeps a verdict fresh', async () => {
    const enrolled = await enrol(running);
    assertStatus(await attest(running, enrolled), 'affirming');
    const good = await latestOf(enrolled.id);
    const now = () => running.ports.clock.now().getTime();
    assert.ok(Date.parse(good.expiresAt) > now());
    const { id, nonce } = await challenge(running, enrolled.id);
    const json = bodyFor(enrolled.host, nonce, { fromIndex: 4 });
    const database = opened();
    const failing = {
      ...database,
      transaction: () => Promise.reject(new Error('no disk, s3cret')),
    };
    const beside = await startBeside(running, { database: failing });
    const fault = await answer(beside, id, { json });
    await beside.close();
    assert.deepEqual([fault.status, fault.body['code']], [500, 'internal.fault']);
    assert.doesNotMatch(JSON.stringify(fault.body), /disk|s3cret/);
    assert.deepEqual(await latestOf(enrolled.id), good);
    assert.equal(await verdictsOf(enrolled.id), 1);
    assertStatus(await answer(running, id, { json }), 'affirming');
    running.wait(601);
    const stale = await latestOf(enrolled.id);
    assert.ok(Date.parse(stale.expiresAt) < now(), 'whoever asks sees that it is over');
  });

  it('CVE-2023-3674: after a broken signature nothing shows the last good state', async () => {
    const enrolled = await enrol(running);
    assertStatus(await attest(running, enrolled), 'affirming');
    const { id, nonce } = await challenge(running, enrolled.id);
    running.wait(1);
    const json = bodyFor(enrolled.host, nonce, { fromIndex: 4 });
    const bytes = Buffer.from(json.quote.signature, 'base64');
    const signature = Buffer.from(flipByte(bytes, bytes.length - 1)).toString('base64');
    const broken = { ...json, quote: { ...json.quote, signature } };
    assertFound(
      await answer(running, id, { json: broken }),
      'quote.signature_invalid',
      'signature',
    );
    assert.equal((await latestOf(enrolled.id)).status, 'contraindicated');
    assertStatus(await attest(running, enrolled), 'affirming');
  });

  it('CVE-2026-1709: callers who are nobody, or may not, enrol and remove', async () => {
    const { id } = await enrol(running);
    const ak = { encoding: 'tpmt-public', bytes: madeHost(FILES).ak.toString('base64') };
    const nobody = await running.call('POST', '/v1/attesters', { json: { ak } });
    assert.deepEqual([nobody.status, nobody.body['code']], [401, 'token.missing']);
    for (const [method, path, role, json] of [
      ['POST', '/v1/attesters', 'auditor', { ak }],
      ['DELETE', `/v1/attesters/${id}`, 'agent-enrol', undefined],
      ['GET', '/v1/attesters', 'agent-enrol', undefined],
    ] as const) {
      const refused = await running.call(method, path, { role, json });
      assert.deepEqual([refused.status, refused.body['code']], [403, 'token.role_insufficient']);
    }
    const allowed = await running.call('POST', '/v1/attesters', {
      role: 'agent-enrol',
      json: { ak },
    });
    assert.equal(allowed.status, 201);
  });
});

function assertStatus({ status, body }: Answer, expected: string): void {
  assert.deepEqual([status, body['status']], [201, expected], JSON.stringify(body));
}

/** The verdict is contraindicated by a finding with this code at this field of the quote. */
function assertFound(given: Answer, code: string, field: string): void {
  assertStatus(given, 'contraindicated');
  const { findings } = Object(given.body);
  const found = findings.find((one: { readonly code: string }) => one.code === code);
  assert.deepEqual(
    [found?.severity, found?.where.part, found?.where.field],
    ['contraindicated', 'quote', field],
    JSON.stringify(findings),
  );
}

// Learning mode: what a host measured and no rule speaks of comes back as a reference set that says
// on what it rests; once uploaded and named, the host is accepted.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { onBothDatabases } from '../store/databases.ts';
import {
  answer,
  attest,
  challenge,
  type Enrolled,
  enrol,
  FILES,
  headFor,
  publish,
} from './attestation.ts';
import { digestLines, type MadeFile } from './made-host.ts';
import { type RunningApi, startApi } from './running-api.ts';

/** More than a verdict tells of in full. */
const LEARNED: readonly MadeFile[] = Array.from({ length: 30 }, (_, number) => ({
  path: `/opt/app/${number}`,
  content: `application ${number}`,
}));

onBothDatabases('a proposed set', (opened) => {
  let running: RunningApi;
  const role = 'policy-admin';
  before(async () => {
    running = await startApi(opened());
    await publish(running);
  });
  after(() => running.close());

  /** A round whose list has a record that its quote is too old for. */
  const attestWithPending = async ({ host, id }: Enrolled, file: MadeFile) => {
    const { id: challengeId, nonce, ima } = await challenge(running, id);
    const head = headFor(host, nonce);
    host.measure([file]);
    const bytes = host.listFrom(ima.fromIndex).toString('base64');
    const segments = head.ima.segments.map((claim) => ({ ...claim, bytes }));
    const json = { ...head, ima: { fromIndex: ima.fromIndex, segments } };
    const { body } = await answer(running, challengeId, { json });
    assert.equal(Object(body['coverage']).ima.pendingCount, 1);
  };

  it('holds every proven file without a rule once, and nothing that is not proven', async () => {
    const enrolled = await enrol(running, [...FILES, ...LEARNED.slice(0, 20)]);
    await attest(running, enrolled);
    enrolled.host.measure([...LEARNED, { path: 'bare', content: 'no path' }]);
    const round = await attest(running, enrolled);
    assert.equal(round.body['status'], 'contraindicated');
    await attestWithPending(enrolled, { path: '/opt/pending', content: 'not quoted yet' });
    const path = `/v1/attesters/${enrolled.id}/proposed-set`;
    const { status, headers, body } = await running.call('GET', path, { role });
    assert.equal(status, 200, JSON.stringify(body));
    const [head, ...entries] = String(body['text']).trim().split('\n');
    const told = '{"format":"plumbline-reference-set/1","basis":"trusted-on-first-use"}';
    assert.equal(head, told);
    assert.deepEqual(
      entries.map((line) => [Object(JSON.parse(line)).digest, Object(JSON.parse(line)).path]),
      LEARNED.map((file) => {
        const [digest, ...path] = digestLines([file]).trim().split('  ');
        return [`sha256:${digest}`, path.join('  ')];
      }),
    );
    assert.equal(headers.get('plumbline-left-out'), '1');
    const upload = await running.call('POST', '/v1/reference-sets/learned', {
      role,
      headers: { 'content-type': 'application/x-ndjson' },
      body: String(body['text']),
    });
    assert.deepEqual([upload.status, upload.body['entries']], [201, LEARNED.length]);
  });

  it('needs the evidence of the boot', async () => {
    const enrolled = await enrol(running);
    const path = `/v1/attesters/${enrolled.id}/proposed-set`;
    const none = await running.call('GET', path, { role });
    assert.deepEqual([none.status, none.body['code']], [404, 'evidence.unknown']);
    await attest(running, enrolled);
    const whole = await running.call('GET', path, { role });
    assert.equal(String(whole.body['text']).trim().split('\n').length, 1);
    await opened().run('DELETE FROM evidence WHERE attester_id = $1', [enrolled.id]);
    const gone = await running.call('GET', path, { role });
    assert.equal(gone.body['code'], 'evidence.unknown');
  });
});

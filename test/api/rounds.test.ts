// Rounds of one attester: each goes on from the last, and costs only what is new.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import { timeline as timelineSchema } from '../../src/api/timeline-schema.ts';
import { onBothDatabases } from '../store/databases.ts';
import {
  answer,
  attest,
  bodyFor,
  challenge,
  enrol,
  FILES,
  POLICY,
  publish,
} from './attestation.ts';
import type { MadeFile } from './made-host.ts';
import { type Answer, type RunningApi, startApi } from './running-api.ts';

const EVIL: MadeFile = { path: '/tmp/x', content: 'evil' };

onBothDatabases('rounds', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened());
    await publish(running);
  });
  after(() => running.close());

  const timelineOf = async (id: string, query = '') => {
    const path = `/v1/attesters/${id}/timeline${query}`;
    const { status, body } = await running.call('GET', path, { role: 'auditor' });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(timelineSchema.parse(body), body);
    return TimelineBody.parse(body);
  };

  it('begin where the last one ended', async () => {
    const enrolled = await enrol(running);
    const { host, id } = enrolled;
    const sent: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const { ima } = await challenge(running, id);
      assert.equal(ima.fromOffset, host.list.length - host.listFrom(ima.fromIndex).length);
      sent.push(host.recordCount - ima.fromIndex);
      assertRound(await attest(running, enrolled), {
        status: 'affirming',
        proven: host.recordCount,
      });
      host.measure(FILES.slice(0, round));
    }
    assert.deepEqual(sent, [4, 0, 1, 2]);
    const { boot, checkpoints } = await timelineOf(id);
    assert.equal(boot?.number, 1);
    assert.deepEqual(
      checkpoints.map(({ index }) => index),
      [7, 5, 4],
    );
  });

  it('are good without a new record', async () => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    const { id, nonce } = await challenge(running, enrolled.id);
    const { ima: _, ...head } = bodyFor(enrolled.host, nonce);
    assertRound(await answer(running, id, { json: head }), { status: 'affirming', proven: 4 });
    assertRound(await attest(running, enrolled), { status: 'affirming', proven: 4 });
  });

  it('skip records that are sent again', async () => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    enrolled.host.measure(FILES);
    const again = await attest(running, enrolled, 2);
    assertRound(again, { status: 'affirming', proven: 7 });
    assert.ok('ima.records_skipped' in Object(again.body['findingCounts']));
    assertRound(await attest(running, enrolled, 0), { status: 'affirming', proven: 7 });
    const { ima } = await challenge(running, enrolled.id);
    assert.deepEqual(ima, { fromIndex: 7, fromOffset: enrolled.host.list.length });
  });

  it('say which records are missing, and go on when they come', async () => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    enrolled.host.measure(FILES);
    const gap = await attest(running, enrolled, 5);
    assertRound(gap, { status: 'none', proven: null });
    assert.ok('ima.history_missing' in Object(gap.body['findingCounts']));
    assert.equal(Object(gap.body['next']).fromIndex, 4);
    assertRound(await attest(running, enrolled), { status: 'affirming', proven: 7 });
  });

  it('begin at record 0 after a reboot', async () => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    enrolled.host.reboot(FILES.slice(0, 1));
    assertRound(await attest(running, enrolled, 0), { status: 'affirming', proven: 2, boot: 2 });
    const { boot, checkpoints } = await timelineOf(enrolled.id);
    assert.deepEqual([boot?.number, boot?.resetCount], [2, 4]);
    assert.deepEqual(
      checkpoints.map(({ index }) => index),
      [2],
    );
  });

  it('ask for all of the list when they find out about a reboot', async () => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    enrolled.host.reboot([...FILES, ...FILES]);
    const unaware = await attest(running, enrolled);
    assertRound(unaware, { status: 'none', proven: null, boot: 2 });
    assert.equal(Object(unaware.body['next']).fromIndex, 0);
    assert.deepEqual((await challenge(running, enrolled.id)).ima, { fromIndex: 0, fromOffset: 0 });
    assertRound(await attest(running, enrolled), { status: 'affirming', proven: 7, boot: 2 });
    assert.equal((await challenge(running, enrolled.id)).ima.fromIndex, 7);
  });

  it('repeat what was found until the next boot', async () => {
    const enrolled = await enrol(running);
    const { host, id } = enrolled;
    host.measure([EVIL]);
    assertRound(await attest(running, enrolled), { status: 'contraindicated', proven: 5 });
    host.measure(FILES);
    const later = await attest(running, enrolled);
    assertRound(later, { status: 'contraindicated', proven: 8 });
    const found = (later.body['findings'] as { code: string; carried?: true }[]).filter(
      ({ carried }) => carried === true,
    );
    assert.deepEqual(
      found.map(({ code }) => code),
      ['ima.file_unknown'],
    );
    const { findings, findingCounts } = await timelineOf(id);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['ima.file_unknown'],
    );
    assert.deepEqual(findingCounts, { 'ima.file_unknown': 1 });
    host.reboot(FILES);
    assertRound(await attest(running, enrolled, 0), { status: 'affirming', proven: 4, boot: 2 });
    assert.deepEqual((await timelineOf(id)).findings, []);
  });

  it('change nothing when their quote or their replay fails', async () => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    const before = await timelineOf(enrolled.id);
    const { id, nonce } = await challenge(running, enrolled.id);
    enrolled.host.measure(FILES);
    const list = Buffer.concat([enrolled.host.listFrom(4), enrolled.host.listFrom(6)]);
    list.writeUInt8(1, 60);
    const body = bodyFor(enrolled.host, nonce, { fromIndex: 4, list });
    assertRound(await answer(running, id, { json: body }), { status: 'contraindicated' });
    const garbage = await challenge(running, enrolled.id);
    const quote = { ...body.quote, attest: 'AAAA' };
    const { body: verdict } = await answer(running, garbage.id, { json: { ...body, quote } });
    assert.equal(verdict['timeline'], null);
    const { rounds, ...unchanged } = await timelineOf(enrolled.id);
    assert.equal(rounds.items.length, before.rounds.items.length + 1);
    assert.deepEqual({ ...unchanged, rounds: before.rounds }, before);
    assertRound(await attest(running, enrolled), { status: 'affirming', proven: 7 });
  });

  it('refuse a quote that was asked for before another round finished', async () => {
    const enrolled = await enrol(running);
    const first = await challenge(running, enrolled.id);
    const json = bodyFor(enrolled.host, first.nonce);
    assertRound(await attest(running, enrolled), { status: 'affirming', proven: 4 });
    const late = await answer(running, first.id, { json });
    assert.equal(late.status, 409);
    assert.equal(late.body['code'], 'round.overtaken');
    assert.equal((await timelineOf(enrolled.id)).rounds.items.length, 1);
    assertRound(await attest(running, enrolled), { status: 'affirming', proven: 4 });
  });

  it('keep what they went on from beside their evidence', async () => {
    const enrolled = await enrol(running);
    const verdicts = [await attest(running, enrolled), await attest(running, enrolled)];
    const kept: unknown[] = [];
    for (const { body } of verdicts) {
      const path = `/v1/verdicts/${String(body['id'])}/evidence`;
      const evidence = await running.call('GET', path, { role: 'auditor' });
      kept.push(Object(evidence.body['document']).timeline?.checkpoints[0].index);
    }
    assert.deepEqual(kept, [undefined, 4]);
  });

  it('are listed newest first, page by page', async () => {
    const enrolled = await enrol(running);
    const { host, id } = enrolled;
    for (let round = 0; round < 5; round += 1) {
      await attest(running, enrolled);
      host.measure(FILES.slice(0, 1));
      running.wait(1);
    }
    const [first, second] = [await timelineOf(id, '?limit=3'), await timelineOf(id)];
    const rest = await timelineOf(id, `?limit=3&cursor=${String(first.rounds.next)}`);
    assert.equal(rest.rounds.next, null);
    const listed = [...first.rounds.items, ...rest.rounds.items];
    assert.deepEqual(listed, second.rounds.items);
    assert.deepEqual(
      listed.map(({ fromIndex, provenCount }) => [fromIndex, provenCount]),
      [
        [7, 8],
        [6, 7],
        [5, 6],
        [4, 5],
        [0, 4],
      ],
    );
  });

  it('are forgotten with their attester, whose next one is a first contact', async () => {
    const enrolled = await enrol(running);
    const { host, id } = enrolled;
    await attest(running, enrolled);
    running.wait(1);
    const role = 'operator';
    assert.equal((await running.call('DELETE', `/v1/attesters/${id}`, { role })).status, 204);
    const gone = await running.call('GET', `/v1/attesters/${id}/timeline`, { role });
    assert.equal(gone.body['code'], 'attester.unknown');
    const ak = { encoding: 'tpmt-public', bytes: host.ak.toString('base64') };
    await running.call('POST', '/v1/attesters', { role, json: { ak } });
    const { boot, rounds, updatedAt } = await timelineOf(id);
    assert.deepEqual({ boot, updatedAt, rounds: rounds.items }, NOTHING);
    assert.deepEqual((await challenge(running, id)).ima, { fromIndex: 0, fromOffset: 0 });
    assertRound(await attest(running, enrolled), { status: 'affirming', proven: 4, boot: 1 });
  });

  it('fail, and never begin anew, when what was kept is damaged', async () => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    const open = await challenge(running, enrolled.id);
    for (const state of ['null', '{}', '{"format":"plumbline-timeline/2"}']) {
      const text = 'UPDATE attester_timelines SET state = $2::json WHERE attester_id = $1';
      await opened().run(text, [enrolled.id, state]);
      const json = bodyFor(enrolled.host, open.nonce);
      const path = `/v1/attesters/${enrolled.id}/challenges`;
      for (const { status, body } of [
        await answer(running, open.id, { json }),
        await running.call('POST', path),
      ]) {
        assert.equal(status, 500);
        assert.equal(body['code'], 'internal.fault');
      }
    }
  });

  it('leave nothing when their transaction fails at its end', async () => {
    const enrolled = await enrol(running);
    await attest(running, enrolled);
    enrolled.host.measure(FILES);
    const before = await timelineOf(enrolled.id);
    const { id, nonce } = await challenge(running, enrolled.id);
    const json = bodyFor(enrolled.host, nonce);
    const broken = 'CHECK (verdict_id IS NULL) NOT VALID';
    await opened().script(`ALTER TABLE evidence ADD CONSTRAINT broken ${broken}`);
    const failed = await answer(running, id, { json });
    await opened().script('ALTER TABLE evidence DROP CONSTRAINT broken');
    assert.equal(failed.body['code'], 'internal.fault');
    assert.deepEqual(await timelineOf(enrolled.id), before);
    assertRound(await answer(running, id, { json }), { status: 'affirming', proven: 7 });
  });

  it('judge what was proven before by the policy that is active now', async () => {
    const enrolled = await enrol(running);
    const strict = { ...POLICY, ima: { measurements: [] } };
    const activate = (version: number) =>
      running.call('POST', `/v1/policies/prod/versions/${version}/activate`, {
        role: 'policy-admin',
      });
    await running.call('POST', '/v1/policies', { role: 'policy-admin', json: strict });
    await activate(2);
    assertRound(await attest(running, enrolled), { status: 'contraindicated', proven: 4 });
    await activate(1);
    assertRound(await attest(running, enrolled), { status: 'affirming', proven: 4 });
    await activate(2);
    assertRound(await attest(running, enrolled), { status: 'contraindicated', proven: 4 });
    await activate(1);
    assertRound(await attest(running, enrolled, 0), { status: 'affirming', proven: 4 });
  });

  it('are no secret to operators, and none of a stranger', async () => {
    const { id } = await enrol(running);
    const path = `/v1/attesters/${id}/timeline`;
    assert.equal((await running.call('GET', path, { role: 'operator' })).status, 200);
    assert.equal((await running.call('GET', path, { role: 'agent-enrol' })).status, 403);
    assert.equal((await running.call('GET', path)).status, 401);
    const unknown = `/v1/attesters/${randomUUID()}/timeline`;
    assert.equal((await running.call('GET', unknown, { role: 'operator' })).status, 404);
  });
});

const NOTHING = { boot: null, updatedAt: null, rounds: [] };

/** What these tests look at; the rest stays in it. */
const TimelineBody = z.looseObject({
  updatedAt: z.string().nullable(),
  boot: z.looseObject({ number: z.number(), resetCount: z.number() }).nullable(),
  checkpoints: z.array(z.looseObject({ index: z.number() })),
  findings: z.array(z.looseObject({ code: z.string() })),
  findingCounts: z.record(z.string(), z.number()),
  rounds: z.object({
    items: z.array(z.looseObject({ fromIndex: z.number(), provenCount: z.number().nullable() })),
    next: z.string().nullable(),
  }),
});

function assertRound(
  { status, body }: Answer,
  expected: {
    readonly status: string;
    readonly proven?: number | null;
    readonly boot?: number;
  },
): void {
  const text = JSON.stringify(body);
  assert.equal(status, 201, text);
  assert.equal(body['status'], expected.status, text);
  const { proven, boot } = expected;
  if (proven !== undefined) assert.equal(Object(body['coverage']).ima?.provenCount, proven, text);
  if (boot !== undefined) assert.equal(Object(body['timeline']).boot, boot, text);
}

// Timelines on both databases: rounds of one attester happen one after the other, or not at all.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, it } from 'node:test';
import type { Challenge } from '../../src/service/ports.ts';
import { migrate } from '../../src/store/migrate.ts';
import { storesOn } from '../../src/store/stores.ts';
import type { TimelineState } from '../../src/verify/timeline-state.ts';
import { onBothDatabases } from './databases.ts';
import { after, NOON, published, someAttester, someChallenge, someDecision } from './fleet.ts';

onBothDatabases('timelines', (opened) => {
  const stores = () => storesOn(opened(), randomUUID);

  before(async () => {
    await migrate(opened());
    const policy = { name: 'prod', digest: 'sha256:00', document: '{}', at: NOON };
    await stores().policies.publish(published(policy));
  });

  async function enrolled(): Promise<string> {
    const attester = someAttester();
    await stores().attesters.enrol(attester);
    return attester.id;
  }

  async function issued(id: string, timelineVersion: number, second = 0): Promise<Challenge> {
    const challenge = { ...someChallenge({ id }, after(second)), timelineVersion };
    await stores().challenges.issue(challenge, 99);
    return challenge;
  }

  function settle(
    challenge: Challenge,
    stateAfter: TimelineState | undefined,
    verdict: Parameters<typeof someDecision>[1] = {},
  ): Promise<boolean> {
    const decision = { ...someDecision(challenge, verdict), stateAfter };
    return stores().evidence.begin(challenge, challenge.issuedAt).settle(decision);
  }

  it('of an attester that never proved anything are empty', async () => {
    const nowhere = { state: undefined, updatedAt: undefined, nextIndex: undefined };
    const nothing = { version: 0, ...nowhere, under: undefined };
    assert.deepEqual(await stores().timelines.find(randomUUID()), nothing);
    const id = await enrolled();
    assert.deepEqual(await stores().timelines.find(id), nothing);
    assert.equal(await settle(await issued(id, 0), undefined), true);
    assert.deepEqual(await stores().timelines.find(id), nothing);
  });

  it('come back as they were written', async () => {
    const id = await enrolled();
    for (const version of [0, 1, 2]) {
      const state = someState(version + 1);
      assert.equal(await settle(await issued(id, version, version), state), true);
      const kept = await stores().timelines.find(id);
      const updatedAt = after(version);
      const next = { version: version + 1, state, updatedAt, nextIndex: undefined };
      assert.deepEqual(kept, { ...next, under: UNDER });
    }
  });

  it('let one of many rounds from one version through, and spend no other challenge', async () => {
    const id = await enrolled();
    for (const version of [0, 1, 2, 3]) {
      const all = await Promise.all([1, 2, 3, 4].map(() => issued(id, version)));
      const settled = await Promise.all(all.map((one) => settle(one, someState(version + 1))));
      assert.equal(settled.filter(Boolean).length, 1);
      const found = await Promise.all(all.map((one) => stores().challenges.find(one.id)));
      assert.deepEqual(
        found.map((challenge) => challenge?.spentAt !== null),
        settled,
      );
      assert.equal((await stores().timelines.find(id)).version, version + 1);
      const verdicts = await stores().verdicts.list({ attester: id }, { limit: 99 });
      assert.equal(verdicts.length, version + 1);
    }
  });

  it('refuse a round from an older version, whether it would move them or not', async () => {
    const id = await enrolled();
    const [first, second, third] = [await issued(id, 0), await issued(id, 0), await issued(id, 0)];
    assert.equal(await settle(first, someState(1)), true);
    assert.equal(await settle(second, someState(2)), false);
    assert.equal(await settle(third, undefined), false);
    assert.equal((await stores().timelines.find(id)).state?.boot.number, 1);
    assert.equal((await stores().verdicts.list({ attester: id }, { limit: 9 })).length, 1);
  });

  it('refuse a round from a version that is not there yet', async () => {
    const id = await enrolled();
    assert.equal(await settle(await issued(id, 1), someState(1)), false);
    assert.equal((await stores().timelines.find(id)).version, 0);
  });

  it('know where the newest round asked the next one to start, until one moves on', async () => {
    const id = await enrolled();
    const { timelines } = stores();
    await settle(await issued(id, 0, 1), someState(1), onBoot(1, 5));
    assert.equal((await timelines.find(id)).nextIndex, undefined);
    await settle(await issued(id, 1, 2), undefined, onBoot(2, 0));
    assert.equal((await timelines.find(id)).nextIndex, 0);
    // A quote that is not genuine asks for nothing.
    await settle(await issued(id, 1, 3), undefined, { next: { fromIndex: 7, afterSeconds: 60 } });
    assert.equal((await timelines.find(id)).nextIndex, 0);
    await settle(await issued(id, 1, 4), someState(2), onBoot(2, 9));
    assert.equal((await timelines.find(id)).nextIndex, undefined);
    const rounds = await timelines.rounds(id, { limit: 9 });
    assert.deepEqual(
      rounds.map(({ boot, at }) => [boot, at]),
      [
        [2, after(4)],
        [2, after(2)],
        [1, after(1)],
      ],
    );
    const behind = await timelines.rounds(id, { limit: 1, after: rounds[0] ?? assert.fail() });
    assert.deepEqual(behind, rounds.slice(1, 2));
  });

  it('go with their attester, and with a round that is being settled', async () => {
    const attester = someAttester();
    const { attesters, timelines } = stores();
    await attesters.enrol(attester);
    const { id } = attester;
    await settle(await issued(id, 0), someState(1), onBoot(1, 5));
    const last = await issued(id, 1);
    await Promise.all([settle(last, someState(2), onBoot(1, 6)), attesters.remove(id, after(1))]);
    assert.equal((await timelines.find(id)).version, 0);
    assert.equal(await settle(await issued(id, 1), someState(2)), false);
    await attesters.enrol({ ...attester, id: randomUUID(), enrolledAt: after(60) });
    assert.equal((await timelines.find(id)).version, 0);
    assert.deepEqual(await timelines.rounds(id, { limit: 9 }), []);
    assert.deepEqual((await attesters.find(id))?.enrolledAt, after(60));
  });

  it('tell which rounds make them up: those that proved something, and the last', async () => {
    const id = await enrolled();
    const { timelines } = stores();
    assert.deepEqual(await timelines.history(id, 9), []);
    const proven = [4, 4, 4, 7, 7, 7];
    const ids = proven.map(() => randomUUID());
    for (const [version, provenCount] of proven.entries()) {
      const ima = { ...NO_LIST, provenCount };
      const verdict = { ...onBoot(1, 0), id: ids[version] ?? '', coverage: { ima, boot: null } };
      await settle(await issued(id, version, version), someState(1), verdict);
    }
    const wanted = [0, 3, 4, 5].map((at) => ({ verdictId: ids[at], moved: true }));
    assert.deepEqual(await timelines.history(id, 9), wanted);
    assert.deepEqual(await timelines.history(id, 2), wanted.slice(0, 2));
    const failed = randomUUID();
    await settle(await issued(id, 6, 6), undefined, { id: failed });
    const last = { verdictId: failed, moved: false };
    assert.deepEqual(await timelines.history(id, 9), [...wanted, last]);
    const reboot = randomUUID();
    await settle(await issued(id, 6, 7), someState(2), { ...onBoot(2, 0), id: reboot });
    assert.deepEqual(await timelines.history(id, 9), [{ verdictId: reboot, moved: true }]);
  });

  it('take a state that was derived again only in the place of the version it is of', async () => {
    const id = await enrolled();
    const { timelines } = stores();
    await settle(await issued(id, 0), someState(1));
    const under = {
      policy: { name: 'prod', version: 2 },
      referenceSets: { other: 1 },
      keyrings: {},
    };
    const renewal = { attesterId: id, under, at: after(9) };
    assert.equal(await timelines.renew({ ...renewal, version: 2, state: someState(7) }), false);
    assert.equal(await timelines.renew({ ...renewal, version: 1, state: undefined }), true);
    const noted = await timelines.find(id);
    assert.deepEqual([noted.version, noted.state?.boot.number, noted.under], [1, 1, under]);
    const again = { ...renewal, under: UNDER, version: 1, state: someState(7) };
    assert.equal(await timelines.renew(again), true);
    assert.equal(await timelines.renew(again), false);
    const renewed = await timelines.find(id);
    assert.deepEqual([renewed.version, renewed.state?.boot.number, renewed.under], [2, 7, UNDER]);
    assert.deepEqual(renewed.updatedAt, after(9));
  });

  it('that are damaged are a fault', async () => {
    const id = await enrolled();
    await settle(await issued(id, 0), someState(1));
    for (const state of ['null', '[]', JSON.stringify({ ...someState(1), boot: {} })]) {
      const text = 'UPDATE attester_timelines SET state = $2::json WHERE attester_id = $1';
      await opened().run(text, [id, state]);
      await assert.rejects(stores().timelines.find(id), /timeline of attester .* is damaged/);
    }
  });
});

function someState(number: number): TimelineState {
  return {
    format: 'plumbline-timeline/1',
    boot: {
      number,
      resetCount: 0xffff_ffff,
      restartCount: 0,
      clockMs: '18446744073709551615',
      safe: true,
      firmwareVersion: '0',
    },
    checkpoints: [],
    listBase: null,
  };
}

/** What the challenges of this fleet pin. */
const UNDER = {
  policy: { name: 'prod', version: 1 },
  referenceSets: { 'debian-12': 3 },
  keyrings: { vendor: 2 },
};
const NO_LIST = { fromIndex: 0, pendingCount: 0, provenBytes: 0, banks: {}, segments: 0 };

/** Of a verdict on a genuine quote of this boot. */
function onBoot(boot: number, fromIndex: number): NonNullable<Parameters<typeof someDecision>[1]> {
  const counters = { resetCount: 0, restartCount: 0, clockMs: 0, safe: true };
  const timeline = { ...counters, boot, firmwareVersion: '0'.repeat(16), epochs: [] };
  return { timeline, next: { fromIndex, afterSeconds: 60 } };
}

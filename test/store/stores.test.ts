// Every store on both databases: what is kept comes back, and what must not happen does not.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, it } from 'node:test';
import { z } from 'zod';
import type { Position } from '../../src/service/page.ts';
import type { VerdictSummary } from '../../src/service/ports.ts';
import type { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { storesOn } from '../../src/store/stores.ts';
import { onBothDatabases } from './databases.ts';
import { after, NOON, published, someAttester, someChallenge, someDecision } from './fleet.ts';

onBothDatabases('stores', (opened) => {
  const stores = () => storesOn(opened(), randomUUID);
  const policy = { name: 'prod', digest: 'sha256:00', document: '{"b":1,"a":2}', at: NOON };

  before(async () => {
    await migrate(opened());
    await stores().policies.publish(published(policy));
  });

  async function enrolled() {
    const attester = someAttester();
    await stores().attesters.enrol(attester);
    return attester;
  }

  async function issued(at = NOON) {
    const challenge = someChallenge(await enrolled(), at);
    await stores().challenges.issue(challenge, 8);
    return challenge;
  }

  it('keep an attester under the identity it was enrolled with', async () => {
    const { attesters } = stores();
    const first = someAttester();
    const created = { id: first.id, created: true, akReplaced: false };
    assert.deepEqual(await attesters.enrol(first), created);
    const { identity, akIdentity } = first;
    const again = { ...someAttester(), identity, akIdentity };
    assert.deepEqual(await attesters.enrol(again), { ...created, created: false });
    assert.deepEqual(await attesters.find(first.id), { ...first, latest: null });
  });

  it('forget a removed attester, and know it again by its identity', async () => {
    const { attesters } = stores();
    const attester = await enrolled();
    assert.equal(await attesters.relabel(attester.id, { env: 'test' }), true);
    assert.equal(await attesters.remove(attester.id, NOON), true);
    assert.equal(await attesters.find(attester.id), undefined);
    assert.equal(await attesters.relabel(attester.id, {}), false);
    assert.equal(await attesters.remove(attester.id, NOON), false);
    await attesters.enrol({ ...someAttester(), identity: attester.identity });
    assert.deepEqual((await attesters.find(attester.id))?.labels, { env: 'test' });
  });

  it('bring a challenge back as it was issued', async () => {
    const challenge = await issued();
    assert.deepEqual(await stores().challenges.find(challenge.id), { ...challenge, spentAt: null });
    assert.equal(await stores().challenges.find(randomUUID()), undefined);
  });

  it('drop the oldest open challenges of an attester above the cap', async () => {
    const { challenges } = stores();
    const attester = await enrolled();
    const all = [0, 1, 2, 3].map((second) => someChallenge(attester, after(second)));
    for (const challenge of all) await challenges.issue(challenge, 2);
    const found = await Promise.all(all.map(({ id }) => challenges.find(id)));
    assert.deepEqual(
      found.map((challenge) => challenge !== undefined),
      [false, false, true, true],
    );
  });

  it('give one verdict to many spenders of one nonce', async () => {
    for (let round = 0; round < 5; round += 1) {
      const challenge = await issued();
      const settled = await Promise.all(
        [1, 2, 3, 4].map(async () => {
          const draft = stores().evidence.begin(challenge, NOON);
          await draft.write('segment-0', new Uint8Array(100));
          const isOurs = await draft.settle(someDecision(challenge));
          if (!isOurs) await draft.abandon();
          return isOurs;
        }),
      );
      assert.equal(settled.filter(Boolean).length, 1);
      assert.equal((await verdictsOf(challenge.attesterId)).length, 1);
      assert.equal(await countEvidence(opened(), challenge.attesterId), 1);
    }
  });

  it('do not spend a challenge that had expired when the quote came', async () => {
    const challenge = await issued();
    const late = { ...someDecision(challenge), receivedAt: challenge.expiresAt };
    assert.equal(await stores().evidence.begin(challenge, NOON).settle(late), false);
    assert.deepEqual(await verdictsOf(challenge.attesterId), []);
    assert.equal(await countEvidence(opened(), challenge.attesterId), 0);
    assert.equal((await stores().challenges.find(challenge.id))?.spentAt, null);
  });

  it('keep a verdict byte for byte, with its columns', async () => {
    const challenge = await issued();
    const decision = someDecision(challenge);
    await stores().evidence.begin(challenge, NOON).settle(decision);
    const { verdict } = decision;
    assert.equal(await stores().verdicts.find(verdict.id), JSON.stringify(verdict));
    const [summary] = await verdictsOf(challenge.attesterId);
    assert.deepEqual(summary, {
      id: verdict.id,
      attesterId: challenge.attesterId,
      at: new Date(verdict.at),
      expiresAt: new Date(verdict.expiresAt),
      status: 'contraindicated',
      codes: ['quote.signature_invalid', 'ima.truncated'],
      policy: { name: 'prod', version: 1 },
    });
    const attester = await stores().attesters.find(challenge.attesterId);
    assert.equal(attester?.latest?.id, verdict.id);
  });

  it('keep long evidence in chunks and give it back whole', async () => {
    const challenge = await issued();
    const draft = stores().evidence.begin(challenge, NOON);
    const window = Uint8Array.from({ length: 700_001 }, (_, index) => index % 251);
    await draft.write('boot-log', window);
    await draft.write('segment-0', new Uint8Array(0));
    for (let count = 0; count < 5; count += 1) await draft.write('segment-1', window);
    const decision = someDecision(challenge);
    assert.equal(await draft.settle(decision), true);
    const kept = await stores().evidence.ofVerdict(decision.verdict.id);
    assert.ok(kept);
    assert.equal(kept.document, decision.document);
    assert.deepEqual(kept.parts, [
      { part: 'boot-log', sizeBytes: 700_001 },
      { part: 'segment-0', sizeBytes: 0 },
      { part: 'segment-1', sizeBytes: 5 * 700_001 },
    ]);
    const whole: Uint8Array[] = [];
    for await (const chunk of stores().evidence.read(kept, 'segment-1')) whole.push(chunk);
    const expected = Buffer.concat([window, window, window, window, window]);
    assert.ok(Buffer.concat(whole).equals(expected));
  });

  it('sweep what was never settled and nothing else', async () => {
    const settled = await issued();
    await stores().evidence.begin(settled, NOON).settle(someDecision(settled));
    const open = await issued();
    await stores().evidence.begin(open, NOON).write('segment-0', new Uint8Array(2_000_000));
    assert.equal(await countEvidence(opened(), open.attesterId), 1);
    await stores().evidence.sweep(NOON);
    assert.equal(await countEvidence(opened(), open.attesterId), 1);
    assert.equal(await stores().evidence.sweep(after(1)), 1);
    assert.equal(await countEvidence(opened(), open.attesterId), 0);
    assert.equal(await countEvidence(opened(), settled.attesterId), 1);
    await stores().challenges.sweep(after(121));
    assert.equal(await stores().challenges.find(open.id), undefined);
  });

  it('page through verdicts without loss or repeat while new ones arrive', async () => {
    const attester = await enrolled();
    const decide = async (second: number) => {
      const challenge = someChallenge(attester, after(second));
      await stores().challenges.issue(challenge, 8);
      const decision = someDecision(challenge);
      await stores().evidence.begin(challenge, challenge.issuedAt).settle(decision);
      return decision.verdict.id;
    };
    // Two a second: the id must break the tie.
    const kept: string[] = [];
    for (const second of [1, 1, 2, 2, 3, 3, 4]) kept.push(await decide(second));
    const seen: VerdictSummary[] = [];
    let position: Position | undefined;
    do {
      const page = position === undefined ? { limit: 2 } : { limit: 2, after: position };
      const rows = await stores().verdicts.list({ attester: attester.id }, page);
      seen.push(...rows);
      position = rows.at(-1);
      await decide(10 + seen.length);
    } while (position !== undefined);
    assert.deepEqual(seen.map(({ id }) => id).sort(), kept.sort());
  });

  it('filter verdicts by status, code and time', async () => {
    const { verdicts, evidence } = stores();
    const challenge = await issued();
    const decision = someDecision(challenge, { status: 'none', findingCounts: { 'x.y': 1 } });
    await evidence.begin(challenge, NOON).settle(decision);
    const attester = challenge.attesterId;
    const count = async (filter: object) =>
      (await verdicts.list({ attester, ...filter }, { limit: 9 })).length;
    assert.equal(await count({ status: 'none', code: 'x.y', since: NOON, until: after(1) }), 1);
    assert.equal(await count({ status: 'affirming' }), 0);
    assert.equal(await count({ code: 'x.z' }), 0);
    assert.equal(await count({ since: after(1) }), 0);
    assert.equal(await count({ until: NOON }), 0);
  });

  async function verdictsOf(attester: string) {
    return stores().verdicts.list({ attester }, { limit: 100 });
  }
});

async function countEvidence(database: Database, attesterId: string): Promise<number> {
  const text = 'SELECT count(*)::int AS count FROM evidence WHERE attester_id = $1';
  const rows = await database.query(text, [attesterId], z.object({ count: z.number() }));
  return rows[0]?.count ?? -1;
}

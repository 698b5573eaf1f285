// Enrolments that wait for their answer, and AKs that are replaced, on both databases.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, it } from 'node:test';
import type { EnrolmentDraft } from '../../src/service/enrolment-store.ts';
import { migrate } from '../../src/store/migrate.ts';
import { storesOn } from '../../src/store/stores.ts';
import { onBothDatabases } from './databases.ts';
import { after, NOON, someAttester } from './fleet.ts';

onBothDatabases('enrolments', (opened) => {
  const stores = () => storesOn(opened(), randomUUID);
  before(() => migrate(opened()));

  const someDraft = (second = 0, identity = `sha256:${randomUUID()}`): EnrolmentDraft => ({
    id: randomUUID(),
    attester: {
      ...someAttester(after(second)),
      identity,
      binding: 'activated',
      ek: { publicArea: new Uint8Array([1]), certificate: new Uint8Array([2]) },
    },
    secretDigest: new Uint8Array(32),
    askedBy: 'oidc:somebody',
    expiresAt: after(second + 300),
  });

  it('come back as they were kept, once', async () => {
    const { enrolments } = stores();
    const draft = someDraft();
    await enrolments.keep(draft, 4);
    const taken = await Promise.all([1, 2, 3].map(() => enrolments.take(draft.id)));
    assert.deepEqual(
      taken.filter((each) => each !== undefined),
      [draft],
    );
  });

  it('push out the oldest of their identity, and no other', async () => {
    const { enrolments } = stores();
    const identity = `sha256:${randomUUID()}`;
    const drafts = [0, 1, 2].map((second) => someDraft(second, identity));
    const foreign = someDraft();
    for (const draft of [foreign, ...drafts]) await enrolments.keep(draft, 2);
    const left = await Promise.all([foreign, ...drafts].map(({ id }) => enrolments.take(id)));
    assert.deepEqual(
      left.map((draft) => draft !== undefined),
      [true, false, true, true],
    );
  });

  it('go when they have expired', async () => {
    const { enrolments } = stores();
    const [late, open] = [someDraft(0), someDraft(1)];
    for (const draft of [late, open]) await enrolments.keep(draft, 4);
    assert.equal(await enrolments.sweep(after(301)), 1);
    assert.equal(await enrolments.take(late.id), undefined);
    assert.ok(await enrolments.take(open.id));
  });

  it('replace the AK that the attester has, and no other', async () => {
    const { attesters } = stores();
    const attester = someAttester();
    await attesters.enrol(attester);
    const next = { ...attester, akIdentity: 'sha256:next', codes: [], enrolledAt: after(1) };
    assert.equal(await attesters.replaceAk(next, 'sha256:other'), false);
    assert.equal((await attesters.find(attester.id))?.akIdentity, attester.akIdentity);
    const answers = await Promise.all(
      [1, 2].map(() => attesters.replaceAk(next, attester.akIdentity)),
    );
    assert.deepEqual(answers.sort(), [false, true]);
    const found = await attesters.find(attester.id);
    assert.deepEqual([found?.akIdentity, found?.enrolledAt], ['sha256:next', NOON]);
  });

  it('do not bring a removed attester back', async () => {
    const { attesters, enrolments } = stores();
    const draft = someDraft();
    const { attester } = draft;
    await attesters.enrol(attester);
    await enrolments.keep(draft, 4);
    await attesters.remove(attester.id, NOON);
    assert.equal(await enrolments.take(draft.id), undefined);
    assert.equal(await attesters.replaceAk(attester, attester.akIdentity), false);
    assert.equal(await attesters.find(attester.id), undefined);
  });
});

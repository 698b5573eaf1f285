// Values that are retired while hosts run, through the service: what a boot had proven before stays
// accepted, also when it is appraised again, and nothing else does. docs/policy.md, "Terms"

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openEmbedded } from '../../src/store/embedded.ts';
import { attest, enrol, FILES, POLICY } from './attestation.ts';
import { digestLines } from './made-host.ts';
import { type RunningApi, startApi } from './running-api.ts';

const role = 'policy-admin';
const OLD = { path: '/usr/bin/tool', content: 'tool 1' };
const AGAIN = { path: '/usr/bin/again', content: 'tool 1' };

describe('values that are retired', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-terms-'));
  let running: RunningApi;
  let close: () => Promise<void>;
  before(async () => {
    const database = await openEmbedded(folder);
    running = await startApi(database);
    close = async () => {
      await running.close();
      await database.close();
    };
  });
  after(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });

  const upload = async (set: string, body: string) => {
    const headers = { 'content-type': 'text/plain' };
    const kept = await running.call('POST', `/v1/reference-sets/${set}`, { role, headers, body });
    assert.equal(kept.status, 201, JSON.stringify(kept.body));
    const [name] = set.split('?');
    await running.call('POST', `/v1/reference-sets/${name}/versions/1/activate`, { role });
  };
  const publish = async (change: object) => {
    const { body } = await running.call('POST', '/v1/policies', {
      role,
      json: { ...POLICY, ...change },
    });
    const path = `/v1/policies/prod/versions/${Number(body['version'])}/activate`;
    assert.equal((await running.call('POST', path, { role })).status, 200);
  };
  const refused = ({ body }: { readonly body: Readonly<Record<string, unknown>> }) =>
    Object(body['findingCounts'])['ima.reference_not_in_force'] ?? 0;

  it('stay good for what was proven before, in this boot, under a later version too', async () => {
    const now = running.ports.clock.now().getTime();
    const retireAt = new Date(now + 600_000).toISOString();
    await upload('base', digestLines(FILES));
    await upload(`old?retireAt=${encodeURIComponent(retireAt)}`, digestLines([OLD]));
    const rule = { id: 'os', path: '/**', digestIn: ['base', 'old'], then: 'accept' };
    const ima = { measurements: [rule] };
    await publish({ ima });
    const host = await enrol(running, [...FILES, OLD]);
    assert.equal((await attest(running, host)).body['status'], 'affirming');
    running.wait(3600);
    assert.equal((await attest(running, host)).body['status'], 'affirming');
    assert.equal((await attest(running, host, 0)).body['status'], 'affirming');
    // Another version has what is stored of the boot appraised again.
    await publish({ ima, freshness: { challengeSeconds: 60 } });
    assert.equal((await attest(running, host)).body['status'], 'affirming');

    host.host.measure([AGAIN]);
    const late = await attest(running, host);
    assert.deepEqual([late.body['status'], refused(late)], ['contraindicated', 1]);
    await publish({ ima, freshness: { challengeSeconds: 61 } });
    assert.equal(refused(await attest(running, host)), 1);

    host.host.reboot([...FILES, OLD]);
    const next = await attest(running, host, 0);
    assert.deepEqual([next.body['status'], refused(next)], ['contraindicated', 1]);
    const stranger = await enrol(running, [...FILES, OLD]);
    assert.equal(refused(await attest(running, stranger)), 1);
  });
});

// Attempts to take an identity by enrolment: wrong, foreign, late and repeated answers, and keys of
// other TPMs. FORMATS 14.4, 17; docs/api.md, "Enrolment".

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import { answer, attest, bodyFor, challenge, FILES, publish } from '../api/attestation.ts';
import { type MadeHost, madeHost } from '../api/made-host.ts';
import { type Answer, type RunningApi, startApi } from '../api/running-api.ts';
import { onBothDatabases } from '../store/databases.ts';
import { makeEccKey } from '../unit/tpm-writer.ts';
import { AUTHORITY_PEM, type MadeEk, makeEk } from './made-ek.ts';

const Begun = z.object({
  id: z.string(),
  activation: z.object({ id: z.string(), idObject: z.string(), encryptedSecret: z.string() }),
});

/** A TPM and the host that it is in. */
interface Machine {
  readonly host: MadeHost;
  readonly ek: MadeEk;
}

const [OURS, THEIRS] = [makeEk(), makeEk()];

onBothDatabases('attacks on enrolment', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened());
    await publish(running);
    const headers = { 'content-type': 'application/x-pem-file' };
    const path = '/v1/trust-anchors?kind=anchor';
    const call = { role: 'policy-admin', headers, body: AUTHORITY_PEM } as const;
    assert.equal((await running.call('POST', path, call)).status, 201);
  });
  after(() => running.close());

  const ask = ({ host, ek }: Machine) =>
    running.call('POST', '/v1/attesters', {
      role: 'agent-enrol',
      json: {
        ak: { encoding: 'tpmt-public', bytes: host.ak.toString('base64') },
        ek: {
          encoding: 'tpmt-public',
          bytes: ek.publicArea.toString('base64'),
          certificate: ek.certificate.toString('base64'),
        },
      },
    });
  const begin = async (machine: Machine) => {
    const { status, body } = await ask(machine);
    assert.equal(status, 202, JSON.stringify(body));
    return Begun.parse(body);
  };
  const conclude = (attesterId: string, activation: string, secret: Uint8Array) =>
    running.call('POST', `/v1/attesters/${attesterId}/activation`, {
      json: { activation, secret: Buffer.from(secret).toString('base64') },
    });
  const opens = ({ host, ek }: Machine, { activation }: z.infer<typeof Begun>) =>
    ek.open(activation, host.ak) ?? assert.fail('the TPM refuses');
  const enrolled = async (machine: Machine): Promise<string> => {
    const begun = await begin(machine);
    const { status, body } = await conclude(begun.id, begun.activation.id, opens(machine, begun));
    assert.ok(status === 200 || status === 201, JSON.stringify(body));
    return String(body['id']);
  };
  const told = async (id: string) =>
    (await running.call('GET', `/v1/attesters/${id}`, { role: 'auditor' })).body;

  it('the right answer, given twice', async () => {
    const machine = { host: madeHost(FILES), ek: makeEk() };
    const begun = await begin(machine);
    const secret = opens(machine, begun);
    const first = await conclude(begun.id, begun.activation.id, secret);
    assert.deepEqual([first.status, first.body['binding']], [201, 'activated']);
    assertActivationRefused(await conclude(begun.id, begun.activation.id, secret));
    assert.equal((await attest(running, { host: machine.host, id: begun.id })).status, 201);
  });

  it('right answers that come together: one of them counts', async () => {
    const machine = { host: madeHost(FILES), ek: makeEk() };
    const begun = await begin(machine);
    const secret = opens(machine, begun);
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => conclude(begun.id, begun.activation.id, secret)),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 403, 403, 403]);
  });

  it('the right answer behind a wrong one', async () => {
    const machine = { host: madeHost(FILES), ek: OURS };
    const begun = await begin(machine);
    const secret = opens(machine, begun);
    const wrong = secret.map((byte, at) => (at === 31 ? byte ^ 1 : byte));
    assertActivationRefused(await conclude(begun.id, begun.activation.id, wrong));
    assertActivationRefused(await conclude(begun.id, begun.activation.id, secret));
    assert.match(await enrolled(machine), /^[0-9a-f-]{36}$/);
  });

  it('CVE-2023-38201: no refusal of an answer tells why, or what was expected', async () => {
    const machine = { host: madeHost(FILES), ek: OURS };
    const drafts = await Promise.all([1, 2, 3].map(() => begin(machine)));
    const [wrong, foreign, late] = drafts;
    assert.ok(wrong && foreign && late);
    const secrets = drafts.map((draft) => opens(machine, draft));
    const unknown = await conclude(wrong.id, randomUUID(), randomBytes(32));
    const refusals: Answer[] = [
      unknown,
      await conclude(wrong.id, wrong.activation.id, randomBytes(32)),
      await conclude(wrong.id, wrong.activation.id, opens(machine, foreign)),
      await conclude(randomUUID(), foreign.activation.id, opens(machine, foreign)),
      await conclude(foreign.id, foreign.activation.id, new Uint8Array()),
    ];
    running.wait(301);
    refusals.push(await conclude(late.id, late.activation.id, opens(machine, late)));
    for (const refusal of refusals) {
      assertActivationRefused(refusal);
      assert.deepEqual(withoutRequestId(refusal), withoutRequestId(unknown));
      const text = JSON.stringify([refusal.body, [...refusal.headers]]);
      for (const secret of secrets) {
        for (const form of ['hex', 'base64'] as const) {
          assert.ok(!text.includes(secret.toString(form)));
        }
      }
    }
    const again = await begin(machine);
    const { status } = await conclude(again.id, again.activation.id, opens(machine, again));
    assert.ok(status === 200 || status === 201);
  });

  it('CVE-2025-13609: an identity registered again with another TPM', async () => {
    const victim = { host: madeHost(FILES), ek: OURS };
    const id = await enrolled(victim);
    const before = await told(id);
    const attacker = { host: madeHost(FILES), ek: THEIRS };
    const begun = await begin(attacker);
    assert.notEqual(begun.id, id);
    assertActivationRefused(await conclude(id, begun.activation.id, opens(attacker, begun)));
    assert.notEqual(await enrolled(attacker), id);
    const chosen = { ak: { encoding: 'tpmt-public', bytes: attacker.host.ak.toString('base64') } };
    const call = { role: 'agent-enrol', json: { ...chosen, id } } as const;
    assert.equal((await running.call('POST', '/v1/attesters', call)).status, 400);
    assert.deepEqual(await told(id), before);
    const verdict = await attest(running, { host: victim.host, id });
    assert.equal(verdict.body['status'], 'affirming', JSON.stringify(verdict.body));
    const foreign = await attest(running, { host: attacker.host, id }, 0);
    assert.ok('quote.signature_invalid' in Object(foreign.body['findingCounts']));
  });

  it('CVE-2022-1053: a genuine EK with the AK of another machine', async () => {
    const victim = { host: madeHost(FILES), ek: OURS };
    const mixed = { host: madeHost(FILES), ek: OURS };
    const begun = await begin(mixed);
    // The TPM of the EK holds the AK of the victim, not the one that was asked for.
    assert.equal(OURS.open(begun.activation, victim.host.ak), undefined);
    assert.ok(OURS.open(begun.activation, mixed.host.ak));
    assert.throws(() => THEIRS.open(begun.activation, mixed.host.ak));
    const id = await enrolled(victim);
    assert.equal((await attest(running, { host: victim.host, id })).body['status'], 'affirming');
    const other = await attest(running, { host: mixed.host, id }, 0);
    assert.equal(other.body['status'], 'contraindicated');
    assert.ok('quote.signature_invalid' in Object(other.body['findingCounts']));
  });

  it('an activated AK enrolled a second time without its EK', async () => {
    const machine = { host: madeHost(FILES), ek: OURS };
    const id = await enrolled(machine);
    const before = await told(id);
    const ak = { encoding: 'tpmt-public', bytes: machine.host.ak.toString('base64') };
    const asserted = await running.call('POST', '/v1/attesters', {
      role: 'agent-enrol',
      json: { ak, labels: { env: 'mine' } },
    });
    assert.deepEqual([asserted.status, asserted.body['binding']], [201, 'asserted']);
    assert.notEqual(asserted.body['id'], id);
    assert.deepEqual(await told(id), before);
  });

  it('quotes by an AK that was replaced, and answers to its challenges', async () => {
    const [old, next] = [madeHost(FILES), madeHost(FILES)];
    const id = await enrolled({ host: old, ek: OURS });
    assert.equal((await attest(running, { host: old, id })).body['status'], 'affirming');
    const open = await challenge(running, id);
    assert.equal(await enrolled({ host: next, ek: OURS }), id);
    const late = await answer(running, open.id, { json: bodyFor(old, open.nonce) });
    assert.deepEqual([late.status, late.body['code']], [404, 'challenge.unknown']);
    const refused = await attest(running, { host: old, id }, 0);
    assert.equal(refused.body['status'], 'contraindicated');
    assert.ok('quote.signature_invalid' in Object(refused.body['findingCounts']));
    assert.equal((await attest(running, { host: next, id })).body['status'], 'affirming');
  });

  it('an answer for an attester that was removed meanwhile', async () => {
    const machine = { host: madeHost(FILES), ek: OURS };
    const id = await enrolled(machine);
    const begun = await begin(machine);
    assert.equal(begun.id, id);
    const gone = await running.call('DELETE', `/v1/attesters/${id}`, { role: 'operator' });
    assert.equal(gone.status, 204);
    const secret = opens(machine, begun);
    assertActivationRefused(await conclude(id, begun.activation.id, secret));
    assert.equal((await told(id))['code'], 'attester.unknown');
    assert.equal(await enrolled(machine), id, 'enrolled again by who may');
  });

  it('an EK that an unknown authority vouches for, or its certificate for another EK', async () => {
    const host = madeHost(FILES);
    assert.equal((await ask({ host, ek: OURS })).status, 202);
    const forged = makeEk({ signer: makeEccKey('P-256') });
    for (const [ek, code, at] of [
      [forged, 'ek.chain_signature_invalid', 'path[0].signature'],
      [
        { ...THEIRS, certificate: OURS.certificate },
        'ek.certificate_mismatch',
        'path[0].subjectPublicKeyInfo',
      ],
    ] as const) {
      const { status, body } = await ask({ host, ek });
      assert.deepEqual([status, body['code']], [422, 'attester.ek_refused'], code);
      const places = z.array(z.object({ at: z.string(), message: z.string() }));
      const found = places.parse(body['places']).find(({ message }) => message.startsWith(code));
      assert.equal(found?.at, at, JSON.stringify(body));
    }
  });
});

function assertActivationRefused({ status, body }: Answer): void {
  assert.deepEqual([status, body['code']], [403, 'activation.refused'], JSON.stringify(body));
}

/** Everything that a caller can see of an answer but what differs from call to call. */
function withoutRequestId({ status, headers, body }: Answer) {
  const { requestId, ...rest } = body;
  assert.equal(typeof requestId, 'string');
  const kept = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
  return { status, rest, headers: kept };
}

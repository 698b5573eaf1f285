// Enrolment as an operator and a host see it: what certificates and revocation lists make of it,
// and what the audit log tells. Attempts to cheat are in test/attacks.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, it } from 'node:test';
import { z } from 'zod';
import { type MadeEk, makeEk } from '../attacks/made-ek.ts';
import { onBothDatabases } from '../store/databases.ts';
import {
  authority,
  usage,
  writeCertificate,
  writeRevocationList,
} from '../unit/certificate-writer.ts';
import { testFile } from '../unit/evidence-files.ts';
import { makeEccKey } from '../unit/tpm-writer.ts';
import { madeHost } from './made-host.ts';
import { type RunningApi, startApi } from './running-api.ts';

const SIGNER = makeEccKey('P-256');
const AUTHORITY = writeCertificate({
  subject: 'made authority',
  key: SIGNER,
  extensions: [authority(0), usage('06')],
});
const EK = makeEk({ signer: SIGNER });
const GOOGLE = 'evidence/public/google-go-tpm-tools';
const VENDORS = 'evidence/public/loicsikidi-tpm-ca-certificates';

const Refusal = z.object({ code: z.string(), places: z.array(z.object({ message: z.string() })) });
const Imported = z.object({ items: z.array(z.object({ fingerprint: z.string() })) });

onBothDatabases('enrolment', (opened) => {
  let running: RunningApi;
  before(async () => {
    running = await startApi(opened());
    await upload('anchor', pem('CERTIFICATE', AUTHORITY));
  });
  after(() => running.close());

  const upload = async (kind: string, body: string): Promise<readonly string[]> => {
    const headers = { 'content-type': 'application/x-pem-file' };
    const call = { role: 'policy-admin', headers, body } as const;
    const answer = await running.call('POST', `/v1/trust-anchors?kind=${kind}`, call);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return Imported.parse(answer.body).items.map(({ fingerprint }) => fingerprint);
  };
  const send = (json: unknown) =>
    running.call('POST', '/v1/attesters', { role: 'agent-enrol', json });
  const ask = (ek: MadeEk, ak: Buffer) =>
    send({
      ak: { encoding: 'tpmt-public', bytes: ak.toString('base64') },
      ek: {
        encoding: 'tpmt-public',
        bytes: ek.publicArea.toString('base64'),
        certificate: ek.certificate.toString('base64'),
      },
    });
  const prove = async (ek: MadeEk, ak: Buffer, wrong?: Buffer) => {
    const { id, activation } = Asked.parse((await ask(ek, ak)).body);
    const secret = wrong ?? ek.open(activation, ak) ?? assert.fail('the TPM refuses');
    const json = { activation: activation.id, secret: secret.toString('base64') };
    return running.call('POST', `/v1/attesters/${id}/activation`, { json });
  };

  it('answers 201 for a new attester only, and leaves every step in the audit log', async () => {
    const [first, second] = [madeHost([]).ak, madeHost([]).ak];
    const ek = makeEk({ signer: SIGNER });
    const made = await prove(ek, first);
    const answers = [
      made,
      await prove(ek, first),
      await prove(ek, second, randomBytes(32)),
      await prove(ek, second),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 200, 403, 200],
    );
    const id = String(made.body['id']);
    assert.equal(
      (await running.call('DELETE', `/v1/attesters/${id}`, { role: 'operator' })).status,
      204,
    );
    assert.equal((await prove(ek, second)).status, 200);
    const { body } = await running.call('GET', `/v1/audit?subject=${id}`, { role: 'auditor' });
    const actions = Object(body)['items'].map(({ action }: { action: string }) => action);
    assert.deepEqual(
      actions.reverse().join(' ').replaceAll('attester.', ''),
      [
        ...['ask_activation', 'enrol'],
        ...['ask_activation', 'enrol_again'],
        ...['ask_activation', 'refuse_activation'],
        ...['ask_activation', 'replace_ak'],
        ...['remove', 'ask_activation', 'enrol_again'],
      ].join(' '),
    );
  });

  it('of an AK is certified below an anchor, and asserted with reasons without one', async () => {
    const certificate = testFile(`${GOOGLE}/gce-cos-85-no-nonce/ak.cert.der`);
    const ak = { encoding: 'x509-der', bytes: base64(certificate) };
    const alone = await send({ ak });
    assert.deepEqual([alone.status, alone.body['binding']], [201, 'asserted']);
    const reasons = ['ak.asserted', 'ak.chain_untrusted', 'ak.issuer_missing'];
    for (const code of reasons) assert.ok(Object(alone.body)['findings'].includes(code), code);

    const root = testFile(`${GOOGLE}/ca-certs/tpm_ek_root_1.cer`);
    const between = testFile(`${GOOGLE}/ca-certs/tpm_ek_intermediate_2.crt`);
    const [anchor] = await upload('anchor', pem('CERTIFICATE', root));
    const lost = await send({ ak });
    assert.deepEqual([lost.status, lost.body['binding']], [200, 'asserted']);
    const led = await send({ ak: { ...ak, intermediates: [base64(between)] } });
    assert.deepEqual([led.status, led.body['binding']], [200, 'certified']);
    for (const code of reasons) assert.ok(!Object(led.body)['findings'].includes(code), code);
    // What a host sends along is never an anchor itself.
    await running.call('DELETE', `/v1/trust-anchors/${anchor}`, { role: 'policy-admin' });
    const forged = await send({ ak: { ...ak, intermediates: [base64(between), base64(root)] } });
    assert.equal(forged.body['binding'], 'asserted');
  });

  it('is refused for a revoked EK certificate; a list out of date is told', async () => {
    const { ak } = madeHost([]);
    const list = (serials: readonly string[], nextUpdate: string) =>
      pem(
        'X509 CRL',
        writeRevocationList({ issuer: 'made authority', signer: SIGNER, serials, nextUpdate }),
      );
    const [stale] = await upload('crl', list([], '2030-01-01'));
    const told = await ask(EK, ak);
    assert.deepEqual([told.status, told.body['findings']], [202, ['ek.revocation_list_stale']]);
    await upload('crl', list(['01'], '2040-01-01'));
    assert.equal((await ask(EK, ak)).status, 202);
    // Both certificates that makeEk makes have this serial number.
    const [revoking] = await upload('crl', list(['05'], '2040-01-01'));
    const refused = await ask(EK, ak);
    const { code, places } = Refusal.parse(refused.body);
    assert.deepEqual([refused.status, code], [422, 'attester.ek_refused']);
    assert.ok(places.some(({ message }) => message.startsWith('ek.revoked: ')));
    for (const fingerprint of [stale, revoking]) {
      const path = `/v1/trust-anchors/${fingerprint}`;
      assert.equal((await running.call('DELETE', path, { role: 'policy-admin' })).status, 204);
    }
    const again = await ask(EK, ak);
    assert.deepEqual([again.status, again.body['findings']], [202, []]);
  });

  it('lets others run while the certificates of all vendors come in', async () => {
    const bundle = Buffer.from(testFile(`${VENDORS}/tpm-intermediate-ca-certificates.pem`));
    let turns = 0;
    let done = false;
    const count = () => {
      turns += 1;
      if (!done) setImmediate(count);
    };
    count();
    const before = turns;
    const imported = await upload('intermediate', bundle.toString('latin1'));
    const atImport = turns;
    assert.ok(imported.length > 100);
    // Once for reading each, once for keeping it.
    assert.ok(atImport - before > 2 * imported.length, `${atImport - before} turns`);
    assert.equal((await ask(EK, madeHost([]).ak)).status, 202);
    assert.ok(turns - atImport > imported.length, `${turns - atImport} turns`);
    done = true;
  });
});

const Asked = z.object({
  id: z.string(),
  activation: z.object({ id: z.string(), idObject: z.string(), encryptedSecret: z.string() }),
});

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${base64(der)}\n-----END ${label}-----\n`;
}

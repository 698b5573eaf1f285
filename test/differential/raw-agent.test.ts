// The raw agent of docs/agents against a running service and software TPMs with EK certificates:
// what a person would type, from enrolment over reboots to a thief with another TPM.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { openEmbedded } from '../../src/store/embedded.ts';
import { type Json, type RunningApi, startApi } from '../api/running-api.ts';
import { aggregateRecord, type DraftRecord, fileRecord } from '../property/list-writer.ts';
import { MANUFACTURER_PROGRAMS, type ManufacturedTpm, Manufacturer } from './manufactured-tpm.ts';
import { inFolder, needing } from './public-tool.ts';
import { AK_HANDLE, Host } from './raw-agent-host.ts';

const NEEDED = needing(...MANUFACTURER_PROGRAMS, 'jq', 'curl');

/** Only what a certified EK vouches for is good enough. */
const POLICY = {
  format: 'plumbline-policy/1',
  name: 'prod',
  attester: { asserted: 'refuse' },
  quote: { pcrs: [10] },
  boot: { eventLog: 'optional', secureBoot: 'optional' },
  ima: { measurements: [{ id: 'usr', path: '/usr/**', then: 'accept' }] },
};

const FILES: readonly DraftRecord[] = [
  aggregateRecord(),
  fileRecord('/usr/bin/one', 'one'),
  fileRecord('/usr/bin/two', 'two'),
];

describe('the raw agent', NEEDED, () => {
  it('enrols and attests with every kind of key', async () => {
    await inFolder(async (folder) => {
      await withService(folder, async (running) => {
        const manufacturer = new Manufacturer(folder);
        for (const [ek, ak] of [
          ['rsa', 'rsapss'],
          ['rsa3072', 'ecdsa'],
          ['ecc', 'ecdsa'],
          ['ecc384', 'rsassa'],
        ] as const) {
          const name = `${ek}-${ak}`;
          const rsaBits = ek === 'rsa3072' ? 3072 : 2048;
          const tpm = manufacturer.make(path.join(folder, name), { rsaBits });
          await trust(running, manufacturer);
          const host = new Host(running, tpm, {
            folder: path.join(folder, `${name}-host`),
            ek,
            ak,
          });
          await tpm.powered(async () => {
            if (ek === 'ecc') certifyEcc(tpm, manufacturer, host.file('ek'));
            await host.enrol();
            host.measure(...FILES);
            assert.deepEqual(await host.attest(), { code: 0, status: 'affirming' });
          });
        }
      });
    });
  });

  it('goes on over rounds, reboots and a new AK, and stays the same attester', async () => {
    await inFolder(async (folder) => {
      await withService(folder, async (running) => {
        const manufacturer = new Manufacturer(folder);
        const tpm = manufacturer.make(path.join(folder, 'tpm'));
        await trust(running, manufacturer);
        const host = new Host(running, tpm, { folder: path.join(folder, 'host') });
        await tpm.powered(async () => {
          await host.enrol();
          host.measure(...FILES);
          assert.deepEqual(await host.attest(), { code: 0, status: 'affirming' });
          host.measure(fileRecord('/usr/bin/three', 'three'));
          assert.deepEqual(await host.attest(), { code: 0, status: 'affirming' });
          assert.equal((await host.coverage()).fromIndex, FILES.length);
        });
        const { id } = host;
        host.reboot();
        await tpm.powered(async () => {
          host.measure(...FILES);
          assert.deepEqual(await host.attest(), { code: 0, status: 'affirming' });
          assert.equal((await host.coverage()).fromIndex, 0);
          const before = await attesterOf(running, id);
          await host.enrol();
          const behind = await attesterOf(running, host.id);
          assert.equal(host.id, id);
          assert.equal(behind['identity'], before['identity']);
          assert.notEqual(behind['akIdentity'], before['akIdentity']);
          assert.deepEqual(await host.attest(), { code: 0, status: 'affirming' });
          host.measure(fileRecord('/opt/bad', 'bad'));
          assert.deepEqual(await host.attest(), { code: 1, status: 'contraindicated' });
        });
        const { body } = await running.call('GET', `/v1/audit?subject=${id}`, { role: 'auditor' });
        const actions = Object(body)['items'].map((entry: { action: string }) => entry.action);
        assert.ok(actions.includes('attester.replace_ak'));
      });
    });
  });

  it('takes a new AK on the word of the one it has', async () => {
    await inFolder(async (folder) => {
      await withService(folder, async (running) => {
        const manufacturer = new Manufacturer(folder);
        const tpm = manufacturer.make(path.join(folder, 'tpm'));
        await trust(running, manufacturer);
        const host = new Host(running, tpm, { folder: path.join(folder, 'host') });
        await tpm.powered(async () => {
          await host.enrol();
          const before = await attesterOf(running, host.id);
          const json = certifyNewAk(tpm, host);
          const renewed = await running.call('POST', '/v1/attesters', { role: 'operator', json });
          assert.equal(renewed.status, 200);
          assert.deepEqual([renewed.body['id'], renewed.body['binding']], [host.id, 'activated']);
          assert.notEqual(renewed.body['akIdentity'], before['akIdentity']);
          // The statement is of the key that was replaced just now: it vouches for nothing more.
          const again = await running.call('POST', '/v1/attesters', { role: 'operator', json });
          assert.deepEqual([again.status, again.body['code']], [422, 'attester.ak_refused']);
          assert.match(JSON.stringify(again.body), /ak\.certify_signature_invalid/);
        });
      });
    });
  });

  it('gives no other TPM the identity', async () => {
    await inFolder(async (folder) => {
      await withService(folder, async (running) => {
        const manufacturer = new Manufacturer(folder);
        const own = manufacturer.make(path.join(folder, 'own'));
        const other = manufacturer.make(path.join(folder, 'other'));
        await trust(running, manufacturer);
        const victim = new Host(running, own, { folder: path.join(folder, 'victim') });
        const thief = new Host(running, other, { folder: path.join(folder, 'thief') });
        await own.powered(async () => {
          await victim.enrol();
          // What is public about a machine is enough to ask, and not to answer.
          own.run('tpm2_createek', '-G', 'rsa', '-c', victim.file('c'), '-u', thief.file('ek.pub'));
          own.run('tpm2_nvread', '0x01c00002', '-o', thief.file('ek.cert'));
        });
        const before = await attesterOf(running, victim.id);
        await other.powered(async () => {
          await thief.enrol();
          assert.notEqual(thief.id, victim.id);
          other.run('tpm2_readpublic', '-c', AK_HANDLE, '-o', thief.file('ak.pub'));
          const asked = await ask(running, thief);
          assert.equal(asked.id, victim.id);
          await assertNotActivated(running, asked, thief);
          // Nor does it help to send another TPM's quotes under the victim's id.
          writeFileSync(thief.file('attester'), `${victim.id}\n`);
          thief.measure(...FILES);
          assert.deepEqual(await thief.attest(), { code: 1, status: 'contraindicated' });
          assert.ok((await thief.codes()).includes('quote.signature_invalid'));
        });
        const { latest: _then, ...kept } = before;
        const { latest: _now, ...now } = await attesterOf(running, victim.id);
        assert.deepEqual(now, kept);
      });
    });
  });

  it('is refused when nobody vouches for the TPM', async () => {
    await inFolder(async (folder) => {
      await withService(folder, async (running) => {
        const tpm = new Manufacturer(folder).make(path.join(folder, 'tpm'));
        const host = new Host(running, tpm, { folder: path.join(folder, 'host') });
        await tpm.powered(async () => {
          const { code, output } = await host.agent('enrol');
          assert.equal(code, 2);
          assert.match(output, /^attester\.ek_refused/m);
          assert.match(output, /ek\.issuer_missing/);
        });
      });
    });
  });
});

async function withService(
  folder: string,
  use: (running: RunningApi) => Promise<void>,
): Promise<void> {
  const database = await openEmbedded(path.join(folder, 'database'));
  const running = await startApi(database);
  try {
    const role = 'policy-admin';
    await running.call('POST', '/v1/policies', { role, json: POLICY });
    await running.call('POST', '/v1/policies/prod/versions/1/activate', { role });
    await use(running);
  } finally {
    await running.close();
    await database.close();
  }
}

/** Uploads the certificates of a manufacturer, who has them once it has made a TPM. */
async function trust(running: RunningApi, manufacturer: Manufacturer): Promise<void> {
  for (const [kind, body] of [
    ['anchor', manufacturer.root],
    ['intermediate', manufacturer.issuer],
  ] as const) {
    const sent = { role: 'policy-admin', headers: { 'content-type': 'text/plain' }, body } as const;
    const { status } = await running.call('POST', `/v1/trust-anchors?kind=${kind}`, sent);
    assert.equal(status, 201);
  }
}

/** Gives a P-256 EK the certificate that swtpm's own manufacturer has no index for. */
function certifyEcc(tpm: ManufacturedTpm, manufacturer: Manufacturer, file: string): void {
  tpm.run('tpm2_createek', '-G', 'ecc', '-c', `${file}.ctx`, '-u', `${file}.pem`, '-f', 'pem');
  tpm.run('tpm2_flushcontext', '--transient-object');
  const certificate = manufacturer.certify(readFileSync(`${file}.pem`, 'utf8'));
  writeFileSync(`${file}.der`, certificate);
  const attributes = 'ownerread|ownerwrite|authread|authwrite';
  const size = String(certificate.byteLength);
  tpm.run('tpm2_nvdefine', '0x01c0000a', '-C', 'o', '-s', size, '-a', attributes);
  tpm.run('tpm2_nvwrite', '0x01c0000a', '-C', 'o', '-i', `${file}.der`);
}

/** Makes an AK beside the one that the agent uses, which then certifies it. */
function certifyNewAk(tpm: ManufacturedTpm, host: Host) {
  const [ek, ak] = [host.file('second-ek.ctx'), host.file('second-ak.ctx')];
  tpm.run('tpm2_createek', '-G', 'rsa', '-c', ek, '-u', host.file('second-ek.pub'));
  tpm.run('tpm2_flushcontext', '--transient-object');
  const kind = ['-G', 'ecc', '-g', 'sha256', '-s', 'ecdsa'];
  tpm.run('tpm2_createak', '-C', ek, '-c', ak, ...kind, '-u', host.file('second-ak.pub'));
  tpm.run('tpm2_flushcontext', '--transient-object');
  const [attest, signature] = [host.file('attest'), host.file('signature')];
  tpm.run(
    'tpm2_certify',
    ...['-C', AK_HANDLE, '-c', ak, '-g', 'sha256', '--scheme', 'rsassa'],
    ...['-o', attest, '-s', signature],
  );
  tpm.run('tpm2_flushcontext', '--transient-object');
  const base64 = (file: string) => readFileSync(file).toString('base64');
  return {
    ak: { encoding: 'tpm2b-public', bytes: base64(host.file('second-ak.pub')) },
    certification: {
      attester: host.id,
      attest: base64(attest),
      signature: base64(signature),
    },
  };
}

async function attesterOf(running: RunningApi, id: string): Promise<Json> {
  return (await running.call('GET', `/v1/attesters/${id}`, { role: 'operator' })).body;
}

interface Asked {
  readonly id: string;
  readonly activation: { readonly id: string; readonly credentialFile: string };
}

/** Asks for an activation with the EK of one machine and the AK of another. */
async function ask(running: RunningApi, host: Host): Promise<Asked> {
  const bytes = (name: string) => readFileSync(host.file(name)).toString('base64');
  const json = {
    ek: { bytes: bytes('ek.pub'), certificate: bytes('ek.cert') },
    ak: { encoding: 'tpm2b-public', bytes: bytes('ak.pub') },
  };
  const { status, body } = await running.call('POST', '/v1/attesters', {
    role: 'agent-enrol',
    json,
  });
  assert.equal(status, 202);
  return { id: String(body['id']), activation: Object(body['activation']) };
}

/** The TPM does not open the credential, and no other answer than the right one is taken; the right
 *  one comes too late after a wrong one, but nobody here has it. */
async function assertNotActivated(running: RunningApi, asked: Asked, host: Host): Promise<void> {
  writeFileSync(host.file('credential'), Buffer.from(asked.activation.credentialFile, 'base64'));
  assert.throws(() => host.openCredential());
  for (const secret of [Buffer.alloc(32), Buffer.alloc(32)]) {
    const json = { activation: asked.activation.id, secret: secret.toString('base64') };
    const { status, body } = await running.call('POST', `/v1/attesters/${asked.id}/activation`, {
      json,
    });
    assert.deepEqual([status, body['code']], [403, 'activation.refused']);
  }
}

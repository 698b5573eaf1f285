// Credentials that we make, activated by a software TPM: each kind of EK with each kind of AK, and
// everything that the TPM must refuse.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { judgeAk, readAk } from '../../src/enroll/ak.ts';
import {
  CREDENTIAL_ENTROPY_BYTES,
  credentialFile,
  makeCredential,
} from '../../src/enroll/credential.ts';
import { type EndorsementKey, judgeEk, readEk } from '../../src/enroll/ek.ts';
import { isSecretOf, secretDigest } from '../../src/enroll/fingerprint.ts';
import { flipByte } from '../tamper/tampering.ts';
import { inFolder, needing } from './public-tool.ts';
import { SOFTWARE_TPM_PROGRAMS, type SoftwareTpm, withSoftwareTpm } from './software-tpm.ts';

/** As `tpm2_createek --key-algorithm` names them. */
const EKS = ['rsa', 'rsa3072', 'ecc', 'ecc384'] as const;
type EkKind = (typeof EKS)[number];

/** For tpm2_createak. */
const AKS = [
  { key: 'rsa', hash: 'sha256', scheme: 'rsassa' },
  { key: 'rsa', hash: 'sha256', scheme: 'rsapss' },
  { key: 'ecc', hash: 'sha256', scheme: 'ecdsa' },
] as const;

const NEEDED = needing(...SOFTWARE_TPM_PROGRAMS, 'tpm2_createek', 'tpm2_activatecredential');

for (const kind of EKS) {
  test(`a TPM gives back what was made for its EK ${kind} and its AKs`, NEEDED, async () => {
    await inFolder(async (folder) => {
      await withSoftwareTpm(folder, (tpm) => {
        const ek = makeEk(tpm, folder, kind);
        assert.deepEqual(judgeEk(ek), []);
        for (const ak of AKS) {
          const credential = credentialFor(ek, makeAk(tpm, folder, { kind, ak }));
          assert.ok(activates(tpm, folder, { kind, ...credential }), ak.scheme);
        }
      });
    });
  });
}

test('a TPM refuses a credential for another AK, of another EK, or changed', NEEDED, async () => {
  await inFolder(async (folder) => {
    await withSoftwareTpm(folder, (tpm) => {
      for (const kind of ['rsa', 'ecc384'] as const) {
        const ek = makeEk(tpm, folder, kind);
        const [first, , third] = AKS;
        const other = makeAk(tpm, folder, { kind, ak: first });
        const name = makeAk(tpm, folder, { kind, ak: third });
        const good = credentialFor(ek, name);
        assert.ok(activates(tpm, folder, { kind, ...good }));
        assert.ok(!activates(tpm, folder, { kind, ...credentialFor(ek, other) }), 'another Name');
        for (const at of placesOf(good.file)) {
          const changed = { ...good, file: flipByte(good.file, at) };
          assert.ok(!activates(tpm, folder, { kind, ...changed }), `${kind}: byte ${at}`);
        }
      }
    });
  });
});

test('a second TPM cannot answer for the first', NEEDED, async () => {
  await inFolder(async (folder) => {
    const [one, two] = ['one', 'two'].map((name) => path.join(folder, name));
    assert.ok(one && two);
    for (const name of [one, two]) mkdirSync(name);
    const eks: Partial<Record<EkKind, EndorsementKey>> = {};
    await withSoftwareTpm(one, (tpm) => {
      for (const kind of EKS) eks[kind] = makeEk(tpm, one, kind);
    });
    await withSoftwareTpm(two, (tpm) => {
      for (const kind of EKS) {
        makeEk(tpm, two, kind);
        const name = makeAk(tpm, two, { kind, ak: AKS[2] });
        const first = eks[kind] ?? assert.fail();
        assert.ok(!activates(tpm, two, { kind, ...credentialFor(first, name) }), kind);
      }
    });
  });
});

/** A file for tpm2_activatecredential and what it should write. */
interface Credential {
  readonly file: Uint8Array;
  readonly secret: Uint8Array;
}

function credentialFor(ek: EndorsementKey, akName: Uint8Array): Credential {
  const secret = new Uint8Array(randomBytes(32));
  const entropy = new Uint8Array(randomBytes(CREDENTIAL_ENTROPY_BYTES));
  const made = makeCredential({ ek, akName, credential: secret, entropy });
  assert.ok(made);
  return { file: credentialFile(made), secret };
}

/** Each field of both structures once: sizes, HMAC, encrypted credential, encrypted secret. */
function placesOf(file: Uint8Array): number[] {
  const idObjectBytes = ((file[8] ?? 0) << 8) | (file[9] ?? 0);
  const secretAt = 10 + idObjectBytes;
  return [9, 11, 12, 40, 9 + idObjectBytes, secretAt + 1, secretAt + 4, file.byteLength - 1];
}

function makeEk(tpm: SoftwareTpm, folder: string, kind: EkKind): EndorsementKey {
  done(tpm, 'tpm2_createek', '-c', `ek-${kind}.ctx`, '-G', kind, '-u', `ek-${kind}.pub`);
  done(tpm, 'tpm2_flushcontext', '--transient-object');
  const reading = readEk(read(folder, `ek-${kind}.pub`), 'tpm2b-public');
  assert.ok(reading.ok, kind);
  return reading.ek;
}

/** Makes `ak.ctx` under the EK and returns its Name. */
function makeAk(
  tpm: SoftwareTpm,
  folder: string,
  made: { readonly kind: EkKind; readonly ak: (typeof AKS)[number] },
): Uint8Array {
  const { key, hash, scheme } = made.ak;
  done(
    tpm,
    'tpm2_createak',
    ...['-C', `ek-${made.kind}.ctx`, '-c', 'ak.ctx', '-u', 'ak.pub', '-n', 'ak.name'],
    ...['-G', key, '-g', hash, '-s', scheme],
  );
  done(tpm, 'tpm2_flushcontext', '--transient-object');
  const reading = readAk({ bytes: read(folder, 'ak.pub'), encoding: 'tpm2b-public' });
  assert.ok(reading.ok);
  assert.deepEqual(judgeAk(reading.ak, { minRsaBits: 2048, asserted: undefined }), []);
  assert.deepEqual(reading.ak.name, read(folder, 'ak.name'));
  return reading.ak.name ?? assert.fail();
}

/** Whether the TPM, holding `ak.ctx`, gives back the secret. */
function activates(
  tpm: SoftwareTpm,
  folder: string,
  credential: Credential & { readonly kind: EkKind },
): boolean {
  const { kind, file, secret } = credential;
  writeFileSync(path.join(folder, 'credential'), file);
  rmSync(path.join(folder, 'answer'), { force: true });
  done(tpm, 'tpm2_startauthsession', '--policy-session', '-S', 'session');
  done(tpm, 'tpm2_policysecret', '-S', 'session', '-c', 'endorsement');
  // High-range EKs may be used with their empty password; low-range ones by policy alone.
  const session = kind === 'rsa' || kind === 'ecc' ? ['-P', 'session:session'] : [];
  const { accepted } = tpm.tool(
    'tpm2_activatecredential',
    ...['-c', 'ak.ctx', '-C', `ek-${kind}.ctx`, '-i', 'credential', '-o', 'answer', ...session],
  );
  done(tpm, 'tpm2_flushcontext', 'session');
  done(tpm, 'tpm2_flushcontext', '--transient-object');
  return accepted && isSecretOf(read(folder, 'answer'), secretDigest(secret));
}

function done(tpm: SoftwareTpm, program: string, ...args: readonly string[]): void {
  const { accepted, output } = tpm.tool(program, ...args);
  assert.ok(accepted, `${program}: ${output}`);
}

function read(folder: string, name: string): Uint8Array {
  return new Uint8Array(readFileSync(path.join(folder, name)));
}

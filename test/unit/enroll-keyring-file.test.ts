// Keyrings from PEM and DER: key identifiers, the address by content, and every bad block by place.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { KEYRING_LIMITS } from '../../src/bytes/limits.ts';
import { readKeyring } from '../../src/enroll/keyring-file.ts';
import { ascii } from '../property/list-writer.ts';
import { ecSigner, keyidOf, rsaSigner } from './signed-files.ts';

const FOLDER = new URL('../evidence/', import.meta.url);
const rsa = rsaSigner();
const ec = ecSigner();

function file(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, FOLDER)));
}

function pemOf(signer: typeof rsa): string {
  return signer.publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function keyring(text: string | Uint8Array) {
  const reading = readKeyring(typeof text === 'string' ? ascii(text) : text);
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.keyring;
}

function problems(text: string | Uint8Array) {
  const reading = readKeyring(typeof text === 'string' ? ascii(text) : text);
  assert.equal(reading.ok, false);
  return reading.problems.map(({ line, block }) => ({ line, block }));
}

const CERTIFICATE = '02-ima-sig/ima-keys/ima-rsa.crt.pem';

describe('readKeyring', () => {
  it('takes identifiers as signers do', () => {
    for (const signer of [rsa, ec]) {
      const [key] = keyring(pemOf(signer)).keys;
      assert.deepEqual(key?.keyids, [Buffer.from(keyidOf(signer)).readUInt32BE()]);
    }
    const [certified] = keyring(file(CERTIFICATE)).keys;
    assert.ok(certified?.keyids.includes(0x0eeaada8));
    assert.ok(keyring(file('public/kgoldman-acs/imakey.der')).keys[0]?.keyids.includes(0x0beb6a13));
  });

  it('reads one key alike from a certificate or not, PEM or DER', () => {
    const [certified] = keyring(file(CERTIFICATE)).keys;
    const [der] = keyring(file('02-ima-sig/ima-keys/ima-rsa.crt.der')).keys;
    assert.ok(certified && der);
    assert.deepEqual(certified.certificate, der.certificate);
    const [bare] = keyring(certified.spki).keys;
    assert.equal(bare?.fingerprint, certified.fingerprint);
    assert.equal(bare.certificate, undefined);
    assert.deepEqual(bare.spki, certified.spki);
  });

  it('is addressed by its keys, whatever their order, repeats and wrapping', () => {
    const one = keyring(`${pemOf(rsa)}${pemOf(ec)}`);
    const two = keyring(`# two keys\n${pemOf(ec)}\nsubject=x\r\n${pemOf(rsa)}${pemOf(ec)}`);
    assert.equal(one.digest, two.digest);
    assert.equal(two.keys.length, 2);
    assert.notEqual(one.digest, keyring(pemOf(ec)).digest);
    assert.match(one.digest, /^sha256:[0-9a-f]{64}$/);
    const [pem, der] = [file(CERTIFICATE), file('02-ima-sig/ima-keys/ima-rsa.crt.der')];
    assert.equal(keyring(pem).digest, keyring(der).digest);
  });

  it('keeps every identifier of a key that came twice', () => {
    const [certified] = keyring(file(CERTIFICATE)).keys;
    const spki = Buffer.from(certified?.spki ?? []).toString('base64');
    const bare = `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`;
    const both = keyring(`${bare}${Buffer.from(file(CERTIFICATE)).toString('latin1')}`);
    assert.equal(both.keys.length, 1);
    assert.deepEqual(both.keys[0]?.keyids, certified?.keyids);
    assert.ok(both.keys[0]?.certificate);
  });

  const good = pemOf(ec);
  const edPem = generateKeyPairSync('ed25519')
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
  const secret = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const refused: readonly (readonly [string, string, number, number])[] = [
    ['nothing', '', 1, 0],
    ['text without a block', 'no key here\n', 1, 0],
    ['an open block', `${good}-----BEGIN PUBLIC KEY-----\nAAAA\n`, 5, 2],
    ['an end without a beginning', `${good}-----END PUBLIC KEY-----\n`, 5, 2],
    ['a block that ends as another', good.replace('END PUBLIC KEY', 'END CERTIFICATE'), 1, 1],
    ['a private key', `${good}\n${secret}`, 6, 2],
    ['a block of another kind', good.replaceAll('PUBLIC KEY', 'X509 CRL'), 1, 1],
    ['broken base64', good.replace('MF', 'M!'), 1, 1],
    ['a key of another kind', edPem, 1, 1],
    ['a certificate that is none', good.replaceAll('PUBLIC KEY', 'CERTIFICATE'), 1, 1],
  ];
  for (const [what, text, line, block] of refused) {
    it(`refuses ${what}, with its place`, () => {
      assert.deepEqual(problems(text), [{ line, block }]);
    });
  }

  it('names every bad block', () => {
    const text = `${edPem}${good}${secret}`;
    assert.deepEqual(
      problems(text).map(({ block }) => block),
      [1, 3],
    );
  });

  it('refuses DER that is no key, and files above the cap', () => {
    assert.deepEqual(problems(new Uint8Array([0x30, 0])), [{ line: 1, block: 1 }]);
    const padded = `${good}${'\n'.repeat(KEYRING_LIMITS.fileBytes)}`;
    assert.deepEqual(problems(padded), [{ line: 1, block: 0 }]);
  });

  it('never throws, whatever byte of a key is changed', () => {
    const [key] = keyring(good).keys;
    const spki = key?.spki ?? new Uint8Array();
    for (let at = 0; at < spki.byteLength; at += 1) {
      readKeyring(spki.map((byte, index) => (index === at ? byte ^ 0x41 : byte)));
      readKeyring(spki.slice(0, at));
    }
  });
});

// The identity of a key: RFC 7638, and the same for every way to describe the key.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { it } from 'node:test';
import { type AkEncoding, readAk } from '../../src/enroll/ak.ts';
import { akIdentity } from '../../src/enroll/ak-identity.ts';
import { madeHost } from '../api/made-host.ts';

function identityOf(bytes: Uint8Array, encoding: AkEncoding): string {
  const reading = readAk({ bytes: new Uint8Array(bytes), encoding });
  assert.ok(reading.ok);
  return akIdentity(reading.ak);
}

it('is the thumbprint of the example in RFC 7638, 3.1', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP' +
    'ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY' +
    '368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f' +
    'M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
  const pem = Buffer.from(key.export({ type: 'spki', format: 'pem' }));
  const thumbprint = Buffer.from('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', 'base64url');
  assert.equal(identityOf(pem, 'spki-pem'), `sha256:${thumbprint.toString('hex')}`);
});

it('does not depend on the encoding, and differs from key to key', () => {
  const { ak } = madeHost([]);
  const sized = Buffer.concat([Buffer.from([0, ak.length]), ak]);
  assert.equal(identityOf(ak, 'tpmt-public'), identityOf(sized, 'tpm2b-public'));
  assert.notEqual(identityOf(ak, 'tpmt-public'), identityOf(madeHost([]).ak, 'tpmt-public'));
});

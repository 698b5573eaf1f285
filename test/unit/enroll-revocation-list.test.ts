// Revocation lists: what they revoke, when they are stale, and which are of no use.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHex } from '../../src/bytes/encoding.ts';
import { CERTIFICATE_LIMITS } from '../../src/bytes/limits.ts';
import { readRevocationList } from '../../src/enroll/revocation-list.ts';
import { authority, usage, writeRevocationList } from './certificate-writer.ts';
import {
  CA_KEY,
  ca,
  findingsOf,
  leaf,
  OTHER_KEY,
  outcomeOf,
  ROOT_KEY,
  UNKNOWN,
  UNTRUSTED,
} from './chain-scene.ts';
import { hex } from './tpm-writer.ts';

describe('revocation lists', () => {
  const list = { issuer: 'ca', signer: CA_KEY, nextUpdate: '2027-01-01' };

  test('a list without the certificate changes nothing', () => {
    assert.deepEqual(findingsOf(leaf(), { lists: [{ ...list, serials: ['01'] }] }), []);
  });

  test('a listed leaf is revoked, however its serial number is padded', () => {
    for (const serials of [['00ff'], ['01', '0000ff']]) {
      assert.deepEqual(findingsOf(leaf(), { lists: [{ ...list, serials }] }), [
        'ek.revoked path[0].serialNumber',
        UNTRUSTED,
      ]);
    }
  });

  test('a listed intermediate is revoked', () => {
    const lists = [{ issuer: 'root', signer: ROOT_KEY, serials: ['07'] }];
    assert.deepEqual(findingsOf(leaf(), { lists }), ['ek.revoked path[1].serialNumber', UNTRUSTED]);
  });

  test('a stale list is told, and what it lists counts', () => {
    const stale = { ...list, nextUpdate: '2026-05-31' };
    assert.deepEqual(findingsOf(leaf(), { lists: [stale] }), [
      'ek.revocation_list_stale path[0].revocationList',
    ]);
    assert.ok(outcomeOf(leaf(), { lists: [stale] }).trusted);
    assert.ok(!outcomeOf(leaf(), { lists: [{ ...stale, serials: ['00ff'] }] }).trusted);
    const early = { ...list, thisUpdate: '2026-06-02' };
    assert.equal(findingsOf(leaf(), { lists: [early] }).length, 1);
  });

  test('a list of another key, or a partial one, is not used', () => {
    const unusable = ['ek.revocation_list_unusable path[0].revocationList'];
    const forged = { ...list, signer: OTHER_KEY, serials: ['00ff'] };
    assert.deepEqual(findingsOf(leaf(), { lists: [forged] }), unusable);
    const partial = { ...list, serials: ['00ff'], extensions: [UNKNOWN] };
    assert.deepEqual(findingsOf(leaf(), { lists: [partial] }), unusable);
  });

  test('a list of an earlier key of the issuer is no matter beside one of its key', () => {
    const earlier = { ...list, signer: OTHER_KEY };
    assert.deepEqual(findingsOf(leaf(), { lists: [earlier, list] }), []);
  });

  test('an authority that may not sign lists has none', () => {
    const intermediates = [ca({ extensions: [authority(0), usage('04')] })];
    assert.deepEqual(findingsOf(leaf(), { intermediates, lists: [list] }), [
      'ek.revocation_list_unusable path[0].revocationList',
    ]);
  });

  test('a list above the cap, or with another algorithm inside, is malformed', () => {
    const padded = new Uint8Array(CERTIFICATE_LIMITS.revocationListBytes + 1);
    const [over, other] = [
      readRevocationList(padded),
      readRevocationList(
        hex(toHex(writeRevocationList(list)).replace('2a8648ce3d040302', '2a8648ce3d040303')),
      ),
    ];
    assert.ok(!over.ok && !other.ok);
    assert.deepEqual([over.malformed.kind, other.malformed.kind], ['over-cap', 'bad-value']);
  });

  test('a list cut anywhere is malformed', () => {
    const whole = writeRevocationList({ ...list, serials: ['01', '02'] });
    assert.ok(readRevocationList(whole).ok);
    for (let size = 0; size < whole.byteLength; size += 1) {
      assert.ok(!readRevocationList(whole.slice(0, size)).ok, `${size}`);
    }
  });
});

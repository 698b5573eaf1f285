// Quotes that are not what they seem: old, foreign, of another structure, by another key, and
// signatures that do not verify. FORMATS 14.1 to 14.3, 17.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Capture, loadCapture } from '../captures/load-capture.ts';
import { ascii, hash, hex as hexOf, join, unhex } from '../property/list-writer.ts';
import { flipByte, withAttest, withSignature } from '../tamper/tampering.ts';
import { testFile } from '../unit/evidence-files.ts';
import {
  makeEccKey,
  makeRsaKey,
  NONCE,
  signTpmt,
  writeAttest,
  writeEccPublic,
} from '../unit/tpm-writer.ts';
import {
  AK,
  assertAccepted,
  assertRefused,
  KEY,
  madeCapture,
  policyOf,
  verdictOf,
  withEvidence,
} from './scene.ts';

const REAL = '01-ima-ng-tcb/q01-rsassa-pcr10';
const LATER = '01-ima-ng-tcb/q08-rsassa-log-read-later';
const WEAK_NONCE = unhex('0001020304050607');

describe('forged quotes', () => {
  it('an old quote, replayed for a new nonce', async () => {
    const old = await loadCapture(REAL);
    assertAccepted(verdictOf(old));
    const { nonce } = (await loadCapture(LATER)).evidence;
    const where = { part: 'quote', field: 'extraData' } as const;
    assertRefused(verdictOf(withEvidence(old, { nonce })), {
      code: 'quote.nonce_mismatch',
      where,
    });
  });

  it('a nonce in another encoding, cut, extended or hashed', () => {
    assertAccepted(verdictOf(madeCapture()));
    const zero = new Uint8Array(1);
    const forms: readonly (readonly [string, Uint8Array])[] = [
      ['hex', ascii(hexOf(NONCE))],
      ['upper case hex', ascii(hexOf(NONCE).toUpperCase())],
      ['base64', ascii(Buffer.from(NONCE).toString('base64'))],
      ['backwards', NONCE.toReversed()],
      ['a zero more', join(NONCE, zero)],
      ['a zero before', join(zero, NONCE)],
      ['with its size', join(unhex('0010'), NONCE)],
      ['one byte less', NONCE.slice(0, -1)],
      ['hashed', hash('sha256', NONCE)],
      ['empty', new Uint8Array()],
    ];
    for (const [what, extraData] of forms) {
      const verdict = verdictOf(madeCapture({ attest: { extraData } }));
      const where = { part: 'quote', field: 'extraData' } as const;
      assertRefused(verdict, { code: 'quote.nonce_mismatch', where }, what);
    }
  });

  it('a nonce that is too short to be fresh', () => {
    const strict = policyOf();
    assertAccepted(verdictOf(madeCapture(), strict));
    const attest = { extraData: WEAK_NONCE };
    const weak = madeCapture({ attest, evidence: { nonce: WEAK_NONCE } });
    assertRefused(verdictOf(weak, strict), {
      code: 'quote.nonce_weak',
      where: { part: 'quote', field: 'extraData' },
    });
    assertAccepted(verdictOf(weak), 'warning');
  });

  it('CVE-2024-29038, CVE-2024-29040: a structure that no TPM generated', () => {
    assertAccepted(verdictOf(madeCapture()));
    for (const magic of ['00000000', 'ff544346', '474354ff', 'ffffffff']) {
      const verdict = verdictOf(madeCapture({ attest: { magic } }));
      const where = { part: 'quote', field: 'magic', offsetBytes: 0 } as const;
      assertRefused(verdict, { code: 'quote.magic_wrong', where }, magic);
    }
  });

  it('a genuine statement of another type, by the same restricted key', async () => {
    const capture = await loadCapture(REAL);
    assertAccepted(verdictOf(capture));
    const certify = withSignature(
      withAttest(capture, testFile(`${KEYS}/certify-ecdsa-by-rsassa.attest`)),
      testFile(`${KEYS}/certify-ecdsa-by-rsassa.sig`),
    );
    const verdict = verdictOf(certify);
    const where = { part: 'quote', field: 'type', offsetBytes: 4 } as const;
    assertRefused(verdict, { code: 'quote.type_not_quote', where });
    const { outcome } = verdict.checks.find(({ check }) => check === 'quote.signature') ?? {};
    assert.equal(outcome, 'passed', 'the key did sign it');
  });

  it('a key that is not restricted, not fixed to its TPM, or does more than sign', () => {
    assertAccepted(verdictOf(withAk(AK)));
    const attributes: readonly (readonly [string, string])[] = [
      ['not restricted', '00040072'],
      ['not fixedTPM', '00050070'],
      ['not fixedParent', '00050062'],
      ['made outside', '00050052'],
      ['not for signing', '00010072'],
      ['for decryption too', '00070072'],
      ['nothing at all', '00000000'],
    ];
    for (const [what, bits] of attributes) {
      const ak = writeEccPublic(KEY, { curve: '0003', attributes: bits });
      const where = { part: 'ak', field: 'objectAttributes' } as const;
      assertRefused(verdictOf(withAk(ak)), { code: 'ak.attributes_unsuitable', where }, what);
    }
  });

  it('a signature with SHA-1, by a key that may sign with SHA-1', () => {
    assertAccepted(verdictOf(madeCapture()));
    const ak = writeEccPublic(KEY, { curve: '0003', scheme: '0018 0004' });
    const how = { scheme: 'ecdsa', hash: 'sha1' } as const;
    const capture = madeCapture({ how, evidence: { ak: { bytes: ak, encoding: 'tpmt-public' } } });
    assertRefused(verdictOf(capture), {
      code: 'quote.hash_refused',
      where: { part: 'quote', field: 'signature.hash' },
    });
  });

  it('a signature in another scheme or hash than those of the key', async () => {
    const honest = await loadCapture(REAL);
    assertAccepted(verdictOf(honest));
    const sha1 = madeCapture({ how: { scheme: 'ecdsa', hash: 'sha1' } });
    const refusal = {
      code: 'quote.scheme_mismatch',
      where: { part: 'quote', field: 'signature.sigAlg' },
    } as const;
    assertRefused(verdictOf(sha1), refusal);
    const pss = (await loadCapture('01-ima-ng-tcb/q03-rsapss-pcr0-10')).evidence.quote.signature;
    assertRefused(verdictOf(withSignature(honest, pss.bytes)), refusal);
  });

  it('an RSA key that can be factored', () => {
    assertAccepted(verdictOf(rsaSigned(2048)));
    const where = { part: 'ak', field: 'keyBits' } as const;
    assertRefused(verdictOf(rsaSigned(1024)), { code: 'ak.key_weak', where });
  });

  it('a key on a curve that is not accepted', () => {
    assertAccepted(verdictOf(withAk(AK)));
    for (const curve of ['0001', '0002', '0010', '0020', 'ffff']) {
      const ak = writeEccPublic(KEY, { curve });
      assertRefused(
        verdictOf(withAk(ak)),
        { code: 'ak.key_unsupported', where: { part: 'ak', field: 'parameters.curveID' } },
        curve,
      );
    }
  });

  it('CVE-2023-3674: a broken signature decides, whatever else is right', async () => {
    const capture = await loadCapture(REAL);
    assertAccepted(verdictOf(capture));
    const { bytes } = capture.evidence.quote.signature;
    const broken = flipByte(bytes, bytes.byteLength - 1);
    for (const policy of [undefined, policyOf({ ima: 'not-required' })]) {
      const verdict = verdictOf(withSignature(capture, broken), policy);
      assertRefused(verdict, {
        code: 'quote.signature_invalid',
        where: { part: 'quote', field: 'signature' },
      });
      assert.equal(verdict.coverage.ima?.provenCount ?? null, null);
    }
  });

  it('a quote by a key that the attester brought along', () => {
    assertAccepted(verdictOf(madeCapture()));
    assertRefused(verdictOf(madeCapture({ key: makeEccKey('P-256') })), {
      code: 'quote.signature_invalid',
      where: { part: 'quote', field: 'signature' },
    });
  });

  it('no signature, half of one, and one with bytes behind it', async () => {
    const capture = await loadCapture(REAL);
    assertAccepted(verdictOf(capture));
    const { bytes } = capture.evidence.quote.signature;
    for (const other of [
      new Uint8Array(),
      bytes.slice(0, bytes.byteLength / 2),
      join(bytes, new Uint8Array(1)),
    ]) {
      assertRefused(verdictOf(withSignature(capture, other)), {
        code: 'quote.signature_malformed',
        where: { part: 'quote' },
      });
    }
  });

  it('counts of selections at 0, 1, the cap, one more and the largest', () => {
    assertAccepted(verdictOf(madeCapture()));
    const one = unhex('000b 03 000400');
    const refusals = [
      [0, 'quote.selection_empty'],
      [16, 'quote.selection_unexpected'],
      [17, 'quote.field_malformed'],
      [0xffffffff, 'quote.field_malformed'],
    ] as const;
    for (const [count, code] of refusals) {
      const attest = attestWithCount(count, count > 16 ? 17 : count, one);
      const capture = resigned(withAttest(madeCapture(), attest));
      assertRefused(verdictOf(capture), { code, where: { part: 'quote' } }, `${count}`);
    }
  });
});

function withAk(bytes: Uint8Array): Capture {
  return madeCapture({ evidence: { ak: { bytes, encoding: 'tpmt-public' } } });
}

/** The quote signed by a fresh RSA key, which is the AK. */
function rsaSigned(bits: number): Capture {
  const key = makeRsaKey(bits);
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const ak = { bytes: ascii(pem), encoding: 'spki-pem' } as const;
  return madeCapture({ key, how: { scheme: 'rsassa', hash: 'sha256' }, evidence: { ak } });
}

/** TPMS_ATTEST that counts `count` selections and holds `present` of them. */
function attestWithCount(count: number, present: number, entry: Uint8Array): Uint8Array {
  const none = writeAttest({ selections: [], pcrDigest: new Uint8Array(32) });
  const countAt = none.byteLength - 34 - 4;
  const claimed = unhex(count.toString(16).padStart(8, '0'));
  const entries = Array.from({ length: present }, () => entry);
  return join(none.slice(0, countAt), claimed, ...entries, none.slice(countAt + 4));
}

function resigned(capture: Capture): Capture {
  const { attest } = capture.evidence.quote;
  return withSignature(capture, signTpmt(KEY, attest, { scheme: 'ecdsa', hash: 'sha256' }));
}

const KEYS = 'evidence/01-ima-ng-tcb/boot1/keys';

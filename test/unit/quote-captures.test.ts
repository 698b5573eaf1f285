// Every captured quote verifies with its nonce and PCR values; no byte of one may be another.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HashName } from '../../src/crypto/digest.ts';
import { provePcrs, type QuoteExpectations, verifyQuote } from '../../src/quote/verify-quote.ts';
import { akOf, type CapturedQuote, captured, capturedNames } from './evidence-files.ts';

function verify(quote: CapturedQuote, expected: Partial<QuoteExpectations> = {}) {
  const { attest, signature, nonce } = quote;
  return verifyQuote(
    { attest, signature, nonce, ak: akOf(quote) },
    {
      selection: quote.expected.selection,
      signatureHashes: new Set<HashName>(['sha256', 'sha384']),
      weakNonce: undefined,
      unsafeClock: undefined,
      ...expected,
    },
  );
}

describe('every captured quote', () => {
  const names = capturedNames();

  test('is there', () => assert.ok(names.length >= 55, `${names.length}`));

  for (const name of names) {
    test(name, () => {
      const quote = captured(name);
      const { expected } = quote;
      const outcome = verify(quote);
      assert.equal(outcome.attest?.resetCount, expected.resetCount);
      assert.equal(outcome.attest.restartCount, expected.restartCount);
      if (expected.nonceMatches === false) {
        assert.deepEqual(
          outcome.findings.map(({ code }) => code),
          ['quote.nonce_mismatch'],
        );
        return;
      }
      assert.deepEqual(outcome.findings, []);
      assert.ok(outcome.quote);
      const wanted = expected.pcrDigestMatches === false ? 'mismatch' : 'proven';
      assert.equal(provePcrs(outcome.quote, quote.pcrValues).state, wanted);
    });
  }
});

describe('a captured quote with one byte changed is refused', () => {
  for (const name of [
    '01-ima-ng-tcb/q01-rsassa-pcr10',
    '01-ima-ng-tcb/q02-ecdsa-pcr10',
    '01-ima-ng-tcb/q03-rsapss-pcr0-10',
    '01-ima-ng-tcb/q04-ecdsa384-pcr0-10',
    '01-ima-ng-tcb/q06-rsassa-plain-signature',
    '01-ima-ng-tcb/q07-ecdsa-plain-signature',
    '11-three-banks-padded/q05-rsassa-twobanks-pcr10',
  ]) {
    const quote = captured(name);
    const ak = akOf(quote);
    const expectations: QuoteExpectations = {
      selection: 'any',
      signatureHashes: new Set<HashName>(['sha256', 'sha384', 'sha512']),
      weakNonce: undefined,
      unsafeClock: undefined,
    };

    const refused = (changed: Partial<CapturedQuote>, what: string) => {
      const { attest, signature, nonce } = { ...quote, ...changed };
      const outcome = verifyQuote({ attest, signature, nonce, ak }, expectations);
      assert.equal(outcome.quote, undefined, what);
      assert.ok(
        outcome.findings.some(({ severity }) => severity === 'contraindicated'),
        what,
      );
    };

    test(`${name}: attest`, () => {
      for (const [attest, what] of changes(quote.attest)) refused({ attest }, what);
    });

    test(`${name}: signature`, () => {
      for (const [bytes, what] of changes(quote.signature.bytes)) {
        refused({ signature: { ...quote.signature, bytes } }, what);
      }
    });

    test(`${name}: cut anywhere`, () => {
      for (const [attest, what] of cuts(quote.attest)) refused({ attest }, what);
      for (const [bytes, what] of cuts(quote.signature.bytes)) {
        refused({ signature: { ...quote.signature, bytes } }, what);
      }
    });
  }
});

/** `bytes` with its lowest or with all bits of one byte changed, for every byte. */
function* changes(bytes: Uint8Array): Generator<readonly [Uint8Array, string]> {
  for (const [index, byte] of bytes.entries()) {
    for (const mask of [0x01, 0xff]) {
      const changed = new Uint8Array(bytes);
      changed[index] = byte ^ mask;
      yield [changed, `byte ${index} ^ ${mask}`];
    }
  }
}

function* cuts(bytes: Uint8Array): Generator<readonly [Uint8Array, string]> {
  for (let size = 0; size < bytes.byteLength; size += 1) {
    yield [bytes.slice(0, size), `cut at ${size}`];
  }
}

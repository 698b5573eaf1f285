// What makes a quote genuine, and what refuses it: one change, one code.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digest, type HashName } from '../../src/crypto/digest.ts';
import { readSpki } from '../../src/crypto/public-key.ts';
import { prepareKey } from '../../src/crypto/signature.ts';
import type { PcrValues } from '../../src/pcr/selection.ts';
import type { AttestationKey } from '../../src/quote/attestation-key.ts';
import type { SignatureScheme } from '../../src/quote/signature.ts';
import {
  provePcrs,
  type QuoteEvidence,
  type QuoteExpectations,
  verifyQuote,
} from '../../src/quote/verify-quote.ts';
import {
  hex,
  type MadeKey,
  makeEccKey,
  makeRsaKey,
  NONCE,
  signTpmt,
  writeAttest,
} from './tpm-writer.ts';

const RSA = makeRsaKey(2048);
const ECC = makeEccKey('P-521');
const VALUE = new Uint8Array(32).fill(0x5a);
const PCR_10: PcrValues = new Map([['sha256', new Map([[10, VALUE]])]]);
const ATTEST = writeAttest({ pcrDigest: digest('sha256', VALUE) ?? new Uint8Array() });

const EXPECTATIONS: QuoteExpectations = {
  selection: [{ bank: 'sha256', pcrs: [10] }],
  signatureHashes: new Set<HashName>(['sha256', 'sha384']),
  weakNonce: 'warning',
  unsafeClock: 'warning',
};

const DONE = { structure: 'passed', signature: 'passed', nonce: 'passed', selection: 'passed' };

function akOf(made: MadeKey, rest: Partial<AttestationKey> = {}): AttestationKey {
  const spki = readSpki(new Uint8Array(made.publicKey.export({ type: 'spki', format: 'der' })));
  const key = spki.state === 'key' ? prepareKey(spki.key) : undefined;
  assert.ok(key);
  return { key, ...rest };
}

/** A quote over `attest`, signed by the RSA key unless told otherwise. */
function signed(
  attest: Uint8Array,
  how: { readonly scheme?: SignatureScheme; readonly hash?: HashName; readonly by?: MadeKey } = {},
): QuoteEvidence {
  const { scheme = 'rsassa', hash = 'sha256', by = RSA } = how;
  const bytes = signTpmt(by, attest, { scheme, hash });
  return { attest, signature: { encoding: 'tpmt', bytes }, nonce: NONCE, ak: akOf(by) };
}

const GOOD = signed(ATTEST);

function codesOf(evidence: QuoteEvidence, expectations = EXPECTATIONS): readonly string[] {
  return verifyQuote(evidence, expectations).findings.map(({ code }) => code);
}

/** Asserts that `evidence` gives these codes in this order and no verified quote. */
function refuses(evidence: QuoteEvidence, codes: readonly string[]): void {
  const outcome = verifyQuote(evidence, EXPECTATIONS);
  assert.deepEqual(
    outcome.findings.map(({ code }) => code),
    codes,
  );
  assert.ok(outcome.findings.some(({ severity }) => severity === 'contraindicated'));
  assert.equal(outcome.quote, undefined);
}

describe('a good quote', () => {
  for (const [scheme, by] of [
    ['rsassa', RSA],
    ['rsapss', RSA],
    ['ecdsa', ECC],
  ] as const) {
    for (const hash of ['sha256', 'sha384'] as const) {
      test(`by ${scheme} with ${hash} is verified without a finding`, () => {
        const outcome = verifyQuote(signed(ATTEST, { scheme, hash, by }), EXPECTATIONS);
        assert.deepEqual(outcome.findings, []);
        assert.deepEqual(outcome.steps, DONE);
        assert.equal(outcome.quote?.hash, hash);
        assert.deepEqual(outcome.quote.slots, [{ tpmAlg: 0x000b, bank: 'sha256', pcr: 10 }]);
        assert.equal(outcome.attest, outcome.quote.attest);
      });
    }
  }
});

describe('structure', () => {
  test('without the magic is forged, even with a signature that verifies', () => {
    const evidence = signed(writeAttest({ magic: 'ff544348' }));
    refuses(evidence, ['quote.magic_wrong']);
    const { steps, findings, attest } = verifyQuote(evidence, EXPECTATIONS);
    assert.deepEqual(steps, { ...DONE, structure: 'failed' });
    assert.deepEqual(findings[0]?.where, { part: 'quote', offsetBytes: 0, field: 'magic' });
    assert.deepEqual([findings[0].expected, findings[0].actual], ['ff544347', 'ff544348']);
    assert.ok(attest);
  });

  test('that cannot be read behind a wrong magic is still called by its magic', () => {
    refuses(signed(hex('46464646 8018 00')), ['quote.magic_wrong']);
  });

  test('of another type is not a quote, whatever follows', () => {
    const evidence = signed(writeAttest({ type: '8017' }));
    refuses(evidence, ['quote.type_not_quote']);
    const { steps } = verifyQuote(evidence, EXPECTATIONS);
    const rest = { nonce: 'not-run', selection: 'not-run' };
    assert.deepEqual(steps, { ...DONE, ...rest, structure: 'failed' });
    refuses(signed(hex('00000000 8017')), ['quote.magic_wrong', 'quote.type_not_quote']);
  });

  test('cut or with bytes behind it is malformed at its byte', () => {
    refuses(signed(ATTEST.slice(0, 100)), ['quote.field_malformed']);
    refuses(signed(new Uint8Array([...ATTEST, 0])), ['quote.trailing_bytes']);
    refuses(signed(new Uint8Array()), ['quote.field_malformed']);
    const [finding] = verifyQuote(signed(ATTEST.slice(0, 50)), EXPECTATIONS).findings;
    assert.deepEqual(finding?.where, { part: 'quote', offsetBytes: 44, field: 'extraData' });
  });
});

describe('signature', () => {
  test('by another key, or over other bytes, is invalid', () => {
    refuses({ ...GOOD, ak: akOf(makeRsaKey(2048)) }, ['quote.signature_invalid']);
    const other = signed(writeAttest({ safe: '00' }));
    refuses({ ...GOOD, signature: other.signature }, ['quote.signature_invalid']);
  });

  test('that cannot be read is malformed', () => {
    const bytes = hex('0014 000b 0004 00');
    refuses({ ...GOOD, signature: { encoding: 'tpmt', bytes } }, ['quote.signature_malformed']);
  });

  test('of a scheme that nobody can check is unsupported', () => {
    for (const sigAlg of ['001a', '0005', '0010']) {
      const signature = { encoding: 'tpmt', bytes: hex(`${sigAlg} 000b 0000`) } as const;
      refuses({ ...GOOD, signature }, ['quote.scheme_unsupported']);
    }
  });

  test('needs the scheme and hash of the AK', () => {
    const fits = akOf(RSA, { scheme: { scheme: 'rsassa', hash: 'sha256' } });
    assert.deepEqual(codesOf({ ...GOOD, ak: fits }), []);
    const pss = akOf(RSA, { scheme: { scheme: 'rsapss', hash: 'sha256' } });
    refuses({ ...GOOD, ak: pss }, ['quote.scheme_mismatch']);
    const sha384 = akOf(RSA, { scheme: { scheme: 'rsassa', hash: 'sha384' } });
    refuses({ ...GOOD, ak: sha384 }, ['quote.scheme_mismatch']);
  });

  test('needs a scheme of the kind of the key', () => {
    refuses({ ...GOOD, ak: akOf(ECC) }, ['quote.scheme_mismatch']);
    const { signature } = signed(ATTEST, { scheme: 'ecdsa', by: ECC });
    refuses({ ...GOOD, signature }, ['quote.scheme_mismatch']);
  });

  test('needs a hash of the policy, and never SHA-1', () => {
    refuses(signed(ATTEST, { hash: 'sha512' }), ['quote.hash_refused']);
    const sha1 = signed(ATTEST, { hash: 'sha1' });
    const lax = { ...EXPECTATIONS, signatureHashes: new Set<HashName>(['sha1', 'sm3']) };
    assert.deepEqual(codesOf(sha1, lax), ['quote.hash_refused']);
    assert.equal(verifyQuote(sha1, lax).quote, undefined);
    const unlisted = { encoding: 'tpmt', bytes: hex('0014 7fff 0000') } as const;
    refuses({ ...GOOD, signature: unlisted }, ['quote.hash_refused']);
    const sm3 = { encoding: 'raw', bytes: new Uint8Array(256), scheme: 'rsassa', hash: 'sm3' };
    assert.deepEqual(codesOf({ ...GOOD, signature: sm3 as typeof GOOD.signature }, lax), [
      'quote.hash_refused',
      'quote.signature_invalid',
    ]);
  });

  test('is not run without a key, and nothing is verified then', () => {
    const outcome = verifyQuote({ ...GOOD, ak: undefined }, EXPECTATIONS);
    assert.deepEqual(outcome.findings, []);
    assert.deepEqual(outcome.steps, { ...DONE, signature: 'not-run' });
    assert.equal(outcome.quote, undefined);
    const signature = { encoding: 'tpmt', bytes: hex('00') } as const;
    const broken = verifyQuote({ ...GOOD, ak: undefined, signature }, EXPECTATIONS);
    assert.equal(broken.steps.signature, 'failed');
  });
});

describe('nonce', () => {
  test('must be equal in full', () => {
    for (const nonce of [
      NONCE.slice(0, 15),
      new Uint8Array([...NONCE, 0]),
      new Uint8Array(NONCE).reverse(),
      new Uint8Array(),
    ]) {
      const outcome = verifyQuote({ ...GOOD, nonce }, EXPECTATIONS);
      assert.equal(outcome.findings[0]?.code, 'quote.nonce_mismatch');
      assert.deepEqual(outcome.findings[0].where, {
        part: 'quote',
        offsetBytes: 42,
        field: 'extraData',
      });
      assert.deepEqual(outcome.steps, { ...DONE, nonce: 'failed' });
      assert.equal(outcome.quote, undefined);
    }
  });

  test('is compared even when the signature is bad', () => {
    const evidence = { ...GOOD, ak: akOf(makeRsaKey(1024)), nonce: VALUE };
    refuses(evidence, ['quote.signature_invalid', 'quote.nonce_mismatch']);
  });

  for (const size of [0, 1, 15]) {
    test(`of ${size} bytes is equal and weak`, () => {
      const nonce = NONCE.slice(0, size);
      const evidence = { ...signed(writeAttest({ extraData: nonce })), nonce };
      const outcome = verifyQuote(evidence, EXPECTATIONS);
      assert.deepEqual(
        outcome.findings.map(({ code, severity }) => [code, severity]),
        [['quote.nonce_weak', 'warning']],
      );
      assert.equal(outcome.steps.nonce, 'passed');
      assert.ok(outcome.quote);
      assert.deepEqual(codesOf(evidence, { ...EXPECTATIONS, weakNonce: undefined }), []);
      const strict = verifyQuote(evidence, { ...EXPECTATIONS, weakNonce: 'contraindicated' });
      assert.equal(strict.steps.nonce, 'failed');
    });
  }
});

describe('clock', () => {
  const unsafe = signed(writeAttest({ safe: '00' }));

  test('that is not safe is a finding of the given severity', () => {
    const [finding] = verifyQuote(unsafe, EXPECTATIONS).findings;
    assert.deepEqual([finding?.code, finding?.severity], ['quote.clock_unsafe', 'warning']);
    assert.deepEqual(codesOf(unsafe, { ...EXPECTATIONS, unsafeClock: undefined }), []);
  });

  test('is believed only from a verified quote', () => {
    refuses({ ...unsafe, ak: akOf(makeRsaKey(1024)) }, ['quote.signature_invalid']);
  });
});

describe('proving PCR values', () => {
  const { quote } = verifyQuote(GOOD, EXPECTATIONS);
  assert.ok(quote);

  test('takes the quoted ones and leaves the others out', () => {
    const values = new Map<HashName, Map<number, Uint8Array>>([
      [
        'sha256',
        new Map([
          [10, VALUE],
          [11, VALUE],
        ]),
      ],
      ['sha1', new Map([[10, new Uint8Array(20)]])],
    ]);
    const proof = provePcrs(quote, values);
    assert.ok(proof.state === 'proven');
    assert.deepEqual(new Map(proof.pcrs), PCR_10);
  });

  test('copies them, so that going on with a value changes nothing', () => {
    const running = new Uint8Array(VALUE);
    const proof = provePcrs(quote, new Map([['sha256', new Map([[10, running]])]]));
    running.fill(0);
    assert.ok(proof.state === 'proven');
    assert.deepEqual(proof.pcrs.get('sha256')?.get(10), VALUE);
  });

  test('says what another value hashes to', () => {
    const other = new Uint8Array(32);
    const proof = provePcrs(quote, new Map([['sha256', new Map([[10, other]])]]));
    assert.deepEqual(proof, {
      state: 'mismatch',
      expected: digest('sha256', VALUE),
      actual: digest('sha256', other),
    });
  });

  test('says which values are missing', () => {
    const slot = { tpmAlg: 0x000b, bank: 'sha256', pcr: 10 };
    assert.deepEqual(provePcrs(quote, new Map()), { state: 'missing', missing: [slot] });
    const short = new Map([['sha256' as const, new Map([[10, VALUE.slice(1)]])]]);
    assert.equal(provePcrs(quote, short).state, 'missing');
  });
});

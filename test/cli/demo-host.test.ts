// The demo host's structures are those of a TPM: the strict readers take them to the last byte, and
// its quotes verify. Twin refusals: another nonce, another value, another key.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeDemoHost } from '../../src/cli/demo-host.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import { readAttest } from '../../src/quote/attest.ts';
import { readTpmtPublic } from '../../src/quote/public-area.ts';
import { readTpmtSignature } from '../../src/quote/tpmt-signature.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';

const NONCE = new Uint8Array(32).fill(7);
const PCRS = new Map([
  [7, new Uint8Array(32).fill(1)],
  [0, new Uint8Array(32).fill(2)],
]);

function evidence(): Evidence {
  const host = makeDemoHost();
  const { attest, signature } = host.quote(NONCE, PCRS);
  return {
    ak: { bytes: host.akPublic, encoding: 'tpmt-public' },
    nonce: NONCE,
    quote: { attest, signature: { encoding: 'tpmt', bytes: signature } },
    pcrValues: new Map([['sha256', PCRS]]),
  };
}

function codes(changed: Evidence): readonly string[] {
  const { findings } = verifyEvidence(changed, [], STRUCTURAL_POLICY);
  return findings.filter(({ severity }) => severity === 'contraindicated').map(({ code }) => code);
}

describe('the demo host', () => {
  it('writes structures that the readers take whole', () => {
    const { ak, quote } = evidence();
    const area = readTpmtPublic(ak.bytes);
    assert.ok(area.ok && area.value.detail.state === 'readable');
    const attest = readAttest(quote.attest);
    assert.ok(attest.ok);
    assert.deepEqual(attest.value.extraData, NONCE);
    assert.deepEqual(attest.value.pcrSelect, [{ tpmAlg: 0x000b, bank: 'sha256', pcrs: [0, 7] }]);
    const signature = readTpmtSignature(quote.signature.bytes);
    assert.ok(signature.ok && signature.value.state === 'readable');
  });

  it('makes quotes that verify', () => {
    for (let round = 0; round < 20; round += 1) assert.deepEqual(codes(evidence()), []);
  });

  it('is refused with another nonce', () => {
    const other = { ...evidence(), nonce: new Uint8Array(32) };
    assert.deepEqual(codes(other), ['quote.nonce_mismatch']);
  });

  it('is refused with another PCR value', () => {
    const pcrs = new Map([...PCRS, [7, new Uint8Array(32)]]);
    const other: Evidence = { ...evidence(), pcrValues: new Map([['sha256', pcrs]]) };
    assert.deepEqual(codes(other), ['quote.composite_mismatch']);
  });

  it('is refused with the key of another host', () => {
    const other = { ...evidence(), ak: evidence().ak };
    assert.ok(codes(other).includes('quote.signature_invalid'));
  });
});

// Our answer on quotes against tpm2_checkquote (tpm2-tools): on every recorded quote, and on quotes
// with one byte changed.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { toHex } from '../../src/bytes/encoding.ts';
import {
  bundlesBelow,
  type Capture,
  EVIDENCE_FOLDER,
  loadCapture,
  structuralVerdict,
} from '../captures/load-capture.ts';
import { flipByte, withAttest, withSignature } from '../tamper/tampering.ts';
import { inFolder, needing, runTool } from './public-tool.ts';

const TOOL = 'tpm2_checkquote';

/** Where versions of the tool refuse what we accept, and who is right. */
const DISAGREEMENTS = [
  {
    what: 'a good RSA-PSS quote; tpm2-tools 5.4 cannot check the scheme',
    applies: (name: string) => name.includes('rsapss'),
    right: 'ours: the TPM signed with the scheme of the key, and OpenSSL verifies the signature',
  },
] as const;

/** One capture of each scheme and encoding that the tool can check. */
const FLIPPED = [
  '01-ima-ng-tcb/q01-rsassa-pcr10',
  '01-ima-ng-tcb/q02-ecdsa-pcr10',
  '01-ima-ng-tcb/q04-ecdsa384-pcr0-10',
  '01-ima-ng-tcb/q05-rsassa-twobanks-pcr10',
  '01-ima-ng-tcb/q06-rsassa-plain-signature',
  '01-ima-ng-tcb/q07-ecdsa-plain-signature',
] as const;
const FLIPS_PER_PART = 24;

test('every recorded quote, and the same with another nonce', needing(TOOL), async () => {
  const scenarios = bundlesBelow(EVIDENCE_FOLDER).filter((name) => !name.includes('/public/'));
  for (const bundle of scenarios) {
    const name = path.relative(EVIDENCE_FOLDER, bundle);
    const capture = quoteOnly(await loadCapture(bundle));
    const known = DISAGREEMENTS.find(({ applies }) => applies(name));
    const { ours, tools } = await answers(capture);
    assert.equal(ours, true, `${name}: ours`);
    if (known === undefined) assert.equal(tools, true, `${name}: theirs`);
    const { nonce } = capture.evidence;
    const stale = { ...capture, evidence: { ...capture.evidence, nonce: flipByte(nonce, 3) } };
    assert.deepEqual(await answers(stale), { ours: false, tools: false }, `${name}: stale`);
  }
});

for (const name of FLIPPED) {
  test(`${name} with one byte changed`, needing(TOOL), async () => {
    const capture = quoteOnly(await loadCapture(name));
    const { attest, signature } = capture.evidence.quote;
    for (const at of spread(attest.byteLength)) {
      const flipped = withAttest(capture, flipByte(attest, at));
      assert.deepEqual(await answers(flipped), REFUSED, `attest byte ${at}`);
    }
    for (const at of spread(signature.bytes.byteLength)) {
      const flipped = withSignature(capture, flipByte(signature.bytes, at));
      assert.deepEqual(await answers(flipped), REFUSED, `signature byte ${at}`);
    }
  });
}

const REFUSED = { ours: false, tools: false };

/** Only the quote is compared: without a list our answer is quick. */
function quoteOnly({ evidence }: Capture): Capture {
  const { ima: _, bootLog: __, ...rest } = evidence;
  return { evidence: rest, segments: [] };
}

async function answers(capture: Capture): Promise<{ ours: boolean; tools: boolean }> {
  const passed = structuralVerdict(capture)
    .checks.filter(({ outcome }) => outcome === 'passed')
    .map(({ check }) => check);
  const ours = (['quote.structure', 'quote.signature', 'quote.nonce'] as const).every((check) =>
    passed.includes(check),
  );
  let tools = false;
  await inFolder((folder) => {
    const { ak, nonce, quote } = capture.evidence;
    const file = (name: string, bytes: Uint8Array): string => {
      writeFileSync(path.join(folder, name), bytes);
      return path.join(folder, name);
    };
    const { accepted } = runTool(TOOL, [
      ...['--public', file('ak.pub', ak.bytes)],
      ...['--message', file('quote.msg', quote.attest)],
      ...['--signature', file('quote.sig', quote.signature.bytes)],
      ...['--qualification', toHex(nonce)],
    ]);
    tools = accepted;
  });
  return { ours, tools };
}

/** Some places of `length` bytes, the first and the last among them. */
function spread(length: number): number[] {
  const step = (length - 1) / (FLIPS_PER_PART - 1);
  return Array.from({ length: FLIPS_PER_PART }, (_, index) => Math.round(index * step));
}

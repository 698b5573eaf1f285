// Fresh quotes from a software TPM over a list that this test makes up and extends: nothing in them
// was recorded, so nothing can be right by habit.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { HashName } from '../../src/crypto/digest.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import { structuralVerdict } from '../captures/load-capture.ts';
import {
  aggregateRecord,
  type DraftRecord,
  fileRecord,
  hash,
  hex,
  replayRecords,
  templateData,
  violationRecord,
  writeList,
} from '../property/list-writer.ts';
import { BINARY_SEGMENT } from '../property/made-quote.ts';
import { flipByte } from '../tamper/tampering.ts';
import { inFolder, needing } from './public-tool.ts';
import {
  type KeySpec,
  type MadeQuote,
  SOFTWARE_TPM_PROGRAMS,
  type SoftwareTpm,
  withSoftwareTpm,
} from './software-tpm.ts';

const KEYS: readonly KeySpec[] = [
  { algorithm: 'rsa2048', scheme: 'rsassa', hash: 'sha256' },
  { algorithm: 'rsa2048', scheme: 'rsapss', hash: 'sha256' },
  { algorithm: 'ecc256', scheme: 'ecdsa', hash: 'sha256' },
  { algorithm: 'ecc384', scheme: 'ecdsa', hash: 'sha384' },
];
const BANKS: readonly HashName[] = ['sha1', 'sha256', 'sha384'];
const EARLIER: readonly DraftRecord[] = [
  aggregateRecord(),
  fileRecord('/usr/bin/one', 'one'),
  fileRecord('/usr/bin/two', 'two'),
];
const LATER: readonly DraftRecord[] = [
  ...EARLIER,
  fileRecord('/usr/bin/three', 'three'),
  violationRecord('/var/log/four'),
];
const NEEDED = needing(...SOFTWARE_TPM_PROGRAMS);

test('a quote of every scheme over three banks proves the list', NEEDED, async () => {
  await inFolder(async (folder) => {
    await withSoftwareTpm(folder, (tpm) => {
      for (const record of EARLIER) extendAll(tpm, record);
      for (const key of KEYS) {
        const nonce = new Uint8Array(randomBytes(20));
        const selection = 'sha256:10+sha1:10+sha384:10';
        const quote = tpm.quote(key, { selection, nonceHex: hex(nonce) });
        assertProves(evidenceOf(quote, { nonce, records: EARLIER }), key);
        assertRefuses(evidenceOf(quote, { nonce, records: EARLIER }), key);
      }
    });
  });
});

test('the TPM goes on: earlier and later quotes prove what they saw', NEEDED, async () => {
  await inFolder(async (folder) => {
    await withSoftwareTpm(folder, (tpm) => {
      const key = KEYS[2];
      assert.ok(key);
      const nonce = new Uint8Array(randomBytes(32));
      const quote = () => tpm.quote(key, { selection: 'sha256:10', nonceHex: hex(nonce) });
      const reset = withoutValues(evidenceOf(quote(), { nonce, records: [] }));
      for (const record of EARLIER) extendAll(tpm, record);
      const earlier = withoutValues(evidenceOf(quote(), { nonce, records: EARLIER }));
      for (const record of LATER.slice(EARLIER.length)) extendAll(tpm, record);
      const later = withoutValues(evidenceOf(quote(), { nonce, records: LATER }));
      const segments = [writeList(LATER)];
      const fromReset = structuralVerdict({ evidence: reset, segments });
      assert.equal(fromReset.status, 'contraindicated');
      assert.ok(fromReset.findings.some(({ code }) => code === 'ima.pcr_never_extended'));
      const first = structuralVerdict({ evidence: earlier, segments });
      assert.equal(first.status, 'affirming');
      assert.equal(first.coverage.ima?.provenCount, EARLIER.length);
      const second = structuralVerdict({ evidence: later, segments });
      assert.equal(second.status, 'warning');
      assert.equal(second.coverage.ima?.provenCount, LATER.length);
    });
  });
});

/** What a kernel does that can hash every bank. */
function extendAll(tpm: SoftwareTpm, record: DraftRecord): void {
  const digests = BANKS.map((bank) => {
    const digest = hash(bank, templateData(record, 'little'));
    return `${bank}=${hex(record.violation === true ? digest.fill(0xff) : digest)}`;
  });
  tpm.extend(record.pcr, digests.join(','));
}

function evidenceOf(
  quote: MadeQuote,
  made: { readonly nonce: Uint8Array; readonly records: readonly DraftRecord[] },
): Evidence {
  const values = BANKS.map((bank) => {
    const value = replayRecords(made.records, { pcr: 10, bank, extended: 'own-hash' });
    return [bank, new Map([[10, value]])] as const;
  });
  return {
    ak: { bytes: quote.ak, encoding: 'tpm2b-public' },
    nonce: made.nonce,
    quote: { attest: quote.attest, signature: { encoding: 'tpmt', bytes: quote.signature } },
    pcrValues: new Map(values),
    ima: { segments: [BINARY_SEGMENT], fromIndex: 0 },
  };
}

function withoutValues({ pcrValues: _, ...evidence }: Evidence): Evidence {
  return evidence;
}

function assertProves(evidence: Evidence, key: KeySpec): void {
  const segments = [writeList(EARLIER)];
  for (const sent of [evidence, withoutValues(evidence)]) {
    const verdict = structuralVerdict({ evidence: sent, segments });
    const codes = verdict.findings.map(({ code }) => code).join(' ');
    assert.equal(verdict.status, 'affirming', `${key.algorithm} ${key.scheme}: ${codes}`);
    for (const bank of BANKS) {
      assert.deepEqual(verdict.coverage.ima?.banks[bank], PROVEN, `${key.scheme} ${bank}`);
    }
  }
}

function assertRefuses(evidence: Evidence, key: KeySpec): void {
  const list = writeList(EARLIER);
  const { quote } = evidence;
  const bytes = flipByte(quote.signature.bytes, 40);
  const altered: readonly { readonly evidence: Evidence; readonly list: Uint8Array }[] = [
    { evidence, list: flipByte(list, list.byteLength - 2) },
    { evidence: { ...evidence, nonce: flipByte(evidence.nonce, 0) }, list },
    { evidence: { ...evidence, quote: { ...quote, attest: flipByte(quote.attest, 60) } }, list },
    {
      evidence: { ...evidence, quote: { ...quote, signature: { ...quote.signature, bytes } } },
      list,
    },
  ];
  for (const { evidence: sent, list: segment } of altered) {
    const { status } = structuralVerdict({ evidence: sent, segments: [segment] });
    assert.equal(status, 'contraindicated', `${key.algorithm} ${key.scheme}`);
  }
}

const PROVEN = { state: 'proven', extended: 'own-hash' };

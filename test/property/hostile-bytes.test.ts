// Whatever the bytes: a verdict, never an exception, and never a good one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AK_ENCODINGS } from '../../src/enroll/ak.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import {
  aggregateRecord,
  ascii,
  fileRecord,
  join,
  printRecord,
  replayRecords,
  word,
  writeList,
  writeRecord,
} from './list-writer.ts';
import { BINARY_SEGMENT, MADE_NONCE, quoteOver } from './made-quote.ts';

const RECORDS = [aggregateRecord(), ...['/a', '/b', '/c'].map((name) => fileRecord(name, name))];
const VALUE = replayRecords(RECORDS, { pcr: 10, bank: 'sha256', extended: 'own-hash' });
const GOOD = quoteOver(new Map([['sha256', new Map([[10, VALUE]])]]), [BINARY_SEGMENT]);
const GOOD_LIST = writeList(RECORDS);
const GOOD_TEXT = join(...RECORDS.map((record) => printRecord(record)));

const bytes = fc.uint8Array({ maxLength: 300 });

/** Edits that keep most of the bytes: cut out, put in, change. */
const edits = fc.array(
  fc.record({ at: fc.nat(), drop: fc.nat({ max: 8 }), insert: fc.uint8Array({ maxLength: 8 }) }),
  { minLength: 1, maxLength: 4 },
);

test('the evidence is good before it is edited', () => {
  assert.equal(statusOf(GOOD, [GOOD_LIST]), 'affirming');
  assert.equal(statusOf(inText(GOOD), [GOOD_TEXT]), 'affirming');
});

test('random bytes in place of any part', () => {
  const columns = fc.constantFrom('sha1', 'sha256', 'sm3', 'sha3-256');
  const drawn = fc.record({
    ak: bytes,
    akEncoding: fc.constantFrom(...AK_ENCODINGS),
    attest: bytes,
    signature: bytes,
    segments: fc.array(bytes, { minLength: 1, maxLength: 3 }),
    encoding: fc.constantFrom('binary', 'ascii'),
    digestColumn: columns,
    bootLog: bytes,
    values: fc.dictionary(fc.constantFrom('0', '7', '10', '31'), bytes),
    keep: fc.array(fc.constantFrom('ak', 'quote', 'pcrValues', 'ima')),
  });
  fc.assert(
    fc.property(drawn, (one) => {
      const pcrs = new Map(Object.entries(one.values).map(([pcr, value]) => [Number(pcr), value]));
      const segment = { ...BINARY_SEGMENT, encoding: one.encoding, digestColumn: one.digestColumn };
      const random: Evidence = {
        ak: { bytes: one.ak, encoding: one.akEncoding },
        nonce: MADE_NONCE,
        quote: { attest: one.attest, signature: { encoding: 'tpmt', bytes: one.signature } },
        pcrValues: new Map([['sha256', pcrs]]),
        ima: { segments: one.segments.map(() => segment), fromIndex: 0 },
        bootLog: one.bootLog,
      };
      const kept = Object.fromEntries(
        Object.entries(GOOD).filter(([part]) => one.keep.some((name) => name === part)),
      );
      assert.notEqual(statusOf({ ...random, ...kept }, one.segments), 'affirming');
    }),
    { numRuns: 500 },
  );
});

test('random bytes behind a good beginning', () => {
  const start = fc.constantFrom(
    GOOD_LIST,
    GOOD_TEXT,
    join(word(10, 'little'), new Uint8Array(20)),
    join(word(10, 'big'), new Uint8Array(20)),
    ascii('10 '),
  );
  fc.assert(
    fc.property(start, bytes, fc.boolean(), (head, tail, asText) => {
      const list = join(head, tail);
      if (asText) statusOf(inText(GOOD), [list]);
      else statusOf(GOOD, [list]);
    }),
    { numRuns: 500 },
  );
});

test('an edited list is not accepted, unless what was proven is untouched', () => {
  fc.assert(
    fc.property(edits, fc.boolean(), (changes, asText) => {
      const good = asText ? GOOD_TEXT : GOOD_LIST;
      const list = changes.reduce(edited, good);
      const status = statusOf(asText ? inText(GOOD) : GOOD, [list]);
      const isUntouched = good.every((byte, at) => list[at] === byte);
      if (!isUntouched && !(asText && isSameText(list))) assert.notEqual(status, 'affirming');
    }),
    { numRuns: 1000 },
  );
});

test('an edited quote or key is not accepted', () => {
  const part = fc.constantFrom('attest', 'signature', 'ak');
  fc.assert(
    fc.property(edits, part, (changes, name) => {
      const { attest, signature } = GOOD.quote;
      const good = { attest, signature: signature.bytes, ak: GOOD.ak.bytes }[name];
      const bad = changes.reduce(edited, good);
      if (Buffer.compare(bad, good) === 0) return;
      const evidence: Evidence = {
        ...GOOD,
        ...(name === 'ak' && { ak: { ...GOOD.ak, bytes: bad } }),
        ...(name === 'attest' && { quote: { attest: bad, signature } }),
        ...(name === 'signature' && { quote: { attest, signature: { ...signature, bytes: bad } } }),
      };
      const status = statusOf(evidence, [GOOD_LIST]);
      // Text around a PEM block and its line breaks carry nothing: the key is the same.
      if (name !== 'ak') assert.notEqual(status, 'affirming');
    }),
    { numRuns: 1000 },
  );
});

test('lengths at and beyond every border', () => {
  const lengths = [0, 1, 255, 256, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
  const record = writeRecord(fileRecord('/d', 'd'));
  const places = [0, 24, 28 + 6, 28 + 6 + 4];
  for (const length of lengths) {
    for (const at of places) {
      const broken = join(record.slice(0, at), word(length, 'little'), record.slice(at + 4));
      const status = statusOf(GOOD, [join(broken, GOOD_LIST)]);
      assert.equal(status, 'contraindicated', `${length} at ${at}`);
    }
  }
});

test('text with fields of any size', () => {
  const digits = 'ab'.repeat(400_000);
  const digest = '00'.repeat(20);
  for (const line of [
    `10 ${digest} ima-sig sha256:${digits} /a ${digits}\n`,
    `10 ${digits} ima-ng sha256:00 /a\n`,
    `${'1'.repeat(500_000)} ${digest} ima-ng sha256:00 /a\n`,
    `10 ${digest} ${'d-ng|'.repeat(100_000)} /a\n`,
    `10 ${digest} ima-ng sha256:${digits} ${'/a'.repeat(400_000)}\n`,
    ' '.repeat(500_000),
    '\n'.repeat(5000),
    '10',
  ]) {
    assert.equal(statusOf(inText(GOOD), [ascii(line)]), 'contraindicated', line.slice(0, 60));
  }
});

function statusOf(evidence: Evidence, segments: readonly Uint8Array[]): string {
  return verifyEvidence(evidence, segments, STRUCTURAL_POLICY).status;
}

function inText(evidence: Evidence): Evidence {
  const segments = [{ ...BINARY_SEGMENT, encoding: 'ascii' as const }];
  return { ...evidence, ima: { segments, fromIndex: 0 } };
}

function edited(
  whole: Uint8Array,
  edit: { readonly at: number; readonly drop: number; readonly insert: Uint8Array },
): Uint8Array {
  const at = edit.at % (whole.byteLength + 1);
  return join(whole.slice(0, at), edit.insert, whole.slice(at + edit.drop));
}

/** A text without its last newline is the same text. */
function isSameText(list: Uint8Array): boolean {
  return Buffer.compare(list, GOOD_TEXT.slice(0, -1)) === 0;
}

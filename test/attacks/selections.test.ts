// Quotes over other registers than those that are asked for, and values that no quote covers.
// FORMATS 14.1, 14.2, 17.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PcrValues } from '../../src/pcr/selection.ts';
import { type Capture, loadCapture } from '../captures/load-capture.ts';
import { aggregateRecord, fileRecord, hash, join } from '../property/list-writer.ts';
import { withPcrValues } from '../tamper/tampering.ts';
import {
  assertAccepted,
  assertRefused,
  madeCapture,
  pcrAfter,
  policyOf,
  quotedTogether,
  RECORDS,
  verdictOf,
  withEvidence,
} from './scene.ts';

const PCR10 = policyOf();
const WHERE = { part: 'quote', field: 'attested.quote.pcrSelect' } as const;

describe('selections', () => {
  it('CVE-2022-0317: a quote over no PCR, with values beside it', () => {
    assertAccepted(verdictOf(madeCapture(), PCR10));
    const pcrDigest = hash('sha256', new Uint8Array());
    for (const selections of [
      [],
      ['000b 03 000000'],
      ['000b 00'],
      ['0004 03 000000', '000b 01 00'],
    ]) {
      const empty = madeCapture({ attest: { selections, pcrDigest } });
      for (const policy of [undefined, PCR10]) {
        const verdict = verdictOf(empty, policy);
        assertRefused(verdict, { code: 'quote.selection_empty', where: WHERE });
        assert.equal(verdict.coverage.ima?.provenCount ?? null, null);
      }
    }
  });

  it('CVE-2022-0317: a quote over another PCR than the list is replayed against', () => {
    const [value, other] = [pcrAfter(RECORDS, 10), pcrAfter(RECORDS, 11)];
    assertAccepted(verdictOf(quotedTogether(RECORDS, [10, 11])));
    const attest = { selections: ['000b 03 000800'], pcrDigest: hash('sha256', other) };
    const sides = new Map([
      [10, value],
      [11, other],
    ]);
    const moved = madeCapture({ attest, evidence: { pcrValues: new Map([['sha256', sides]]) } });
    assertRefused(verdictOf(moved, PCR10), {
      code: 'ima.pcr_unexpected',
      where: { part: 'ima', entryIndex: 0, pcr: 10 },
    });
    const structural = verdictOf(moved);
    assertRefused(structural, { code: 'policy.check_unproven', where: { field: 'ima.replay' } });
    assert.ok(structural.findings.some(({ code }) => code === 'pcr.value_unselected'));
  });

  it('CVE-2024-29039: a selection beside the quote, of other PCRs than the signed one', () => {
    assertAccepted(verdictOf(madeCapture(), PCR10));
    const value = pcrAfter(RECORDS, 10);
    const pcrDigest = hash('sha256', value);
    const forged = madeCapture({ attest: { selections: ['000b 03 000001'], pcrDigest } });
    for (const code of ['quote.selection_incomplete', 'quote.selection_unexpected'] as const) {
      assertRefused(verdictOf(forged, PCR10), { code, where: { ...WHERE, bank: 'sha256' } });
    }
    assertRefused(verdictOf(forged), {
      code: 'quote.composite_unproven',
      status: 'none',
      where: { part: 'pcr', pcr: 16 },
    });
  });

  it('a selection without a PCR that the policy needs', () => {
    const both = policyOf({ quote: { pcrs: [7, 10] } });
    assertAccepted(verdictOf(quotedTogether(RECORDS, [7, 10]), both));
    assertRefused(verdictOf(madeCapture(), both), {
      code: 'quote.selection_incomplete',
      where: { ...WHERE, bank: 'sha256' },
    });
  });

  it('a selection of another bank, and one with a bank more', async () => {
    assertAccepted(verdictOf(madeCapture(), PCR10));
    const twoBanks = await loadCapture('11-three-banks-padded/q05-rsassa-twobanks-pcr10');
    assertAccepted(verdictOf(twoBanks));
    assertRefused(verdictOf(twoBanks, PCR10), {
      code: 'quote.selection_unexpected',
      where: { ...WHERE, bank: 'sha384' },
    });
    const sha384 = policyOf({ quote: { pcrs: [10], banks: ['sha384'] } });
    const refused = verdictOf(madeCapture(), sha384);
    assertRefused(refused, { code: 'quote.selection_incomplete', where: { bank: 'sha384' } });
    assertRefused(refused, { code: 'quote.selection_unexpected', where: { bank: 'sha256' } });
  });

  it('the registers of a bank selected twice', () => {
    assertAccepted(verdictOf(madeCapture(), PCR10));
    const value = pcrAfter(RECORDS, 10);
    const selections = ['000b 03 000400', '000b 03 000400'];
    const twice = madeCapture({
      attest: { selections, pcrDigest: hash('sha256', join(value, value)) },
    });
    assertRefused(verdictOf(twice), {
      code: 'quote.selection_unexpected',
      where: { ...WHERE, bank: 'sha256' },
    });
  });

  it('a composite over the values in another order', async () => {
    assertAccepted(verdictOf(quotedTogether(RECORDS, [9, 10])));
    const values = [pcrAfter(RECORDS, 9), pcrAfter(RECORDS, 10)];
    const pcrDigest = hash('sha256', join(...values.toReversed()));
    const { pcrValues = new Map() } = quotedTogether(RECORDS, [9, 10]).evidence;
    const swapped = madeCapture({
      attest: { selections: ['000b 03 000600'], pcrDigest },
      evidence: { pcrValues },
    });
    const where = { part: 'quote', field: 'attested.quote.pcrDigest' } as const;
    assertRefused(verdictOf(swapped), { code: 'quote.composite_mismatch', where });
    const twoBanks = await loadCapture('11-three-banks-padded/q05-rsassa-twobanks-pcr10');
    const exchanged = new Map([...(twoBanks.evidence.pcrValues ?? [])].toReversed());
    assertAccepted(verdictOf(withPcrValues(twoBanks, exchanged)));
  });

  it('values beyond the selection, which count for nothing', () => {
    const allow = [`sha256:${'ab'.repeat(32)}`];
    const pinned = policyOf({
      quote: { pcrs: [7, 10] },
      boot: { eventLog: 'optional', secureBoot: 'optional', pcrs: { '7': { allow } } },
    });
    const claimed = withValue(madeCapture(), 7, new Uint8Array(32).fill(0xab));
    const verdict = verdictOf(claimed);
    assertAccepted(verdict);
    assert.ok(verdict.findings.some(({ code }) => code === 'pcr.value_unselected'));
    assertRefused(verdictOf(claimed, pinned), {
      code: 'pcr.value_refused',
      where: { part: 'pcr', pcr: 7 },
    });
  });

  it('a list in a PCR that anybody can set back, quoted as the PCR of IMA', () => {
    const more = (pcr: number) => [...RECORDS, fileRecord('/usr/bin/late', 'late', pcr)];
    assertAccepted(verdictOf(quotedTogether(more(11), [10, 11])));
    for (const pcr of [16, 23]) {
      const capture = quotedTogether(more(pcr), [10, pcr]);
      for (const policy of [undefined, policyOf({ quote: { pcrs: [10, pcr] } })]) {
        assertRefused(verdictOf(capture, policy), {
          code: 'ima.pcr_resettable',
          where: { part: 'ima', entryIndex: RECORDS.length, pcr },
        });
      }
    }
  });

  it('a whole list moved to a PCR that anybody can set back', () => {
    assertAccepted(verdictOf(madeCapture()));
    const moved = RECORDS.map((record, index) => (index === 0 ? record : { ...record, pcr: 16 }));
    const capture = quotedTogether(moved, [16]);
    const where = { part: 'ima', entryIndex: 1, pcr: 16 } as const;
    assertRefused(verdictOf(capture), { code: 'ima.pcr_resettable', where });
    // The first record tells the byte order too, and must be one that IMA can be built for.
    const all = [aggregateRecord(), fileRecord('/usr/bin/true', 'true')].map((record) => ({
      ...record,
      pcr: 23,
    }));
    assertRefused(verdictOf(quotedTogether(all, [23])), {
      code: 'ima.byte_order_undecided',
      where: { part: 'ima', entryIndex: 0, field: 'pcr' },
    });
  });

  it('a quote of a PCR that anybody can set back, presented as PCR 10', () => {
    assertAccepted(verdictOf(madeCapture(), PCR10));
    const seen = RECORDS.map((record) => ({ ...record, pcr: 16 }));
    const presented = { ...quotedTogether(seen, [16]), segments: madeCapture().segments };
    assertRefused(verdictOf(presented, PCR10), {
      code: 'quote.selection_incomplete',
      where: { ...WHERE, bank: 'sha256' },
    });
    assertRefused(verdictOf(presented), {
      code: 'policy.check_unproven',
      where: { part: 'policy', field: 'ima.replay' },
    });
  });
});

function withValue(capture: Capture, pcr: number, value: Uint8Array): Capture {
  const sha256 = new Map(capture.evidence.pcrValues?.get('sha256')).set(pcr, value);
  const pcrValues: PcrValues = new Map([['sha256', sha256]]);
  return withEvidence(capture, { pcrValues });
}

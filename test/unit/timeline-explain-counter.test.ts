// The model of the update counter fits every captured counter, over kexec, staging and deletion.
// FORMATS 10.1; test/evidence/ABOUT.md.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readEventLog } from '../../src/boot/event-log.ts';
import { EV_NO_ACTION } from '../../src/boot/event-types.ts';
import {
  type CounterFacts,
  counterModel,
  explainCounter,
} from '../../src/timeline/explain-counter.ts';
import {
  bundlesBelow,
  evidenceFolders,
  loadCapture,
  loadExpected,
} from '../captures/load-capture.ts';

/** Lists that one kernel lost at a kexec: records of the boot that the bundle cannot hold. */
const LOST_RECORDS: Readonly<Record<string, number>> = {
  '07-kexec-without-log-carry-over/boot2-q01': 63,
  '07-kexec-without-log-carry-over/boot2-q03': 63,
};
const SCENARIO = /^[0-9]/;

interface ExpectedFacts {
  readonly logEntries: number;
  readonly provenCount: number | null;
}

for (const folder of evidenceFolders()) {
  const bundles = bundlesBelow(folder).filter((one) => SCENARIO.test(path.relative(folder, one)));

  describe(`counters captured in ${path.basename(folder)}`, () => {
    it('are there', () => {
      assert.ok(bundles.length >= 55, `${bundles.length} bundles`);
    });
    for (const bundle of bundles) {
      const name = path.relative(folder, bundle);
      it(`explains ${name}`, async () => {
        const { evidence } = await loadCapture(bundle);
        assert.ok(evidence.bootLog);
        const expected = loadExpected<ExpectedFacts>(bundle);
        const inList = expected.provenCount ?? expected.logEntries;
        const records = inList + (LOST_RECORDS[name] ?? 0);
        const facts = factsOf(evidence.bootLog, records);
        const observed = [evidence.pcrUpdateCounter, ...countersBeside(bundle)];
        for (const counter of observed) {
          assert.deepEqual(explainCounter(counter ?? -1, facts), {
            outcome: 'explained',
            expected: counter,
          });
        }
      });
    }
  });
}

describe('explainCounter', () => {
  const facts = { banks: 2, firmwareEvents: 24, records: 48 };

  it('tells how far a counter is away, in extends of all banks', () => {
    assert.deepEqual(explainCounter(164, facts), { outcome: 'explained', expected: 164 });
    for (const [counter, atMostUnlisted] of [
      [165, 0],
      [166, 1],
      [169, 2],
    ] as const) {
      const explained = explainCounter(counter, facts);
      assert.deepEqual(explained, { outcome: 'more', expected: 164, atMostUnlisted });
    }
    for (const [counter, atLeastUnextended] of [
      [163, 1],
      [162, 1],
      [161, 2],
    ] as const) {
      const explained = explainCounter(counter, facts);
      assert.deepEqual(explained, { outcome: 'fewer', expected: 164, atLeastUnextended });
    }
  });

  it('goes by another start where the TPM has one', () => {
    assert.equal(counterModel({ ...facts, start: 0 }), 144);
  });
});

/** Banks and extends of a boot log, and the records of the boot. */
function factsOf(bootLog: Uint8Array, records: number): CounterFacts {
  const { algorithms, events } = readEventLog(bootLog);
  const extended = events.filter(({ type }) => type !== EV_NO_ACTION);
  return { banks: algorithms.length, firmwareEvents: extended.length, records };
}

/** Counters read before and after the quote; only the whole collection has them. */
function countersBeside(bundle: string): number[] {
  const file = path.join(bundle, 'counter.env');
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const found = [...text.matchAll(/pcrUpdateCounter_(?:before|after)_quote=([0-9a-f]{8})/g)];
  assert.equal(found.length, 2);
  return found.map(([, hex]) => Number.parseInt(hex ?? '', 16));
}

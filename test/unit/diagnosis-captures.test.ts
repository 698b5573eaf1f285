// Captured lists, altered on their way in one place: the diagnosis names what was done, and where.
// FORMATS 19, step 6; docs/formats/diagnosis.md

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HypothesisName } from '../../src/diagnosis/diagnosis.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { type Capture, loadCapture } from '../captures/load-capture.ts';
import {
  draftOf,
  fileRecord,
  hex,
  join,
  splitRecords,
  word,
  writeRecord,
} from '../property/list-writer.ts';
import { assertDiagnosis, assertUnexplained, judge } from './diagnosis-lists.ts';

const SIGNED_FILES = '02-ima-sig/q02-rsassa-pcr0-10';
const VIOLATIONS = '05-violations/q03-after-tomtou';
const TWO_BANKS = '01-ima-ng-tcb/q05-rsassa-twobanks-pcr10';
const STAGED = '08-log-staging-and-kexec/boot1-q04-after-partial-delete-10';
const FOREIGN = writeRecord(fileRecord('/tmp/foreign', 'never measured'));

describe('one record of a captured list', () => {
  it('is left alone: nothing is diagnosed', async () => {
    for (const name of [SIGNED_FILES, VIOLATIONS, TWO_BANKS, STAGED]) {
      const { evidence, segments } = await loadCapture(name);
      assert.deepEqual(judge(evidence, segments).verdict.diagnosis, [], name);
    }
  });

  it('is put in', async () => {
    await eachAltered(SIGNED_FILES, 'foreign-record', (records, index) => {
      return records.toSpliced(index, 0, FOREIGN);
    });
  });

  it('is sent again behind others', async () => {
    await eachAltered(SIGNED_FILES, 'record-duplicated', (records, index) => {
      return records.toSpliced(index, 0, ...records.slice(index - 3, index - 2));
    });
  });

  it('is put in although only the SHA-1 register is probed for it', async () => {
    await eachAltered(TWO_BANKS, 'foreign-record', (records, index) => {
      return records.toSpliced(index, 0, FOREIGN);
    });
  });

  it('is moved to another PCR', async () => {
    await eachAltered(SIGNED_FILES, 'pcr-index-altered', (records, index) => {
      return changed(records, index, (record) => join(word(11, 'little'), record.slice(4)));
    });
  });

  it('is marked as a violation', async () => {
    await eachAltered(SIGNED_FILES, 'record-marked-as-violation', (records, index) => {
      return changed(records, index, (one) => writeRecord({ ...draftOf(one), violation: true }));
    });
  });

  it('is dropped: nobody can tell which, but the counter tells that it was one', async () => {
    const { capture, records } = await open(SIGNED_FILES);
    assertCounterTells(altered(capture, records.toSpliced(50, 1)), 1);
  });

  it('is altered together with its column: what was in it nobody can tell', async () => {
    const { capture, records } = await open(SIGNED_FILES);
    assertUnexplained(altered(capture, records.toSpliced(50, 1, FOREIGN)));
  });
});

describe('neighbours of a captured list', () => {
  it('are swapped', async () => {
    const { capture, records } = await open(SIGNED_FILES);
    for (const index of placesIn(records)) {
      const [first, second] = [records[index], records[index + 1]];
      assert.ok(first && second && hex(first) !== hex(second));
      assertDiagnosis(altered(capture, records.toSpliced(index, 2, second, first)), {
        hypothesis: 'adjacent-extends-swapped',
        at: [index, index + 1],
        reachesQuote: true,
      });
    }
  });
});

describe('a violation of a captured list', () => {
  it('is left out', async () => {
    const { capture, records, violations } = await openViolations();
    for (const index of violations) {
      const { diagnosis, status } = altered(capture, records.toSpliced(index, 1));
      assert.equal(status, 'contraindicated');
      const [found] = diagnosis;
      assert.equal(found?.hypothesis, 'violation-left-out');
      // Violations all extend the same: beside others, any of their places is right.
      const [at = -1] = found?.at ?? [];
      const between = records.slice(Math.min(at, index), Math.max(at, index));
      assert.ok(between.every(isViolation), `${at} for ${index}`);
    }
  });

  it('is sent as a record', async () => {
    const { capture, records, violations } = await openViolations();
    for (const index of violations) {
      const harmless = changed(records, index, (record) =>
        writeRecord({ ...draftOf(record), violation: false }),
      );
      assertDiagnosis(altered(capture, harmless), {
        hypothesis: 'violation-sent-as-record',
        at: [index],
        reachesQuote: true,
      });
    }
  });
});

describe('segments of a captured list', () => {
  it('come in another order, and the diagnosis says in which they lead to the quote', async () => {
    const { evidence, segments } = await loadCapture(STAGED);
    const claims = evidence.ima?.segments ?? [];
    for (const order of [
      [1, 0, 2, 3],
      [3, 2, 1, 0],
    ]) {
      const sent = { segments: order.flatMap((at) => claims[at] ?? []), fromIndex: 0 };
      const bytes = order.flatMap((at) => segments[at] ?? []);
      const { verdict } = judge({ ...evidence, ima: sent }, bytes);
      const [found] = verdict.diagnosis;
      assert.equal(verdict.status, 'contraindicated');
      assert.equal(found?.hypothesis, 'segments-in-other-order');
      const right = [0, 1, 2, 3].map((at) => order.indexOf(at));
      assert.match(found?.note ?? '', new RegExp(`the order ${right.join(', ')} `));
      assert.equal(found?.at.length, 4);
    }
  });

  it('miss one: no order of the others explains that, and the counter tells its size', async () => {
    const { evidence, segments } = await loadCapture(STAGED);
    const claims = evidence.ima?.segments ?? [];
    const sent = { segments: claims.toSpliced(1, 1), fromIndex: 0 };
    const { verdict } = judge({ ...evidence, ima: sent }, segments.toSpliced(1, 1));
    assertCounterTells(verdict, 20);
  });
});

/** The captured TPM counts once a bank, so its unsigned counter tells how many records are gone. */
function assertCounterTells(verdict: VerdictBody, missing: number): void {
  const [hint, ...others] = verdict.diagnosis;
  assert.deepEqual(others, []);
  assert.deepEqual([hint?.hypothesis, hint?.reachesQuote], ['counter-above-list', false]);
  assert.match(hint?.note ?? '', new RegExp(`At most ${missing} extends are not in the list`));
  assert.equal(verdict.status, 'contraindicated');
}

/** Alters the list at several places, one at a time; each has to be found. */
async function eachAltered(
  name: string,
  hypothesis: HypothesisName,
  alter: (records: Uint8Array[], index: number) => Uint8Array[],
): Promise<void> {
  const { capture, records } = await open(name);
  for (const index of placesIn(records)) {
    const verdict = altered(capture, alter(records, index));
    assertDiagnosis(verdict, { hypothesis, at: [index], reachesQuote: true });
  }
}

/** Near the start, in the middle, and near the end. */
function placesIn(records: readonly Uint8Array[]): readonly number[] {
  return [3, records.length >> 1, records.length - 2];
}

async function open(name: string): Promise<{ capture: Capture; records: Uint8Array[] }> {
  const capture = await loadCapture(name);
  return { capture, records: splitRecords(capture.segments[0] ?? new Uint8Array()) };
}

async function openViolations() {
  const { capture, records } = await open(VIOLATIONS);
  const violations = [...records.keys()].filter((index) => isViolation(records[index]));
  assert.ok(violations.length > 0);
  return { capture, records, violations };
}

function isViolation(record: Uint8Array | undefined): boolean {
  return record !== undefined && draftOf(record).violation === true;
}

function altered({ evidence }: Capture, records: readonly Uint8Array[]) {
  return judge(evidence, [join(...records)]).verdict;
}

function changed(
  records: Uint8Array[],
  index: number,
  change: (record: Uint8Array) => Uint8Array,
): Uint8Array[] {
  return records.map((record, at) => (at === index ? change(record) : record));
}

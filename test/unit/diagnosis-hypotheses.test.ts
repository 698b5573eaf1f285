// Hypotheses that no capture shows: kernels that extended otherwise, lists of another point or
// boot, several PCRs and banks. Lists and quotes are written for the purpose.
// docs/formats/diagnosis.md

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HYPOTHESES } from '../../src/diagnosis/diagnosis.ts';
import {
  type DraftRecord,
  fileRecord,
  hash,
  join,
  templateData,
  violationRecord,
  word,
  writeList,
  writeRecord,
} from '../property/list-writer.ts';
import { BINARY_SEGMENT, quoteOver } from '../property/made-quote.ts';
import { textOf } from '../support/source-tree.ts';
import { assertDiagnosis, assertUnexplained, files, judge, quoteOf } from './diagnosis-lists.ts';

const FOREIGN = fileRecord('/tmp/foreign', 'never measured');

describe('kernels that extended otherwise', () => {
  it('extended violations as zeros', () => {
    const records = files(12).toSpliced(5, 0, violationRecord('/var/log/a'));
    const value = (violation: Uint8Array) => {
      return records.reduce<Uint8Array>((old, record) => {
        const data = hash('sha256', templateData(record, 'little'));
        return hash('sha256', join(old, record.violation === true ? violation : data));
      }, new Uint8Array(32));
    };
    const verdictOver = (violation: Uint8Array) => {
      const values = new Map([['sha256', new Map([[10, value(violation)]])] as const]);
      return judge(quoteOver(values, [BINARY_SEGMENT]), [writeList(records)]).verdict;
    };
    const hypothesis = 'violation-extended-as-zeros';
    const zeros = verdictOver(new Uint8Array(32));
    assertDiagnosis(zeros, { hypothesis, at: [5], reachesQuote: true });
    assert.deepEqual(verdictOver(new Uint8Array(32).fill(0xff)).diagnosis, []);
    assertUnexplained(verdictOver(new Uint8Array(32).fill(0x55)));
  });

  it('hashed the length words in the other byte order', () => {
    const records = files(12);
    const list = records.map((record) => {
      const column = hash('sha1', templateData(record, 'big'));
      const bytes = writeRecord(record);
      return join(bytes.slice(0, 4), column, bytes.slice(24));
    });
    const verdict = judge(quoteOf(records, { order: 'big' }), [join(...list)]).verdict;
    assertDiagnosis(verdict, { hypothesis: 'other-byte-order', at: [], reachesQuote: true });
  });

  it('padded SHA-1: a foreign record is found all the same', () => {
    const records = files(12);
    const evidence = quoteOf(records, { extended: 'padded-sha1' });
    const verdict = judge(evidence, [writeList(records.toSpliced(4, 0, FOREIGN))]).verdict;
    assertDiagnosis(verdict, { hypothesis: 'foreign-record', at: [4], reachesQuote: true });
  });
});

describe('data that were altered beside a column that was not', () => {
  const records = files(12);
  const list = join(
    ...records.map((record, index) => {
      const honest = writeRecord(record);
      const forged = writeRecord(fileRecord('/usr/bin/other', 'another content'));
      if (index !== 3 && index !== 8) return honest;
      return join(word(10, 'little'), honest.slice(4, 24), forged.slice(24));
    }),
  );

  it('are found where the bank of the column is quoted', () => {
    const verdict = judge(quoteOf(records, { banks: ['sha1'] }), [list]).verdict;
    assertDiagnosis(verdict, { hypothesis: 'altered-data', at: [3, 8], reachesQuote: true });
  });

  it('are found where the column was padded', () => {
    const verdict = judge(quoteOf(records, { extended: 'padded-sha1' }), [list]).verdict;
    assertDiagnosis(verdict, { hypothesis: 'altered-data', at: [3, 8], reachesQuote: true });
  });

  it('are not explained by a quote that the column feeds nothing into', () => {
    assertUnexplained(judge(quoteOf(records), [list]).verdict);
  });
});

describe('a record that does not fit its column', () => {
  const records = files(12);
  const foreign = writeRecord(FOREIGN);
  const unfitting = join(foreign.slice(0, 23), Uint8Array.of(1), foreign.slice(24));
  const listWith = (...put: readonly Uint8Array[]) => {
    const honest = records.map((record) => writeRecord(record));
    return join(...honest.toSpliced(5, 0, ...put));
  };

  it('is the suspect when it was put in', () => {
    const { verdict } = judge(quoteOf(records), [listWith(unfitting)]);
    assertDiagnosis(verdict, { hypothesis: 'foreign-record', at: [5], reachesQuote: true });
  });

  it('is no explanation when there was more', () => {
    assertUnexplained(judge(quoteOf(records), [listWith(unfitting, foreign)]).verdict);
  });
});

describe('several PCRs and banks', () => {
  const records = files(16).map((record, at) => ({ ...record, pcr: at % 5 === 4 ? 12 : 10 }));
  const evidence = quoteOf(records, { banks: ['sha256', 'sha1'], pcrs: [10, 12] });

  it('all have to be reached', () => {
    const list = writeList(records.toSpliced(6, 0, FOREIGN));
    const { verdict } = judge(evidence, [list]);
    assertDiagnosis(verdict, { hypothesis: 'foreign-record', at: [6], reachesQuote: true });
    const twice = writeList(records.toSpliced(6, 0, FOREIGN, { ...FOREIGN, pcr: 12 }));
    assertUnexplained(judge(evidence, [twice]).verdict);
  });

  it('are told apart when a record is moved from one to the other', () => {
    const moved = records.map((record, at) => (at === 6 ? { ...record, pcr: 12 } : record));
    const { verdict } = judge(evidence, [writeList(moved)]);
    assertDiagnosis(verdict, { hypothesis: 'pcr-index-altered', at: [6], reachesQuote: true });
  });
});

describe('checkpoints of the attester', () => {
  const records = files(20);
  const earlier = records.slice(0, 6);
  const known = records.slice(0, 12);
  const older = judge(quoteOf(earlier), [writeList(earlier)]).state;
  const { state } = judge(quoteOf(known), [writeList(known)], older);
  assert.ok(state);
  const boot = { ...state.boot, resetCount: state.boot.resetCount - 1 };
  const rebooted = { ...state, boot };

  it('show that a whole list was sent as the end of one', () => {
    const whole = quoteOf(records);
    const claim = { segments: [BINARY_SEGMENT], fromIndex: 12 };
    const { verdict } = judge({ ...whole, ima: claim }, [writeList(records)], state);
    assertDiagnosis(verdict, { hypothesis: 'list-starts-elsewhere', at: [0], reachesQuote: true });
    const right = judge({ ...whole, ima: claim }, [writeList(records.slice(12))], state);
    assert.deepEqual(right.verdict.diagnosis, []);
    assert.notEqual(right.verdict.status, 'contraindicated');
  });

  it('show that nothing was measured since, whatever the list says', () => {
    const claim = { segments: [BINARY_SEGMENT], fromIndex: 6 };
    const other = writeList(files(20, '/opt').slice(6));
    const { verdict } = judge({ ...quoteOf(known), ima: claim }, [other], state);
    assertDiagnosis(verdict, { hypothesis: 'quote-at-checkpoint', at: [12], reachesQuote: false });
  });

  it('show that the quoted value is one of the boot before', () => {
    const other = writeList(files(20, '/opt'));
    const { verdict } = judge(quoteOf(known), [other], rebooted);
    assertDiagnosis(verdict, { hypothesis: 'pcr-of-another-boot', at: [12], reachesQuote: false });
  });

  it('show that the list is one of the boot before', () => {
    const { verdict } = judge(quoteOf(files(20, '/opt')), [writeList(records)], rebooted);
    assertDiagnosis(verdict, { hypothesis: 'list-of-another-boot', at: [12], reachesQuote: false });
    const other = judge(quoteOf(files(20, '/opt')), [writeList(files(20, '/srv'))], rebooted);
    assertUnexplained(other.verdict);
  });

  it('are continued: the place is that in the boot, not that in the list', () => {
    const claim = { segments: [BINARY_SEGMENT], fromIndex: 12 };
    const sent = records.slice(12).toSpliced(3, 0, FOREIGN);
    const { verdict } = judge({ ...quoteOf(records), ima: claim }, [writeList(sent)], state);
    assertDiagnosis(verdict, { hypothesis: 'foreign-record', at: [15], reachesQuote: true });
  });
});

describe('what no diagnosis is made of', () => {
  const records = files(8);
  const list = writeList(records.toSpliced(4, 0, FOREIGN));

  it('a quote whose values are not proven', () => {
    const { pcrValues: _, ...unproven } = quoteOf(records);
    assert.deepEqual(judge(unproven, [list]).verdict.diagnosis, []);
    const signature = { ...unproven.quote.signature, bytes: new Uint8Array(64) };
    const forged = { ...quoteOf(records), quote: { ...unproven.quote, signature } };
    assert.deepEqual(judge(forged, [list]).verdict.diagnosis, []);
  });

  it('a list that breaks off', () => {
    const { verdict } = judge(quoteOf(records), [list.slice(0, -1)]);
    assertUnexplained(verdict);
    assert.equal(verdict.findingCounts['ima.truncated'], 1);
  });

  it('a PCR that was never extended', () => {
    const untouched: readonly DraftRecord[] = [];
    assertUnexplained(judge(quoteOf(untouched), [list]).verdict);
  });
});

describe('docs/formats/diagnosis.md', () => {
  it('has a row for every hypothesis, in the order of the search', () => {
    const rows = [...textOf('docs/formats/diagnosis.md').matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)];
    assert.deepEqual(
      rows.map(([, name, meaning]) => [name, meaning]),
      Object.entries(HYPOTHESES),
    );
  });
});

// Measurement lists that were shortened, stretched, reordered or rewritten. Suites that try every
// record and every byte are in test/tamper. FORMATS 1 to 4, 17.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IMA_LIMITS } from '../../src/bytes/limits.ts';
import { type Capture, loadCapture } from '../captures/load-capture.ts';
import {
  aggregateRecord,
  ascii,
  type DraftRecord,
  draftOf,
  fileRecord,
  hash,
  join,
  nameField,
  replayRecords,
  splitRecords,
  violationRecord,
  word,
  writeRecord,
} from '../property/list-writer.ts';
import { segmentOf, withSegment } from '../tamper/tampering.ts';
import {
  assertAccepted,
  assertRefused,
  madeCapture,
  pcrAfter,
  policyOf,
  quotedTogether,
  RECORDS,
  type Refusal,
  verdictOf,
  withEvidence,
} from './scene.ts';

const REAL = '02-ima-sig/q02-rsassa-pcr0-10';
const VIOLATIONS = '05-violations/q03-after-tomtou';
const MISMATCH: Refusal = {
  code: 'ima.replay_mismatch',
  where: { part: 'ima', bank: 'sha256', pcr: 10 },
};

describe('altered lists', () => {
  it('a list shorter than the quote', async () => {
    const { capture, records } = await open(REAL);
    assertAccepted(verdictOf(capture));
    assertRefused(verdictOf(rebuilt(capture, records.slice(0, -1))), MISMATCH);
    const none = { code: 'ima.list_missing', status: 'none', where: { part: 'ima' } } as const;
    assertRefused(verdictOf(rebuilt(capture, [])), none);
  });

  it('records behind the quote used for the verdict', async () => {
    const { capture, records } = await open(REAL);
    assertAccepted(verdictOf(capture));
    const tail = [fileRecord('/usr/bin/known', 'x'), violationRecord('/tmp/x')].map((record) =>
      writeRecord(record),
    );
    const longer = verdictOf(rebuilt(capture, [...records, ...tail]));
    assertAccepted(longer);
    assert.equal(longer.coverage.ima?.provenCount, records.length);
    assert.equal(longer.coverage.ima?.pendingCount, 2);
    assert.ok(longer.findings.some(({ code }) => code === 'ima.records_pending'));
    assert.ok(longer.findings.every(({ code }) => code !== 'ima.violation_present'));
  });

  it('records reordered, repeated, left out', async () => {
    const { capture, records } = await open(REAL);
    assertAccepted(verdictOf(rebuilt(capture, records)));
    const [first, second, third, ...rest] = records;
    assert.ok(first && second && third);
    for (const list of [
      [first, third, second, ...rest],
      [first, second, second, third, ...rest],
      [first, third, ...rest],
    ]) {
      assertRefused(verdictOf(rebuilt(capture, list)), MISMATCH);
    }
  });

  it('a list cut inside a record', async () => {
    const { capture, records } = await open(REAL);
    assertAccepted(verdictOf(capture));
    const list = segmentOf(capture, 0);
    assertRefused(verdictOf(withSegment(capture, 0, list.slice(0, -1))), {
      code: 'ima.truncated',
      where: { part: 'ima', segment: 0, entryIndex: records.length - 1 },
    });
  });

  it('the list of another boot', async () => {
    const { capture } = await open(REAL);
    assertAccepted(verdictOf(capture));
    const other = await loadCapture('01-ima-ng-tcb/q03-rsapss-pcr0-10');
    assertRefused(verdictOf({ ...capture, segments: other.segments }), MISMATCH);
  });

  it('the aggregate of another boot, in a list that the quote proves', () => {
    const pcrs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const firmware = join(...pcrs.slice(0, -1).map(() => new Uint8Array(32)));
    const digest = join(ascii('sha256:\0'), hash('sha256', firmware));
    const fields = [digest, nameField(ascii('boot_aggregate'))];
    const own: DraftRecord = { pcr: 10, template: 'ima-ng', fields };
    const honest = verdictOf(quotedTogether([own, ...RECORDS.slice(1)], pcrs));
    assert.ok(honest.findings.every(({ code }) => code !== 'ima.boot_aggregate_mismatch'));
    assert.notEqual(honest.status, 'contraindicated');
    assertRefused(verdictOf(quotedTogether(RECORDS, pcrs)), {
      code: 'ima.boot_aggregate_mismatch',
      where: { part: 'ima', entryIndex: 0 },
    });
  });

  it('a record presented for another PCR', async () => {
    const { capture, records } = await open(REAL);
    assertAccepted(verdictOf(capture));
    const moved = records.map((record, index) =>
      index === 7 ? join(word(11, 'little'), record.slice(4)) : record,
    );
    const verdict = verdictOf(rebuilt(capture, moved));
    assertRefused(verdict, MISMATCH);
    assert.ok(verdict.findings.some(({ code }) => code === 'ima.pcr_unexpected'));
  });

  it('records of a PCR that the quote does not cover', () => {
    const more = [...RECORDS, fileRecord('/usr/bin/b', 'b', 11), fileRecord('/usr/bin/c', 'c')];
    assertAccepted(
      verdictOf(quotedTogether(more, [10, 11]), policyOf({ quote: { pcrs: [10, 11] } })),
    );
    assertRefused(verdictOf(madeCapture({ records: more }), policyOf()), {
      code: 'ima.pcr_unexpected',
      where: { part: 'ima', entryIndex: RECORDS.length, pcr: 11 },
    });
  });

  it('one PCR reached at a record where another one of IMA is not', () => {
    const [first, eleven, last] = [
      aggregateRecord(),
      fileRecord('/usr/bin/b', 'b', 11),
      fileRecord('/usr/bin/c', 'c'),
    ];
    const seen = [first, eleven, last];
    assertAccepted(verdictOf(quotedTogether(seen, [10, 11])));
    // PCR 11 stands at its quoted value behind record 1, PCR 10 behind record 3: never both.
    const sent = [first, eleven, fileRecord('/usr/bin/invented', 'i', 11), last];
    const verdict = verdictOf(quotedTogether(seen, [10, 11], { sent }));
    assertRefused(verdict, { code: 'ima.replay_mismatch', where: { part: 'ima', pcr: 11 } });
    assert.equal(verdict.coverage.ima?.provenCount ?? null, null);
  });

  it('the column of a record does not fit its data', async () => {
    const { capture, records } = await open(REAL);
    assertAccepted(verdictOf(capture));
    const forged = records.map((record, index) =>
      index === 9 ? join(record.slice(0, 4), hash('sha1', record), record.slice(24)) : record,
    );
    assertRefused(verdictOf(rebuilt(capture, forged)), {
      code: 'ima.template_digest_mismatch',
      where: { part: 'ima', entryIndex: 9, field: 'template_digest' },
    });
  });

  it('SHA-1 digests padded into a larger bank, as the only proof', () => {
    const value = replayRecords(RECORDS, { pcr: 10, bank: 'sha256', extended: 'padded-sha1' });
    const padded = madeCapture({
      attest: { pcrDigest: hash('sha256', value) },
      evidence: { pcrValues: new Map([['sha256', new Map([[10, value]])]]) },
    });
    assertAccepted(verdictOf(madeCapture(), policyOf()));
    assertRefused(verdictOf(padded, policyOf()), { code: 'ima.bank_weak', where: { part: 'ima' } });
    assertAccepted(verdictOf(padded), 'warning');
  });

  it('a violation hidden among records, or presented as one', async () => {
    const { capture, records } = await open(VIOLATIONS);
    const refuse = policyOf();
    const at = records.findIndex((record) => draftOf(record).violation === true);
    assertRefused(verdictOf(capture, refuse), {
      code: 'ima.violation_present',
      where: { part: 'ima', entryIndex: at },
    });
    assertAccepted(verdictOf(madeCapture(), policyOf()));
    const hiddenOne = records.map((record, index) =>
      index === at ? writeRecord({ ...draftOf(record), violation: false }) : record,
    );
    assertRefused(verdictOf(rebuilt(capture, hiddenOne)), MISMATCH);
  });

  it('a violation whose content would be an accepted file', () => {
    const accepted = fileRecord('/usr/bin/true', 'true');
    const policy = policyOf();
    assertAccepted(verdictOf(madeCapture({ records: [...RECORDS, accepted] }), policy));
    const violation = { ...accepted, violation: true };
    assertRefused(verdictOf(madeCapture({ records: [...RECORDS, violation] }), policy), {
      code: 'ima.violation_present',
      where: { part: 'ima', entryIndex: RECORDS.length },
    });
  });

  it('the attester says where to start', () => {
    const [first, bad, last] = [
      aggregateRecord(),
      fileRecord('/tmp/bad', 'bad'),
      fileRecord('/usr/bin/true', 't'),
    ];
    const all = [first, bad, last];
    assertAccepted(verdictOf(madeCapture({ records: [first, last] }), policyOf()));
    const start = new Map([['sha256', new Map([[10, pcrAfter([first, bad], 10)]])]] as const);
    const claim = {
      ...madeCapture().evidence.ima,
      segments: SEGMENTS,
      fromIndex: 2,
      startValues: start,
    };
    const cut = madeCapture({ records: all, sent: [last], evidence: { ima: claim } });
    const status = 'none';
    assertRefused(verdictOf(cut, policyOf()), {
      code: 'ima.history_unknown',
      status,
      where: { part: 'ima' },
    });
    const zero = { ...claim, fromIndex: 0, startValues: start };
    const renumbered = withEvidence(cut, { ima: zero });
    assertRefused(verdictOf(renumbered, policyOf()), MISMATCH);
  });

  it('counts and lengths at 0, 1, the cap, one more and the largest', () => {
    const list = segmentOf(madeCapture(), 0);
    assertAccepted(verdictOf(madeCapture()));
    const [first = new Uint8Array()] = splitRecords(list);
    const nameBytesAt = 24;
    const dataBytesAt = 28 + 'ima-ng'.length;
    const { templateNameBytes, dataBytes } = IMA_LIMITS;
    for (const [at, cap] of [
      [nameBytesAt, templateNameBytes],
      [dataBytesAt, dataBytes],
    ] as const) {
      for (const value of [0, 1, cap, cap + 1, 0xffffffff]) {
        const forged = join(first.slice(0, at), word(value, 'little'), first.slice(at + 4));
        const capture = withSegment(madeCapture(), 0, join(forged, list.slice(first.byteLength)));
        const verdict = verdictOf(capture);
        const what = `${value} at ${at}`;
        assert.equal(verdict.status, 'contraindicated', what);
        const grave = verdict.findings.find(({ severity }) => severity === 'contraindicated');
        assert.ok(grave && UNREADABLE.includes(grave.code), `${what}: ${grave?.code}`);
        assert.notEqual(grave.where.entryIndex ?? grave.where.pcr, undefined, what);
      }
    }
  });
});

async function open(name: string): Promise<{ capture: Capture; records: Uint8Array[] }> {
  const capture = await loadCapture(name);
  return { capture, records: splitRecords(segmentOf(capture, 0)) };
}

function rebuilt(capture: Capture, records: readonly Uint8Array[]): Capture {
  return withSegment(capture, 0, join(...records));
}

const SEGMENTS = [{ kind: 'current', encoding: 'binary', digestColumn: 'sha1' }] as const;
const UNREADABLE: readonly string[] = [
  'ima.record_malformed',
  'ima.truncated',
  'ima.template_digest_mismatch',
];

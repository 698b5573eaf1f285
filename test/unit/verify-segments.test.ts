// Lists in pieces: repeated, skipped, missing, in the wrong order, rewritten, and nothing new at
// all. FORMATS 8.3, 8.4; docs/formats/segments.md

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import { type Capture, loadCapture } from '../captures/load-capture.ts';
import { join, splitRecords } from '../property/list-writer.ts';
import { fileDraft, ListRecord } from '../simulator/records.ts';
import { AttestedHost, findingsOf, graveCodes } from './verify-scene.ts';

const KEXEC = '08-log-staging-and-kexec';
const CHUNK = { kind: 'staged', encoding: 'binary', digestColumn: 'sha1' } as const;

/** The second kernel's list, behind the chunk that it shows again at its head: as an agent sends it
 *  that had read the chunk before the kexec. */
async function withStagedChunk(change: (chunk: Uint8Array) => Uint8Array): Promise<Capture> {
  const whole = await loadCapture(`${KEXEC}/boot2-q01-nothing-staged`);
  const before = await loadCapture(`${KEXEC}/boot1-q05-kexec-loaded-chunk-3-still-staged`);
  const chunk = before.segments[3];
  const { ima } = whole.evidence;
  assert.ok(chunk !== undefined && ima !== undefined);
  const segments = [...ima.segments.slice(0, 3), CHUNK, ...ima.segments.slice(3)];
  return {
    evidence: { ...whole.evidence, ima: { ...ima, segments } },
    segments: [...whole.segments.slice(0, 3), change(chunk), ...whole.segments.slice(3)],
  };
}

function judged({ evidence, segments }: Capture) {
  return verifyEvidence(evidence, segments, STRUCTURAL_POLICY);
}

/** A host with ten records, and a record that its list never had. */
function tenRecords(): { readonly scene: AttestedHost; readonly foreign: ListRecord } {
  const scene = new AttestedHost();
  scene.host.measureFiles(9);
  const file = { path: '/bin/foreign', content: 'foreign', pcr: 10, signed: false };
  return { scene, foreign: new ListRecord(fileDraft(file), 'little') };
}

describe('a chunk that was still staged at a captured kexec', () => {
  it('comes back at the head of the new list and is counted once', async () => {
    const verdict = judged(await withStagedChunk((chunk) => chunk));
    assert.equal(verdict.status, 'warning');
    assert.equal(verdict.coverage.ima?.provenCount, 162);
    const [overlap, ...others] = findingsOf(verdict, 'ima.overlap_removed');
    assert.deepEqual([overlap?.where.segment, overlap?.actual, others], [4, '17 records', []]);
  });

  it('is no repetition once a record of it is missing or another', async () => {
    for (const change of [dropFirst, dropMiddle, flipLast]) {
      const verdict = judged(await withStagedChunk(change));
      assert.equal(verdict.status, 'contraindicated', change.name);
      assert.ok(graveCodes(verdict).includes('ima.replay_mismatch'), change.name);
      assert.deepEqual(findingsOf(verdict, 'ima.overlap_removed'), []);
    }
  });
});

function dropFirst(chunk: Uint8Array): Uint8Array {
  return join(...splitRecords(chunk).slice(1));
}

function dropMiddle(chunk: Uint8Array): Uint8Array {
  return join(...splitRecords(chunk).toSpliced(8, 1));
}

function flipLast(chunk: Uint8Array): Uint8Array {
  return chunk.map((byte, index) => (index === chunk.byteLength - 2 ? byte ^ 1 : byte));
}

describe('segments that repeat records', () => {
  const cases = [
    { name: 'the last one', pieces: [[0, 6] as const, [5, 10] as const], repeated: '1 records' },
    { name: 'the whole piece', pieces: [[0, 6] as const, [0, 10] as const], repeated: '6 records' },
    { name: 'a tail', pieces: [[0, 6] as const, [3, 10] as const], repeated: '3 records' },
  ];
  for (const { name, pieces, repeated } of cases) {
    it(`are counted once: ${name}`, () => {
      const { scene } = tenRecords();
      const verdict = scene.send({ pieces: pieces.map(([from, to]) => scene.records(from, to)) });
      assert.equal(verdict.status, 'affirming');
      assert.equal(verdict.coverage.ima?.provenCount, 10);
      assert.deepEqual(
        findingsOf(verdict, 'ima.overlap_removed').map(({ actual }) => actual),
        [repeated],
      );
    });
  }

  it('are refused where the repetition breaks off before its end', () => {
    const { scene, foreign } = tenRecords();
    const broken = [...scene.records(3, 5), foreign, ...scene.records(6)];
    for (const second of [broken, [...scene.records(3, 5), foreign]]) {
      const verdict = scene.send({ pieces: [scene.records(0, 6), second, scene.records(6)] });
      assert.deepEqual([verdict.status, ...graveCodes(verdict)], MISMATCH);
    }
  });

  it('are refused where they repeat inside a segment', () => {
    const { scene } = tenRecords();
    const verdict = scene.send({ pieces: [[...scene.records(0, 6), ...scene.records(5)]] });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], MISMATCH);
  });

  it('are taken as they are where the kernel did record a file twice', () => {
    const scene = new AttestedHost(STRUCTURAL_POLICY, { kernel: { flushTable: true } });
    scene.host.measureFile('/bin/a', 'a');
    scene.host.stage();
    scene.host.deleteStaged();
    scene.host.measureFile('/bin/a', 'a');
    const verdict = scene.send({ pieces: [scene.records(0, 2), scene.records(2)] });
    assert.equal(verdict.status, 'affirming');
    assert.equal(verdict.coverage.ima?.provenCount, 3);
    assert.deepEqual(findingsOf(verdict, 'ima.overlap_removed'), []);
  });

  it('are refused in the wrong order', () => {
    const { scene } = tenRecords();
    const pieces = [scene.records(0, 3), scene.records(6), scene.records(3, 6)];
    const verdict = scene.send({ pieces });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], MISMATCH);
  });
});

describe('records that were proven before', () => {
  it('are skipped by count', () => {
    const { scene } = tenRecords();
    scene.attest();
    scene.host.measureFiles(2);
    const verdict = scene.send({ pieces: [scene.records(7)], fromIndex: 7 });
    assert.equal(verdict.status, 'affirming');
    const { fromIndex, provenCount } = verdict.coverage.ima ?? {};
    assert.deepEqual([fromIndex, provenCount], [7, 12]);
    assert.equal(findingsOf(verdict, 'ima.records_skipped')[0]?.actual, '3 records');
    assert.equal(scene.provenIndex, 12);
  });

  it('are skipped whatever they say now: our checkpoint is what counts', () => {
    const { scene, foreign } = tenRecords();
    scene.attest();
    scene.host.measureFiles(2);
    const again = [foreign, foreign, foreign, ...scene.records(10)];
    assert.equal(scene.send({ pieces: [again], fromIndex: 7 }).status, 'affirming');
  });

  it('are not skipped farther than they were proven', () => {
    const { scene } = tenRecords();
    scene.attest();
    scene.host.measureFiles(2);
    const tooFew = scene.send({ pieces: [scene.records(7)], fromIndex: 8 });
    assert.deepEqual([tooFew.status, ...graveCodes(tooFew)], MISMATCH);
    const tooMany = scene.send({ pieces: [scene.records(7)], fromIndex: 6 });
    assert.deepEqual([tooMany.status, ...graveCodes(tooMany)], MISMATCH);
    assert.equal(scene.provenIndex, 10);
  });

  it('are replayed from an older checkpoint up to the newer ones', () => {
    const { scene } = tenRecords();
    scene.attest();
    scene.host.measureFiles(2);
    scene.attest(10);
    scene.host.measureFiles(2);
    const verdict = scene.send({ pieces: [scene.records(10)], fromIndex: 10 });
    assert.deepEqual([verdict.status, verdict.coverage.ima?.provenCount], ['affirming', 14]);
    assert.deepEqual(findingsOf(verdict, 'ima.records_skipped'), []);
  });

  it('must lead to where they led then', () => {
    const { scene } = tenRecords();
    scene.attest();
    const unquoted = { path: '/bin/other', content: 'other', pcr: 11, signed: false };
    const other = new ListRecord(fileDraft(unquoted), 'little');
    // The quote does not cover PCR 11, so such a record moves all that follow and alters no value.
    const rewritten = [...scene.records(0, 4), other, ...scene.records(4)];
    const verdict = scene.send({ pieces: [rewritten] });
    assert.equal(verdict.status, 'contraindicated');
    const [finding] = findingsOf(verdict, 'ima.history_rewritten');
    assert.equal(finding?.where.entryIndex, 10);
    assert.equal(scene.provenIndex, 10);
  });
});

describe('a gap', () => {
  it('behind our checkpoint is told by its numbers, and changes nothing', () => {
    const { scene } = tenRecords();
    scene.attest();
    scene.host.measureFiles(5);
    const before = scene.verifier.state;
    const verdict = scene.send({ pieces: [scene.records(12)], fromIndex: 12 });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['none', 'ima.history_missing']);
    const [finding] = findingsOf(verdict, 'ima.history_missing');
    assert.equal(finding?.where.entryIndex, 10);
    assert.equal(finding?.expected, 'records from 10 on');
    assert.equal(finding?.actual, 'records from 12 on');
    assert.match(finding?.message ?? '', /Records 10 to 11 are missing\./);
    assert.equal(verdict.next.fromIndex, 10);
    assert.equal(verdict.coverage.ima?.provenCount, null);
    assert.equal(scene.verifier.state, before);
  });

  it('is closed by the records that were asked for', () => {
    const { scene } = tenRecords();
    scene.attest();
    scene.host.measureFiles(5);
    const { next } = scene.send({ pieces: [scene.records(12)], fromIndex: 12 });
    const { fromIndex } = next;
    const verdict = scene.send({ pieces: [scene.records(fromIndex)], fromIndex });
    assert.deepEqual([verdict.status, verdict.coverage.ima?.provenCount], ['affirming', 15]);
  });

  it('at first contact and after a reboot asks for record 0', () => {
    const { scene } = tenRecords();
    const first = scene.send({ pieces: [scene.records(4)], fromIndex: 4 });
    assert.deepEqual([first.status, first.next.fromIndex], ['none', 0]);
    scene.attest();
    scene.host.reboot();
    scene.host.measureFiles(12);
    const rebooted = scene.send({ pieces: [scene.records(10)], fromIndex: 10 });
    assert.deepEqual([rebooted.status, rebooted.next.fromIndex], ['none', 0]);
    assert.deepEqual(graveCodes(rebooted), ['ima.history_missing']);
  });

  it('that nobody declares is a list that does not lead to the quote', () => {
    const { scene } = tenRecords();
    scene.attest();
    scene.host.measureFiles(5);
    const verdict = scene.send({ pieces: [scene.records(12)], fromIndex: 10 });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], MISMATCH);
  });
});

describe('a round without anything new', () => {
  it('is affirming while the quote stands where our checkpoint stands', () => {
    const { scene } = tenRecords();
    scene.attest();
    const rounds = [
      scene.send({ pieces: [], fromIndex: 10 }),
      scene.send({ pieces: [[]], fromIndex: 10 }),
      scene.sendNothing(),
    ];
    for (const verdict of rounds) {
      assert.equal(verdict.status, 'affirming');
      const { provenCount, pendingCount, provenBytes } = verdict.coverage.ima ?? {};
      assert.deepEqual([provenCount, pendingCount, provenBytes], [10, 0, 0]);
      assert.equal(verdict.next.fromIndex, 10);
    }
  });

  it('proves nothing once something was extended', () => {
    const { scene } = tenRecords();
    scene.attest();
    scene.host.measureFiles(1);
    for (const verdict of [scene.send({ pieces: [], fromIndex: 10 }), scene.sendNothing()]) {
      assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['none', 'ima.list_missing']);
    }
    assert.equal(scene.provenIndex, 10);
  });

  it('leaves records that came after the quote pending', () => {
    const { scene, foreign } = tenRecords();
    scene.attest();
    const verdict = scene.send({ pieces: [[foreign]], fromIndex: 10 });
    assert.equal(verdict.status, 'affirming');
    const { provenCount, pendingCount } = verdict.coverage.ima ?? {};
    assert.deepEqual([provenCount, pendingCount], [10, 1]);
  });
});

const MISMATCH = ['contraindicated', 'ima.replay_mismatch'];

// However a list is cut into segments, whatever their kinds and whatever they repeat, and in
// however many rounds it came: what is proven of it is the same. FORMATS 8.4.

import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TIMELINE_LIMITS } from '../../src/bytes/limits.ts';
import { SEGMENT_KINDS, type SegmentKind } from '../../src/ima/segment.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import type { TimelineState } from '../../src/verify/timeline-state.ts';
import { verifyRound } from '../../src/verify/verify.ts';
import { bundlesBelow, EVIDENCE_FOLDER, loadCapture } from '../captures/load-capture.ts';
import { hex, join, splitRecords } from '../property/list-writer.ts';
import { withClaim } from './fault.ts';
import { cutsArbitrary, historyArbitrary, suiteSize } from './histories.ts';
import { live, requestOf } from './rounds.ts';

/** A segment to be: so many records, called so, sent behind so many repeated ones when the piece
 *  is first used. */
interface Piece {
  readonly records: number;
  readonly kind: SegmentKind;
  readonly overlap: number;
}

/** Pieces of which none is very small in a long list: segments are chunks, not records. */
function piecesArbitrary(longest: number): fc.Arbitrary<readonly Piece[]> {
  const piece = fc.record({
    records: fc.integer({ min: Math.ceil(longest / 100), max: longest }),
    kind: fc.constantFrom(...SEGMENT_KINDS),
    overlap: fc.constantFrom(0, 0, 1, 3),
  });
  return fc.array(piece, { minLength: 1, maxLength: 3 });
}

describe('the same list in other segments', () => {
  it('leads a simulated host to the same state', () => {
    fc.assert(
      fc.property(historyArbitrary(), cutsArbitrary(0), cutsArbitrary(3), (any, ...cuts) => {
        // Nothing proves records of a PCR that is not quoted, so nothing tells them repeated.
        const history = { ...any, quotesSecondPcr: true };
        const scene = live(history, STRUCTURAL_POLICY, () => {});
        const { host } = scene;
        host.measureFiles(3);
        const whole = { ...requestOf(scene, FROM_ZERO), cuts: [] };
        const plain = stateOf(host.evidence(whole));
        assert.notEqual(plain, undefined);
        const columns = host.held().map(({ record }) => columnOf(record.bytes('sha1')));
        for (const each of cuts) {
          const sent = host.evidence({ ...whole, cuts: sha1Only(each) });
          assertSame(sent, plain, { columns, overlaps: each });
        }
      }),
      suiteSize(0.25),
    );
  });

  it('proves in many rounds what it proves in one', () => {
    fc.assert(
      fc.property(historyArbitrary(), (history) => {
        const scene = live(history, STRUCTURAL_POLICY, () => {});
        const { host, verifier } = scene;
        const last = host.evidence(requestOf(scene, { ...FROM_ZERO, start: 'asked' }));
        verifier.verify(last.evidence, last.segments);
        const whole = host.evidence(requestOf(scene, FROM_ZERO));
        assert.deepEqual(pointOf(verifier.state), pointOf(stateOf(whole)));
      }),
      suiteSize(0.25),
    );
  });

  for (const bundle of bundlesBelow(EVIDENCE_FOLDER)) {
    const name = path.relative(EVIDENCE_FOLDER, bundle);
    it(`leads a captured host to the same state: ${name}`, async (t) => {
      const capture = await loadCapture(bundle);
      const records = recordsOf(capture);
      const plain = stateOf(capture);
      if (records === undefined || plain === undefined) return t.diagnostic('no list to cut');
      const numRuns = Math.max(1, Math.ceil((suiteSize().numRuns * 3) / (records.length + 300)));
      const longest = Math.ceil(records.length / 4);
      const property = fc.property(piecesArbitrary(longest), (pieces) => {
        const sent = recut(capture.evidence, records, pieces);
        assertSame(sent, plain, { columns: records.map(columnOf), overlaps: pieces });
      });
      fc.assert(property, { ...suiteSize(), numRuns });
    });
  }
});

interface Sent {
  readonly evidence: Evidence;
  readonly segments: readonly Uint8Array[];
}

/** What a first round leaves, without the places at which records were sent. */
function stateOf({ evidence, segments }: Sent): TimelineState | undefined {
  const { state } = verifyRound(evidence, segments, { policy: STRUCTURAL_POLICY });
  return state === undefined ? undefined : JSON.parse(JSON.stringify(state, withoutPlaces));
}

/** Holds what is proven of `sent` against what is proven of the same list in one piece. A segment
 *  that begins with a record sent before may repeat it, or the list holds it twice: only so many
 *  readings are followed. Beyond them nothing may be proven, but nothing else either. */
function assertSame(
  sent: Sent,
  plain: TimelineState | undefined,
  cut: { readonly columns: readonly string[]; readonly overlaps: readonly { overlap: number }[] },
): void {
  const hasOverlap = cut.overlaps.slice(1).some(({ overlap }) => overlap > 0);
  const readings = sent.segments.slice(1).reduce((product, bytes, at) => {
    const count = cut.columns.filter((one) => one === columnOf(bytes)).length;
    return product * (count + ((cut.overlaps[at + 1]?.overlap ?? 0) > 0 ? 1 : 0));
  }, 1);
  const state = stateOf(sent);
  if (hasOverlap && readings > TIMELINE_LIMITS.readings && state === undefined) return;
  const [left, right] = hasOverlap ? [state, plain].map(withoutBytes) : [state, plain];
  assert.deepEqual(left, right);
}

/** Digest column of a record with the SHA-1 column, or of a segment's first. */
function columnOf(bytes: Uint8Array): string {
  return hex(bytes.slice(4, 24));
}

/** Bytes are counted as they were sent, so repeated records count twice. */
function withoutBytes(state: TimelineState | undefined) {
  return { ...state, checkpoints: state?.checkpoints.map((one) => ({ ...one, bytes: 0 })) };
}

function withoutPlaces(key: string, value: unknown): unknown {
  return PLACES.has(key) ? undefined : value;
}

/** What is proven, without what only tells rounds apart. */
function pointOf(state: TimelineState | undefined) {
  const [newest] = state?.checkpoints ?? [];
  assert.ok(newest !== undefined);
  const { index, registers, appraisal } = newest;
  return JSON.parse(JSON.stringify({ index, registers, epochs: appraisal.epochs }, withoutPlaces));
}

/** Records of a capture whose list is binary with the SHA-1 column and goes from 0 on. */
function recordsOf({ evidence, segments }: Sent): readonly Uint8Array[] | undefined {
  const { segments: claims = [], fromIndex } = evidence.ima ?? {};
  const isPlain = claims.every(
    ({ encoding, digestColumn }) => encoding === 'binary' && digestColumn === 'sha1',
  );
  if (!isPlain || fromIndex !== 0 || claims.length === 0) return undefined;
  return segments.flatMap((bytes, number) =>
    splitRecords(bytes).slice(0, claims[number]?.records ?? Number.MAX_SAFE_INTEGER),
  );
}

/** The list in other segments: `pieces` over and over. */
function recut(evidence: Evidence, records: readonly Uint8Array[], pieces: readonly Piece[]): Sent {
  const claims: { kind: SegmentKind; encoding: 'binary'; digestColumn: 'sha1' }[] = [];
  const segments: Uint8Array[] = [];
  for (let at = 0; at < records.length; ) {
    const { records: count, kind, overlap } = pieces[segments.length % pieces.length] ?? WHOLE;
    const again = segments.length < pieces.length ? overlap : 0;
    segments.push(join(...records.slice(Math.max(0, at - again), at + count)));
    claims.push({ kind, encoding: 'binary', digestColumn: 'sha1' });
    at += count;
  }
  return { evidence: withClaim(evidence, { segments: claims, fromIndex: 0 }), segments };
}

function sha1Only<T extends object>(cuts: readonly T[]) {
  return cuts.map((cut) => ({ ...cut, column: 'sha1' }) as const);
}

const FROM_ZERO = { event: 'round', quotes: 'boot', start: 'zero', pending: 0, cuts: [] } as const;
const WHOLE: Piece = { records: Number.MAX_SAFE_INTEGER, kind: 'current', overlap: 0 };
const PLACES = new Set(['segment', 'offsetBytes', 'clockMs']);

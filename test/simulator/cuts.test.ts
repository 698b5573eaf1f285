// However a list is cut into segments, whatever their kinds and whatever they repeat, and in
// however many rounds it came: what is proven of it is the same. FORMATS 8.4.

import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SEGMENT_KINDS, type SegmentKind } from '../../src/ima/segment.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import type { TimelineState } from '../../src/verify/timeline-state.ts';
import { verifyRound } from '../../src/verify/verify.ts';
import { bundlesBelow, EVIDENCE_FOLDER, loadCapture } from '../captures/load-capture.ts';
import { join, splitRecords } from '../property/list-writer.ts';
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
      fc.property(historyArbitrary(), cutsArbitrary(0), cutsArbitrary(3), (history, ...cuts) => {
        const scene = live(history, STRUCTURAL_POLICY, () => {});
        const { host } = scene;
        host.measureFiles(3);
        const whole = { ...requestOf(scene, FROM_ZERO), cuts: [] };
        const plain = stateOf(host.evidence(whole));
        assert.notEqual(plain, undefined);
        for (const each of cuts) {
          const hasOverlap = each.some(({ overlap }) => overlap > 0);
          const state = stateOf(host.evidence({ ...whole, cuts: sha1Only(each) }));
          assert.deepEqual(...comparable(hasOverlap, state, plain));
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
        const hasOverlap = pieces.some(({ overlap }) => overlap > 0);
        const state = stateOf(recut(capture.evidence, records, pieces));
        assert.deepEqual(...comparable(hasOverlap, state, plain));
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

/** Bytes are counted as they were sent, so repeated records count twice. */
function comparable<T extends TimelineState | undefined>(hasOverlap: boolean, ...states: [T, T]) {
  if (!hasOverlap) return states;
  return states.map((state) => {
    const checkpoints = state?.checkpoints.map((one) => ({ ...one, bytes: 0 }));
    return { ...state, checkpoints };
  }) as [unknown, unknown];
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

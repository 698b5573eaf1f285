// Kept timelines: whatever a round leaves comes back from JSON as it was, and what was changed in
// shape does not come back at all.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import { readTimelineState } from '../../src/service/timeline-schema.ts';
import type { TimelineState } from '../../src/verify/timeline-state.ts';
import { verifyRound } from '../../src/verify/verify.ts';
import { loadCapture } from '../captures/load-capture.ts';
import { historyArbitrary } from '../simulator/histories.ts';
import { live } from '../simulator/rounds.ts';

type Place = readonly (string | number)[];

const REGISTER: Place = ['checkpoints', 0, 'registers', 0];

/** A timeline with two checkpoints, several epochs and open findings. */
async function realTimeline(): Promise<TimelineState> {
  const folder = '08-log-staging-and-kexec';
  let state: TimelineState | undefined;
  for (const point of ['boot1-q01-nothing-staged', 'boot2-q03-after-chunk']) {
    const { evidence, segments } = await loadCapture(`${folder}/${point}`);
    state = verifyRound(evidence, segments, { policy: STRUCTURAL_POLICY, state }).state ?? state;
  }
  assert.ok(state);
  return state;
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function firstPath(json: unknown): string | undefined {
  const reading = readTimelineState(json);
  return reading.ok ? undefined : reading.problems[0]?.path;
}

describe('a timeline that a round left', () => {
  it('comes back as it was', async () => {
    const json = asJson(await realTimeline());
    assert.deepEqual(readTimelineState(json), { ok: true, state: json });
  });

  it('comes back whatever happened to the host', () => {
    const histories = historyArbitrary('none');
    const look = (state: TimelineState | undefined): void => {
      if (state === undefined) return;
      const json = asJson(state);
      assert.deepEqual(readTimelineState(json), { ok: true, state: json });
    };
    fc.assert(
      fc.property(histories, (history) => {
        live(history, STRUCTURAL_POLICY, (_, { verifier }) => look(verifier.state));
      }),
      { numRuns: 50 },
    );
  });
});

describe('a changed timeline', () => {
  it('is named by its place, whichever value has another type', async () => {
    const state = await realTimeline();
    const places = placesOf(asJson(state));
    assert.ok(places.length > 50);
    for (const place of places) {
      const changed = asJson(state);
      set(changed, place, [{}]);
      assert.equal(firstPath(changed), dottedOf(place));
    }
  });

  it('is named by its place, whichever object has a key more', async () => {
    const state = await realTimeline();
    const objects = placesOf(asJson(state), true);
    assert.ok(objects.length > 10);
    for (const place of objects) {
      const changed = asJson(state);
      set(changed, [...place, 'more'], 1);
      assert.equal(firstPath(changed), dottedOf(place));
    }
  });

  const changes: readonly (readonly [string, Place, unknown, string])[] = [
    ['another format', ['format'], 'plumbline-timeline/2', 'format'],
    ['no boot', ['boot', 'number'], 0, 'boot.number'],
    ['a clock that is no number', ['boot', 'clockMs'], '1e9', 'boot.clockMs'],
    ['a negative index', ['checkpoints', 0, 'index'], -1, 'checkpoints[0].index'],
    ['checkpoints out of order', ['checkpoints', 0, 'index'], 1, 'checkpoints[1].index'],
    ['a fraction', ['checkpoints', 0, 'bytes'], 0.5, 'checkpoints[0].bytes'],
    ['a bank beyond us', [...REGISTER, 'bank'], 'sm3', 'checkpoints[0].registers[0].bank'],
    ['a PCR beyond TPMs', [...REGISTER, 'pcr'], 24, 'checkpoints[0].registers[0].pcr'],
    [
      'a value of another size',
      [...REGISTER, 'values', 'own-hash'],
      'ab',
      'checkpoints[0].registers[0].values.own-hash',
    ],
    [
      'an unknown code',
      ['checkpoints', 0, 'appraisal', 'open', 'counts', 0],
      ['toString', 1],
      'checkpoints[0].appraisal.open.counts[0][0]',
    ],
  ];
  for (const [name, place, value, path] of changes) {
    it(`is refused: ${name}`, async () => {
      const changed = asJson(await realTimeline());
      set(changed, place, value);
      assert.equal(firstPath(changed), path);
    });
  }

  it('is refused with more checkpoints than are kept', async () => {
    const state = await realTimeline();
    const [newest] = state.checkpoints;
    assert.ok(newest);
    const many = Array.from({ length: 6 }, (_, at) => ({ ...newest, index: newest.index - at }));
    assert.equal(firstPath({ ...state, checkpoints: many }), 'checkpoints');
  });

  it('is refused when it is no timeline at all', () => {
    for (const json of [undefined, null, 7, 'x', [], {}]) {
      assert.equal(readTimelineState(json).ok, false);
    }
  });
});

/** Every place below `json` that holds a plain value, or an object. */
function placesOf(json: unknown, objects = false, place: Place = []): readonly Place[] {
  if (typeof json !== 'object' || json === null) return objects ? [] : [place];
  const entries = Array.isArray(json) ? [...json.entries()] : Object.entries(json);
  const below = entries.flatMap(([key, value]) => placesOf(value, objects, [...place, key]));
  return objects && !Array.isArray(json) ? [place, ...below] : below;
}

function set(json: unknown, place: Place, value: unknown): void {
  const [last, ...path] = place.toReversed();
  let inner = json as Record<string | number, unknown>;
  for (const key of path.toReversed()) inner = inner[key] as typeof inner;
  inner[last ?? ''] = value;
}

function dottedOf(place: Place): string {
  return place
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
}

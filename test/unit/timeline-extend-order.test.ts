// Claimed orders of extends: which hints are fair, and in which order records come out.
// FORMATS 12.3.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type ExtendOrder,
  OrderedRelease,
  readExtendOrder,
} from '../../src/timeline/extend-order.ts';

function fair(claimed: readonly number[], window: number): ExtendOrder {
  const reading = readExtendOrder(claimed, window);
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.order;
}

/** Indices in the order in which they come out when the list goes in. */
function released(order: ExtendOrder, count: number): readonly number[] {
  const release = new OrderedRelease<number>(order);
  return Array.from({ length: count }, (_, index) => release.take(index, index)).flat();
}

describe('readExtendOrder', () => {
  it('takes a permutation of one range', () => {
    assert.deepEqual(fair([4, 3, 5], 1), { fromIndex: 3, positions: [4, 3, 5] });
  });

  it('takes a record as far away as the window, and no farther', () => {
    assert.equal(readExtendOrder([2, 0, 1], 2).ok, true);
    const refused = readExtendOrder([2, 0, 1], 1);
    assert.deepEqual(refused, { ok: false, expected: 'at most 1 places', actual: '2 places' });
  });

  it('refuses any exchange when the window is 0', () => {
    assert.equal(readExtendOrder([1, 0], 0).ok, false);
  });

  const faults: readonly (readonly [string, readonly number[]])[] = [
    ['an index twice', [3, 3]],
    ['a hole in the range', [3, 5]],
    ['an index far behind the range', [0, 1, 1_000_000]],
  ];
  for (const [name, claimed] of faults) {
    it(`refuses ${name}`, () => {
      const reading = readExtendOrder(claimed, Number.MAX_SAFE_INTEGER);
      assert.equal(reading.ok, false);
      assert.ok(!reading.ok && reading.expected === 'each index of one range once');
    });
  }
});

describe('OrderedRelease', () => {
  it('holds a record until its turn, and lets the others pass', () => {
    const release = new OrderedRelease<string>(fair([2, 1], 1));
    assert.deepEqual(release.take(0, 'zero'), ['zero']);
    assert.equal(release.isLevel, true);
    assert.deepEqual(release.take(1, 'one'), []);
    assert.equal(release.isLevel, false);
    assert.deepEqual(release.take(2, 'two'), ['two', 'one']);
    assert.equal(release.isLevel, true);
    assert.deepEqual(release.take(3, 'three'), ['three']);
  });

  it('stays uneven while a record of the range is missing', () => {
    const release = new OrderedRelease<number>(fair([2, 0, 1], 2));
    release.take(0, 0);
    release.take(1, 1);
    assert.equal(release.isLevel, false);
  });

  it('gives every record once, in the claimed order, and never holds more than the window', () => {
    const shuffles = fc
      .tuple(fc.nat(50), fc.integer({ min: 1, max: 40 }), fc.infiniteStream(fc.nat()))
      .map(([fromIndex, length, random]) => ({
        fromIndex,
        ...shuffled(fromIndex, length, random),
      }));
    fc.assert(
      fc.property(shuffles, ({ fromIndex, positions, window }) => {
        const order = fair(positions, window);
        const release = new OrderedRelease<number>(order);
        const out: number[] = [];
        for (let index = fromIndex; index < fromIndex + positions.length; index += 1) {
          out.push(...release.take(index, index));
          assert.ok(index - fromIndex + 1 - out.length <= window, 'holds too many');
        }
        assert.deepEqual(out, positions);
        assert.equal(release.isLevel, true);
      }),
    );
  });

  it('leaves a list in order where the claim is the order of the list', () => {
    assert.deepEqual(released(fair([1, 2, 3], 0), 6), [0, 1, 2, 3, 4, 5]);
  });
});

/** Any permutation, with the farthest that one of its records moves. */
function shuffled(fromIndex: number, length: number, random: Iterable<number>) {
  const source = random[Symbol.iterator]();
  const positions = Array.from({ length }, (_, at) => fromIndex + at);
  for (let at = length - 1; at > 0; at -= 1) {
    const other = Number(source.next().value) % (at + 1);
    const [left = 0, right = 0] = [positions[at], positions[other]];
    positions[at] = right;
    positions[other] = left;
  }
  const moves = positions.map((index, at) => Math.abs(index - fromIndex - at));
  return { positions, window: Math.max(...moves) };
}

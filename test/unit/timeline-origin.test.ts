// Where a replay starts: at record 0 or at a checkpoint of ours, whatever the evidence says.
// FORMATS 8.4 rules 3 to 5, 14.6.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HashName } from '../../src/crypto/digest.ts';
import type { BootRelation } from '../../src/timeline/boot-identity.ts';
import type { Checkpoint } from '../../src/timeline/checkpoint.ts';
import { follows, originOf } from '../../src/timeline/origin.ts';

function checkpoint(index: number, banks: readonly HashName[] = ['sha256']): Checkpoint {
  const registers = banks.map((bank) => ({ pcr: 10, bank, firstIndex: 0, values: {} }));
  return { index, bytes: 100 * index, registers };
}

const [NEWEST, OLDER, OLDEST] = [checkpoint(30), checkpoint(20), checkpoint(10)] as const;
const KEPT = [NEWEST, OLDER, OLDEST];

function origin(
  fromIndex: number,
  how: {
    readonly relation?: BootRelation;
    readonly checkpoints?: readonly Checkpoint[];
    readonly banks?: readonly HashName[];
  } = {},
) {
  const { relation = 'same', checkpoints = KEPT, banks = ['sha256'] } = how;
  return originOf({ fromIndex, relation, checkpoints, banks });
}

const KNOWN = ['same', 'resumed'] as const;
const UNKNOWN = ['first', 'rebooted'] as const;

describe('a list from record 0', () => {
  it('is replayed from the start, past everything that was proven', () => {
    for (const relation of KNOWN) {
      const whole = { kind: 'replay', from: undefined, skip: 0, waypoints: KEPT };
      assert.deepEqual(origin(0, { relation }), whole);
    }
  });

  it('has nothing to pass in a boot that is new', () => {
    for (const relation of UNKNOWN) {
      const whole = { kind: 'replay', from: undefined, skip: 0, waypoints: [] };
      assert.deepEqual(origin(0, { relation }), whole);
    }
  });

  it('has to pass checkpoints of other banks too', () => {
    const found = origin(0, { banks: ['sha384'] });
    assert.deepEqual(found, { kind: 'replay', from: undefined, skip: 0, waypoints: KEPT });
  });
});

describe('a list from a later record', () => {
  it('goes on from the newest checkpoint', () => {
    for (const relation of KNOWN) {
      const next = { kind: 'replay', from: NEWEST, skip: 0, waypoints: [] };
      assert.deepEqual(origin(30, { relation }), next);
    }
  });

  it('goes on from an older checkpoint and has to pass the newer ones', () => {
    const older = { kind: 'replay', from: OLDEST, skip: 0, waypoints: [NEWEST, OLDER] };
    assert.deepEqual(origin(10), older);
  });

  it('that starts between checkpoints is skipped by count up to the newest', () => {
    for (const [fromIndex, skip] of [[29, 1] as const, [21, 9] as const, [3, 27] as const]) {
      const skipped = { kind: 'replay', from: NEWEST, skip, waypoints: [] };
      assert.deepEqual(origin(fromIndex), skipped);
    }
  });

  it('behind the newest checkpoint leaves a gap', () => {
    assert.deepEqual(origin(31), { kind: 'gap', neededIndex: 30 });
  });

  it('without a checkpoint of its boot needs record 0', () => {
    const all = { kind: 'gap', neededIndex: 0 };
    for (const relation of UNKNOWN) assert.deepEqual(origin(30, { relation }), all);
    assert.deepEqual(origin(30, { checkpoints: [] }), all);
  });

  it('needs record 0 when a quoted bank was never followed', () => {
    assert.deepEqual(origin(30, { banks: ['sha256', 'sha384'] }), { kind: 'gap', neededIndex: 0 });
  });

  it('uses only checkpoints that follow every quoted bank', () => {
    const both = checkpoint(20, ['sha256', 'sha384']);
    const checkpoints = [NEWEST, both, OLDEST];
    const banks = ['sha384'] as const;
    const found = origin(25, { checkpoints, banks });
    assert.deepEqual(found, { kind: 'gap', neededIndex: 20 });
    const fitting = { kind: 'replay', from: both, skip: 0, waypoints: [] };
    assert.deepEqual(origin(20, { checkpoints, banks }), fitting);
  });
});

describe('follows', () => {
  it('asks for every bank', () => {
    const both = checkpoint(1, ['sha1', 'sha256']);
    assert.equal(follows(both, ['sha256', 'sha1']), true);
    assert.equal(follows(both, ['sha256', 'sha384']), false);
    assert.equal(follows(checkpoint(1, []), ['sha256']), false);
  });

  it('holds for a quote of no bank', () => {
    assert.equal(follows(checkpoint(1, []), []), true);
  });
});

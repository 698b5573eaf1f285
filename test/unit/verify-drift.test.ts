// boot_aggregate of a captured list against the quote and the event log of its boot: what went on
// behind it is told apart from what never was so. docs/formats/boot-aggregate.md

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEventLog } from '../../src/boot/event-log.ts';
import { replayEventLog, replayedBootPcrs } from '../../src/boot/replay.ts';
import type { PcrValues } from '../../src/pcr/selection.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import { judgeAggregate } from '../../src/verify/judge-list.ts';
import { hash } from './boot-log-writer.ts';
import { testFile } from './evidence-files.ts';

const LOG = testFile('evidence/01-ima-ng-tcb/boot1/binary_bios_measurements');
const REPLAYED = replayedBootPcrs(replayEventLog(readEventLog(LOG)), 'sha256') ?? assert.fail();

/** `values` behind one more extend of PCR 5. */
function extended(values: PcrValues): PcrValues {
  const held = new Map(values.get('sha256'));
  held.set(5, hash('sha256', held.get(5) ?? assert.fail(), new Uint8Array(32)));
  return new Map([['sha256', held]]);
}

/** Codes for the aggregate over `aggregated`, where `quoted` is proven and `logged` replayed. */
function codes(aggregated: PcrValues, quoted: PcrValues, logged: PcrValues | undefined): string[] {
  const bytes = hash('sha256', ...(aggregated.get('sha256')?.values() ?? []));
  const digest = { algorithm: 'sha256', bytes, of: 'untold', offsetBytes: 0 } as const;
  const where = { index: 0, segment: 0, offsetBytes: 0, afterExecute: false };
  const record = { ...where, name: 'boot_aggregate', digest } as const;
  const evidence = { proven: quoted, replayed: () => logged };
  const { aggregate } = STRUCTURAL_POLICY.boot;
  return (judgeAggregate(record, evidence, aggregate)?.findings ?? []).map(({ code }) => code);
}

describe('boot_aggregate', () => {
  it('fits the quote of its boot', () => {
    assert.deepEqual(codes(REPLAYED, REPLAYED, REPLAYED), []);
    assert.deepEqual(codes(REPLAYED, REPLAYED, undefined), []);
  });

  it('that fits the event log and not the quote tells that PCR 0–9 went on', () => {
    assert.deepEqual(codes(REPLAYED, extended(REPLAYED), REPLAYED), ['boot.drift_detected']);
  });

  it('that fits neither is of another boot', () => {
    const other = extended(REPLAYED);
    const mismatch = ['ima.boot_aggregate_mismatch'];
    assert.deepEqual(codes(other, REPLAYED, REPLAYED), mismatch);
    assert.deepEqual(codes(REPLAYED, other, undefined), mismatch);
    assert.deepEqual(codes(REPLAYED, other, other), mismatch);
  });
});

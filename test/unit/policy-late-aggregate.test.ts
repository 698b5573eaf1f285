// The late name under every treatment: the first aggregate by what the event log pins, a later one
// by what the records of its kexec identify. FORMATS 6, 7.2

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FindingLog } from '../../src/findings/finding.ts';
import {
  judgeFirstAggregate,
  judgeLaterAggregate,
  type LateTreatment,
} from '../../src/policy/epoch-rules.ts';
import type { PinnedBoot } from '../../src/policy/pinned-boot.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import { type AggregateRecord, EpochTracker } from '../../src/timeline/epochs.ts';

const IMA = STRUCTURAL_POLICY.ima === 'not-required' ? undefined : STRUCTURAL_POLICY.ima;

function aggregate(name: AggregateRecord['name'], index: number): AggregateRecord {
  const bytes = new Uint8Array(32).fill(7);
  const digest = { of: 'content', algorithm: 'sha256', bytes, offsetBytes: 0 } as const;
  return { name, index, segment: 0, offsetBytes: 0, digest, afterExecute: index > 0 };
}

function judged(
  names: readonly AggregateRecord['name'][],
  late: LateTreatment,
  known: { readonly pinnedBoot?: PinnedBoot; readonly isKexecKnown?: boolean } = {},
) {
  assert.ok(IMA !== undefined);
  const epochs = new EpochTracker();
  const findings = new FindingLog(20);
  for (const [index, name] of names.entries()) {
    if (index > 0 && known.isKexecKnown) {
      epochs.noteNextKernel('image');
      epochs.noteNextKernel('commandLine');
    }
    const context = {
      epochs,
      findings,
      where: { part: 'ima', entryIndex: index } as const,
      rules: {
        ima: IMA,
        lateAggregate: late,
        pinnedBoot: known.pinnedBoot,
        zeroAggregate: 'warn' as const,
      },
    };
    if (index === 0) judgeFirstAggregate(aggregate(name, index), context);
    else judgeLaterAggregate(aggregate(name, index), context);
  }
  return findings.findings
    .filter(({ code }) => code === 'ima.boot_aggregate_late')
    .map(({ severity, where }) => [severity, where.entryIndex]);
}

describe('boot_aggregate_late', () => {
  const plain = 'boot_aggregate';
  const late = 'boot_aggregate_late';
  const lacking: PinnedBoot = { isPinned: false, lacks: 'something' };

  it('has the severity of its treatment, pinned or not', () => {
    const pinnedBoot: PinnedBoot = { isPinned: true };
    assert.deepEqual(judged([late], 'accept'), []);
    assert.deepEqual(judged([late], 'report', { pinnedBoot }), [['info', 0]]);
    assert.deepEqual(judged([late], 'warn', { pinnedBoot }), [['warning', 0]]);
    assert.deepEqual(judged([late], 'refuse', { pinnedBoot }), [['contraindicated', 0]]);
    assert.deepEqual(judged([plain], 'refuse'), []);
  });

  it('at record 0 is accepted where the event log pins the boot', () => {
    assert.deepEqual(judged([late], 'accept-if-pinned', { pinnedBoot: { isPinned: true } }), []);
    const refused = [['contraindicated', 0]];
    assert.deepEqual(judged([late], 'accept-if-pinned', { pinnedBoot: lacking }), refused);
    assert.deepEqual(judged([late], 'accept-if-pinned'), refused);
  });

  it('behind a kexec is accepted where its kernel is identified, whatever the log pins', () => {
    const names = [plain, late] as const;
    const pinned = { pinnedBoot: { isPinned: true } } as const;
    assert.deepEqual(judged(names, 'accept-if-pinned', pinned), [['contraindicated', 1]]);
    const known = { pinnedBoot: lacking, isKexecKnown: true };
    assert.deepEqual(judged(names, 'accept-if-pinned', known), []);
  });
});

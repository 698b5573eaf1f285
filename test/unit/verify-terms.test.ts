// Values that come and go while a host runs: what was measured before one was retired stays
// accepted in the same boot, however often it is sent again. docs/policy.md, "Reference sets"

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement, Measurement } from '../../src/policy/acceptance.ts';
import { AttestedHost, graveCodes, policyWith } from './verify-scene.ts';

const RETIRED_AT = Date.parse('2031-05-03T12:00:00Z');

/** Accepts what had been measured when the values were retired. */
const POLICY = policyWith({
  measurements: {
    judge: ({ provenAtMs }: Measurement): Judgement => {
      const isInTime = provenAtMs !== undefined && provenAtMs < RETIRED_AT;
      return { ruling: isInTime ? { then: 'accept', rule: 'os' } : undefined, remarks: [] };
    },
    expectation: () => 'a value in force',
  },
});

function attestedBefore(): AttestedHost {
  const scene = new AttestedHost(POLICY);
  scene.host.measureFiles(3);
  scene.nowMs = RETIRED_AT - 1000;
  assert.equal(scene.attest().status, 'affirming');
  scene.nowMs = RETIRED_AT + 1000;
  return scene;
}

describe('values that are retired', () => {
  it('still count for what was proven before, sent again or not', () => {
    const scene = attestedBefore();
    assert.equal(scene.attest(scene.provenIndex).status, 'affirming');
    assert.equal(scene.attest(0).status, 'affirming');
    assert.equal(scene.attest(0).status, 'affirming');
  });

  it('do not count for what is measured after', () => {
    const scene = attestedBefore();
    const proven = scene.provenIndex;
    scene.host.measureFiles(1);
    const verdict = scene.attest(0);
    assert.deepEqual(graveCodes(verdict), ['ima.file_unknown']);
    assert.equal(
      verdict.findings.find(({ code }) => code === 'ima.file_unknown')?.where.entryIndex,
      proven,
    );
  });

  it('do not count for the next boot', () => {
    const scene = attestedBefore();
    scene.host.reboot();
    scene.host.measureFiles(1);
    assert.ok(graveCodes(scene.attest(0)).includes('ima.file_unknown'));
  });

  it('do not count where nobody tells the time', () => {
    const scene = new AttestedHost(POLICY);
    scene.host.measureFiles(1);
    assert.ok(graveCodes(scene.attest(0)).includes('ima.file_unknown'));
  });
});

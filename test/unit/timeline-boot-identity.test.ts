// Which boot a quote belongs to: reset, restart, resume, clocks and firmware. FORMATS 14.6;
// TPM 2.0 Part 2, 10.11.1 TPMS_CLOCK_INFO.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeFinding, type Severity } from '../../src/findings/finding.ts';
import { readAttest, type TpmsAttest } from '../../src/quote/attest.ts';
import {
  type BootIdentity,
  bootAfter,
  judgeBootIdentity,
  relateBoot,
} from '../../src/timeline/boot-identity.ts';
import { SimulatedTpm } from '../simulator/tpm.ts';
import { NONCE } from './tpm-writer.ts';

const SELECTION = [{ bank: 'sha256', pcrs: [10] }] as const;

/** What the TPM says now. */
function attestOf(tpm: SimulatedTpm): TpmsAttest {
  const reading = readAttest(tpm.quote(NONCE, SELECTION).attest);
  assert.ok(reading.ok);
  return reading.value;
}

/** A TPM that was seen once, and the boot that was kept of it. */
function seenTpm(): { readonly tpm: SimulatedTpm; readonly known: BootIdentity } {
  const tpm = new SimulatedTpm({ banks: ['sha256'], identity: 'boot identity' });
  return { tpm, known: bootAfter(undefined, attestOf(tpm), true) };
}

/** Relation, codes and severities of what a TPM says now. */
function judged(
  known: BootIdentity | undefined,
  tpm: SimulatedTpm,
  firmwareChange: Severity | undefined = 'warning',
) {
  const attest = attestOf(tpm);
  const findings = judgeBootIdentity(known, attest, { firmwareChange });
  return {
    relation: relateBoot(known, attest),
    findings: findings.map(({ code, severity }) => `${code} ${severity}`),
  };
}

describe('boot identity', () => {
  it('says nothing of a TPM that was never seen', () => {
    const { tpm } = seenTpm();
    assert.deepEqual(judged(undefined, tpm), { relation: 'first', findings: [] });
  });

  it('is the same while only the clock went on', () => {
    const { tpm, known } = seenTpm();
    tpm.clockMs += 1n;
    assert.deepEqual(judged(known, tpm), { relation: 'same', findings: [] });
  });

  it('is the same when the clock stood still', () => {
    const { tpm, known } = seenTpm();
    assert.deepEqual(judged(known, tpm), { relation: 'same', findings: [] });
  });

  it('names a reboot', () => {
    const { tpm, known } = seenTpm();
    tpm.reset({ isOrderly: true });
    const findings = ['quote.reset_detected info'];
    assert.deepEqual(judged(known, tpm), { relation: 'rebooted', findings });
  });

  it('names a resume and a restart, which count alike', () => {
    for (const start of ['resume', 'restart'] as const) {
      const { tpm, known } = seenTpm();
      tpm[start]();
      const findings = ['quote.restart_detected info'];
      assert.deepEqual(judged(known, tpm), { relation: 'resumed', findings });
    }
  });

  it('takes restartCount falling to 0 at a reboot for what it is', () => {
    const { tpm } = seenTpm();
    tpm.resume();
    tpm.resume();
    const known = bootAfter(undefined, attestOf(tpm), true);
    assert.equal(known.restartCount, 2);
    tpm.reset({ isOrderly: true });
    assert.equal(tpm.restartCount, 0);
    const findings = ['quote.reset_detected info'];
    assert.deepEqual(judged(known, tpm), { relation: 'rebooted', findings });
  });

  it('takes a clock that a power loss set back over a reboot for normal', () => {
    const { tpm, known } = seenTpm();
    tpm.reset({ isOrderly: false });
    assert.equal(tpm.isSafe, false);
    assert.deepEqual(judged(known, tpm).findings, ['quote.reset_detected info']);
  });

  it('contraindicates a clock that went back inside a boot and is called safe', () => {
    const { tpm, known } = seenTpm();
    tpm.clockMs -= 1n;
    assert.deepEqual(judged(known, tpm).findings, ['quote.clock_regressed contraindicated']);
  });

  it('warns of a clock that went back inside a boot and is called unsafe', () => {
    const { tpm, known } = seenTpm();
    tpm.clockMs -= 1n;
    tpm.isSafe = false;
    assert.deepEqual(judged(known, tpm).findings, ['quote.clock_regressed warning']);
  });

  it('compares clocks that a double cannot tell apart', () => {
    const { tpm } = seenTpm();
    tpm.clockMs = 2n ** 63n + 1n;
    const known = bootAfter(undefined, attestOf(tpm), true);
    tpm.clockMs = 2n ** 63n;
    assert.deepEqual(judged(known, tpm).findings, ['quote.clock_regressed contraindicated']);
  });

  it('contraindicates restarts that went back inside a boot', () => {
    const { tpm } = seenTpm();
    tpm.resume();
    const known = bootAfter(undefined, attestOf(tpm), true);
    tpm.restartCount = 0;
    const findings = ['quote.restart_detected info', 'quote.counters_regressed contraindicated'];
    assert.deepEqual(judged(known, tpm), { relation: 'resumed', findings });
  });

  it('warns of resets that went back: a TPM may have been cleared', () => {
    const { tpm, known } = seenTpm();
    tpm.resetCount = 0;
    const findings = ['quote.reset_detected info', 'quote.counters_regressed warning'];
    assert.deepEqual(judged(known, tpm), { relation: 'rebooted', findings });
  });

  it('treats other firmware of the TPM as the policy says, in any relation', () => {
    const severities = ['info', 'warning', 'contraindicated'] as const;
    for (const severity of severities) {
      const { tpm, known } = seenTpm();
      tpm.firmwareVersion += 1n;
      assert.deepEqual(judged(known, tpm, severity).findings, [
        `quote.firmware_changed ${severity}`,
      ]);
      tpm.reset({ isOrderly: true });
      assert.ok(judged(known, tpm, severity).findings.length === 2);
    }
    const { tpm, known } = seenTpm();
    tpm.firmwareVersion += 1n;
    const accepted = judgeBootIdentity(known, attestOf(tpm), { firmwareChange: undefined });
    assert.deepEqual(accepted, []);
  });

  it('shows both versions of the firmware and both counts', () => {
    const { tpm, known } = seenTpm();
    tpm.reset({ isOrderly: true, firmwareVersion: 5n });
    const findings = judgeBootIdentity(known, attestOf(tpm), { firmwareChange: 'warning' });
    assert.deepEqual(findings, [
      makeFinding('quote.reset_detected', {
        severity: 'info',
        where: { part: 'quote', field: 'clockInfo' },
        expected: 'reset 7, restart 0',
        actual: 'reset 8, restart 0',
      }),
      makeFinding('quote.firmware_changed', {
        severity: 'warning',
        where: { part: 'quote', field: 'firmwareVersion' },
        expected: known.firmwareVersion,
        actual: '5',
      }),
    ]);
  });
});

describe('bootAfter', () => {
  it('counts boots from 1, and only new ones', () => {
    const { tpm, known } = seenTpm();
    assert.equal(known.number, 1);
    assert.equal(bootAfter(known, attestOf(tpm), false).number, 1);
    assert.equal(bootAfter(known, attestOf(tpm), true).number, 2);
  });

  it('is plain data', () => {
    const { known } = seenTpm();
    assert.deepEqual(JSON.parse(JSON.stringify(known)), known);
  });
});

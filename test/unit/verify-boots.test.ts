// Boots as rounds see them: reboots, restarts that clear the PCRs, resumes, kexecs that lose a
// list, and findings that stay open until the boot ends. FORMATS 7.2, 14.6; docs/formats/kexec.md

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { KernelSettings } from '../simulator/kernel.ts';
import { AttestedHost, findingsOf, graveCodes, STRICT_POLICY } from './verify-scene.ts';

function attested(kernel: Partial<KernelSettings> = {}, policy = STRUCTURAL_POLICY): AttestedHost {
  const scene = new AttestedHost(policy, { kernel });
  scene.host.measureFiles(4);
  assert.equal(scene.attest().status, 'affirming');
  return scene;
}

describe('a boot', () => {
  it('ends at a reboot, and the next begins at record 0', () => {
    const scene = attested();
    scene.host.reboot();
    scene.host.measureFiles(2);
    const verdict = scene.attest();
    assert.equal(verdict.status, 'affirming');
    assert.equal(verdict.timeline?.boot, 2);
    assert.deepEqual([verdict.coverage.ima?.provenCount, scene.provenIndex], [3, 3]);
    assert.equal(findingsOf(verdict, 'quote.reset_detected').length, 1);
  });

  it('takes no checkpoint of the one before, however long its list', () => {
    const scene = attested();
    scene.host.reboot();
    scene.host.measureFiles(9);
    scene.attest();
    const indices = scene.verifier.state?.checkpoints.map(({ index }) => index);
    assert.deepEqual(indices, [10]);
  });

  it('goes on over a resume', () => {
    const scene = attested();
    scene.host.suspendResume();
    scene.host.measureFiles(2);
    const verdict = scene.attest(5);
    assert.deepEqual([verdict.status, verdict.timeline?.boot], ['affirming', 1]);
    assert.equal(verdict.coverage.ima?.provenCount, 7);
    assert.equal(findingsOf(verdict, 'quote.restart_detected').length, 1);
  });

  it('ends at a restart that cleared the PCRs, under the same reset count', () => {
    const scene = attested();
    scene.host.restart();
    scene.host.measureFiles(7);
    const verdict = scene.attest();
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['affirming']);
    assert.equal(verdict.timeline?.boot, 2);
    assert.equal(scene.provenIndex, 8);
    const next = scene.attest(8);
    assert.deepEqual([next.status, next.timeline?.boot], ['affirming', 2]);
  });

  it('of a host that was suspended, attested and rebooted begins anew', () => {
    const scene = attested();
    scene.host.suspendResume();
    assert.equal(scene.attest(5).status, 'affirming');
    scene.host.reboot();
    const verdict = scene.attest();
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['affirming']);
    assert.deepEqual([verdict.timeline?.boot, verdict.timeline?.restartCount], [2, 0]);
  });

  it('does not lend its list to the next', () => {
    const scene = attested();
    const old = scene.records();
    scene.host.reboot();
    scene.host.measureFiles(4);
    const verdict = scene.send({ pieces: [old] });
    assert.equal(verdict.status, 'contraindicated');
    assert.ok(graveCodes(verdict).includes('ima.replay_mismatch'));
    assert.equal(scene.provenIndex, 5);
  });
});

describe('a kexec without carry-over', () => {
  it('begins a new list, which goes on from our checkpoint', () => {
    const scene = attested(LEFT_BEHIND);
    scene.host.kexec();
    scene.host.measureFiles(3);
    const verdict = scene.send({ pieces: [scene.records(5)] });
    assert.equal(verdict.status, 'warning');
    assert.deepEqual(graveCodes(verdict), KEXEC_WARNINGS);
    assert.deepEqual([verdict.coverage.ima?.provenCount, verdict.timeline?.boot], [9, 1]);
    const epochs = verdict.timeline?.epochs.map(({ fromIndex }) => fromIndex);
    assert.deepEqual(epochs, [0, 5]);
  });

  it('is followed further, from its first record and from where it was asked for', () => {
    const scene = attested(LEFT_BEHIND);
    scene.host.kexec();
    scene.send({ pieces: [scene.records(5)] });
    scene.host.measureFiles(2);
    const whole = scene.send({ pieces: [scene.records(5)] });
    assert.equal(whole.coverage.ima?.provenCount, 8);
    scene.host.measureFiles(2);
    const rest = scene.send({ pieces: [scene.records(8)], fromIndex: whole.next.fromIndex });
    assert.equal(rest.coverage.ima?.provenCount, 10);
    for (const verdict of [whole, rest]) {
      assert.deepEqual(graveCodes(verdict), KEXEC_WARNINGS);
    }
  });

  it('that lost records is none, with both ends of the gap', () => {
    const scene = attested(LEFT_BEHIND);
    scene.host.measureFiles(3);
    scene.host.kexec();
    scene.host.measureFiles(1);
    const verdict = scene.send({ pieces: [scene.records(8)] });
    assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['none', 'ima.kexec_list_lost']);
    const [finding] = findingsOf(verdict, 'ima.kexec_list_lost');
    assert.equal(finding?.where.entryIndex, 5);
    assert.equal(finding?.expected, 'the records from 5 up to the kexec');
    assert.equal(finding?.actual, 'a new list of 2 records');
    assert.deepEqual([verdict.next.fromIndex, scene.provenIndex], [5, 5]);
    const archived = scene.send({ pieces: [scene.records(5, 8), scene.records(8)], fromIndex: 5 });
    assert.equal(archived.coverage.ima?.provenCount, 10);
    assert.deepEqual(graveCodes(archived), KEXEC_WARNINGS);
  });

  it('does not excuse the list of another machine', () => {
    const scene = attested(LEFT_BEHIND);
    const other = new AttestedHost(STRUCTURAL_POLICY, { machine: 'another machine' });
    other.host.measureFiles(4);
    scene.host.measureFiles(1);
    const verdict = scene.send({ pieces: [other.records()] });
    assert.equal(verdict.status, 'contraindicated');
    assert.ok(graveCodes(verdict).includes('ima.replay_mismatch'));
    assert.deepEqual(findingsOf(verdict, 'ima.kexec_list_lost'), []);
  });

  it('does not excuse a list that was cut although the checkpoint is in it', () => {
    const scene = attested(LEFT_BEHIND);
    scene.host.measureFiles(3);
    const verdict = scene.send({ pieces: [scene.records(0, 7)] });
    assert.equal(verdict.status, 'contraindicated');
    assert.deepEqual(findingsOf(verdict, 'ima.kexec_list_lost'), []);
  });
});

describe('a refused record', () => {
  function withBadProgram(): AttestedHost {
    const scene = attested({}, STRICT_POLICY);
    scene.host.measureFile('/bad/program', 'bad');
    const verdict = scene.attest(5);
    assert.equal(verdict.status, 'contraindicated');
    assert.equal(findingsOf(verdict, REFUSED)[0]?.carried, undefined);
    return scene;
  }

  it('does not keep the checkpoint from advancing', () => {
    assert.equal(withBadProgram().provenIndex, 6);
  });

  it('stays open in every later round of the boot, marked as carried and counted once', () => {
    const scene = withBadProgram();
    for (let round = 0; round < 3; round += 1) {
      scene.host.measureFiles(round);
      const verdict = scene.attest(scene.provenIndex);
      assert.equal(verdict.status, 'contraindicated');
      const findings = findingsOf(verdict, REFUSED);
      assert.deepEqual(
        findings.map(({ carried, where }) => [carried, where.entryIndex]),
        [[true, 5]],
      );
      assert.equal(verdict.findingCounts[REFUSED], 1);
    }
  });

  it('stays open in rounds without new records, over a resume, and over a kexec', () => {
    const scene = withBadProgram();
    scene.host.suspendResume();
    const verdicts = [scene.send({ pieces: [], fromIndex: 6 })];
    scene.host.kexec();
    verdicts.push(scene.attest(6));
    for (const verdict of verdicts) {
      assert.equal(verdict.status, 'contraindicated');
      assert.equal(findingsOf(verdict, REFUSED)[0]?.carried, true);
    }
  });

  it('is found again where the list is sent from record 0', () => {
    const verdict = withBadProgram().attest();
    const findings = findingsOf(verdict, REFUSED);
    assert.deepEqual([findings.length, findings[0]?.carried], [1, undefined]);
  });

  it('is gone after a reboot, and after a restart that cleared the PCRs', () => {
    for (const start of ['reboot', 'restart'] as const) {
      const scene = withBadProgram();
      scene.host[start]();
      scene.host.measureFiles(2);
      const verdict = scene.attest();
      assert.deepEqual([verdict.status, ...graveCodes(verdict)], ['affirming'], start);
    }
  });
});

const LEFT_BEHIND = { kexec: 'left-behind' } as const;
const KEXEC_WARNINGS = ['ima.kexec_unmarked', 'ima.epoch_kernel_unknown'];
const REFUSED = 'ima.file_digest_refused';

describe('a refused record of this boot', () => {
  it('is repeated by rounds that prove nothing: with a gap, and without a list', () => {
    const scene = attested({}, STRICT_POLICY);
    scene.host.measureFile('/bad/program', 'x');
    assert.equal(scene.attest().status, 'contraindicated');
    scene.host.measureFiles(3);
    const gap = scene.send({ pieces: [scene.records(8)], fromIndex: 8 });
    const nothing = scene.sendNothing();
    for (const verdict of [gap, nothing]) {
      assert.equal(verdict.status, 'contraindicated');
      const [finding] = findingsOf(verdict, 'ima.file_digest_refused');
      assert.equal(finding?.carried, true);
    }
  });
});

describe('a list that leads nowhere', () => {
  it('is refused although the quote still stands at our checkpoint', () => {
    const scene = attested();
    const altered = scene.records().toReversed();
    const verdict = scene.send({ pieces: [altered] });
    assert.equal(verdict.status, 'contraindicated');
    assert.ok(graveCodes(verdict).includes('ima.replay_mismatch'));
    assert.equal(scene.verifier.state?.listBase, null);
  });
});

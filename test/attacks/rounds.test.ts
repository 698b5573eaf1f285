// Attacks between one round and the next: clocks, counters, history. FORMATS 8.4, 14.6, 17.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AttestedHost, STRICT_POLICY } from '../unit/verify-scene.ts';
import { assertAccepted, assertRefused } from './scene.ts';

describe('attacks between rounds', () => {
  it('a clock that goes back inside one boot', () => {
    const attested = seenTwice();
    attested.host.tpm.clockMs -= 60_000n;
    assertRefused(attested.attest(attested.provenIndex), {
      code: 'quote.clock_regressed',
      where: { part: 'quote', field: 'clockInfo.clock' },
    });
  });

  it('a count of TPM Restarts that goes back', () => {
    const attested = seenTwice((host) => host.suspendResume());
    attested.host.tpm.restartCount -= 1;
    assertRefused(attested.attest(attested.provenIndex), {
      code: 'quote.counters_regressed',
      where: { part: 'quote', field: 'restartCount' },
    });
  });

  it('a count of TPM Resets that goes back, as after a clear or on another TPM', () => {
    const attested = seenTwice();
    attested.host.tpm.resetCount -= 1;
    assertRefused(attested.attest(0), {
      code: 'quote.counters_regressed',
      status: 'warning',
      where: { part: 'quote', field: 'resetCount' },
    });
  });

  it('a reboot between rounds, with the list of the boot before', () => {
    const attested = seenTwice();
    const before = attested.records();
    attested.host.reboot();
    attested.host.measureFiles(2);
    const stale = attested.send({ pieces: [before] });
    assertRefused(stale, {
      code: 'ima.replay_mismatch',
      where: { part: 'ima', bank: 'sha256', pcr: 10 },
    });
    assertAccepted(attested.attest(0));
  });

  it('a TPM Restart between rounds, with records from before it alone', () => {
    const attested = seenTwice();
    const before = attested.records();
    attested.host.restart();
    attested.host.measureFiles(2);
    assertRefused(attested.send({ pieces: [before] }), {
      code: 'ima.replay_mismatch',
      where: { part: 'ima', bank: 'sha256', pcr: 10 },
    });
    assertAccepted(attested.attest(0));
  });

  it('records that were proven before, rewritten', () => {
    const attested = seenTwice();
    const [first, second, third, ...rest] = attested.records();
    assert.ok(first && second && third);
    const swapped = attested.send({ pieces: [[first, third, second, ...rest]] });
    assertRefused(swapped, { code: 'ima.history_rewritten', where: { part: 'ima' } });
    assertAccepted(attested.attest(0));
  });

  it('a record that was found bad, not sent again', () => {
    const attested = new AttestedHost(STRICT_POLICY);
    attested.host.measureFiles(2);
    assertAccepted(attested.attest());
    attested.host.measureFile('/bad/tool', 'x');
    const at = attested.records().length - 1;
    const where = { part: 'ima', entryIndex: at } as const;
    const code = 'ima.file_digest_refused';
    assertRefused(attested.attest(attested.provenIndex), { code, where });
    attested.host.measureFiles(1);
    assertRefused(attested.attest(attested.provenIndex), { code, where });
    assertRefused(attested.sendNothing(), { code, where });
  });
});

/** A host with two affirming rounds behind it; `between` happens between them. */
function seenTwice(between: (host: AttestedHost['host']) => void = () => {}): AttestedHost {
  const attested = new AttestedHost();
  attested.host.measureFiles(3);
  assertAccepted(attested.attest());
  between(attested.host);
  attested.host.measureFiles(1);
  assertAccepted(attested.attest(attested.provenIndex));
  return attested;
}

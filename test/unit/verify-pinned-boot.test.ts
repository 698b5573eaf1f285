// accept-if-pinned on a captured boot of a kernel that starts IMA late, and every way in which its
// event log could fail to pin it. FORMATS 6; docs/policy.md, "Pinned boots"

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { readEventLog } from '../../src/boot/event-log.ts';
import { latinText, toHex } from '../../src/bytes/encoding.ts';
import type { AcceptancePolicy } from '../../src/policy/acceptance.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judgePinnedBoot } from '../../src/policy/pinned-boot.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import { type Capture, loadCapture } from '../captures/load-capture.ts';
import { agileLog, hash, type MadeEvent } from './boot-log-writer.ts';
import { parsed, utf8 } from './policy-documents.ts';
import { quotedBoot } from './quoted-boot.ts';

/** Command line of the captured boot, as its kernel was given it. */
const COMMAND_LINE =
  'console=ttyS0 loglevel=5 nokaslr mitigations=off panic=-1 ' +
  'ima_policy=tcb|critical_data ima_hash=sha256 ima_template=ima-ng initrd=initrd';

function policy(digests: readonly string[]): AcceptancePolicy {
  const lines = digests.map((digest) => `${JSON.stringify({ digest: `sha256:${digest}` })}\n`);
  const kernels = readReferenceSet(utf8(lines.join('')), { format: 'ndjson' });
  assert.ok(kernels.ok);
  const document = parsed({
    format: 'plumbline-policy/1',
    name: 'late',
    quote: { banks: ['sha256'] },
    attester: { asserted: 'accept' },
    boot: {
      secureBoot: 'optional',
      bootAggregate: { late: 'accept-if-pinned', kernels: ['kernels'] },
    },
    ima: { measurements: [{ id: 'all', path: '/**', then: 'accept' }] },
  });
  const result = compilePolicy(document, {
    sets: new Map([['kernels', kernels.set]]),
    version: null,
  });
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

describe('accept-if-pinned on a captured boot', () => {
  let capture: Capture;
  let log: Uint8Array;
  /** Digests of the kernel (PCR 4), its load options and its initrd (PCR 9). */
  let pins: readonly string[];
  before(async () => {
    capture = await loadCapture('09-boot-aggregate-late/q03-rsapss-pcr0-10');
    log = capture.evidence.bootLog ?? new Uint8Array();
    const { events } = readEventLog(log);
    pins = [10, 21, 22].map((index) => toHex(events[index]?.digests[1]?.value ?? log));
  });
  const late = (digests: readonly string[], changed: Partial<Evidence> = {}) => {
    const evidence = { ...capture.evidence, ...changed };
    const { findings } = verifyEvidence(evidence, capture.segments, policy(digests));
    return findings
      .filter(({ code }) => code === 'ima.boot_aggregate_late')
      .map(({ severity, actual }) => [severity, actual]);
  };

  it('accepts the name when kernel, load options and initrd are pinned', () => {
    assert.deepEqual(late(pins), []);
  });

  it('knows the load options as the command line in UTF-16 with its NUL', () => {
    assert.equal(pins[1], toHex(hash('sha256', Buffer.from(`${COMMAND_LINE}\0`, 'utf16le'))));
  });

  it('refuses where any of them is not', () => {
    const unpinned = [10, 21, 22].map((index, at) => {
      const others = pins.filter((_, other) => other !== at);
      return [late(others), index] as const;
    });
    for (const [found, index] of unpinned) {
      const pcr = index === 10 ? 4 : 9;
      assert.deepEqual(found, [['contraindicated', `not pinned: event ${index} of PCR ${pcr}`]]);
    }
    assert.equal(late([]).length, 1);
  });

  it('refuses without the log, with a cut one, and with one that explains another quote', () => {
    const { bootLog: _, ...without } = capture.evidence;
    const { findings } = verifyEvidence(without, capture.segments, policy(pins));
    assert.ok(findings.some(({ code }) => code === 'ima.boot_aggregate_late'));
    assert.equal(late(pins, { bootLog: log.slice(0, -1) }).length, 1);
    const at = latinText(log).indexOf(latinText(Buffer.from(pins[1] ?? '', 'hex')));
    assert.ok(at > 0);
    const altered = Uint8Array.from(log);
    altered[at] = (altered[at] ?? 0) ^ 1;
    assert.equal(late(pins, { bootLog: altered }).length, 1);
  });
});

const digestOf = (event: MadeEvent) => toHex(hash('sha256', event.measured ?? event.data));
const KERNEL = { pcr: 4, type: 0x80000003, data: Buffer.of(1), measured: Buffer.from('kernel') };
const OPTIONS = { pcr: 9, type: 6, data: Buffer.of(2), measured: Buffer.from('options') };
const ACTION = {
  pcr: 4,
  type: 0x80000007,
  data: Buffer.from('Calling EFI Application from Boot Option'),
};
const SEPARATOR = { pcr: 4, type: 4, data: Buffer.of(0, 0, 0, 0) };

describe('judgePinnedBoot', () => {
  const PINS = [KERNEL, OPTIONS].map(digestOf);
  const judged = (
    events: readonly MadeEvent[],
    quote: NonNullable<Parameters<typeof quotedBoot>[2]> = {},
  ) => {
    const boot = quotedBoot(agileLog(['sha1', 'sha256'], events), ['sha1', 'sha256'], quote);
    const answer = judgePinnedBoot(boot, (_, digest) => PINS.includes(toHex(digest)));
    return answer.isPinned ? 'pinned' : answer.lacks;
  };

  it('passes over constants of the specification alone', () => {
    assert.equal(judged([ACTION, SEPARATOR, KERNEL, OPTIONS]), 'pinned');
    const other = { ...ACTION, data: Buffer.from('Calling Something Else') };
    assert.equal(judged([other, KERNEL, OPTIONS]), 'event 1 of PCR 4');
  });

  it('an unknown image does not hide behind a type, a label or data of its own', () => {
    const evil = Buffer.from('evil');
    for (const type of [0, 4, 5, 6, 0xd, 0x80000007, 0x7777]) {
      for (const data of [evil, Buffer.from('grub_cmd: evil\0'), Buffer.of(0, 0, 0, 0)]) {
        const hidden = { pcr: 4, type, data, measured: evil };
        assert.equal(judged([hidden, KERNEL, OPTIONS]), 'event 1 of PCR 4');
        assert.equal(judged([KERNEL, OPTIONS, { ...hidden, pcr: 8 }]), 'event 3 of PCR 8');
      }
    }
  });

  it('needs an image and a command line', () => {
    assert.equal(judged([SEPARATOR, OPTIONS]), 'an image in PCR 4');
    assert.equal(judged([KERNEL]), 'a command line in PCR 8 or 9');
  });

  it('needs PCR 4, 8 and 9 quoted and explained in a strong bank', () => {
    const lacks = 'PCR 4, 8 and 9 explained in one strong bank';
    for (const pcrs of [[], [4], [4, 9], [8, 9]]) {
      assert.equal(judged([KERNEL, OPTIONS], { pcrs }), lacks);
    }
    assert.equal(judged([KERNEL, OPTIONS], { pcrs: [4, 8, 9] }), 'pinned');
    const more = [KERNEL, OPTIONS, { ...OPTIONS, pcr: 8 }];
    const quotedLog = agileLog(['sha1', 'sha256'], more);
    assert.equal(judged([KERNEL, OPTIONS], { quotedLog }), lacks);
    const boot = quotedBoot(agileLog(['sha1'], [KERNEL, OPTIONS]), ['sha1']);
    assert.deepEqual(
      judgePinnedBoot(boot, () => true),
      { isPinned: false, lacks },
    );
  });

  it('a digest that the strong bank lacks is not pinned', () => {
    const omitted: MadeEvent = { ...KERNEL, banks: ['sha1'] };
    assert.notEqual(judged([omitted, KERNEL, OPTIONS]), 'pinned');
  });
});

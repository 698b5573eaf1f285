// What people see: colours only where they are wanted, and nothing from an attester that could
// steer a terminal.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { reportVerdict } from '../../src/cli/report.ts';
import { printable, terminalOf } from '../../src/cli/terminal.ts';
import { makeFinding } from '../../src/findings/finding.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';

const EMPTY = new Uint8Array();

/** A real verdict, on nothing at all. */
function verdictOnNothing(): VerdictBody {
  const evidence = {
    ak: { bytes: EMPTY, encoding: 'tpmt-public' },
    nonce: EMPTY,
    quote: { attest: EMPTY, signature: { encoding: 'tpmt', bytes: EMPTY } },
  } as const;
  return verifyEvidence(evidence, [], STRUCTURAL_POLICY);
}

function terminal(isTTY: boolean, environment: Record<string, string> = {}) {
  const stream = Object.assign(new PassThrough(), { isTTY });
  return terminalOf({ stdout: stream, stderr: stream }, environment);
}

describe('colours', () => {
  it('are for terminals whose user has not refused them', () => {
    assert.notEqual(terminal(true).paint.bad('x'), 'x');
    assert.equal(terminal(false).paint.bad('x'), 'x');
    assert.equal(terminal(true, { NO_COLOR: '1' }).paint.bad('x'), 'x');
    assert.notEqual(terminal(true, { NO_COLOR: '' }).paint.bad('x'), 'x');
  });
});

describe('text', () => {
  it('of any origin neither moves the cursor nor reorders what is shown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(printable(text), /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      }),
    );
    for (const name of ['/usr/bin/true', 'Grüße', '日本']) assert.equal(printable(name), name);
    assert.equal(printable('a\u001b[2Jb\u202e'), 'a\\u{1b}[2Jb\\u{202e}');
  });
});

describe('a report', () => {
  it('puts the status first, then counts, then findings, gravest first', () => {
    const report = reportVerdict('host', verdictOnNothing(), terminal(false));
    assert.match(report, /^contraindicated {2}host\n {2}checks +\d+ passed, \d+ failed/);
    const severities = [...report.matchAll(/^ {2}(contraindicated|none|warning|info) {2}/gm)];
    const order = ['contraindicated', 'none', 'warning', 'info'];
    const ranks = severities.map(([, severity = '']) => order.indexOf(severity));
    assert.deepEqual(ranks, ranks.toSorted());
  });

  it('shows place, values, rule and hint of a finding, escaped', () => {
    const finding = makeFinding('ima.file_unknown', {
      severity: 'contraindicated',
      where: { part: 'ima', segment: 1, entryIndex: 4182, offsetBytes: 391204, field: 'd-ng' },
      subject: { path: '/tmp/\u001b]0;x\u0007', digest: 'sha256:ab' },
      expected: 'a digest in debian-12@7',
      actual: 'sha256:ab',
      rule: 'os-files',
    });
    const verdict = { ...verdictOnNothing(), findings: [finding], findingCounts: {} };
    const report = reportVerdict('host', verdict, terminal(false));
    const [, shown = ''] = report.split('ima.file_unknown\n');
    assert.match(shown, /at +segment 1, entry 4182, byte 391204, field d-ng\n/);
    assert.match(shown, /path +\/tmp\/\\u\{1b\}\]0;x\\u\{7\}\n/);
    assert.match(shown, /expected +a digest in debian-12@7\n +actual +sha256:ab\n/);
    assert.match(shown, /rule +os-files\n +hint +\S/);
  });

  it('says how many findings it does not list', () => {
    const verdict = { ...verdictOnNothing(), findingCounts: { 'ima.file_unknown': 31 } };
    const report = reportVerdict('host', verdict, terminal(false));
    assert.match(report, /and 31 more of ima\.file_unknown\n$/);
  });
});

// The policies that people may start from, on captured evidence: what each refuses, and that it
// refuses nothing else once the sets that it asks for hold what the host runs. policies/README.md

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toHex } from '../../src/bytes/encoding.ts';
import { RecordedValues } from '../../src/collect/stored-list.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { lintPolicy } from '../../src/policy/lint.ts';
import { parsePolicy } from '../../src/policy/parse-policy.ts';
import type { ReferenceSet } from '../../src/policy/reference-set.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import type { PolicyDocument } from '../../src/policy/schema.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import { textOf } from '../support/source-tree.ts';
import { utf8 } from '../unit/policy-documents.ts';
import { type Capture, loadCapture } from './load-capture.ts';

const STARTING = ['strict-server', 'first-day', 'ci-runner'] as const;
type Starting = (typeof STARTING)[number];

/** Which set of each policy is to hold the files of the host. */
const HOST_SET: Readonly<Record<Starting, string>> = {
  'strict-server': 'os-packages',
  'first-day': '',
  'ci-runner': 'runner-image',
};

/** What every capture earns: nothing binds their keys to a TPM. */
const ALWAYS = ['ak.asserted'];

/** What a quote of PCR 10 alone earns besides, and one of PCR 0 to 10: no host has Secure Boot. */
const BY_SELECTION: Readonly<Record<Selection, Readonly<Record<Starting, readonly string[]>>>> = {
  part: {
    'strict-server': ['boot.secure_boot_unproven', 'quote.selection_incomplete'],
    'first-day': ['quote.selection_incomplete'],
    'ci-runner': ['quote.selection_incomplete'],
  },
  whole: { 'strict-server': ['boot.secure_boot_off'], 'first-day': [], 'ci-runner': [] },
};

type Selection = 'part' | 'whole';

/** For each policy the status, then what weighs besides the above. */
interface Expectation extends Readonly<Record<Starting, string>> {
  readonly selection: Selection;
}

const EXPECTED: Readonly<Record<string, Expectation>> = {
  '01-ima-ng-tcb/q01-rsassa-pcr10': {
    selection: 'part',
    'strict-server': 'contraindicated',
    'first-day': 'contraindicated ima.file_warned',
    'ci-runner': 'contraindicated',
  },
  '01-ima-ng-tcb/q03-rsapss-pcr0-10': {
    selection: 'whole',
    'strict-server': 'contraindicated',
    'first-day': 'warning ima.file_warned',
    'ci-runner': 'warning',
  },
  '02-ima-sig/q02-rsassa-pcr0-10': {
    selection: 'whole',
    'strict-server': 'contraindicated',
    'first-day': 'warning ima.file_warned',
    'ci-runner': 'warning',
  },
  '03-ima-buf/q01-rsassa-pcr10': {
    selection: 'part',
    'strict-server': 'contraindicated ima.event_unknown ima.key_unknown',
    'first-day': 'contraindicated ima.file_warned ima.key_unknown',
    'ci-runner': 'contraindicated ima.event_unknown ima.key_unknown',
  },
  '05-violations/q02-after-open-writers': {
    selection: 'part',
    'strict-server': 'contraindicated ima.violation_present',
    'first-day': 'contraindicated ima.file_warned ima.violation_present',
    'ci-runner': 'contraindicated ima.violation_present',
  },
  '07-kexec-with-log-carry-over/boot2-q01': {
    selection: 'part',
    'strict-server': 'contraindicated ima.epoch_kernel_unknown ima.event_unknown',
    'first-day': 'contraindicated ima.epoch_kernel_unknown ima.file_warned',
    'ci-runner': 'contraindicated ima.epoch_kernel_unknown ima.event_unknown',
  },
  '07-kexec-without-log-carry-over/boot2-q01': {
    selection: 'part',
    'strict-server': 'contraindicated ima.replay_mismatch',
    'first-day': 'contraindicated ima.replay_mismatch',
    'ci-runner': 'contraindicated ima.replay_mismatch',
  },
  '09-boot-aggregate-late/q03-rsapss-pcr0-10': {
    selection: 'whole',
    'strict-server': 'contraindicated ima.boot_aggregate_late ima.event_unknown',
    'first-day': 'warning ima.boot_aggregate_late ima.file_warned',
    'ci-runner': 'contraindicated ima.boot_aggregate_late ima.event_unknown',
  },
  '11-three-banks-padded/q05-rsassa-twobanks-pcr10': {
    selection: 'part',
    'strict-server': 'contraindicated ima.bank_padded quote.selection_unexpected',
    'first-day': 'contraindicated ima.bank_padded ima.file_warned quote.selection_unexpected',
    'ci-runner': 'contraindicated ima.bank_padded quote.selection_unexpected',
  },
  '12-ten-thousand-entries/q00-start': {
    selection: 'part',
    'strict-server': 'contraindicated ima.event_unknown',
    'first-day': 'contraindicated ima.file_warned',
    'ci-runner': 'contraindicated ima.event_unknown',
  },
};

function policyNamed(name: Starting): PolicyDocument {
  const parsed = parsePolicy(utf8(textOf(`policies/${name}.json`)));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.policy;
}

function setOf(lines: readonly string[]): ReferenceSet {
  const result = readReferenceSet(utf8(lines.join('')), { format: 'ndjson' });
  assert.ok(result.ok);
  return result.set;
}

/** Every file that the list of a capture records, as lines of a set. */
function recordedBy({ evidence, segments }: Capture): string[] {
  if (evidence.ima === undefined) return [];
  const values = new RecordedValues(evidence.ima.segments);
  for (const [index, segment] of segments.entries()) values.push(index, segment);
  values.end();
  return [...values.take()].flatMap((value) => {
    if (!('digest' in value)) return [];
    return [`{"digest":"${value.algorithm}:${toHex(value.digest)}"}\n`];
  });
}

/** The names of all sets that the starting points ask for. */
const SET_NAMES = [
  'revoked',
  'os-packages',
  'site-software',
  'command-lines',
  'ima-policies',
  'runner-image',
  'toolchains',
];

function verdictUnder(
  document: PolicyDocument,
  capture: Capture,
  filled: Readonly<Record<string, readonly string[]>>,
): VerdictBody {
  const sets = new Map(SET_NAMES.map((name) => [name, setOf(filled[name] ?? [])]));
  const compiled = compilePolicy(document, { sets, version: null });
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return verifyEvidence(capture.evidence, capture.segments, compiled.policy);
}

/** Status and what weighs, each code once. */
function summary({ status, findings }: VerdictBody): string {
  const weighty = findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code);
  return `${status}: ${[...new Set(weighty)].sort().join(' ')}`.trim();
}

const STRICT = '01-ima-ng-tcb/q03-rsapss-pcr0-10';

describe('starting points', () => {
  for (const [bundle, expected] of Object.entries(EXPECTED)) {
    it(`say of ${bundle} what is expected`, async () => {
      const capture = await loadCapture(bundle);
      const lines = recordedBy(capture);
      for (const name of STARTING) {
        const verdict = verdictUnder(policyNamed(name), capture, { [HOST_SET[name]]: lines });
        const [status, ...besides] = expected[name].split(' ');
        const codes = [...ALWAYS, ...BY_SELECTION[expected.selection][name], ...besides];
        assert.equal(summary(verdict), `${status}: ${codes.sort().join(' ')}`, name);
      }
    });
  }

  it('refuse nothing else: eased on key and boot the strict one affirms', async () => {
    const capture = await loadCapture(STRICT);
    const strict = policyNamed('strict-server');
    const eased = { ...strict, attester: { asserted: 'accept' as const } };
    const document = { ...eased, boot: { secureBoot: 'optional' as const } };
    const filled = { 'os-packages': recordedBy(capture) };
    assert.equal(summary(verdictUnder(document, capture, filled)), 'affirming:');
  });

  it('refuse a file that no set has, and one that is revoked', async () => {
    const capture = await loadCapture(STRICT);
    const [first = '', ...others] = recordedBy(capture);
    for (const name of ['strict-server', 'ci-runner'] as const) {
      const document = policyNamed(name);
      const set = HOST_SET[name];
      const unknown = summary(verdictUnder(document, capture, { [set]: others }));
      assert.match(unknown, /^contraindicated: .*ima\.file_unknown/);
      const filled = { [set]: [first, ...others], revoked: [first] };
      const revoked = summary(verdictUnder(document, capture, filled));
      assert.match(revoked, /^contraindicated: .*ima\.file_digest_refused/);
    }
  });

  it('have no lint that warns', () => {
    for (const name of STARTING) {
      const lints = lintPolicy(policyNamed(name));
      assert.deepEqual(
        lints.filter(({ severity }) => severity === 'warning'),
        [],
      );
    }
  });

  it('are each told of in the page beside them, with every set that they need', () => {
    const page = textOf('policies/README.md');
    for (const name of [...STARTING, ...SET_NAMES]) {
      assert.ok(page.includes(`\`${name}\``), name);
    }
  });
});

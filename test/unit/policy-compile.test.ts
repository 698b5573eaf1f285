// From document to acceptance policy: what each section becomes, and what is told or refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AcceptancePolicy } from '../../src/policy/acceptance.ts';
import { compilePolicy, type PolicyResult } from '../../src/policy/compile.ts';
import { policyDigest } from '../../src/policy/policy-digest.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import { FULL_POLICY, MINIMAL_POLICY, parsed, utf8 } from './policy-documents.ts';

const EMPTY_IMA = { measurements: [] };

function emptySet() {
  const result = readReferenceSet(new Uint8Array(), { format: 'ndjson' });
  assert.ok(result.ok);
  return result.set;
}

const SETS = new Map(
  ['revoked', 'debian-12', 'agents', 'kernels-2026'].map((name) => [name, emptySet()]),
);

const KEYRINGS = new Map([['vendor', { digest: `sha256:${'00'.repeat(32)}`, keys: [] }]]);

function compile(document: object): PolicyResult {
  return compilePolicy(parsed(document), { sets: SETS, keyrings: KEYRINGS, version: null });
}

function policyOf(document: object): AcceptancePolicy {
  const result = compile(document);
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

/** Paths of the problems, and of the notes where there are none. */
function told(extra: object): { readonly problems: string[]; readonly notes: string[] } {
  const result = compile({ ...MINIMAL_POLICY, ...extra });
  if (!result.ok) return { problems: result.problems.map(({ path }) => path), notes: [] };
  return { problems: [], notes: result.notes.map((note) => note.replace(/:.*/, '')) };
}

function rule(extra: object): object {
  return { ima: { measurements: [{ id: 'r', path: '/a', then: 'accept', ...extra }] } };
}

describe('compilePolicy', () => {
  it('names the policy, its version and its digest', () => {
    const document = parsed(FULL_POLICY);
    const result = compilePolicy(document, { sets: SETS, keyrings: KEYRINGS, version: 7 });
    assert.ok(result.ok);
    const digest = policyDigest(document);
    assert.deepEqual(result.policy.identity, { name: 'prod', version: 7, digest });
  });

  it('takes what is left out strictly', () => {
    const { quote, boot, ima, attester } = policyOf({ ...MINIMAL_POLICY, ima: EMPTY_IMA });
    const pcrs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    assert.deepEqual(quote.selection, [{ bank: 'sha256', pcrs }]);
    assert.deepEqual([quote.unsafeClock, quote.weakNonce], ['warn', 'refuse']);
    assert.equal(attester.asserted, 'warn');
    assert.deepEqual([boot.eventLog, boot.secureBoot], ['required', 'required']);
    assert.deepEqual([boot.partial, boot.loader], ['refuse', 'refuse']);
    const refused = { late: 'refuse', partialCoverage: 'refuse', zero: 'refuse' };
    const { isPinned, ...treated } = boot.aggregate;
    assert.deepEqual(treated, refused);
    assert.equal(isPinned('sha256', new Uint8Array(32), NOW), false);
    assert.ok(ima !== 'not-required');
    const treatments = [ima.list, ima.paddedBanks, ima.weakBanks, ima.unquotedPcrs];
    assert.deepEqual(treatments, ['required', 'refuse', 'refuse', 'refuse']);
    assert.deepEqual(ima.violation(utf8('/x')), { then: 'refuse' });
  });

  it('warns about an event log that explains little where none is required', () => {
    const { boot } = policyOf({ ...MINIMAL_POLICY, boot: { eventLog: 'optional' } });
    assert.deepEqual([boot.partial, boot.loader], ['warn', 'warn']);
  });

  it('selects every PCR in every bank, ascending, and nothing where nothing is named', () => {
    const selection = (quote: object) => policyOf({ ...MINIMAL_POLICY, quote }).quote.selection;
    assert.deepEqual(selection({ banks: ['sha384', 'sha256'], pcrs: [10, 2] }), [
      { bank: 'sha384', pcrs: [2, 10] },
      { bank: 'sha256', pcrs: [2, 10] },
    ]);
    assert.deepEqual(selection({ pcrs: [] }), []);
    assert.deepEqual(selection({ banks: [] }), []);
  });

  it('pins PCR values in lower case', () => {
    const values = policyOf(FULL_POLICY).boot.pcrs.get(7);
    assert.equal(values?.has('sha256', new Uint8Array(32).fill(0xab), NOW), true);
    assert.equal(values?.has('sha256', new Uint8Array(32).fill(0xac), NOW), false);
    assert.equal(values?.speaksOf('sha256'), true);
    assert.equal(values?.speaksOf('sha1'), false);
  });

  it('judges violations by the first path that matches', () => {
    const rules = [
      { path: '/var/**', then: 'warn' },
      { id: 'logs', path: '/var/log/**', then: 'refuse' },
      { id: 'tmp', path: '/tmp/*', then: 'report' },
    ];
    const { ima } = policyOf({
      ...MINIMAL_POLICY,
      ima: { measurements: [], violations: { default: 'refuse', rules } },
    });
    assert.ok(ima !== 'not-required');
    assert.equal(ima.violation(utf8('/var/log/x')).rule, 'ima.violations.rules[0]');
    assert.deepEqual(ima.violation(utf8('/tmp/x')), { then: 'report', rule: 'tmp' });
    assert.deepEqual(ima.violation(utf8('tmp/x')), { then: 'refuse' });
  });

  it('says coverage 0-7 in the verdict, without weight', () => {
    const boot = { bootAggregate: { coverage: '0-7', late: 'accept' } };
    const { aggregate } = policyOf({ ...MINIMAL_POLICY, boot }).boot;
    assert.deepEqual([aggregate.partialCoverage, aggregate.late], ['report', 'accept']);
  });

  it('pins nothing by an empty set', () => {
    const { late, isPinned } = policyOf(FULL_POLICY).boot.aggregate;
    assert.equal(late, 'accept-if-pinned');
    assert.equal(isPinned('sha256', new Uint8Array(32).fill(0xab), NOW), false);
  });

  it('allows PCR values by set under the name of the bank, in every quoted bank', () => {
    const line = `{"digest":"sha256:${'cd'.repeat(32)}"}`;
    const pcrs = readReferenceSet(utf8(`${line}\n`), { format: 'ndjson' });
    assert.ok(pcrs.ok);
    const sets = new Map([['pcrs', pcrs.set]]);
    const compiled = (lists: object) => {
      const document = parsed({ ...MINIMAL_POLICY, boot: { pcrs: { '7': lists } } });
      const result = compilePolicy(document, { sets, version: null });
      assert.ok(result.ok, JSON.stringify(result));
      return result.policy.boot.pcrs.get(7);
    };
    const value = new Uint8Array(32).fill(0xcd);
    const bySet = compiled({ allowIn: ['pcrs'] });
    const has = (bank: 'sha256' | 'sha3-256') => bySet?.has(bank, value, NOW);
    assert.deepEqual([has('sha256'), has('sha3-256')], [true, false]);
    assert.deepEqual([bySet?.speaksOf('sha256'), bySet?.speaksOf('sha1')], [true, true]);
    const both = compiled({ allow: [`sha256:${'ab'.repeat(32)}`], allowIn: ['pcrs'] });
    const listed = new Uint8Array(32).fill(0xab);
    const inBoth = (digest: Uint8Array) => both?.has('sha256', digest, NOW);
    assert.deepEqual(
      [inBoth(value), inBoth(listed), inBoth(new Uint8Array(32))],
      [true, true, false],
    );
  });

  it('lets a retired PCR value be good for a boot that had begun before', () => {
    const head = `{"format":"plumbline-reference-set/1","retireAt":"2031-05-03T12:00:00Z"}`;
    const line = `{"digest":"sha256:${'cd'.repeat(32)}"}`;
    const retired = readReferenceSet(utf8(`${head}\n${line}\n`), { format: 'ndjson' });
    assert.ok(retired.ok);
    const document = parsed({ ...MINIMAL_POLICY, boot: { pcrs: { '7': { allowIn: ['old'] } } } });
    const sets = new Map([['old', retired.set]]);
    const result = compilePolicy(document, { sets, version: null });
    assert.ok(result.ok);
    const allowed = result.policy.boot.pcrs.get(7);
    const value = new Uint8Array(32).fill(0xcd);
    assert.equal(allowed?.has('sha256', value, NOW - 1), true);
    assert.equal(allowed?.has('sha256', value, NOW), false);
    assert.equal(allowed?.has('sha256', value, undefined), false);
  });

  it('hands on what the timeline of a host is held to', () => {
    const { quote, ima } = policyOf(FULL_POLICY);
    assert.equal(quote.firmwareChange, 'warn');
    assert.ok(ima !== 'not-required');
    const counter = { model: 'per-bank', banks: 1, lag: 16, excess: 'report' };
    assert.deepEqual(ima.updateCounter, counter);
  });
});

describe('problems of a compilation', () => {
  const table: readonly (readonly [object, readonly string[]])[] = [
    [rule({ digestIn: ['agents', 'nowhere'] }), ['ima.measurements[0].digestIn[1]']],
    [rule({ signedBy: ['vendor', 'v'] }), ['ima.measurements[0].signedBy[1]']],
    [rule({ signedBy: ['v'], then: 'refuse' }), ['ima.measurements[0].signedBy[0]']],
    [
      { ima: { measurements: [{ id: 'k', keyring: '.ima', keyIn: ['v'], then: 'warn' }] } },
      ['ima.measurements[0].keyIn[0]'],
    ],
    [
      { boot: { bootAggregate: { late: 'accept-if-pinned', kernels: ['nowhere'] } } },
      ['boot.bootAggregate.kernels[0]'],
    ],
    [{ boot: { pcrs: { '11': { allow: [] } } } }, ['boot.pcrs["11"]']],
    [{ boot: { pcrs: { '7': { allowIn: ['nowhere'] } } } }, ['boot.pcrs["7"].allowIn[0]']],
    [
      { boot: { pcrs: { '7': { allow: [`sha1:${'00'.repeat(20)}`] } } } },
      ['boot.pcrs["7"].allow[0]'],
    ],
  ];
  for (const [extra, paths] of table) {
    it(`are found at ${paths.join()}`, () => {
      assert.deepEqual(told(extra).problems, paths);
    });
  }

  it('do not arise from the same keys used rightly', () => {
    assert.ok(compile(FULL_POLICY).ok);
    const value = `sha256:${'00'.repeat(32)}`;
    assert.deepEqual(told(rule({ signedBy: ['vendor'], then: 'refuse' })).problems, []);
    assert.deepEqual(told({ boot: { pcrs: { '7': { allow: [value] } } } }).problems, []);
  });
});

describe('notes of a compilation', () => {
  const table: readonly (readonly [object, readonly string[]])[] = [
    [{}, []],
    [{ ima: EMPTY_IMA }, ['ima.measurements']],
    [{ quote: { pcrs: [] } }, ['quote']],
    [{ quote: { signatureHashes: [] } }, ['quote.signatureHashes']],
    [{ quote: { banks: ['sm3'] } }, ['quote.banks']],
    [{ quote: { firmwareVersions: { change: 'refuse' } } }, []],
    [{ appliesTo: { labels: { a: 'b' } } }, []],
    [rule({ signedBy: ['vendor'] }), []],
    [{ ima: { ...EMPTY_IMA, batches: 'warn' } }, ['ima.measurements']],
    [
      { ima: { ...EMPTY_IMA, history: { unknown: 'warn' }, extendOrder: { window: 2 } } },
      ['ima.measurements'],
    ],
  ];
  for (const [extra, notes] of table) {
    it(`are ${notes.length === 0 ? 'none' : notes.join()} for ${JSON.stringify(extra)}`, () => {
      assert.deepEqual(told(extra), { problems: [], notes });
    });
  }
});

describe('the structural policy', () => {
  it('accepts any measurement and selection, and no SHA-1 signature', () => {
    const { quote, ima, identity } = STRUCTURAL_POLICY;
    assert.deepEqual(identity, { name: 'structural', version: null, digest: null });
    assert.equal(quote.selection, 'any');
    assert.equal(quote.signatureHashes.has('sha1'), false);
    assert.ok(ima !== 'not-required' && ima.measurements === 'any');
    assert.deepEqual(ima.violation(utf8('/x')), { then: 'warn' });
  });
});

const NOW = Date.parse('2031-05-03T12:00:00Z');

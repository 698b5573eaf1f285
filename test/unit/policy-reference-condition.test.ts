// Rules with digestIn and sets that are in force for a while, or for which nobody vouches.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromHex } from '../../src/bytes/encoding.ts';
import type { Judgement } from '../../src/policy/acceptance.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { type ReferenceSet, ReferenceSetBuilder } from '../../src/policy/reference-set.ts';
import type { SetTerms } from '../../src/policy/reference-set-terms.ts';
import { measurementOf } from './measurements.ts';
import { MINIMAL_POLICY, parsed, utf8 } from './policy-documents.ts';

const DIGEST = 'ab'.repeat(32);

function setOf(terms: SetTerms): ReferenceSet {
  const builder = new ReferenceSetBuilder();
  const refusal = builder.add({ algorithm: 'sha256', digest: fromHex(DIGEST) ?? new Uint8Array() });
  assert.equal(refusal, undefined);
  return builder.build(terms);
}

const SETS = new Map([
  ['plain', setOf({ validity: {} })],
  ['limited', setOf({ validity: { validFromMs: 1000, retireAtMs: 2000 } })],
  ['seen', setOf({ validity: {}, basis: 'trusted-on-first-use' })],
]);

function judge(digestIn: readonly string[], provenAtMs?: number, then = 'accept'): Judgement {
  const measurements = [{ id: 'r', digestIn, then }];
  const document = parsed({ ...MINIMAL_POLICY, ima: { measurements } });
  const result = compilePolicy(document, { sets: SETS, version: null });
  assert.ok(result.ok);
  assert.ok(result.policy.ima !== 'not-required' && result.policy.ima.measurements !== 'any');
  const time = provenAtMs === undefined ? {} : { provenAtMs };
  const measured = measurementOf({ name: utf8('/x'), hex: DIGEST, ...time });
  return result.policy.ima.measurements.judge(measured);
}

function told({ ruling, remarks }: Judgement): string {
  return [ruling?.then, ...remarks.map(({ code, severity }) => `${severity} ${code}`)].join();
}

const NOT_IN_FORCE = ',contraindicated ima.reference_not_in_force';
const SEEN = 'accept,info ima.trusted_on_first_use';

describe('a rule with digestIn', () => {
  const table: readonly (readonly [string, readonly string[], number | undefined, string])[] = [
    ['counts a set without limits at any time', ['plain'], undefined, 'accept'],
    ['counts a set from its beginning on', ['limited'], 1000, 'accept'],
    ['does not count it before', ['limited'], 999, NOT_IN_FORCE],
    ['does not count it once it is retired', ['limited'], 2000, NOT_IN_FORCE],
    ['does not count it where nobody told the time', ['limited'], undefined, NOT_IN_FORCE],
    [
      'has nothing to say of a retired set beside another one',
      ['limited', 'plain'],
      2000,
      'accept',
    ],
    ['says where nobody vouches', ['seen'], undefined, SEEN],
    ['prefers a set that somebody vouches for', ['seen', 'plain'], undefined, 'accept'],
    ['takes one that was believed before one that is retired', ['limited', 'seen'], 2000, SEEN],
  ];
  for (const [what, digestIn, atMs, expected] of table) {
    it(what, () => assert.equal(told(judge(digestIn, atMs)), expected));
  }

  it('that refuses counts a set with limits unless it is known to be out of force', () => {
    assert.equal(told(judge(['limited'], undefined, 'refuse')), 'refuse');
    assert.equal(told(judge(['limited'], 1500, 'refuse')), 'refuse');
    assert.equal(told(judge(['limited'], 2000, 'refuse')), '');
    assert.equal(told(judge(['seen'], undefined, 'refuse')), 'refuse');
  });

  it('names the set', () => {
    const [retired] = judge(['limited'], 2000).remarks;
    assert.match(retired?.expected ?? '', /^limited /);
    assert.equal(retired?.rule, 'r');
    const [seen] = judge(['seen']).remarks;
    assert.deepEqual([seen?.actual, seen?.rule, seen?.field], ['seen', 'r', 'd-ng']);
  });
});

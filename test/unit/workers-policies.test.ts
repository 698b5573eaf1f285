// The policies of a thread: compiled once for each content, over shared memory.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ReferenceSetBuilder } from '../../src/policy/reference-set.ts';
import { shareReferenceSet } from '../../src/policy/reference-set-share.ts';
import { packPolicy } from '../../src/service/policy-package.ts';
import { CompiledPolicies } from '../../src/workers/policies.ts';

const packed = (version: number, filler: number) => {
  const builder = new ReferenceSetBuilder();
  builder.add({ algorithm: 'sha256', digest: new Uint8Array(32).fill(filler) });
  return packPolicy({
    document: {
      format: 'plumbline-policy/1',
      name: 'prod',
      ima: { measurements: [{ id: 'os', path: '/**', digestIn: ['base'], then: 'accept' }] },
    },
    digest: `sha256:${'00'.repeat(32)}`,
    version,
    sets: [['base', shareReferenceSet(builder.build())]],
    keyrings: [],
  });
};

it('a policy is compiled once for each version and content of its sets', () => {
  const policies = new CompiledPolicies();
  const first = policies.get(packed(1, 1));
  assert.equal(policies.get(packed(1, 1)), first);
  assert.notEqual(policies.get(packed(2, 1)), first);
  assert.notEqual(policies.get(packed(1, 2)), first);
  assert.equal(policies.get(packed(1, 1)), first);
  assert.equal(first.identity.version, 1);
});

// Conditions on what a buffer says, and rules about events that are mistakes. docs/policy.md,
// "Events and keys"

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  compileEventData,
  type EventRule,
  eventRuleProblems,
  hasLabel,
} from '../../src/policy/event-data.ts';
import { utf8 } from './policy-documents.ts';

const STATE = 'initialized=1;enforcing=1;checkreqprot=0;open_perms=1;';
const LOAD =
  'dm_version=4.50.0;name=a\\,b,uuid=\xc3\xa9,major=253,minor=0,minor_count=1,num_targets=1;' +
  'target_index=0,target_begin=0,target_len=8,target_name=verity,target_version=1.8.0,salt=-;';

type Data = Readonly<Record<string, string>>;

function matches(event: string, data: Data, text: string): boolean {
  const compiled = compileEventData(event, data);
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return compiled.matches(new Uint8Array(Buffer.from(text, 'latin1')));
}

describe('compileEventData', () => {
  const table: readonly (readonly [event: string, data: Data, text: string, is: boolean])[] = [
    ['selinux-state', { enforcing: '1' }, STATE, true],
    ['selinux-state', { enforcing: '1' }, STATE.replace('enforcing=1', 'enforcing=0'), false],
    ['selinux-state', { enforcing: '1', open_perms: '1' }, STATE, true],
    ['selinux-state', { enforcing: '1', open_perms: '0' }, STATE, false],
    ['selinux-state', { memfd_class: '0' }, STATE, false],
    ['selinux-state', { enforcing: '1' }, `${STATE}x`, false],
    ['selinux-state', { enforcing: '1' }, '', false],
    ['kernel_version', { release: '7.3.4' }, '7.3.4', true],
    ['kernel_version', { release: '7.3.4' }, '7.3.40', false],
    ['kexec-cmdline', { text: 'quiet' }, 'quiet', true],
    ['kexec-cmdline', { text: 'quiet' }, 'quiet ', false],
    ['ima_policy_loaded', { rules: '1' }, 'measure func=KEY_CHECK \n', true],
    ['ima_policy_loaded', { rules: '2' }, 'measure func=KEY_CHECK \n', false],
    ['dm_table_load', { name: 'a,b', 'target.0.target_name': 'verity' }, LOAD, true],
    ['dm_table_load', { name: 'a\\,b' }, LOAD, false],
    ['dm_table_load', { uuid: 'é' }, LOAD, true],
    ['dm_table_load', { 'target.1.target_name': 'verity' }, LOAD, false],
  ];
  for (const [event, data, text, is] of table) {
    it(`${is ? 'matches' : 'does not match'} ${JSON.stringify(data)} in ${text}`, () => {
      assert.equal(matches(event, data, text), is);
    });
  }

  const wrong: readonly (readonly [event: string, data: Data, key: string | undefined])[] = [
    ['selinux-state', { enforcin: '1' }, 'enforcin'],
    ['selinux-state', { enforcing: 'yes' }, 'enforcing'],
    ['selinux-state', { enforcing: '1', toString: '1' }, 'toString'],
    ['selinux-state', {}, undefined],
    ['init_module', { text: 'x' }, undefined],
    ['ima_policy_written', { rules: '1' }, undefined],
    ['.ima', { name: 'x' }, undefined],
    ['dm_table_load', { active_table_hash: 'x' }, 'active_table_hash'],
    ['dm_device_resume', { active_table_hash: 'ab' }, 'active_table_hash'],
    ['dm_device_resume', { 'target.0.salt': '-' }, 'target.0.salt'],
    ['dm_table_load', { 'target.00.salt': '-' }, 'target.00.salt'],
    ['kernel_version', { release: '7.3 4' }, 'release'],
  ];
  for (const [event, data, key] of wrong) {
    it(`refuses ${JSON.stringify(data)} of ${event}`, () => {
      const compiled = compileEventData(event, data);
      assert.ok(!compiled.ok);
      assert.equal(compiled.key, key);
    });
  }

  it('never matches bytes that break the grammar, and never throws', () => {
    const compiled = compileEventData('selinux-state', { enforcing: '1' });
    assert.ok(compiled.ok);
    const property = fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.equal(compiled.matches(bytes), false);
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe('eventRuleProblems', () => {
  const accept = { then: 'accept' } as const;
  const pinned = { ...accept, digestIn: ['x'] };
  const table: readonly (readonly [rule: EventRule, path: string | undefined])[] = [
    [{ ...accept }, undefined],
    [{ ...accept, event: 'selinux-state' }, undefined],
    [{ ...accept, event: 'init_module' }, 'digestIn'],
    [{ ...accept, event: 'selinux-policy-hash' }, 'digestIn'],
    [{ ...accept, event: 'blacklisted-hash' }, 'digestIn'],
    [{ ...accept, event: '.ima' }, 'digestIn'],
    [{ ...pinned, event: 'init_module' }, undefined],
    [{ event: 'init_module', then: 'warn' }, undefined],
    [{ event: 'init_module', then: 'refuse' }, undefined],
    [{ ...accept, label: 'device-mapper' }, undefined],
    [{ ...accept, label: 'selinux' }, 'digestIn'],
    [{ ...pinned, label: 'selinux' }, undefined],
    [{ label: 'selinux', then: 'refuse' }, undefined],
    [{ ...pinned, label: 'device_mapper' }, 'label'],
    [{ ...accept, keyring: '.ima' }, 'keyIn'],
    [{ ...accept, keyring: '.ima', keyIn: ['vendor'] }, undefined],
    [{ ...pinned, keyring: '.ima' }, undefined],
    [{ keyring: '.ima', then: 'warn' }, undefined],
    [{ ...pinned, keyring: 'kexec_execute' }, 'keyring'],
    [{ ...accept, event: 'selinux-state', data: { enforcing: '1' } }, undefined],
    [{ ...accept, event: 'selinux-state', data: { enforced: '1' } }, 'data.enforced'],
  ];
  for (const [rule, path] of table) {
    it(`finds ${path ?? 'nothing'} in ${JSON.stringify(rule)}`, () => {
      const paths = eventRuleProblems(rule).map((problem) => problem.path.join('.'));
      assert.deepEqual(paths, path === undefined ? [] : [path]);
    });
  }
});

describe('hasLabel', () => {
  it('knows the labels of events', () => {
    assert.equal(hasLabel(utf8('dm_table_load'), 'device-mapper'), true);
    assert.equal(hasLabel(utf8('dm_table_load'), 'selinux'), false);
    assert.equal(hasLabel(utf8('dm_table_loads'), 'device-mapper'), false);
    assert.equal(hasLabel(utf8('.ima'), 'device-mapper'), false);
  });
});

// Every lint: a policy that earns it, at which place, and one next to it that does not.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { POLICY_LIMITS } from '../../src/bytes/limits.ts';
import {
  type LintSurroundings,
  lintingPolicy,
  lintPolicy,
  lintText,
} from '../../src/policy/lint.ts';
import { LINTS, type LintId } from '../../src/policy/lint-table.ts';
import { MINIMAL_POLICY, parsed } from './policy-documents.ts';

interface Example {
  readonly id: LintId;
  readonly at: string;
  readonly earns: object;
  readonly avoids: object;
  readonly around?: LintSurroundings;
}

const OS = { id: 'os', path: '/**', digestIn: ['os'], then: 'accept' };
const DENY = { id: 'deny', digestIn: ['revoked'], then: 'refuse' };

function rules(...measurements: readonly object[]): object {
  return { ima: { measurements } };
}

function ima(section: object): object {
  return { ima: { measurements: [OS], ...section } };
}

function pin(...allow: readonly string[]): object {
  return { quote: { banks: ['sha1', 'sha256'] }, boot: { pcrs: { '4': { allow } } } };
}

const SHA1_PIN = `sha1:${'ab'.repeat(20)}`;
const SHA256_PIN = `sha256:${'ab'.repeat(32)}`;
const rule = (id: string, extra: object): object => ({ id, then: 'accept', ...extra });

const EXAMPLES: readonly Example[] = [
  {
    id: 'bank.sha1_only',
    at: 'quote.banks',
    earns: { quote: { banks: ['sha1'] } },
    avoids: { quote: { banks: ['sha1', 'sha256'] } },
  },
  {
    id: 'digest.sha1',
    at: 'ima.fileDigests',
    earns: ima({ fileDigests: ['sha1', 'sha256'] }),
    avoids: ima({ fileDigests: ['sha256'] }),
  },
  {
    id: 'digest.sha1_only',
    at: 'ima.fileDigests',
    earns: ima({ fileDigests: ['sha1'] }),
    avoids: ima({ fileDigests: ['sha1', 'sha256'] }),
  },
  {
    id: 'acceptance.empty',
    at: 'ima.measurements',
    earns: rules(DENY),
    avoids: rules(DENY, OS),
  },
  {
    id: 'acceptance.empty',
    at: 'ima.templates',
    earns: ima({ templates: [] }),
    avoids: ima({ templates: ['ima-ng'] }),
  },
  {
    id: 'acceptance.empty',
    at: 'ima.fileDigests',
    earns: ima({ fileDigests: [] }),
    avoids: ima({}),
  },
  {
    id: 'labels.tie',
    at: 'appliesTo.labels',
    earns: { appliesTo: { labels: { env: 'prod' } } },
    avoids: { appliesTo: { labels: { role: 'db' } } },
    around: { others: [parsed({ ...MINIMAL_POLICY, name: 'web', ...labels({ role: 'web' }) })] },
  },
  {
    id: 'labels.tie',
    at: 'appliesTo.labels',
    earns: { appliesTo: { labels: { env: 'prod' } } },
    avoids: { appliesTo: { labels: { env: 'prod', role: 'web' } } },
    around: { others: [parsed({ ...MINIMAL_POLICY, name: 'web', ...labels({ role: 'web' }) })] },
  },
  {
    id: 'pin.sha1_only',
    at: 'boot.pcrs["4"].allow',
    earns: pin(SHA1_PIN),
    avoids: pin(SHA1_PIN, SHA256_PIN),
  },
  {
    id: 'selection.ima_pcr_missing',
    at: 'quote.pcrs',
    earns: { ...ima({}), quote: { pcrs: [7] } },
    avoids: { ...ima({}), quote: { pcrs: [7, 10] } },
  },
  {
    id: 'selection.secure_boot_pcr_missing',
    at: 'quote.pcrs',
    earns: { quote: { pcrs: [10] } },
    avoids: { quote: { pcrs: [10] }, boot: { secureBoot: 'optional' } },
  },
  {
    id: 'rule.accepts_any_content',
    at: 'ima.measurements[0]',
    earns: rules(rule('a', { path: '/opt/**' })),
    avoids: rules(rule('a', { path: '/opt/**', signedBy: ['vendor'] })),
  },
  {
    id: 'rule.accepts_everything',
    at: 'ima.measurements[1]',
    earns: rules(OS, rule('a', { path: '/**' })),
    avoids: rules(OS, rule('a', { path: '/**/*.d/**' })),
  },
  {
    id: 'rule.accepts_everything',
    at: 'ima.measurements[0]',
    earns: rules(rule('a', { path: '/**?**' })),
    avoids: rules(rule('a', { path: '/*' })),
  },
  {
    id: 'rule.deny_list_late',
    at: 'ima.measurements[1]',
    earns: rules(OS, DENY),
    avoids: rules(DENY, OS),
  },
  {
    id: 'rule.deny_list_late',
    at: 'ima.measurements[1]',
    earns: rules({ ...OS, path: '/usr/**' }, { ...DENY, path: '/**/sh' }),
    avoids: rules({ ...OS, path: '/usr/**' }, { ...DENY, path: '/opt/**' }),
  },
  {
    id: 'rule.event_unpinned',
    at: 'ima.measurements[0]',
    earns: rules(rule('a', { event: 'kexec-cmdline' })),
    avoids: rules(rule('a', { event: 'kexec-cmdline', digestIn: ['lines'] })),
  },
  {
    id: 'rule.refuse_shadowed',
    at: 'ima.measurements[1]',
    earns: rules(rule('a', { path: '/opt/**' }), { id: 'b', path: '/opt/*/x', then: 'refuse' }),
    avoids: rules(rule('a', { path: '/opt/*' }), { id: 'b', path: '/opt/*/x', then: 'refuse' }),
  },
  {
    id: 'rule.shadowed',
    at: 'ima.measurements[1]',
    earns: rules({ id: 'a', path: '/tmp/**', then: 'warn' }, rule('b', { path: '/tmp/[a-c]?' })),
    avoids: rules(rule('b', { path: '/tmp/[a-c]?' }), { id: 'a', path: '/tmp/**', then: 'warn' }),
  },
  {
    id: 'rule.shadowed',
    at: 'ima.violations.rules[1]',
    earns: ima({ violations: { rules: [violation('/var/**', 'warn'), violation('/var/log/x')] } }),
    avoids: ima({ violations: { rules: [violation('/var/log/x'), violation('/var/**', 'warn')] } }),
  },
  {
    id: 'rule.unreachable',
    at: 'ima.measurements[1]',
    earns: rules(OS, rule('a', { path: '/usr/bin/sh', digestIn: ['os'] })),
    avoids: rules(OS, rule('a', { path: '/usr/bin/sh', digestIn: ['os', 'more'] })),
  },
  {
    id: 'rule.unreachable',
    at: 'ima.measurements[1]',
    earns: rules(rule('a', { digestIn: ['os', 'more'] }), OS),
    avoids: rules(OS, rule('a', { digestIn: ['os', 'more'] })),
  },
  {
    id: 'rule.warns_everything',
    at: 'ima.measurements[1]',
    earns: rules(OS, { id: 'rest', path: '/**', then: 'warn' }),
    avoids: rules(OS, { id: 'rest', path: '/tmp/**', then: 'warn' }),
  },
  {
    id: 'set.empty',
    at: 'ima.measurements[0].digestIn[0]',
    earns: rules(rule('a', { digestIn: ['empty', 'full'] })),
    avoids: rules(rule('a', { digestIn: ['full', 'unknown'] })),
    around: {
      sets: new Map(Object.entries({ empty: { entryCount: 0 }, full: { entryCount: 1 } })),
    },
  },
  {
    id: 'template.legacy',
    at: 'ima.templates',
    earns: ima({ templates: ['ima', 'ima-ng'] }),
    avoids: ima({ templates: ['ima-ng'] }),
  },
  {
    id: 'violation.accepts_everything',
    at: 'ima.violations.default',
    earns: ima({ violations: { default: 'accept' } }),
    avoids: ima({ violations: { default: 'report' } }),
  },
  {
    id: 'violation.accepts_everything',
    at: 'ima.violations.rules[0]',
    earns: ima({ violations: { rules: [violation('/**')] } }),
    avoids: ima({ violations: { rules: [violation('/**/log')] } }),
  },
];

function labels(of: Readonly<Record<string, string>>): object {
  return { appliesTo: { labels: of } };
}

function violation(path: string, then = 'accept'): object {
  return { path, then };
}

function places(document: object, around: LintSurroundings | undefined, id: LintId): string[] {
  const lints = lintPolicy(parsed({ ...MINIMAL_POLICY, ...document }), around);
  return lints.filter((lint) => lint.id === id).map(({ path }) => path);
}

describe('lintPolicy', () => {
  it('has an example of every lint', () => {
    const shown = new Set<string>(EXAMPLES.map(({ id }) => id));
    assert.deepEqual([...shown].sort(), Object.keys(LINTS));
  });

  for (const { id, at, earns, avoids, around } of EXAMPLES) {
    it(`says ${id} at ${at} and not beside it`, () => {
      assert.ok(places(earns, around, id).includes(at));
      assert.ok(!places(avoids, around, id).includes(at));
    });
  }

  it('has nothing to say of a policy that accepts known digests', () => {
    assert.deepEqual(lintPolicy(parsed({ ...MINIMAL_POLICY, ...rules(DENY, OS) })), []);
    assert.deepEqual(lintPolicy(parsed(MINIMAL_POLICY)), []);
  });

  it('does not take a rule for covered that asks for something else', () => {
    const pairs: readonly (readonly [object, object])[] = [
      [rule('a', { digestIn: ['os'] }), { ...DENY, digestIn: ['os'] }],
      [rule('a', { path: '/**', signedBy: ['v'] }), { id: 'b', path: '/**', then: 'warn' }],
      [rule('a', { path: '/**' }), rule('b', { event: 'kexec-cmdline' })],
      [rule('a', { path: '/**' }), rule('b', { digestIn: ['os'] })],
      [rule('a', { event: 'kexec-cmdline' }), { id: 'b', event: 'boot_aggregate', then: 'warn' }],
    ];
    for (const pair of pairs) {
      const lints = lintPolicy(parsed({ ...MINIMAL_POLICY, ...rules(...pair) }));
      assert.ok(!lints.some(({ id }) => /unreachable|shadowed/.test(id)), JSON.stringify(pair));
    }
  });

  it('names the rule that decides, and what to do', () => {
    const [lint] = lintPolicy(parsed({ ...MINIMAL_POLICY, ...rules(OS, { ...OS, id: 'again' }) }));
    assert.ok(lint);
    assert.match(lint.message, /rule os .*: remove/);
    assert.equal(lintText(lint), `${lint.path}: ${lint.message} (${lint.id})`);
  });

  it('gives way while it compares many rules', () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      rule(`r${index}`, { path: `/${index}` }),
    );
    const steps = [...lintingPolicy(parsed({ ...MINIMAL_POLICY, ...rules(...many) }))];
    assert.ok(steps.length >= 8, `${steps.length} steps`);
  });

  it('tells a bounded number', () => {
    const many = Array.from({ length: 500 }, (_, index) => rule(`r${index}`, { path: '/a' }));
    const lints = lintPolicy(parsed({ ...MINIMAL_POLICY, ...rules(...many) }));
    assert.equal(lints.length, POLICY_LIMITS.problems);
  });
});

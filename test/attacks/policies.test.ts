// Lists that a genuine quote proves, made so that a policy would let through what it should not.
// FORMATS 2.3, 13.3, 17; docs/policy.md.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { VERDICT_LIMITS } from '../../src/bytes/limits.ts';
import { convertingKeylimePolicy } from '../../src/policy/keylime-policy.ts';
import { runSteps } from '../../src/policy/steps.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import {
  ascii,
  type DraftRecord,
  digestField,
  fileRecord,
  hash,
  join,
  nameField,
} from '../property/list-writer.ts';
import { EVERY_FILE, rulesOf, verdictOver } from '../tamper/proven-list.ts';
import { utf8 } from '../unit/policy-documents.ts';
import { ecSigner, sha256, signFile } from '../unit/signed-files.ts';
import { assertAccepted, assertRefused } from './scene.ts';

const CONTENT = ascii('content');
const KNOWN = { id: 'known', digestIn: ['good'], then: 'accept' };

describe('attacks on policies', () => {
  it('valid evidence under a policy with no rules', () => {
    const records = [fileRecord('/usr/bin/true', 'true')];
    assertAccepted(verdictOver(records, rulesOf([EVERY_FILE])));
    assertRefused(verdictOver(records, rulesOf([])), {
      code: 'ima.file_unknown',
      where: { part: 'ima', entryIndex: 1 },
    });
  });

  it('a malformed signature read as an empty one', () => {
    const rules = rulesOf([KNOWN], [sha256(CONTENT)]);
    assertAccepted(verdictOver([signedFile(new Uint8Array())], rules));
    const whole = signFile(ecSigner(), CONTENT);
    assertAccepted(verdictOver([signedFile(whole)], rules));
    for (const [what, signature] of [
      ['cut short', whole.slice(0, -1)],
      ['bytes behind it', join(whole, new Uint8Array(1))],
      ['the header alone', whole.slice(0, 9)],
      ['half a header', whole.slice(0, 3)],
    ] as const) {
      assertRefused(
        verdictOver([signedFile(signature)], rules),
        { code: 'ima.file_signature_malformed', where: { part: 'ima', entryIndex: 1 } },
        what,
      );
    }
  });

  it('a name chosen to fit an exclusion', () => {
    const rules = rulesOf([{ id: 'logs', path: '/var/log/*.log', then: 'accept' }]);
    assertAccepted(named('/var/log/boot.log', rules));
    for (const name of [
      '/tmp/var/log/boot.log',
      'var/log/boot.log',
      'boot.log',
      '/var/log/boot.log ',
      '/var/log/boot.log.sh',
      '/var/log/boot_log',
      '/var/log/deep/boot.log',
      '/var/log/x\n/boot.log',
      '/VAR/LOG/boot.log',
      '/var/log/boot.log\n',
    ]) {
      assertRefused(named(name, rules), UNKNOWN, name);
    }
  });

  it('an exclusion of another verifier that would let any name through', () => {
    const good = ['/var/log/.*', '^.*\\.log$'];
    const wide = ['.*', '/', '/.', '.*/.*', '/[^/]*/.*', 'boot', '[^/]+', '(/tmp|.*)', '/tmp|.*'];
    const excludes = [...good, ...wide];
    const digests = { '/usr/bin/true': ['ab'.repeat(32)] };
    const text = utf8(JSON.stringify({ meta: { version: 5 }, release: 0, digests, excludes }));
    const result = runSteps(convertingKeylimePolicy(text, 'prod'));
    assert.ok(result.ok, JSON.stringify(result));
    const { policy, leftOut } = result.conversion;
    const paths = RuleList.parse(Object(policy.ima).measurements)
      .filter(({ digestIn }) => digestIn === undefined)
      .map(({ path }) => path);
    assert.deepEqual(paths, ['/var/log/**', '/**.log']);
    const dropped = leftOut
      .filter(({ message }) => message.includes('dropped'))
      .map(({ at }) => at);
    assert.deepEqual(
      dropped,
      wide.map((_, index) => `excludes[${good.length + index}]`),
    );
  });

  it('a pattern that would match more than its folder', () => {
    const rules = rulesOf([{ id: 'app', path: '/opt/app/**', then: 'accept' }]);
    assertAccepted(named('/opt/app/lib/x.so', rules));
    for (const name of [
      '/opt/app',
      '/opt/application/x',
      '/opt/app.d/x',
      '/srv/opt/app/x',
      '/opt',
    ]) {
      assertRefused(named(name, rules), UNKNOWN, name);
    }
    const literal = rulesOf([{ id: 'dots', path: '/opt/a.b/(x|y)+', then: 'accept' }]);
    assertAccepted(named('/opt/a.b/(x|y)+', literal));
    for (const name of ['/opt/aXb/x', '/opt/a.b/x', '/opt/a.b/xx']) {
      assertRefused(named(name, literal), UNKNOWN, name);
    }
  });

  it('a file measured twice, with another content the second time', () => {
    const rules = rulesOf([{ ...KNOWN, path: '/usr/**' }], [sha256(CONTENT)]);
    const good = fileRecord('/usr/bin/true', 'content');
    const bad = fileRecord('/usr/bin/true', 'changed');
    assertAccepted(verdictOver([good, good], rules));
    for (const [records, entryIndex] of [
      [[good, bad], 2],
      [[bad, good], 1],
      [[good, bad, good], 2],
    ] as const) {
      assertRefused(verdictOver(records, rules), {
        code: 'ima.file_unknown',
        where: { part: 'ima', entryIndex },
      });
    }
  });

  it('a known digest under the name of another algorithm', () => {
    const rules = rulesOf([KNOWN], [sha256(CONTENT)]);
    assertAccepted(verdictOver([fileWith(digestField('sha256', sha256(CONTENT)))], rules));
    const sm3 = fileWith(digestField('sm3', sha256(CONTENT)));
    assertRefused(verdictOver([sm3], rules), {
      code: 'ima.file_digest_weak',
      where: { part: 'ima', entryIndex: 1 },
    });
  });

  it('bank, column and file digest confused: each is read in its own algorithm', () => {
    const weak = fileWith(digestField('sha1', hash('sha1', CONTENT)));
    const rules = rulesOf([EVERY_FILE]);
    assertAccepted(verdictOver([fileWith(digestField('sha512', hash('sha512', CONTENT)))], rules));
    assertRefused(verdictOver([weak], rules), {
      code: 'ima.file_digest_weak',
      where: { part: 'ima', entryIndex: 1 },
    });
  });

  it('an event that no rule names, among known ones', () => {
    const event = (name: string, text: string): DraftRecord => {
      const buffer = ascii(text);
      const digest = digestField('sha256', hash('sha256', buffer));
      return { pcr: 10, template: 'ima-buf', fields: [digest, nameField(ascii(name)), buffer] };
    };
    const rules = rulesOf([EVERY_FILE, { id: 'version', event: 'kernel_version', then: 'accept' }]);
    assertAccepted(verdictOver([event('kernel_version', '6.12.0')], rules));
    assertRefused(verdictOver([event('kernel_version', '6.12.0'), event('odd', 'x')], rules), {
      code: 'ima.event_unknown',
      where: { part: 'ima', entryIndex: 2 },
    });
  });

  it('many findings, to hide one or to fill the verdict', () => {
    const rules = rulesOf([
      { id: 'noise', path: '/tmp/**', then: 'warn' },
      { id: 'usr', path: '/usr/**', then: 'accept' },
    ]);
    const noise = Array.from({ length: 2000 }, (_, index) => fileRecord(`/tmp/${index}`, 'x'));
    assertAccepted(verdictOver(noise, rules), 'warning');
    const verdict = verdictOver([...noise, fileRecord('/opt/evil', 'x')], rules);
    assertRefused(verdict, {
      code: 'ima.file_unknown',
      where: { part: 'ima', entryIndex: noise.length + 1 },
    });
    assert.equal(Object(verdict.findingCounts)['ima.file_warned'], noise.length);
    const told = verdict.findings.filter(({ code }) => code === 'ima.file_warned');
    assert.equal(told.length, VERDICT_LIMITS.findingsPerCode);
  });
});

const RuleList = z.array(
  z.object({ path: z.string().optional(), digestIn: z.array(z.string()).optional() }),
);

const UNKNOWN = { code: 'ima.file_unknown', where: { part: 'ima', entryIndex: 1 } } as const;

function named(name: string, rules: ReturnType<typeof rulesOf>): VerdictBody {
  return verdictOver([fileRecord(name, 'x')], rules);
}

function fileWith(digest: Uint8Array): DraftRecord {
  return { pcr: 10, template: 'ima-ng', fields: [digest, nameField(ascii('/usr/bin/x'))] };
}

function signedFile(signature: Uint8Array): DraftRecord {
  const digest = digestField('sha256', sha256(CONTENT));
  const fields = [digest, nameField(ascii('/usr/bin/x')), signature];
  return { pcr: 10, template: 'ima-sig', fields };
}

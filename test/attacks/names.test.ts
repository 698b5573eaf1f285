// Names of files that no kernel writes, or that are made to be read as something else. FORMATS 1.6,
// 2.3. More of them, and more of their shapes, are in test/tamper/names.test.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { ascii, type DraftRecord, hash, join, nameField, unhex } from '../property/list-writer.ts';
import {
  assertAccepted,
  assertRefused,
  madeCapture,
  policyOf,
  RECORDS,
  verdictOf,
} from './scene.ts';

describe('odd names', () => {
  it('names with NUL, without an end, or longer than any path', () => {
    const names: readonly (readonly [string, Uint8Array])[] = [
      ['NUL', ascii('/usr/bin/true\0/evil\0')],
      ['no end', ascii('/usr/bin/true')],
      ['no bytes', new Uint8Array()],
      ['longer than a path', nameField(new Uint8Array(4097).fill(0x61))],
    ];
    const policy = policyOf();
    assertAccepted(named(nameField(ascii('/usr/bin/true')), policy));
    for (const [what, name] of names) {
      const where = { part: 'ima', entryIndex: RECORDS.length } as const;
      assertRefused(named(name, policy), { code: 'ima.field_malformed', where }, what);
    }
  });

  it('names with a newline, invalid UTF-8 or escapes, matched as bytes and shown escaped', () => {
    const policy = policyOf();
    assertAccepted(named(nameField(ascii('/usr/bin/true\n10 0000 ima-ng')), policy));
    for (const name of [
      ascii('/tmp/\n/usr/bin/true'),
      unhex('2f746d702fff80'),
      ascii('/tmp/\x1b[2J'),
    ]) {
      const { subject } = assertRefused(named(nameField(name), policy), {
        code: 'ima.file_unknown',
        where: { part: 'ima', entryIndex: RECORDS.length },
      });
      assert.match(subject?.path ?? '', /^[\x20-\x7e]+$/);
    }
  });
});

function named(name: Uint8Array, policy: ReturnType<typeof policyOf>): VerdictBody {
  const digest = join(ascii('sha256:\0'), hash('sha256', ascii('x')));
  const odd: DraftRecord = { pcr: 10, template: 'ima-ng', fields: [digest, name] };
  return verdictOf(madeCapture({ records: [...RECORDS, odd] }), policy);
}

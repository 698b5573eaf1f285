// PEM bundles: several blocks, comments between them, and what is broken.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asciiBytes, toBase64 } from '../../src/bytes/encoding.ts';
import { CERTIFICATE_LIMITS } from '../../src/bytes/limits.ts';
import { readPemBundle } from '../../src/enroll/pem.ts';
import { hex } from './tpm-writer.ts';

const BYTES = hex('3003020101');

function block(label = 'CERTIFICATE', bytes = BYTES): string {
  return `-----BEGIN ${label}-----\n${toBase64(bytes)}\n-----END ${label}-----\n`;
}

function read(text: string) {
  return readPemBundle(asciiBytes(text), 'CERTIFICATE');
}

test('blocks are read in order, comments are left aside', () => {
  const text = `# one\n${block()}\n\nanother:\n${block('CERTIFICATE', hex('3000'))}# end`;
  assert.deepEqual(read(text), { ok: true, value: [BYTES, hex('3000')] });
  assert.deepEqual(read(text.replaceAll('\n', '\r\n')), { ok: true, value: [BYTES, hex('3000')] });
});

describe('malformed: ', () => {
  for (const [what, text] of [
    ['nothing', ''],
    ['comments only', '# no certificate'],
    ['another label', block('X509 CRL')],
    ['another label behind', block() + block('PRIVATE KEY')],
    ['an end of another label', block().replace('END CERTIFICATE', 'END X509 CRL')],
    ['no end', block().replace(/-----END.*/, '')],
    ['an end without a beginning', block().replace(/-----BEGIN.*/, '')],
    ['a beginning inside', block().replace('\nMA', '\n-----BEGIN CERTIFICATE-----\nMA')],
    ['broken base64', block().replace('MA', 'M')],
  ] as const) {
    test(what, () => {
      const reading = read(text);
      assert.ok(!reading.ok);
      assert.deepEqual([reading.malformed.kind, reading.malformed.field], ['bad-value', 'pem']);
    });
  }

  test('more blocks or bytes than the caps', () => {
    const full = block().repeat(CERTIFICATE_LIMITS.bundleBlocks);
    assert.ok(read(full).ok);
    for (const text of [full + block(), '\n'.repeat(CERTIFICATE_LIMITS.bundleBytes + 1)]) {
      const reading = read(text);
      assert.ok(!reading.ok);
      assert.equal(reading.malformed.kind, 'over-cap');
    }
  });
});

// `plumbline inspect`: every kind is recognised by its bytes alone, shown as they say, and placed
// where it breaks.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { recogniseKind } from '../../src/cli/recognise.ts';
import { demoPath, evidencePath, plumbline, temporaryFolder } from './run-command-line.ts';

const LIST = demoPath('capture/binary_runtime_measurements.gz');

async function inspect(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await plumbline('inspect', '--json', ...args);
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout);
}

describe('kinds', () => {
  const files: readonly (readonly [string, string, Record<string, unknown>])[] = [
    [demoPath('capture/quote.msg'), 'quote', { resetCount: 2, safe: true, type: '0x8018' }],
    [demoPath('capture/quote.sig'), 'signature', { scheme: 'rsapss', hash: 'sha256' }],
    [demoPath('capture/ak.pub'), 'tpm2b-public', { key: 'rsa 2048', nameAlg: 'sha256' }],
    [
      evidencePath('01-ima-ng-tcb/boot1/keys/ek-cert-p384.der'),
      'x509-der',
      { issuer: 'CN=swtpm-localca', serial: '09', keyUsage: 'keyAgreement', key: 'p384' },
    ],
    [evidencePath('01-ima-ng-tcb/ca/issuercert.pem'), 'x509-pem', { authority: 'yes' }],
    [demoPath('capture/host.bundle.json'), 'bundle', { signature: 'tpmt, 262 bytes' }],
    [demoPath('capture/binary_bios_measurements'), 'event-log', { events: 25 }],
    [LIST, 'list', { records: 299, violations: 0, columnMismatches: 0, digestColumn: 'sha1' }],
    [evidencePath('01-ima-ng-tcb/q02-ecdsa-pcr10/quote.sig'), 'signature', { scheme: 'ecdsa' }],
  ];
  for (const [file, kind, expected] of files) {
    it(`are recognised: ${kind} ${path.basename(file)}`, async () => {
      const shown = await inspect(file);
      assert.equal(shown['kind'], kind);
      for (const [label, value] of Object.entries(expected)) assert.equal(shown[label], value);
    });
  }

  it('are never guessed from bytes that fit none', async (t) => {
    const file = path.join(await temporaryFolder(t), 'noise');
    await writeFile(file, 'nothing of ours');
    const { exitCode, stderr } = await plumbline('inspect', file);
    assert.equal(exitCode, 2);
    assert.match(stderr, /not recognised(?:.|\n)*--as/);
  });

  it('keep their recognition when no byte is there', () => {
    assert.equal(recogniseKind(new Uint8Array()), undefined);
  });
});

describe('an event log', () => {
  it('tells what it would prove if its values were quoted', async () => {
    const { ifQuoted } = await inspect(demoPath('capture/binary_bios_measurements'));
    const facts = Object(ifQuoted);
    assert.deepEqual(Object.keys(facts), [
      'secureBoot',
      'variables',
      'images',
      'loadOptions',
      'initrds',
    ]);
    assert.deepEqual(facts.secureBoot, [{ event: 4, state: 'off' }]);
    assert.equal(facts.images[0].event, 10);
    assert.match(facts.images[0].sha256, /^[0-9a-f]{64}$/);
  });
});

describe('a list', () => {
  it('shows the records asked for, with index, offset and fields', async () => {
    const { shown } = await inspect('--from', '6', '--count', '2', LIST);
    assert.ok(Array.isArray(shown));
    assert.deepEqual(
      shown.map(({ entry, template, name }) => [entry, template, name]),
      [
        [6, 'ima-ng', '/usr/bin/tpm2'],
        [7, 'ima-ng', '/usr/lib64/ld-linux-x86-64.so.2'],
      ],
    );
    assert.ok(shown[0].byte < shown[1].byte);
  });

  it('as text is read back into the same records', async (t) => {
    const file = path.join(await temporaryFolder(t), 'ascii_runtime_measurements');
    const { shown } = await inspect('--count', '3', LIST);
    assert.ok(Array.isArray(shown));
    const lines = shown.map(
      ({ pcr, templateDigest, template, digest, name }) =>
        `${pcr} ${templateDigest} ${template} ${digest} ${name}\n`,
    );
    await writeFile(file, lines.join(''));
    const text = await inspect(file);
    assert.equal(text['kind'], 'ascii-list');
    assert.equal(text['columnMismatches'], 0);
    assert.deepEqual(
      (text['shown'] as { name: string }[]).map(({ name }) => name),
      shown.map(({ name }) => name),
    );
  });

  it('that is cut says where, shows what came before, and exits 1', async (t) => {
    const file = path.join(await temporaryFolder(t), 'cut');
    const list = gunzipSync(await readFile(LIST));
    await writeFile(file, list.subarray(0, 1000));
    const { exitCode, stdout } = await plumbline('inspect', '--json', file);
    assert.equal(exitCode, 1);
    const { records, malformed } = JSON.parse(stdout);
    assert.ok(records > 0);
    assert.equal(malformed.kind, 'cut-short');
    assert.ok(malformed.offsetBytes <= 1000);
  });

  it('that was changed counts the column that does not fit', async (t) => {
    const file = path.join(await temporaryFolder(t), 'changed');
    const list = gunzipSync(await readFile(LIST));
    list[3000] = (list[3000] ?? 0) ^ 1;
    await writeFile(file, list);
    const shown = await inspect(file);
    assert.equal(shown['columnMismatches'], 1);
    assert.equal(typeof shown['firstMismatchAtEntry'], 'number');
  });
});

describe('a malformed file', () => {
  it('is placed by field and byte', async (t) => {
    const file = path.join(await temporaryFolder(t), 'quote.msg');
    const whole = await readFile(demoPath('capture/quote.msg'));
    await writeFile(file, whole.subarray(0, 120));
    const { exitCode, stdout } = await plumbline('inspect', '--json', file);
    assert.equal(exitCode, 1);
    const { kind, malformed } = JSON.parse(stdout);
    assert.equal(kind, 'quote');
    assert.equal(malformed.kind, 'cut-short');
    assert.equal(malformed.field, 'attested.quote.pcrDigest');
    assert.equal(malformed.offsetBytes, 113);
  });

  it('of every kind is malformed, never a fault', async (t) => {
    const file = path.join(await temporaryFolder(t), 'noise');
    await writeFile(
      file,
      Uint8Array.from({ length: 300 }, (_, index) => (index * 37) & 0xff),
    );
    for (const kind of ['quote', 'tpmt-public', 'tpm2b-public', 'spki-pem', 'x509-pem']) {
      const { exitCode, stdout } = await plumbline('inspect', '--as', kind, file);
      assert.equal(exitCode, 1, kind);
      assert.match(stdout, /malformed\n +field(?:.|\n)*byte(?:.|\n)*expected(?:.|\n)*actual/);
    }
    for (const kind of ['x509-der', 'list', 'ascii-list', 'event-log']) {
      const { exitCode } = await plumbline('inspect', '--as', kind, file);
      assert.equal(exitCode, 1, kind);
    }
  });
});

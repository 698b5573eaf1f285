// Evidence bundles on disk: what is read, what is refused and where, and that a hostile bundle
// reaches no file outside its folder and no memory beyond the caps.

import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { toHex } from '../../src/bytes/encoding.ts';
import { BOOT_LIMITS, TPM_LIMITS } from '../../src/bytes/limits.ts';
import { openBundle } from '../../src/cli/bundle.ts';
import { parseBundle } from '../../src/cli/bundle-schema.ts';
import { UsageError } from '../../src/cli/exit.ts';
import { readUpTo, readWindows } from '../../src/cli/files.ts';
import { copyCapture, evidencePath, temporaryFolder } from './run-command-line.ts';

/** A check for `assert.rejects` and `assert.throws`: a usage problem whose text matches. */
function usage(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
}

describe('a bundle', () => {
  it('becomes evidence: every claim, every file', async () => {
    const { evidence, segmentFiles } = await openBundle(
      evidencePath('01-ima-ng-tcb/q07-ecdsa-plain-signature.bundle.json'),
    );
    assert.equal(evidence.ak.encoding, 'tpm2b-public');
    assert.equal(toHex(evidence.nonce), 'ea40f5052d9e7e19205d63487dd773e9a0cc56ea');
    const { bytes, ...claim } = evidence.quote.signature;
    assert.deepEqual(claim, { encoding: 'raw', scheme: 'ecdsa', hash: 'sha256' });
    assert.ok(bytes.byteLength > 64);
    assert.equal(evidence.pcrValues?.get('sha256')?.get(10)?.byteLength, 32);
    assert.deepEqual(evidence.ima, {
      segments: [{ kind: 'current', encoding: 'binary', digestColumn: 'sha1' }],
      fromIndex: 0,
    });
    assert.equal(evidence.bootLog?.byteLength, 2464);
    assert.equal(evidence.pcrUpdateCounter, 666);
    assert.deepEqual(
      segmentFiles.map(({ name }) => name),
      ['q07-ecdsa-plain-signature/binary_runtime_measurements'],
    );
  });

  it('carries hints when it has them', async (t) => {
    const capture = await copyCapture(t);
    const segment = {
      file: 'binary_runtime_measurements.gz',
      kind: 'staged',
      encoding: 'binary',
      digestColumn: 'sha1',
      records: 7,
    };
    const startValues = { sha256: { 10: 'ab'.repeat(32) } };
    const file = await capture.write((bundle) => {
      bundle['ima'] = { segments: [segment], fromIndex: 40, extendOrder: [41, 40], startValues };
    });
    const { ima } = (await openBundle(file)).evidence;
    assert.equal(ima?.segments[0]?.records, 7);
    assert.equal(ima?.fromIndex, 40);
    assert.deepEqual(ima?.extendOrder, [41, 40]);
    assert.equal(ima?.startValues?.get('sha256')?.get(10)?.[0], 0xab);
  });

  it('carries the log of user space', async (t) => {
    const capture = await copyCapture(t);
    const file = await capture.write((bundle) => {
      bundle['userspaceLog'] = 'tpm2-measure.log';
    });
    await assert.rejects(openBundle(file), usage(/userspaceLog/));
    const record = '\u001e{"pcr":11,"digests":[]}\n';
    await writeFile(path.join(path.dirname(file), 'tpm2-measure.log'), record);
    const { userspaceLog } = (await openBundle(file)).evidence;
    assert.equal(userspaceLog?.byteLength, record.length);
  });

  it('keeps a PCR value of the wrong length: that is for the verdict to say', async (t) => {
    const capture = await copyCapture(t);
    const file = await capture.write((bundle) => {
      bundle['pcrValues'] = { sha256: { 10: 'abcd' } };
    });
    const { pcrValues } = (await openBundle(file)).evidence;
    assert.equal(pcrValues?.get('sha256')?.get(10)?.byteLength, 2);
  });
});

type Change = (bundle: Record<string, unknown>) => void;

function set(place: string, value: unknown): Change {
  return (bundle) => {
    const steps = place.split('.');
    const last = steps.pop() ?? '';
    const target = steps.reduce<unknown>((at, step) => Reflect.get(Object(at), step), bundle);
    Reflect.set(Object(target), last, value);
  };
}

describe('a malformed bundle', () => {
  const cases: readonly (readonly [string, Change, RegExp])[] = [
    ['another format', set('format', 'plumbline-evidence-bundle/2'), /^ {2}format: /m],
    ['an unknown key', set('notes', 'x'), /\(document\): .*notes/],
    ['an unknown key inside', set('quote.attst', 'x'), /^ {2}quote: .*attst/m],
    ['an unknown AK encoding', set('ak.encoding', 'der'), /^ {2}ak\.encoding: /m],
    ['a nonce that is not hex', set('nonce', '0xab'), /^ {2}nonce: not hex/m],
    ['half a byte of nonce', set('nonce', 'abc'), /^ {2}nonce: not hex/m],
    ['a raw signature without scheme', set('quote.signatureEncoding', 'raw'), /quote\.scheme: /],
    ['a scheme with tpmt', set('quote.scheme', 'rsassa'), /^ {2}quote: .*scheme/m],
    ['an unknown bank', set('pcrValues.md5', {}), /^ {2}pcrValues.*md5/m],
    ['PCR 32', set('pcrValues.sha256', { 32: 'ab' }), /pcrValues\.sha256\.32: /],
    ['PCR 07', set('pcrValues.sha256', { '07': 'ab' }), /pcrValues\.sha256\.07: /],
    ['no segments', set('ima.segments', []), /^ {2}ima\.segments: /m],
    ['an unknown segment kind', set('ima.segments.0.kind', 'old'), /ima\.segments\[0\]\.kind: /],
    ['a negative index', set('ima.fromIndex', -1), /^ {2}ima\.fromIndex: /m],
    ['half a record', set('ima.segments.0.records', 0.5), /ima\.segments\[0\]\.records: /],
    ['a counter above 32 bits', set('pcrUpdateCounter', 2 ** 32), /^ {2}pcrUpdateCounter: /m],
    ['no quote', set('quote', undefined), /^ {2}quote: /m],
  ];
  for (const [name, change, expected] of cases) {
    it(`is refused with its place: ${name}`, async (t) => {
      const capture = await copyCapture(t);
      await assert.rejects(openBundle(await capture.write(change)), usage(expected));
    });
  }

  it('that is not JSON is placed by line and column', () => {
    assert.throws(() => parseBundle('{\n  "format": nope', 'b.json'), usage(/line 2, column 13/));
  });

  it('with a repeated key is refused: the last one would win silently', () => {
    const text = '{"nonce": "00", "nonce": "01"}';
    assert.throws(() => parseBundle(text, 'b.json'), usage(/"nonce" is repeated/));
  });

  it('names every mistake at once, and not without end', () => {
    const wrong = Object.fromEntries(Array.from({ length: 500 }, (_, pcr) => [pcr + 100, 'z']));
    const text = JSON.stringify({ format: 'x', pcrValues: { sha256: wrong } });
    assert.throws(
      () => parseBundle(text, 'b.json'),
      (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.ok(error.message.split('\n').length < 30);
        assert.match(error.message, /and \d+ more/);
        return true;
      },
    );
  });

  it('shows no control characters of its own', () => {
    const text = JSON.stringify({ 'a\u001b[2Jb': 1 });
    assert.throws(
      () => parseBundle(text, 'b.json'),
      (error: unknown) => error instanceof UsageError && !error.message.includes('\u001b'),
    );
  });
});

describe('a hostile bundle', () => {
  const paths: readonly (readonly [string, RegExp])[] = [
    ['/etc/hostname', /absolute path/],
    ['\\\\server\\share', /absolute path/],
    ['C:\\secret', /absolute path/],
    ['../outside', /path with "\.\."/],
    ['inside/../../outside', /path with "\.\."/],
    ['inside\\..\\..\\outside', /path with "\.\."/],
    ['', /empty path/],
    ['quote\0.msg', /NUL/],
  ];
  for (const [file, expected] of paths) {
    it(`names no file elsewhere: ${JSON.stringify(file)}`, async (t) => {
      const capture = await copyCapture(t);
      for (const place of ['bootLog', 'ak.file', 'quote.attest', 'ima.segments.0.file']) {
        await assert.rejects(openBundle(await capture.write(set(place, file))), usage(expected));
      }
    });
  }

  it('follows no symbolic link out of its folder, and follows one inside', async (t) => {
    const outside = await temporaryFolder(t);
    const capture = await copyCapture(t);
    await writeFile(path.join(outside, 'secret'), 'x');
    await symlink(path.join(outside, 'secret'), path.join(capture.folder, 'link'));
    const leading = await capture.write(set('bootLog', 'link'));
    await assert.rejects(openBundle(leading), usage(/bootLog: link: leads out/));
    await symlink('binary_bios_measurements', path.join(capture.folder, 'inner'));
    const { evidence } = await openBundle(await capture.write(set('bootLog', 'inner')));
    assert.equal(evidence.bootLog?.byteLength, 2464);
  });

  it('cannot make us read a folder or a missing file', async (t) => {
    const capture = await copyCapture(t);
    await mkdir(path.join(capture.folder, 'folder'));
    await assert.rejects(
      openBundle(await capture.write(set('bootLog', 'folder'))),
      usage(/not a regular file/),
    );
    await assert.rejects(
      openBundle(await capture.write(set('bootLog', 'gone'))),
      usage(/bootLog: gone: no such file/),
    );
  });

  it('cannot fill the memory: a file is read to just behind its limit', async (t) => {
    const capture = await copyCapture(t);
    const bomb = gzipSync(new Uint8Array(2 * BOOT_LIMITS.logBytes));
    await writeFile(path.join(capture.folder, 'bomb.gz'), bomb);
    const change: Change = (bundle) => {
      for (const place of ['bootLog', 'ak.file', 'quote.attest']) set(place, 'bomb.gz')(bundle);
    };
    const { evidence } = await openBundle(await capture.write(change));
    const windowBytes = 1_048_576;
    assert.ok((evidence.bootLog?.byteLength ?? 0) > BOOT_LIMITS.logBytes);
    assert.ok((evidence.bootLog?.byteLength ?? 0) <= BOOT_LIMITS.logBytes + windowBytes);
    assert.ok(evidence.ak.bytes.byteLength > TPM_LIMITS.publicBytes);
    assert.ok(evidence.ak.bytes.byteLength <= TPM_LIMITS.publicBytes + windowBytes);
  });
});

describe('files', () => {
  it('that unpack to more than the cap are given up', async (t) => {
    const file = path.join(await temporaryFolder(t), 'bomb.gz');
    await writeFile(file, gzipSync(new Uint8Array(8_000_000)));
    let seenBytes = 0;
    const reading = async () => {
      for await (const window of readWindows(file, 3_000_000)) seenBytes += window.byteLength;
    };
    await assert.rejects(reading(), usage(/limit of 3000000 bytes/));
    assert.ok(seenBytes <= 3_000_000);
  });

  it('come whole, packed or not', async (t) => {
    const folder = await temporaryFolder(t);
    const bytes = new Uint8Array(2_500_000).map((_, index) => index % 251);
    await writeFile(path.join(folder, 'plain'), bytes);
    await writeFile(path.join(folder, 'packed.gz'), gzipSync(bytes));
    for (const name of ['plain', 'packed.gz']) {
      const read = await readUpTo(path.join(folder, name), bytes.byteLength);
      assert.ok(read.every((byte, index) => byte === bytes[index]));
      assert.equal(read.byteLength, bytes.byteLength);
    }
  });

  it('that are not gzip behind a .gz name cannot be read', async (t) => {
    const file = path.join(await temporaryFolder(t), 'list.gz');
    await writeFile(file, 'plain text');
    await assert.rejects(readUpTo(file, 100), usage(/damaged gzip data/));
  });
});

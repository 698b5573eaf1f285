// Reference values out of folders, layers and packages that the tools of the distributions make.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { filesInArchive, NotAnArchive } from '../../src/collect/archive.ts';
import { filesInFolder } from '../../src/collect/folder.ts';
import type { Found } from '../../src/collect/found-file.ts';
import { type LineChoices, SetLines } from '../../src/collect/set-lines.ts';

const BOUND: LineChoices = { algorithms: ['sha256'], paths: 'bound', mergedUsr: false };
const CONTENTS = { '/usr/bin/tool': 'tool\n', '/etc/tool.conf': 'a=1\n', '/lib/x/deep/m.ko': 'm' };

describe('sources of reference values', () => {
  it('give every file of a folder under its path on the host', async (t) => {
    const root = await madeTree(t);
    assert.deepEqual(await entriesOf(filesInFolder(root)), expected());
  });

  it('give every file of a tar, packed or not', async (t) => {
    const root = await madeTree(t);
    for (const [name, flag] of [
      ['layer.tar', '-cf'],
      ['layer.tar.gz', '-czf'],
    ] as const) {
      const file = join(root, '..', name);
      execFileSync('tar', [flag, file, '-C', root, '.']);
      assert.deepEqual(await entriesOf(filesInArchive(file)), expected());
    }
  });

  it('give every file of a Debian package', async (t) => {
    const root = await madeTree(t);
    mkdirSync(join(root, 'DEBIAN'));
    writeFileSync(
      join(root, 'DEBIAN/control'),
      'Package: made\nVersion: 1\nArchitecture: all\nMaintainer: test\nDescription: made\n',
    );
    const file = join(root, '..', 'made.deb');
    execFileSync('dpkg-deb', ['--build', '--root-owner-group', root, file], { stdio: 'ignore' });
    assert.deepEqual(await entriesOf(filesInArchive(file)), expected());
  });

  it('give every file of an RPM', async (t) => {
    const root = await madeTree(t);
    const top = join(root, '..', 'rpm');
    mkdirSync(top);
    const spec = join(top, 'made.spec');
    writeFileSync(spec, SPEC);
    execFileSync(
      'rpmbuild',
      ['-bb', '--define', `_topdir ${top}`, '--define', `tree ${root}`, spec],
      { stdio: 'ignore' },
    );
    const file = join(top, 'RPMS/noarch/made-1-1.noarch.rpm');
    assert.deepEqual(await entriesOf(filesInArchive(file)), expected());
  });

  it('say what they leave out', async (t) => {
    const root = await madeTree(t);
    writeFileSync(join(root, 'etc/.wh.gone'), '');
    const file = join(root, '..', 'layer.tar');
    execFileSync('tar', ['-cf', file, '-C', root, '.']);
    const lines = new SetLines(BOUND);
    for await (const _ of lines.source(filesInArchive(file)));
    assert.deepEqual(
      lines.left.map(({ path }) => path),
      ['/etc/.wh.gone'],
    );
  });

  it('refuse what is no archive, and a damaged one', async (t) => {
    const root = await madeTree(t);
    const plain = join(root, 'etc/tool.conf');
    await assert.rejects(entriesOf(filesInArchive(plain)), NotAnArchive);
    for (const head of ['!<arch>\ngarbage', '\u00ed\u00ab\u00ee\u00dbgarbage', '\u001f\u008bxx']) {
      const file = join(root, 'damaged');
      writeFileSync(file, Buffer.from(head, 'latin1'));
      await assert.rejects(entriesOf(filesInArchive(file)), NotAnArchive);
    }
  });

  it('write other algorithms, paths into /usr, or no paths', async (t) => {
    const root = await madeTree(t);
    const merged = new SetLines({ ...BOUND, algorithms: ['sha1', 'sha512'], mergedUsr: true });
    const text = await allOf(merged.source(filesInFolder(root)));
    const value = createHash('sha512').update('m').digest('hex');
    const line = JSON.stringify({ digest: `sha512:${value}`, path: '/usr/lib/x/deep/m.ko' });
    assert.ok(text.includes(line));
    const free = new SetLines({ ...BOUND, paths: 'free' });
    assert.ok(!(await allOf(free.source(filesInFolder(root)))).includes('path'));
  });
});

async function madeTree(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-collect-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const root = join(folder, 'root');
  for (const [path, text] of Object.entries(CONTENTS)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  chmodSync(root, 0o755);
  linkSync(join(root, 'usr/bin/tool'), join(root, 'usr/bin/other'));
  symlinkSync('tool', join(root, 'usr/bin/link'));
  return root;
}

function expected(): string[] {
  const contents = { ...CONTENTS, '/usr/bin/other': 'tool\n' };
  return Object.entries(contents)
    .map(([path, text]) => {
      const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
      return JSON.stringify({ digest, path });
    })
    .sort();
}

async function entriesOf(source: AsyncIterable<Found>): Promise<string[]> {
  const lines = new SetLines(BOUND);
  const text = await allOf(lines.source(source));
  assert.deepEqual(lines.left, []);
  return text.trimEnd().split('\n').sort();
}

async function allOf(texts: AsyncIterable<string>): Promise<string> {
  let all = '';
  for await (const text of texts) all += text;
  return all;
}

const SPEC = `Name: made
Version: 1
Release: 1
Summary: made
License: none
BuildArch: noarch
%description
made
%install
cp -a %{tree}/. %{buildroot}/
%files
/usr/bin/tool
/usr/bin/other
/usr/bin/link
/etc/tool.conf
/lib/x/deep/m.ko
`;

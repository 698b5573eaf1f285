// Archives by their first bytes: a Debian package, an RPM, an OCI layer. Packages are opened by the
// tools of their own distributions. docs/cli.md, "reference make"

import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough, pipeline, type Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { Found } from './found-file.ts';
import { filesInTar } from './tar.ts';

/** A file that is no archive known here, or cannot be opened as one. */
export class NotAnArchive extends Error {}

/** Everything in the archive at `file` that could be measured. Throws `NotAnArchive`, and what the
 *  file system throws. */
export async function* filesInArchive(file: string): AsyncGenerator<Found> {
  const kind = kindOf(await firstBytes(file));
  if (kind === undefined) {
    throw new NotAnArchive('neither a Debian package, an RPM nor a tar');
  }
  const tool = TOOLS[kind];
  if (tool !== undefined) {
    yield* filesFromTool(tool, file);
    return;
  }
  const unpack = unpacker(kind);
  const stream = pipeline(createReadStream(file), unpack, () => undefined);
  try {
    yield* filesInTar(stream);
  } catch (error) {
    throw new NotAnArchive(`damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type Kind = 'deb' | 'rpm' | 'tar' | 'gzip' | 'zstd';

/** Programs that read a package from standard input and write its files as a tar stream. bsdtar,
 *  which opens both, gives hard-linked files of an RPM as empty ones: each would get the digest of
 *  nothing at all. */
const TOOLS: Readonly<Partial<Record<Kind, Tool>>> = {
  deb: { program: 'dpkg-deb', args: ['--fsys-tarfile', '-'], from: 'dpkg' },
  rpm: { program: 'rpm2archive', args: ['-n', '-'], from: 'rpm2cpio' },
};

interface Tool {
  readonly program: string;
  readonly args: readonly string[];
  /** Debian package that holds it. */
  readonly from: string;
}

async function* filesFromTool(tool: Tool, file: string): AsyncGenerator<Found> {
  const child = spawn(tool.program, tool.args, { stdio: ['pipe', 'pipe', 'pipe'] });
  // A tool that stops reading says why itself.
  pipeline(createReadStream(file), child.stdin, () => undefined);
  const said: string[] = [];
  child.stderr.on('data', (text) => {
    if (said.length < SAID_PIECES) said.push(String(text));
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const output: Readable = child.stdout;
  try {
    yield* filesInTar(output);
    const code = await ended;
    if (code !== 0) throw new NotAnArchive(`${tool.program}: ${said.join('').trim()}`);
  } catch (error) {
    if (isMissing(error) || isMissing(await ended.catch((reason: unknown) => reason))) {
      const advice = `${tool.program} is needed to open it: Debian package ${tool.from}`;
      throw new NotAnArchive(advice);
    }
    if (error instanceof NotAnArchive) throw error;
    throw new NotAnArchive(`${tool.program}: ${said.join('').trim() || String(error)}`);
  } finally {
    child.kill();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

async function firstBytes(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const head = new Uint8Array(HEAD_BYTES);
    await handle.read(head, 0, HEAD_BYTES, 0);
    return head;
  } finally {
    await handle.close();
  }
}

function kindOf(head: Uint8Array): Kind | undefined {
  return MAGICS.find(({ at, bytes }) => bytes.every((byte, index) => head[at + index] === byte))
    ?.kind;
}

function unpacker(kind: Kind): Transform {
  if (kind === 'gzip') return zlib.createGunzip();
  if (kind === 'tar') return new PassThrough();
  // Node has it from 22.15 on.
  const create = 'createZstdDecompress' in zlib ? zlib.createZstdDecompress : undefined;
  if (typeof create !== 'function') {
    throw new NotAnArchive('zstd needs Node 22.15 or later; `zstd -d` unpacks it');
  }
  return create();
}

const HEAD_BYTES = 512;
const SAID_PIECES = 8;
const MAGICS: readonly { kind: Kind; at: number; bytes: readonly number[] }[] = [
  // "!<arch>\n"
  { kind: 'deb', at: 0, bytes: [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e, 0x0a] },
  { kind: 'rpm', at: 0, bytes: [0xed, 0xab, 0xee, 0xdb] },
  { kind: 'gzip', at: 0, bytes: [0x1f, 0x8b] },
  { kind: 'zstd', at: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  // "ustar"
  { kind: 'tar', at: 257, bytes: [0x75, 0x73, 0x74, 0x61, 0x72] },
];

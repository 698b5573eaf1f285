// Files as a command reads them: whole up to a cap, or window by window; `.gz` opened on the way.
// A file that cannot be read or written is the user's problem (exit 2), never a verdict.

import { createReadStream } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ByteCollector } from '../bytes/byte-collector.ts';
import { FILE_LIMITS } from '../bytes/limits.ts';
import { UsageError } from './exit.ts';
import { printable } from './terminal.ts';

/** Windows of a file's bytes in order, `.gz` decompressed. Fails with a `UsageError` that names
 *  the file when it cannot be read, is not a regular file, or when a `.gz` is damaged or unpacks
 *  to more than `gunzipCapBytes`. */
export async function* readWindows(
  path: string,
  gunzipCapBytes: number = FILE_LIMITS.gunzippedBytes,
): AsyncGenerator<Uint8Array> {
  await requireRegularFile(path);
  const packed = path.endsWith('.gz');
  const stream = packed ? openPacked(path) : openPlain(path);
  let readBytes = 0;
  try {
    for await (const chunk of stream) {
      const bytes = plainView(chunk);
      readBytes += bytes.byteLength;
      if (packed && readBytes > gunzipCapBytes) throw tooLarge(path, gunzipCapBytes);
      yield bytes;
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    stream.destroy();
  }
}

/** A file's bytes, `.gz` decompressed. Reading stops at the first window that passes `capBytes`,
 *  so a caller sees more than `capBytes` when the file is longer, and never much more. */
export async function readUpTo(path: string, capBytes: number): Promise<Uint8Array> {
  const read = new ByteCollector();
  for await (const window of readWindows(path)) {
    read.add(window);
    if (read.sizeBytes > capBytes) break;
  }
  return read.take();
}

/** A file's text, which must be UTF-8 of at most `capBytes`. */
export async function readText(path: string, capBytes: number): Promise<string> {
  const bytes = await readUpTo(path, capBytes);
  if (bytes.byteLength > capBytes) throw tooLarge(path, capBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${printable(path)}: not UTF-8 text.`, 'Save the file as UTF-8.');
  }
}

/** Whether there is anything called `path`. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw unreadable(path, error);
  }
}

/** Puts `text` in place of the file at `path`, or makes it, for its owner only. Whatever happens
 *  meanwhile, the file has either its old content or all of the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = (await isThere(path)) ? await realpath(path) : path;
  const draft = `${target}.${crypto.randomUUID()}.tmp`;
  try {
    await writeDraft(draft, text);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw unwritable(path, error);
  }
}

async function writeDraft(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function requireRegularFile(path: string): Promise<void> {
  let isFile: boolean;
  try {
    isFile = (await stat(path)).isFile();
  } catch (error) {
    throw unreadable(path, error);
  }
  if (!isFile) {
    throw new UsageError(`${printable(path)}: not a regular file.`, 'Name the file itself.');
  }
}

function openPlain(path: string): Readable {
  return createReadStream(path, { highWaterMark: FILE_LIMITS.windowBytes });
}

function openPacked(path: string): Readable {
  const gunzip = createGunzip({ chunkSize: FILE_LIMITS.windowBytes });
  // An error of either stream ends `gunzip` with it; the reader of `gunzip` sees it there.
  return pipeline(openPlain(path), gunzip, () => undefined);
}

/** The same bytes without the ways of a Buffer. */
function plainView(chunk: unknown): Uint8Array {
  if (!(chunk instanceof Uint8Array)) throw new Error('a byte stream gave something else');
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function tooLarge(path: string, capBytes: number): UsageError {
  return new UsageError(
    `${printable(path)}: longer than the limit of ${capBytes} bytes.`,
    'Check that it is the file you meant; docs/cli.md names the limits.',
  );
}

function unreadable(path: string, error: unknown): unknown {
  return asUsage(path, error, 'Check the name and that you may read the file.');
}

function unwritable(path: string, error: unknown): unknown {
  return asUsage(path, error, 'Check that you may write in its folder and that there is room.');
}

/** What the file system or gzip says, as a usage problem; any other error as it is. */
function asUsage(path: string, error: unknown, hint: string): unknown {
  if (!(error instanceof Error) || error instanceof UsageError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = REASONS[code] ?? (code.startsWith('Z_') ? 'damaged gzip data' : undefined);
  if (reason === undefined && !code.startsWith('E')) return error;
  return new UsageError(`${printable(path)}: ${reason ?? code}.`, hint);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'a folder, not a file',
  ENOSPC: 'no room left',
  EROFS: 'a file system that cannot be written',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'name too long',
  ERR_INVALID_ARG_VALUE: 'not a usable file name',
};

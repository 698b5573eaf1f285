// `plumbline reference make`: reference values out of folders, packages, images and lists.
// docs/cli.md

import { createWriteStream, type WriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { filesInArchive, NotAnArchive } from '../collect/archive.ts';
import { filesInFolder } from '../collect/folder.ts';
import type { Found } from '../collect/found-file.ts';
import { SetLines } from '../collect/set-lines.ts';
import { RecordedValues } from '../collect/stored-list.ts';
import { FILE_HASHES, type FileHash } from '../crypto/file-digests.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readWindows } from './files.ts';
import { printable, type Terminal } from './terminal.ts';

/** Runs `plumbline reference make …` and gives its exit code. */
export async function runReferenceMake(
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { values, positionals } = readArguments('reference', args, {
    hash: { type: 'string', multiple: true, default: ['sha256'] },
    free: { type: 'boolean', default: false },
    'merged-usr': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    'first-use': { type: 'boolean', default: false },
    out: { type: 'string' },
  });
  if (positionals.length === 0) {
    throw new UsageError('reference make: name a folder, package or list.', helpHint('reference'));
  }
  const lines = new SetLines({
    algorithms: values.hash.map(hashOf),
    paths: values.free ? 'free' : 'bound',
    mergedUsr: values['merged-usr'],
  });
  const output = await openOutput(values.out, terminal);
  if (values['first-use']) await output.write(FIRST_USE);
  for (const source of positionals) {
    const made = values.list ? listLines(source, lines) : lines.source(await openSource(source));
    await writeAll(source, made, { output, lines, terminal });
  }
  await output.end();
  report(lines, terminal);
  return EXIT.ok;
}

async function writeAll(
  source: string,
  made: AsyncIterable<string>,
  to: { readonly output: Output; readonly lines: SetLines; readonly terminal: Terminal },
): Promise<void> {
  let shown = 0;
  try {
    for await (const line of made) {
      await to.output.write(line);
      if (!to.terminal.progress || to.lines.entries < shown + SHOWN_EVERY) continue;
      shown = to.lines.entries;
      to.terminal.err(`\r${shown} values`);
    }
  } catch (error) {
    if (!(error instanceof NotAnArchive)) throw error;
    const hint = 'A measurement list needs --list; a folder is read as a root file system.';
    throw new UsageError(`${printable(source)}: ${printable(error.message)}.`, hint);
  }
  if (shown > 0) to.terminal.err('\r\u001b[K');
}

async function openSource(source: string): Promise<AsyncIterable<Found>> {
  try {
    return (await stat(source)).isDirectory() ? filesInFolder(source) : filesInArchive(source);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read';
    throw new UsageError(`${printable(source)}: ${code}.`, 'Check the name.');
  }
}

async function* listLines(file: string, lines: SetLines): AsyncGenerator<string> {
  const claim = { kind: 'current', encoding: 'binary', digestColumn: 'sha1' } as const;
  const recorded = new RecordedValues([claim]);
  const seen = new Set<string>();
  for await (const window of readWindows(file)) {
    recorded.push(0, window);
    yield* freshLines(recorded, lines, seen);
  }
  const broken = recorded.end();
  yield* freshLines(recorded, lines, seen);
  if (broken !== undefined) {
    throw new UsageError(`${printable(file)}: not a whole measurement list: ${broken}.`);
  }
}

/** A list repeats files; a set need not. */
function* freshLines(
  recorded: RecordedValues,
  lines: SetLines,
  seen: Set<string>,
): Generator<string> {
  for (const value of recorded.take()) {
    if ('kind' in value) {
      lines.left.push(value);
      continue;
    }
    const line = lines.recorded(value);
    if (seen.has(line)) continue;
    seen.add(line);
    yield line;
  }
}

function hashOf(name: string): FileHash {
  const known = FILE_HASHES.find((hash) => hash === name);
  if (known !== undefined) return known;
  throw new UsageError(`--hash: ${printable(name)} is none of ${FILE_HASHES.join(', ')}.`);
}

interface Output {
  write(text: string): Promise<void>;
  end(): Promise<void>;
}

async function openOutput(file: string | undefined, terminal: Terminal): Promise<Output> {
  if (file === undefined)
    return { write: (text) => terminal.out(text), end: async () => undefined };
  const stream = createWriteStream(file, { flags: 'wx' });
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', (error) => reject(unwritable(file, error)));
  });
  return { write: (text) => writeTo(stream, text), end: () => endOf(stream) };
}

async function writeTo(stream: WriteStream, text: string): Promise<void> {
  if (stream.write(text)) return;
  await new Promise<void>((resolve, reject) => {
    stream.once('drain', resolve);
    stream.once('error', reject);
  });
}

async function endOf(stream: WriteStream): Promise<void> {
  stream.end();
  await finished(stream);
}

function unwritable(file: string, error: Error): UsageError {
  const isThere = 'code' in error && error.code === 'EEXIST';
  const hint = isThere ? 'Choose another name, or remove it.' : 'Check the folder.';
  return new UsageError(`${printable(file)}: cannot be made: ${error.message}.`, hint);
}

function report({ entries, left }: SetLines, terminal: Terminal): void {
  terminal.err(`${entries} values; ${left.length} left out\n`);
  for (const { path, why } of left.filter((_, index) => index < SHOWN_LEFT)) {
    terminal.err(`  left out  ${printable(path)}: ${printable(why)}\n`);
  }
  if (left.length > SHOWN_LEFT) terminal.err(`  … and ${left.length - SHOWN_LEFT} more\n`);
}

const FIRST_USE = `${JSON.stringify({
  format: 'plumbline-reference-set/1',
  basis: 'trusted-on-first-use',
})}\n`;
const SHOWN_EVERY = 500;
const SHOWN_LEFT = 20;

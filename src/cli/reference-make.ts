// `plumbline reference make`: reference values out of folders, packages, images, lists and hosts.
// docs/cli.md

import { createWriteStream, type WriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { filesInArchive, NotAnArchive } from '../collect/archive.ts';
import { filesInFolder } from '../collect/folder.ts';
import type { Found, LeftOut } from '../collect/found-file.ts';
import { SetLines } from '../collect/set-lines.ts';
import { type RecordedValue, RecordedValues } from '../collect/stored-list.ts';
import { FILE_HASHES, type FileHash } from '../crypto/file-digests.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readWindows } from './files.ts';
import { acceptedValues, proposedValues } from './reference-hosts.ts';
import { addressOf, SERVICE_OPTIONS } from './service-calls.ts';
import { type Environment, printable, type Terminal } from './terminal.ts';

/** Runs `plumbline reference make …` and gives its exit code. */
export async function runReferenceMake(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('reference', args, {
    ...SERVICE_OPTIONS,
    hash: { type: 'string', multiple: true, default: ['sha256'] },
    free: { type: 'boolean', default: false },
    'merged-usr': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    'from-attester': { type: 'boolean', default: false },
    'from-verdicts': { type: 'boolean', default: false },
    'first-use': { type: 'boolean', default: false },
    out: { type: 'string' },
  });
  if (positionals.length === 0) {
    const what = 'name a folder, package, list or attester';
    throw new UsageError(`reference make: ${what}.`, helpHint('reference'));
  }
  const lines = new SetLines({
    algorithms: values.hash.map(hashOf),
    paths: values.free ? 'free' : 'bound',
    mergedUsr: values['merged-usr'],
  });
  const open = opener(values, { lines, environment });
  const sources: Source[] = [];
  for (const name of positionals) sources.push({ name, ...(await open(name)) });
  const output = await openOutput(values.out, terminal);
  const isFirstUse = values['first-use'] || sources.some((source) => source.isFirstUse);
  if (isFirstUse) await output.write(FIRST_USE);
  for (const source of sources) await writeAll(source, { output, lines, terminal });
  await output.end();
  report(lines, terminal);
  if (isFirstUse) terminal.err('marked as trusted on first use: verdicts that rely on it say so\n');
  return EXIT.ok;
}

interface Made {
  readonly made: AsyncIterable<string>;
  /** Whether nobody vouches for the values but a host that had them. */
  readonly isFirstUse: boolean;
}

type Source = Made & { readonly name: string };

/** What opens a source of the kind that the options say. */
function opener(
  options: Parameters<typeof addressOf>[0] & {
    readonly [kind in (typeof KINDS)[number]]: boolean;
  },
  { lines, environment }: { readonly lines: SetLines; readonly environment: Environment },
): (source: string) => Promise<Made> {
  const [kind, ...more] = KINDS.filter((option) => options[option]);
  if (more.length > 0) throw new UsageError(`reference make: --${kind} and --${more[0]} at once.`);
  if (kind === undefined || kind === 'list') {
    const linesOf = async (source: string) =>
      kind === 'list' ? listLines(source, lines) : lines.source(await openSource(source));
    return async (source) => ({ made: await linesOf(source), isFirstUse: false });
  }
  const service = addressOf(options, environment);
  const ask = kind === 'from-verdicts' ? proposedValues : acceptedValues;
  return async (attester) => {
    const { values, isFirstUse } = await ask(service, attester);
    return { made: valueLines(values, lines), isFirstUse };
  };
}

async function writeAll(
  { name, made }: Source,
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
    throw new UsageError(`${printable(name)}: ${printable(error.message)}.`, hint);
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
  for await (const window of readWindows(file)) {
    recorded.push(0, window);
    for (const value of recorded.take()) yield lines.recorded(value);
  }
  const broken = recorded.end();
  for (const value of recorded.take()) yield lines.recorded(value);
  if (broken !== undefined) {
    throw new UsageError(`${printable(file)}: not a whole measurement list: ${broken}.`);
  }
}

async function* valueLines(
  values: AsyncIterable<RecordedValue | LeftOut>,
  lines: SetLines,
): AsyncGenerator<string> {
  for await (const value of values) yield lines.recorded(value);
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
/** Where values come from, if not from files and packages. */
const KINDS = ['list', 'from-attester', 'from-verdicts'] as const;
const SHOWN_EVERY = 500;
const SHOWN_LEFT = 20;

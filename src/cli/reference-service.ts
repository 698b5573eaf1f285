// `plumbline reference upload` and `list`: reference sets in a running service. docs/api.md,
// "Reference sets"

import { z } from 'zod';
import { get, post } from './api-client.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readWindows } from './files.ts';
import { showProgress } from './progress.ts';
import { addressOf, asked, SERVICE_OPTIONS } from './service-calls.ts';
import { formatOfSet } from './set-files.ts';
import { type Environment, printable, type Terminal } from './terminal.ts';

/** Runs `plumbline reference upload NAME FILE` and gives its exit code. */
export async function runReferenceUpload(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('reference', args, {
    ...SERVICE_OPTIONS,
    activate: { type: 'boolean', default: false },
    bound: { type: 'boolean', default: false },
    'valid-from': { type: 'string' },
    'retire-at': { type: 'string' },
  });
  const [name, file, ...more] = positionals;
  if (name === undefined || file === undefined || more.length > 0) {
    throw new UsageError('reference upload: say a name and one file.', helpHint('reference'));
  }
  const service = addressOf(values, environment);
  const query = new URLSearchParams({
    ...(values.bound && { paths: 'bound' }),
    ...(values['valid-from'] !== undefined && { validFrom: values['valid-from'] }),
    ...(values['retire-at'] !== undefined && { retireAt: values['retire-at'] }),
  });
  const path = `/v1/reference-sets/${encodeURIComponent(name)}`;
  const progress = showProgress(terminal, 'sent');
  const windows = watched(readWindows(file), progress.advance);
  const body = { windows, mediaType: mediaTypeOf(file) };
  const set = await asked(() => post(service, `${path}?${query}`, { body, answer: uploaded }));
  progress.end();
  for (const { at, message } of set.leftOut) {
    terminal.err(`left out  ${printable(at)}: ${printable(message)}\n`);
  }
  if (values.activate) {
    const version = `${path}/versions/${set.version}`;
    await asked(() => post(service, `${version}/activate`, { answer: z.unknown() }));
  }
  const state = [set.created ? 'new' : 'known already', ...(values.activate ? ['active'] : [])];
  await terminal.out(
    `${printable(name)} version ${set.version} (${state.join(', ')}): ${set.entries} entries\n` +
      `  digest  ${set.digest}\n`,
  );
  return EXIT.ok;
}

/** Runs `plumbline reference list` and gives its exit code. */
export async function runReferenceList(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('reference', args, SERVICE_OPTIONS);
  const [name, ...more] = positionals;
  if (more.length > 0) throw new UsageError('reference list: say one name, or none.');
  const service = addressOf(values, environment);
  if (name === undefined) {
    const { items } = await asked(() => get(service, '/v1/reference-sets', overview));
    for (const set of items) {
      const active = set.active === null ? 'none active' : `version ${set.active} active`;
      await terminal.out(`${set.name}  newest ${set.newest}, ${active}\n`);
    }
    return EXIT.ok;
  }
  const path = `/v1/reference-sets/${encodeURIComponent(name)}/versions`;
  const { items } = await asked(() => get(service, path, versions));
  for (const version of items) await terminal.out(`${versionLine(version)}\n`);
  return EXIT.ok;
}

function versionLine(set: z.output<typeof versions>['items'][number]): string {
  const words = [`${set.entries} entries`, set.digest];
  if (set.active) words.unshift('active');
  if (set.validFrom !== null) words.push(`from ${set.validFrom}`);
  if (set.retireAt !== null) words.push(`retires ${set.retireAt}`);
  if (set.basis !== null) words.push(set.basis);
  return `version ${set.version}  ${words.join(', ')}`;
}

async function* watched(
  windows: AsyncIterable<Uint8Array>,
  advance: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  for await (const window of windows) {
    advance(window.byteLength);
    yield window;
  }
}

/** The media type that tells the service the format. */
function mediaTypeOf(file: string): string {
  return /\.json(?:\.gz)?$/.test(file) ? 'application/json' : MEDIA_TYPES[formatOfSet(file)];
}

const MEDIA_TYPES = {
  'digest-lines': 'text/plain',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const;

const uploaded = z.object({
  version: z.int(),
  digest: z.string(),
  entries: z.int(),
  created: z.boolean(),
  leftOut: z.array(z.object({ at: z.string(), message: z.string() })),
});
const overview = z.object({
  items: z.array(z.object({ name: z.string(), newest: z.int(), active: z.int().nullable() })),
});
const versions = z.object({
  items: z.array(
    z.object({
      version: z.int(),
      digest: z.string(),
      entries: z.int(),
      active: z.boolean(),
      validFrom: z.string().nullable(),
      retireAt: z.string().nullable(),
      basis: z.string().nullable(),
    }),
  ),
});

// `plumbline keyring …`: keyrings in a running service. docs/api.md, "Keyrings"

import { z } from 'zod';
import { get, post } from './api-client.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readWindows } from './files.ts';
import { addressOf, asked, SERVICE_OPTIONS } from './service-calls.ts';
import { type Environment, printable, type Terminal } from './terminal.ts';

/** Runs `plumbline keyring …` and gives its exit code. */
export async function runKeyring(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const [action, ...rest] = args;
  if (action === 'upload') return upload(rest, terminal, environment);
  if (action === 'list') return list(rest, terminal, environment);
  throw new UsageError('keyring: the actions are upload, list.', helpHint('keyring'));
}

async function upload(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('keyring', args, {
    ...SERVICE_OPTIONS,
    activate: { type: 'boolean', default: false },
  });
  const [name, file, ...more] = positionals;
  if (name === undefined || file === undefined || more.length > 0) {
    throw new UsageError('keyring upload: say a name and one file.', helpHint('keyring'));
  }
  const service = addressOf(values, environment);
  const path = `/v1/keyrings/${encodeURIComponent(name)}`;
  const body = { windows: readWindows(file), mediaType: 'application/octet-stream' };
  const kept = await asked(() => post(service, path, { body, answer: uploaded }));
  if (values.activate) {
    const version = `${path}/versions/${kept.version}`;
    await asked(() => post(service, `${version}/activate`, { answer: z.unknown() }));
  }
  const state = [kept.created ? 'new' : 'known already', ...(values.activate ? ['active'] : [])];
  await terminal.out(
    `${printable(name)} version ${kept.version} (${state.join(', ')}): ${kept.keys} keys\n` +
      `  digest  ${kept.digest}\n`,
  );
  return EXIT.ok;
}

async function list(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('keyring', args, SERVICE_OPTIONS);
  const [name, ...more] = positionals;
  if (more.length > 0) throw new UsageError('keyring list: say one name, or none.');
  const service = addressOf(values, environment);
  if (name === undefined) {
    const { items } = await asked(() => get(service, '/v1/keyrings', overview));
    for (const keyring of items) {
      const active = keyring.active === null ? 'none active' : `version ${keyring.active} active`;
      await terminal.out(`${keyring.name}  newest ${keyring.newest}, ${active}\n`);
    }
    return EXIT.ok;
  }
  const path = `/v1/keyrings/${encodeURIComponent(name)}/versions`;
  const { items } = await asked(() => get(service, path, versions));
  for (const { version, active, keys, digest } of items) {
    const words = [...(active ? ['active'] : []), `${keys} keys`, digest];
    await terminal.out(`version ${version}  ${words.join(', ')}\n`);
  }
  return EXIT.ok;
}

const uploaded = z.object({
  version: z.int(),
  digest: z.string(),
  keys: z.int(),
  created: z.boolean(),
});
const overview = z.object({
  items: z.array(z.object({ name: z.string(), newest: z.int(), active: z.int().nullable() })),
});
const versions = z.object({
  items: z.array(
    z.object({ version: z.int(), digest: z.string(), keys: z.int(), active: z.boolean() }),
  ),
});

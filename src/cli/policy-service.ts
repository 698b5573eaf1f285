// `plumbline policy upload`, `activate` and `list`: policies in a running service. docs/api.md,
// "Policies"

import { z } from 'zod';
import { POLICY_LIMITS } from '../bytes/limits.ts';
import { POLICY_STATES } from '../service/policy-store.ts';
import { get, post, type ServiceAddress } from './api-client.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readText } from './files.ts';
import { addressOf, asked, SERVICE_OPTIONS } from './service-calls.ts';
import { type Environment, printable, type Terminal } from './terminal.ts';

/** Runs `plumbline policy upload FILE` and gives its exit code. */
export async function runPolicyUpload(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('policy', args, {
    ...SERVICE_OPTIONS,
    activate: { type: 'boolean', default: false },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new UsageError('policy upload: say one file.', helpHint('policy'));
  }
  const service = addressOf(values, environment);
  const text = await readText(file, POLICY_LIMITS.documentBytes);
  const body = { text, mediaType: 'application/json' };
  const kept = await asked(() => post(service, '/v1/policies', { body, answer: uploaded }));
  if (values.activate) await activate(service, kept);
  const state = [kept.created ? 'new' : 'known already', ...(values.activate ? ['active'] : [])];
  const lines = [
    `${printable(kept.name)} version ${kept.version} (${state.join(', ')})`,
    `  digest  ${kept.digest}`,
    ...kept.notes.map((note) => `  note    ${printable(note)}`),
  ];
  await terminal.out(`${lines.join('\n')}\n`);
  return EXIT.ok;
}

/** Runs `plumbline policy activate NAME VERSION` and gives its exit code. */
export async function runPolicyActivate(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('policy', args, SERVICE_OPTIONS);
  const version = readVersion('activate', positionals);
  const pins = await activate(addressOf(values, environment), version);
  const named = Object.entries({ ...pins.referenceSets, ...pins.keyrings });
  const lines = named.map(([name, used]) => `  uses    ${printable(name)} version ${used}`);
  const head = `${printable(version.name)} version ${version.version} is active`;
  await terminal.out(`${[head, ...lines].join('\n')}\n`);
  return EXIT.ok;
}

/** Runs `plumbline policy list [NAME]` and gives its exit code. */
export async function runPolicyList(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('policy', args, SERVICE_OPTIONS);
  const [name, ...more] = positionals;
  if (more.length > 0) throw new UsageError('policy list: say one name, or none.');
  const service = addressOf(values, environment);
  if (name === undefined) {
    const { items } = await asked(() => get(service, '/v1/policies', overview));
    for (const policy of items) {
      const active = policy.active === null ? 'none active' : `version ${policy.active} active`;
      await terminal.out(`${policy.name}  newest ${policy.newest}, ${active}\n`);
    }
    return EXIT.ok;
  }
  const path = `/v1/policies/${encodeURIComponent(name)}/versions`;
  const { items } = await asked(() => get(service, path, versions));
  for (const { version, state, digest, author, createdAt } of items) {
    const by = author === null ? '' : ` by ${printable(author.name)}`;
    await terminal.out(`version ${version}  ${state}, ${digest}, ${createdAt}${by}\n`);
  }
  return EXIT.ok;
}

/** A version as it is named on a command line. */
export interface NamedVersion {
  readonly name: string;
  readonly version: number;
}

/** Name and version out of what is behind the options of `action`. */
export function readVersion(action: string, positionals: readonly string[]): NamedVersion {
  const [name, version = '', ...more] = positionals;
  if (name !== undefined && /^[1-9]\d{0,8}$/.test(version) && more.length === 0) {
    return { name, version: Number(version) };
  }
  throw new UsageError(`policy ${action}: say a name and a version.`, helpHint('policy'));
}

/** The path of a version in the API. */
export function versionPath({ name, version }: NamedVersion): string {
  return `/v1/policies/${encodeURIComponent(name)}/versions/${version}`;
}

function activate(service: ServiceAddress, version: NamedVersion) {
  return asked(() => post(service, `${versionPath(version)}/activate`, { answer: activated }));
}

const used = z.record(z.string(), z.int());
const activated = z.object({ referenceSets: used, keyrings: used });
const uploaded = z.object({
  name: z.string(),
  version: z.int(),
  digest: z.string(),
  created: z.boolean(),
  notes: z.array(z.string()),
});
const overview = z.object({
  items: z.array(z.object({ name: z.string(), newest: z.int(), active: z.int().nullable() })),
});
const versions = z.object({
  items: z.array(
    z.object({
      version: z.int(),
      state: z.enum(POLICY_STATES),
      digest: z.string(),
      author: z.object({ name: z.string() }).nullable(),
      createdAt: z.string(),
    }),
  ),
});

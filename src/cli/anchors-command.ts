// `plumbline anchors …`: trust anchors, intermediates and revocation lists of a running service.
// docs/api.md, "Trust anchors"

import { z } from 'zod';
import { get, post, remove } from './api-client.ts';
import { helpHint, readArguments } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readWindows } from './files.ts';
import { addressOf, asked, SERVICE_OPTIONS } from './service-calls.ts';
import { type Environment, printable, type Terminal } from './terminal.ts';

/** Runs `plumbline anchors …` and gives its exit code. */
export async function runAnchors(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const [action = '', ...rest] = args;
  const run = ACTIONS.get(action);
  if (run !== undefined) return run(rest, terminal, environment);
  const names = [...ACTIONS.keys()].join(', ');
  throw new UsageError(`anchors: the actions are ${names}.`, helpHint('anchors'));
}

async function importFiles(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('anchors', args, {
    ...SERVICE_OPTIONS,
    intermediate: { type: 'boolean', default: false },
    crl: { type: 'boolean', default: false },
  });
  if (positionals.length === 0 || (values.intermediate && values.crl)) {
    throw new UsageError('anchors import: name files of one kind.', helpHint('anchors'));
  }
  const service = addressOf(values, environment);
  const certificates = values.intermediate ? 'intermediate' : 'anchor';
  const path = `/v1/trust-anchors?kind=${values.crl ? 'crl' : certificates}`;
  for (const file of positionals) {
    const body = { windows: readWindows(file), mediaType: 'application/octet-stream' };
    const { items } = await asked(() => post(service, path, { body, answer: imported }));
    const created = items.filter((anchor) => anchor.created);
    const known = items.length - created.length;
    await terminal.out(`${printable(file)}: ${created.length} new, ${known} known already\n`);
    for (const anchor of created) await terminal.out(`  ${lineOf(anchor)}\n`);
  }
  return EXIT.ok;
}

async function list(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values } = readArguments('anchors', args, SERVICE_OPTIONS);
  const service = addressOf(values, environment);
  const { items } = await asked(() => get(service, '/v1/trust-anchors', anchors));
  for (const anchor of items) await terminal.out(`${anchor.kind}  ${lineOf(anchor)}\n`);
  return EXIT.ok;
}

async function removeOne(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const { values, positionals } = readArguments('anchors', args, SERVICE_OPTIONS);
  const [fingerprint, ...more] = positionals;
  if (fingerprint === undefined || more.length > 0) {
    throw new UsageError('anchors remove: say one fingerprint.', helpHint('anchors'));
  }
  const service = addressOf(values, environment);
  await asked(() => remove(service, `/v1/trust-anchors/${encodeURIComponent(fingerprint)}`));
  await terminal.out(`removed ${printable(fingerprint)}\n`);
  return EXIT.ok;
}

function lineOf({ fingerprint, subject, expiresAt }: z.output<typeof anchor>): string {
  return `${fingerprint}  until ${expiresAt ?? 'further notice'}  ${printable(subject)}`;
}

type Run = (
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
) => Promise<number>;

const ACTIONS: ReadonlyMap<string, Run> = new Map([
  ['import', importFiles],
  ['list', list],
  ['remove', removeOne],
]);

const anchor = z.object({
  fingerprint: z.string(),
  kind: z.string(),
  subject: z.string(),
  expiresAt: z.string().nullable(),
});
const anchors = z.object({ items: z.array(anchor) });
const imported = z.object({ items: z.array(anchor.extend({ created: z.boolean() })) });

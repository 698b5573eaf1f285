// Picks a command, loads only what it needs, and turns whatever happens into an exit code.
// docs/cli.md

import { readFileSync } from 'node:fs';
import { EXIT, problemText, UsageError } from './exit.ts';
import { GENERAL_HELP, HELP } from './help.ts';
import { type Environment, printable, type Terminal } from './terminal.ts';

/** Runs one command line and gives the exit code of the process. Throws nothing. */
export async function runCommandLine(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  try {
    return await dispatch(args, terminal, environment);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    terminal.err(isUsage ? problemText(error) : faultText(error));
    return isUsage ? EXIT.usage : EXIT.fault;
  }
}

/** A command: takes its own arguments, gives the exit code. */
type Run = (
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
) => Promise<number>;

// Each command is imported when it is called: `verify` starts without the service behind it.
const COMMANDS: ReadonlyMap<string, () => Promise<Run>> = new Map([
  ['serve', async () => (await import('./serve-command.ts')).runServe],
  ['verify', async () => (await import('./verify-command.ts')).runVerify],
  ['inspect', async () => (await import('./inspect-command.ts')).runInspect],
  ['policy', async () => (await import('./policy-command.ts')).runPolicy],
  ['reference', async () => (await import('./reference-command.ts')).runReference],
  ['keyring', async () => (await import('./keyring-command.ts')).runKeyring],
  ['anchors', async () => (await import('./anchors-command.ts')).runAnchors],
  ['result', async () => (await import('./result-command.ts')).runResult],
  ['demo', async () => (await import('./demo-command.ts')).runDemo],
]);

async function dispatch(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined) {
    terminal.err(GENERAL_HELP);
    return EXIT.usage;
  }
  if (command === '--version') return say(`${version()}\n`, terminal);
  if (command === '--help' || command === '-h') return say(GENERAL_HELP, terminal);
  if (command === 'help') return say(helpOf(rest[0]), terminal);
  const load = COMMANDS.get(command);
  if (load === undefined) throw unknownCommand(command);
  if (asksForHelp(rest)) return say(helpOf(command), terminal);
  const run = await load();
  return run(rest, terminal, environment);
}

/** Whether the arguments ask for help; what follows `--` is not an option. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.filter((_, index) => index < end);
  return options.includes('--help') || options.includes('-h');
}

function helpOf(command: string | undefined): string {
  if (command === undefined) return GENERAL_HELP;
  const help = HELP.get(command);
  if (help === undefined) throw unknownCommand(command);
  return help;
}

function unknownCommand(command: string): UsageError {
  const names = [...COMMANDS.keys()].join(', ');
  return new UsageError(
    `unknown command ${printable(command)}.`,
    `Commands are ${names}; \`plumbline --help\` says what they do.`,
  );
}

async function say(text: string, terminal: Terminal): Promise<number> {
  await terminal.out(text);
  return EXIT.ok;
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  const description: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const known = typeof description === 'object' && description !== null;
  return known && 'version' in description ? String(description.version) : 'unknown';
}

function faultText(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `plumbline: a fault of its own; nothing was judged. Please report it.\n${trace}\n`;
}

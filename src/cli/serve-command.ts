// `plumbline serve`: the service, until it is told to stop. docs/cli.md, docs/api.md

import { type Settings, SettingsError, settingsFrom } from '../config.ts';
import { type RunningService, startService } from '../main.ts';
import { helpHint, readArguments, readNumber } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { untilSignal } from './signals.ts';
import { type Environment, printable, type Terminal } from './terminal.ts';

/** Runs `plumbline serve` until SIGINT or SIGTERM. What people read goes to standard error: the
 *  request log, one JSON document a line, has standard output for itself. */
export async function runServe(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<number> {
  const settings = readSettings(args, environment);
  const stopped = untilSignal();
  const service = await startOrSayWhy(settings);
  // Before anybody is told that it runs: without a handler, the signal would end it.
  if (service.reloadKeys !== undefined) {
    process.on('SIGHUP', () => void reloadKeys(service, terminal));
  }
  terminal.err(`Plumbline listens on ${service.url}\n`);
  if (service.bootstrapToken !== undefined) {
    terminal.err(`Admin token, shown this once: ${service.bootstrapToken}\n`);
  }
  const signal = await stopped;
  terminal.err(`${signal}: finishing the requests in hand\n`);
  await service.close();
  return EXIT.ok;
}

/** A new certificate takes effect without an end of service; one that does not fit
 *  changes nothing. */
async function reloadKeys(service: RunningService, terminal: Terminal): Promise<void> {
  try {
    await service.reloadKeys?.();
    terminal.err('SIGHUP: certificate and key were read again\n');
  } catch (error) {
    const why = error instanceof Error ? printable(error.message) : 'they cannot be read';
    terminal.err(`SIGHUP: the old certificate stays: ${why}\n`);
  }
}

/** Starts the service; what its surroundings refuse becomes a message, not a stack trace. */
export async function startOrSayWhy(settings: Settings): Promise<RunningService> {
  try {
    return await startService(settings);
  } catch (error) {
    if (!(error instanceof Error) || !isRefusal(error)) throw error;
    throw new UsageError(`the service cannot start: ${printable(error.message)}.`);
  }
}

/** Errors of the system and of the database carry a code; plain ones are worded for people by the
 *  store. Any other kind is a fault of ours. */
function isRefusal(error: Error): boolean {
  return 'code' in error || error.constructor === Error;
}

function readSettings(args: readonly string[], environment: Environment): Settings {
  const { values, positionals } = readArguments('serve', args, {
    host: { type: 'string' },
    port: { type: 'string' },
    data: { type: 'string' },
  });
  if (positionals.length > 0) {
    throw new UsageError('serve: takes options only.', helpHint('serve'));
  }
  const { host, port, data } = values;
  if (port !== undefined) readNumber('--port', port, { min: 0, max: 65_535 });
  if (data !== undefined && environment['DATABASE_URL']) {
    throw new UsageError(
      'serve: --data and DATABASE_URL name two databases.',
      'Leave out --data, or unset DATABASE_URL.',
    );
  }
  try {
    return settingsFrom({
      ...environment,
      ...(host !== undefined && { HOST: host }),
      ...(port !== undefined && { PORT: port }),
      ...(data !== undefined && { PLUMBLINE_DATA: data }),
    });
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(`serve: ${error.message}`);
    throw error;
  }
}

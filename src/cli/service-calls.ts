// What commands that talk to a service have in common: where it is, who calls, and what a refusal
// looks like to a person. docs/cli.md

import { type ServiceAddress, ServiceRefusal } from './api-client.ts';
import { UsageError } from './exit.ts';
import { type Environment, printable } from './terminal.ts';

/** Options of every such command. */
export const SERVICE_OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
} as const;

/** The service that options and environment name. */
export function addressOf(
  { url, token }: { readonly url?: string; readonly token?: string },
  environment: Environment,
): ServiceAddress {
  const secret = token ?? environment['PLUMBLINE_TOKEN'];
  const address = url ?? environment['PLUMBLINE_URL'] ?? 'http://127.0.0.1:8080';
  if (secret !== undefined && secret !== '') {
    return { url: address.replace(/\/$/, ''), token: secret };
  }
  throw new UsageError(
    'there is no token for the service.',
    'Put it into the environment as PLUMBLINE_TOKEN; --token shows it to other users.',
  );
}

/** What a call gives; a refusal, or nobody there, as the user's to mend. */
export async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof ServiceRefusal) throw refused(error);
    // What `fetch` throws when there is no answer; its cause is what a file or the network said.
    if (!(error instanceof TypeError) || !(error.cause instanceof Error)) throw error;
    if (error.cause instanceof UsageError) throw error.cause;
    throw new UsageError(`the service does not answer: ${printable(error.cause.message)}.`);
  }
}

function refused({ message, places }: ServiceRefusal): UsageError {
  const lines = places.map(({ at, message: what }) => `\n  ${printable(at)}: ${printable(what)}`);
  return new UsageError(`${printable(message)}${lines.join('')}`);
}

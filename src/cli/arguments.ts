// Reading a command's arguments: node:util does the work, this makes its complaints useful.

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './exit.ts';
import { printable } from './terminal.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What `parseArgs` gives for these options, positionals allowed. */
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>;

/** Parses the arguments of `command`. Fails with a `UsageError` that names the bad argument and
 *  the help page. */
export function readArguments<const T extends Options>(
  command: string,
  args: readonly string[],
  options: T,
): Parsed<T> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!(error instanceof Error) || !code.startsWith('ERR_PARSE_ARGS_')) throw error;
    const [reason = error.message] = error.message.split(/\. (?:To specify|Did you)/);
    throw new UsageError(`${command}: ${printable(reason)}.`.replace('..', '.'), helpHint(command));
  }
}

/** The number that `text` names, which must lie between two bounds. */
export function readNumber(
  option: string,
  text: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= bounds.min && value <= bounds.max) return value;
  throw new UsageError(
    `${option}: ${printable(text)} is not a number from ${bounds.min} to ${bounds.max}.`,
  );
}

/** Where to read on about a command. */
export function helpHint(command: string): string {
  return `\`plumbline ${command} --help\` shows what it takes.`;
}

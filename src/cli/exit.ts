// Exit codes of the command line and the one exception that carries a message for its user.
// docs/cli.md, exit codes.

import type { VerdictStatus } from '../verify/verdict.ts';

/** What a process of this command line can end with. */
export const EXIT = {
  /** Done; for `verify`: affirming. */
  ok: 0,
  /** `verify`: contraindicated. */
  contraindicated: 1,
  /** The command line, or a file it names, is at fault: nothing was judged. */
  usage: 2,
  /** `verify`: warning. */
  warning: 3,
  /** `verify`: not enough proof either way. */
  none: 4,
  /** A fault of ours (EX_SOFTWARE of sysexits.h): nothing was judged. */
  fault: 70,
  /** Ended before it was done: by SIGINT or SIGTERM, or nobody reads what it prints. */
  interrupted: 130,
} as const;

/** The exit code that says a verdict's status. */
export function exitOf(status: VerdictStatus): number {
  return status === 'affirming' ? EXIT.ok : EXIT[status];
}

/** The command line or a file it names cannot be used: printed without a stack trace, exit 2. */
export class UsageError extends Error {
  /** What to do next; a line of its own. */
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}

/** What a user reads on standard error for a usage problem. */
export function problemText(problem: UsageError): string {
  const hint = problem.hint === undefined ? '' : `${problem.hint}\n`;
  return `plumbline: ${problem.message}\n${hint}`;
}

#!/usr/bin/env node
// The command line as a process: its arguments, its streams, its exit code.

import { runCommandLine } from './command-line.ts';
import { EXIT } from './exit.ts';
import { terminalOf } from './terminal.ts';

// A reader that has seen enough (`| head`) closes the pipe: that ends us quietly, but never with
// the 0 that says affirming.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.interrupted : EXIT.fault);
});

const [, , ...args] = process.argv;
process.exitCode = await runCommandLine(args, terminalOf(process, process.env), process.env);

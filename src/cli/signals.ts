// Waiting to be told to stop: SIGINT (Ctrl-C) or SIGTERM.

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Resolves with the first of the signals. A second one ends the process as it always does, so that
 *  nobody is kept waiting by a slow end. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const heard = (signal: NodeJS.Signals) => {
      for (const name of SIGNALS) process.off(name, heard);
      resolve(signal);
    };
    for (const name of SIGNALS) process.on(name, heard);
  });
}

// A software TPM (swtpm) for the time of one test, on Unix sockets in the test's own folder, driven
// by tpm2-tools.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTool, type ToolAnswer } from './public-tool.ts';

export const SOFTWARE_TPM_PROGRAMS = ['swtpm', 'tpm2_quote', 'tpm2_createprimary'] as const;

/** A key to make, in the words of tpm2-tools. */
export interface KeySpec {
  /** `--key-algorithm`. */
  readonly algorithm: string;
  readonly scheme: string;
  readonly hash: string;
}

export interface MadeQuote {
  /** TPM2B_PUBLIC. */
  readonly ak: Uint8Array;
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array;
}

export interface SoftwareTpm {
  /** Extends a PCR; `digests` as `bank=hex` and more behind commas. */
  extend(pcr: number, digests: string): void;
  /** Makes a restricted signing key and quotes with it. */
  quote(key: KeySpec, over: { readonly selection: string; readonly nonceHex: string }): MadeQuote;
  /** Runs one of tpm2-tools; files are named relative to the TPM's folder. */
  tool(program: string, ...args: readonly string[]): ToolAnswer;
}

/** Starts a TPM in `folder`, gives it to `use`, and stops it, whatever happens. */
export async function withSoftwareTpm(
  folder: string,
  use: (tpm: SoftwareTpm) => void,
): Promise<void> {
  const socket = path.join(folder, 'tpm');
  const process = spawn(
    'swtpm',
    [
      ...['socket', '--tpm2', '--tpmstate', `dir=${folder}`],
      ...['--server', `type=unixio,path=${socket}`],
      ...['--ctrl', `type=unixio,path=${socket}.ctrl`],
      ...['--flags', 'not-need-init,startup-clear'],
    ],
    { stdio: 'ignore', timeout: LIFETIME_MS, killSignal: 'SIGKILL' },
  );
  const ended = once(process, 'close');
  try {
    await socketAppears(`${socket}.ctrl`);
    use(tpmAt(folder, `swtpm:path=${socket}`));
  } finally {
    process.kill('SIGKILL');
    await ended;
  }
}

function tpmAt(folder: string, tcti: string): SoftwareTpm {
  const environment = { TPM2TOOLS_TCTI: tcti };
  const run = (program: string, ...args: readonly string[]): void => {
    const { accepted, output } = runTool(program, args, { environment });
    if (!accepted) throw new Error(`${program}: ${output}`);
  };
  const file = (name: string): string => path.join(folder, name);
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(file(name)));
  return {
    tool: (program, ...args) => runTool(program, args, { environment, folder }),
    extend: (pcr, digests) => run('tpm2_pcrextend', `${pcr}:${digests}`),
    quote(key, { selection, nonceHex }) {
      const algorithm = `${key.algorithm}:${key.scheme}-${key.hash}:null`;
      const context = file('ak.ctx');
      run('tpm2_createprimary', '-C', 'o', '-G', algorithm, '-a', AK_ATTRIBUTES, '-c', context);
      run('tpm2_readpublic', '-c', context, '-o', file('ak.pub'));
      // There is no resource manager here: what a command leaves loaded stays.
      run('tpm2_flushcontext', '--transient-object');
      run(
        'tpm2_quote',
        ...['-c', context, '-l', selection, '-q', nonceHex],
        ...['--scheme', key.scheme, '-g', key.hash],
        ...['-m', file('quote.msg'), '-s', file('quote.sig')],
      );
      run('tpm2_flushcontext', '--transient-object');
      return { ak: read('ak.pub'), attest: read('quote.msg'), signature: read('quote.sig') };
    },
  };
}

async function socketAppears(socket: string): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (existsSync(socket)) return;
    await sleep(START_STEP_MS);
  }
  throw new Error(`swtpm did not open ${socket}`);
}

const AK_ATTRIBUTES = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign|noda';
const LIFETIME_MS = 60_000;
const START_TRIES = 200;
const START_STEP_MS = 25;

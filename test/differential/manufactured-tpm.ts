// Software TPMs as a manufacturer ships them: with EK certificates in NV, issued by an authority of
// the test's own. They keep their state in a folder, so that they can be switched off and on again.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTool } from './public-tool.ts';

/** What these TPMs need to be installed. */
export const MANUFACTURER_PROGRAMS = ['swtpm', 'swtpm_setup', 'openssl', 'tpm2_createek'] as const;

/** The authority that vouches for the TPMs of one test. */
export class Manufacturer {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = path.join(folder, 'authority');
    mkdirSync(this.#folder);
    const file = (name: string) => path.join(this.#folder, name);
    const authority = [
      `statedir = ${this.#folder}`,
      `signingkey = ${file('signkey.pem')}`,
      `issuercert = ${file('issuercert.pem')}`,
      `certserial = ${file('certserial')}`,
    ];
    writeFileSync(file('localca.conf'), `${authority.join('\n')}\n`);
    const platform = '--platform-manufacturer made\n--platform-version 1\n--platform-model made\n';
    writeFileSync(file('localca.options'), platform);
    const setup = [
      'create_certs_tool = /usr/bin/swtpm_localca',
      `create_certs_tool_config = ${file('localca.conf')}`,
      `create_certs_tool_options = ${file('localca.options')}`,
    ];
    writeFileSync(file('setup.conf'), `${setup.join('\n')}\n`);
  }

  /** Makes a TPM with certificates for its RSA and P-384 EKs. Its state is in `folder`. */
  make(folder: string, { rsaBits = 2048 }: { readonly rsaBits?: 2048 | 3072 } = {}) {
    mkdirSync(folder);
    const setup = ['--config', path.join(this.#folder, 'setup.conf')];
    const state = ['--tpm2', '--tpmstate', folder, '--pcr-banks', 'sha1,sha256'];
    const keys = ['--create-ek-cert', '--rsa-keysize', String(rsaBits)];
    must('swtpm_setup', [...keys, ...setup, ...state]);
    return new ManufacturedTpm(folder);
  }

  /** The root certificate, PEM. */
  get root(): string {
    return readFileSync(path.join(this.#folder, 'swtpm-localca-rootca-cert.pem'), 'utf8');
  }

  /** The issuing certificate below it, PEM. */
  get issuer(): string {
    return readFileSync(path.join(this.#folder, 'issuercert.pem'), 'utf8');
  }

  /** A certificate for a key in PEM, DER: as the manufacturer issues them for EKs. */
  certify(keyPem: string): Uint8Array {
    const file = (name: string) => path.join(this.#folder, name);
    writeFileSync(file('ek.pem'), keyPem);
    writeFileSync(file('ek.ext'), EK_EXTENSIONS);
    const csr = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', file('any.pem')];
    must('openssl', [...csr, '-subj', '/CN=made', '-out', file('any.csr')]);
    must('openssl', [
      ...['x509', '-req', '-in', file('any.csr'), '-force_pubkey', file('ek.pem')],
      ...['-CA', file('issuercert.pem'), '-CAkey', file('signkey.pem'), '-CAcreateserial'],
      ...['-extfile', file('ek.ext'), '-outform', 'DER', '-out', file('ek.der'), '-days', '3650'],
    ]);
    return new Uint8Array(readFileSync(file('ek.der')));
  }
}

/** One TPM. */
export class ManufacturedTpm {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** TCTI for tpm2-tools. */
  get tcti(): string {
    return `swtpm:path=${this.#socket}`;
  }

  /** Switches it on, gives it to `use`, and switches it off, whatever happens. PCRs start anew. */
  async powered(use: () => Promise<void>): Promise<void> {
    rmSync(this.#socket, { force: true });
    rmSync(`${this.#socket}.ctrl`, { force: true });
    const child = spawn(
      'swtpm',
      [
        ...['socket', '--tpm2', '--tpmstate', `dir=${this.#folder}`],
        ...['--server', `type=unixio,path=${this.#socket}`],
        ...['--ctrl', `type=unixio,path=${this.#socket}.ctrl`],
        ...['--flags', 'not-need-init,startup-clear'],
      ],
      { stdio: 'ignore', timeout: LIFETIME_MS, killSignal: 'SIGKILL' },
    );
    const ended = once(child, 'close');
    try {
      await this.#isUp();
      await use();
      this.run('tpm2_shutdown', '--clear');
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  }

  /** Runs one of tpm2-tools on it; throws with what it said when it fails. */
  run(program: string, ...args: readonly string[]): string {
    return must(program, args, { TPM2TOOLS_TCTI: this.tcti });
  }

  get #socket(): string {
    return path.join(this.#folder, 'socket');
  }

  async #isUp(): Promise<void> {
    for (let tries = 0; tries < START_TRIES; tries += 1) {
      if (existsSync(`${this.#socket}.ctrl`)) return;
      await sleep(START_STEP_MS);
    }
    throw new Error('swtpm did not start');
  }
}

function must(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): string {
  const { accepted, output } = runTool(program, args, { environment });
  if (!accepted) throw new Error(`${program}: ${output}`);
  return output;
}

const EK_EXTENSIONS = `basicConstraints=critical,CA:FALSE
keyUsage=critical,keyAgreement
extendedKeyUsage=2.23.133.8.1
subjectAltName=critical,dirName:tpm
[tpm]
a.2.23.133.2.1=id:00001014
a.2.23.133.2.2=made
a.2.23.133.2.3=id:00000001
`;
const LIFETIME_MS = 120_000;
const START_TRIES = 200;
const START_STEP_MS = 25;

// A host with a software TPM and a measurement list, on which the raw agent of docs/agents runs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningApi } from '../api/running-api.ts';
import { type DraftRecord, hash, hex, templateData, writeList } from '../property/list-writer.ts';
import type { ManufacturedTpm } from './manufactured-tpm.ts';

const AGENT = fileURLToPath(new URL('../../docs/agents/raw-agent.sh', import.meta.url));

/** Where the agent keeps its key. */
export const AK_HANDLE = '0x81018100';

/** A host: a TPM, a measurement list, and the folder that its agent keeps. */
export class Host {
  readonly #running: RunningApi;
  readonly #tpm: ManufacturedTpm;
  readonly #kept: HostFiles;
  #records: DraftRecord[] = [];
  #boot = 1;

  constructor(running: RunningApi, tpm: ManufacturedTpm, kept: HostFiles) {
    this.#running = running;
    this.#tpm = tpm;
    this.#kept = kept;
    mkdirSync(kept.folder);
    this.#write();
  }

  file(name: string): string {
    return path.join(this.#kept.folder, name);
  }

  /** The id that the agent keeps. */
  get id(): string {
    return readFileSync(this.file('attester'), 'utf8').trim();
  }

  /** What the kernel does with each record. */
  measure(...records: readonly DraftRecord[]): void {
    for (const record of records) {
      const banks = ['sha1', 'sha256'].map(
        (bank) => `${bank}=${hex(hash(bank, templateData(record, 'little')))}`,
      );
      this.#tpm.run('tpm2_pcrextend', `${record.pcr}:${banks.join(',')}`);
    }
    this.#records.push(...records);
    this.#write();
  }

  /** The list is empty again. */
  reboot(): void {
    this.#records = [];
    this.#boot += 1;
    this.#write();
  }

  async enrol(): Promise<void> {
    const { code, output } = await this.agent('enrol');
    assert.equal(code, 0, output);
  }

  /** A minute later. */
  async attest(): Promise<{ readonly code: number; readonly status: string }> {
    this.#running.wait(60);
    const { code, output } = await this.agent('attest');
    return { code, status: output.split('\n')[0] ?? '' };
  }

  async agent(verb: string): Promise<{ readonly code: number; readonly output: string }> {
    const { ek = 'rsa', ak = 'rsassa' } = this.#kept;
    const child = spawn('bash', [AGENT, verb], {
      timeout: 60_000,
      env: {
        ...process.env,
        TPM2TOOLS_TCTI: this.#tpm.tcti,
        PLUMBLINE_URL: this.#running.url,
        PLUMBLINE_TOKEN: this.#running.secrets['agent-enrol'],
        PLUMBLINE_STATE: this.#kept.folder,
        PLUMBLINE_LIST: this.file('list'),
        PLUMBLINE_BOOT_LOG: this.file('no-boot-log'),
        PLUMBLINE_BOOT_ID: `boot ${this.#boot}`,
        PLUMBLINE_EK: ek,
        PLUMBLINE_AK: ak,
        PLUMBLINE_AK_HANDLE: AK_HANDLE,
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += String(text);
      });
    }
    const [code] = await once(child, 'close');
    return { code: Number(code), output };
  }

  /** TPM2_ActivateCredential on the file `credential`, with this TPM's own EK. */
  openCredential(): void {
    const session = this.file('session');
    const ek = this.file('ek.ctx');
    this.#tpm.run('tpm2_createek', '-G', 'rsa', '-c', ek, '-u', this.file('own-ek.pub'));
    this.#tpm.run('tpm2_flushcontext', '--transient-object');
    this.#tpm.run('tpm2_startauthsession', '--policy-session', '-S', session);
    this.#tpm.run('tpm2_policysecret', '-S', session, '-c', 'e');
    this.#tpm.run(
      'tpm2_activatecredential',
      ...['-c', AK_HANDLE, '-C', ek, '-P', `session:${session}`],
      ...['-i', this.file('credential'), '-o', this.file('secret')],
    );
  }

  async coverage(): Promise<{ readonly fromIndex: number }> {
    const verdict = await this.#newestVerdict();
    return Object(verdict['coverage'])['ima'];
  }

  async codes(): Promise<readonly string[]> {
    const verdict = await this.#newestVerdict();
    return Object.keys(Object(verdict['findingCounts']));
  }

  async #newestVerdict() {
    const query = `/v1/verdicts?attester=${this.id}&limit=1`;
    const page = await this.#running.call('GET', query, { role: 'operator' });
    const [{ id }] = Object(page.body)['items'];
    return (await this.#running.call('GET', `/v1/verdicts/${id}`, { role: 'operator' })).body;
  }

  #write(): void {
    writeFileSync(this.file('list'), writeList(this.#records));
  }
}

interface HostFiles {
  readonly folder: string;
  readonly ek?: 'rsa' | 'ecc' | 'rsa3072' | 'ecc384';
  readonly ak?: 'rsassa' | 'rsapss' | 'ecdsa';
}

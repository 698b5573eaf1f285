// A Linux kernel with IMA in memory: measures, extends, stages, deletes, trims and hands its list
// to the next kernel. ima_queue.c, ima_init.c, ima_kexec.c, ima_fs.c; FORMATS 4 to 10, 12.

import { type DraftRecord, hash, join, type Order } from '../property/list-writer.ts';
import {
  aggregateDraft,
  batchDigest,
  eventDraft,
  type Feeding,
  fileDraft,
  kexecText,
  ListRecord,
  snapshotText,
  tpmInfoText,
  violationDraft,
} from './records.ts';
import type { Bank, SimulatedTpm } from './tpm.ts';

/** How a kernel was built and started. */
export interface KernelSettings {
  readonly order: Order;
  /** Banks that it feeds in another way than with their own hash. */
  readonly padded: Readonly<Partial<Record<Bank, Feeding>>>;
  /** CONFIG_IMA_INIT_LATE_SYNC. */
  readonly late: boolean;
  /** Whether its policy measures critical data: kernel version and kexec events. */
  readonly criticalData: boolean;
  /** Which update counter records it writes (FORMATS 10). */
  readonly counters: 'none' | 'posted' | 'tpm-info';
  /** Rules with `pcr=11` for files below /opt. */
  readonly secondPcr: boolean;
  /** `ima_flush_htable`. */
  readonly flushTable: boolean;
  /** What a kexec does with the list: carries it over at the last moment (and records kexec
   *  events), copies it when the next kernel is loaded, or leaves it behind (FORMATS 7.2). */
  readonly kexec: 'carried' | 'copied-at-load' | 'left-behind';
  /** What is wrong with the kernel: its TPM came too late and nothing is extended; its first record
   *  is no aggregate, or one of other PCR values. */
  readonly flaw: 'none' | 'tpm-bypass' | 'no-aggregate' | 'other-aggregate';
}

export const PLAIN_KERNEL: KernelSettings = {
  order: 'little',
  padded: {},
  late: false,
  criticalData: false,
  counters: 'none',
  secondPcr: false,
  flushTable: false,
  kexec: 'carried',
  flaw: 'none',
};

/** Sees each record that a kernel adds, in list order. */
export type RecordSink = (record: ListRecord) => void;

/** One running kernel: from its boot or kexec to the next. */
export class SimulatedKernel {
  readonly settings: KernelSettings;
  readonly #tpm: SimulatedTpm;
  readonly #sink: RecordSink;
  /** Records of the staged list. */
  staged: readonly ListRecord[] = [];
  /** Records of the current list. */
  current: readonly ListRecord[];
  /** Everything it knows since its start, deleted records included. */
  readonly #known: ListRecord[];
  /** Digests that it has seen: these are not recorded again. */
  readonly #table = new Set<string>();
  #snapshotAttempts = 0;
  #batches = 0;

  constructor(input: {
    readonly settings: KernelSettings;
    readonly tpm: SimulatedTpm;
    readonly sink: RecordSink;
    /** The list of the kernel before it, when kexec carried one over. */
    readonly restored?: readonly ListRecord[];
  }) {
    this.settings = input.settings;
    this.#tpm = input.tpm;
    this.#sink = input.sink;
    this.current = input.restored ?? [];
    this.#known = [...this.current];
  }

  /** Initialises IMA: the aggregate, and what follows it by policy. */
  start(): void {
    const { late, criticalData, counters, flaw } = this.settings;
    const name = late ? 'boot_aggregate_late' : 'boot_aggregate';
    if (flaw !== 'no-aggregate') {
      this.measure(aggregateDraft({ name, pcr: IMA_PCR, ...this.#aggregate() }));
    }
    if (criticalData) this.measure(eventDraft('kernel_version', '7.3.4', IMA_PCR));
    if (counters === 'posted') this.#postCounter('ima_init_tpm_update_counter');
    if (counters === 'tpm-info') this.counterRecord();
  }

  /** A file is used. */
  measureFile(path: string, content: string, signed = false): void {
    const isSecond = this.settings.secondPcr && path.startsWith('/opt/');
    this.measure(fileDraft({ path, content, signed, pcr: isSecond ? SECOND_PCR : IMA_PCR }));
  }

  /** A file is measured while somebody writes to it. */
  violation(path: string): void {
    this.measure(violationDraft(path, IMA_PCR));
  }

  /** Records `draft` unless its digest was recorded before, and extends its PCR. */
  measure(draft: DraftRecord): void {
    const record = this.#take(draft);
    if (record === undefined) return;
    this.#append(record);
    this.#extend(record);
  }

  /** Two files whose extends overtake one another (FORMATS 12.3). Gives whether both were new. */
  measureSwapped(first: DraftRecord, second: DraftRecord): boolean {
    const records = [first, second].flatMap((draft) => this.#take(draft) ?? []);
    for (const record of records) this.#append(record);
    for (const record of records.toReversed()) this.#extend(record);
    return records.length === 2;
  }

  /** A batch: one extend for all of `drafts` (FORMATS 12.2). */
  batch(drafts: readonly DraftRecord[]): void {
    const members = drafts.flatMap((draft) => this.#take(draft) ?? []);
    if (members.length === 0) return;
    this.#batches += 1;
    const head = `version=1;batch=${this.#batches};`;
    const mark = (name: string, text: string) =>
      new ListRecord(eventDraft(name, text, IMA_PCR), this.settings.order);
    const batch = [
      mark('ima_batch_start', head),
      ...members,
      mark('ima_batch_stop', `${head}count=${members.length};`),
    ];
    for (const record of batch) this.#append(record);
    this.#tpm.extend(IMA_PCR, (bank) => batchDigest(batch, bank, this.#feeding(bank)));
  }

  /** `tpm-info`, or nothing where the kernel writes no such record. `between` files slip in
   *  between reading the counter and queueing the record. */
  counterRecord(between: readonly DraftRecord[] = []): void {
    if (this.settings.counters !== 'tpm-info') return;
    const text = tpmInfoText({
      banks: this.#tpm.banks.length,
      counter: this.#tpm.updateCounter,
      measurements: this.#known.length,
    });
    for (const draft of between) this.measure(draft);
    this.measure(eventDraft('tpm-info', text, IMA_PCR));
  }

  /** `A`: the current list becomes the staged one. */
  stage(): void {
    if (this.staged.length > 0 || this.current.length === 0) return;
    this.staged = this.current;
    this.current = [];
  }

  /** `D`: the staged list is deleted; gives what is gone. */
  deleteStaged(): readonly ListRecord[] {
    const gone = this.staged;
    this.staged = [];
    if (gone.length > 0 && this.settings.flushTable) this.#table.clear();
    return gone;
  }

  /** `N`: the first `count` current records are deleted; gives what is gone. */
  trim(count: number): readonly ListRecord[] {
    if (count < 1 || count > this.current.length || this.settings.flushTable) return [];
    const gone = this.current.slice(0, count);
    this.current = this.current.slice(count);
    return gone;
  }

  /** Writes a snapshot marker. With `purge`, everything before it leaves the kernel. */
  snapshot(purge: boolean, withCounter: boolean): readonly ListRecord[] {
    this.#snapshotAttempts += 1;
    const before = [...this.staged, ...this.current];
    const head = { attempt: this.#snapshotAttempts };
    const counter = withCounter ? { counter: this.#tpm.updateCounter } : {};
    const text = snapshotText(this.#tpm, { ...head, ...counter });
    this.measure(eventDraft('snapshot_aggregate', text, IMA_PCR));
    if (!purge) return [];
    this.staged = [];
    this.current = this.current.slice(-1);
    this.#table.clear();
    return before;
  }

  /** kexec_file_load. `slipped` files are measured between counting and recording. */
  kexecLoad(slipped: readonly DraftRecord[]): void {
    const { criticalData, counters } = this.settings;
    if (counters === 'posted') this.#postCounter('kexec_load_tpm_update_counter');
    if (!criticalData || this.settings.kexec !== 'carried') return;
    const text = kexecText(this.#known);
    for (const draft of slipped) this.measure(draft);
    this.measure(eventDraft('kexec_load', text, IMA_PCR));
  }

  /** The reboot notifier: the last record of this kernel. */
  kexecExecute(): void {
    const { criticalData, kexec } = this.settings;
    if (!criticalData || kexec !== 'carried') return;
    this.measure(eventDraft('kexec_execute', kexecText(this.#known), IMA_PCR));
  }

  /** Staged records, then current ones: what a kexec carries over. */
  get carried(): readonly ListRecord[] {
    return [...this.staged, ...this.current];
  }

  #postCounter(name: string): void {
    const text = `update_counter=${this.#tpm.updateCounter};`;
    this.measure(eventDraft(name, text, IMA_PCR));
  }

  #take(draft: DraftRecord): ListRecord | undefined {
    const record = new ListRecord(draft, this.settings.order);
    if (record.isViolation) return record;
    const key = `${draft.pcr}:${record.digest('sha256').join()}`;
    if (this.#table.has(key)) return undefined;
    this.#table.add(key);
    return record;
  }

  #append(record: ListRecord): void {
    this.current = [...this.current, record];
    this.#known.push(record);
    this.#sink(record);
  }

  #extend(record: ListRecord): void {
    if (this.settings.flaw === 'tpm-bypass') return;
    this.#tpm.extend(record.draft.pcr, (bank) => record.extended(bank, this.#feeding(bank)));
  }

  #feeding(bank: Bank): Feeding {
    return this.settings.padded[bank] ?? 'own-hash';
  }

  /** boot_aggregate in the SHA-256 bank, else in the SHA-1 one, else zeros (FORMATS 5). */
  #aggregate(): { readonly algorithm: Bank; readonly digest: Uint8Array } {
    const { flaw } = this.settings;
    const algorithm = (['sha256', 'sha1'] as const).find((bank) => this.#tpm.banks.includes(bank));
    if (algorithm === undefined || flaw === 'tpm-bypass') {
      return { algorithm: 'sha256', digest: new Uint8Array(32) };
    }
    if (flaw === 'other-aggregate') {
      return { algorithm, digest: hash(algorithm, new Uint8Array(1)) };
    }
    const pcrs = algorithm === 'sha1' ? [0, 1, 2, 3, 4, 5, 6, 7] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const values = pcrs.map((pcr) => this.#tpm.value(algorithm, pcr));
    return { algorithm, digest: hash(algorithm, join(...values)) };
  }
}

export const IMA_PCR = 10;
export const SECOND_PCR = 11;

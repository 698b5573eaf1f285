// A host with a TPM, a kernel and an attestation agent, all in memory and without a line of the
// product: what it gives as evidence is what such a machine would give. FORMATS 7 to 10, 12, 14.

import type { SegmentKind } from '../../src/ima/segment.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import { ascii, type DraftRecord, hash } from '../property/list-writer.ts';
import { type Cut, cutList, type HeldRecord } from './agent.ts';
import { IMA_PCR, type KernelSettings, PLAIN_KERNEL, SimulatedKernel } from './kernel.ts';
import { fileDraft, type ListRecord } from './records.ts';
import { type Bank, type Selection, SimulatedTpm, type TpmQuote } from './tpm.ts';

/** What a host is. Hosts of one machine measure the same firmware; `identity` makes the key. */
export interface HostOptions {
  readonly identity?: string;
  readonly machine?: string;
  readonly banks?: readonly Bank[];
  readonly kernel?: Partial<KernelSettings>;
}

/** What a verifier asks for, and how the agent answers. */
export interface RoundRequest {
  readonly nonce: Uint8Array;
  readonly selection: Selection;
  /** Absolute index to send the list from. */
  readonly fromIndex: number;
  /** False: leaves out the PCR values, which the list then has to complete. */
  readonly suppliesValues?: boolean;
  readonly cuts?: readonly Cut[];
  /** Files that are measured between quoting and reading the list. */
  readonly pending?: number;
}

/** Evidence, and what is true of it. */
export interface Round {
  readonly evidence: Evidence;
  readonly segments: readonly Uint8Array[];
  /** Records that the agent sends. */
  readonly held: readonly HeldRecord[];
  /** Absolute index behind the last record that a quoted PCR shows. */
  readonly provenCount: number;
  /** Records of the boot, and of those so many when the quote was made. */
  readonly ledger: readonly ListRecord[];
  readonly quotedCount: number;
}

/** One machine, from its first boot on. */
export class SimulatedHost {
  readonly tpm: SimulatedTpm;
  readonly #machine: string;
  readonly #settings: KernelSettings;
  kernel: SimulatedKernel;
  /** Every record of this boot in list order, wherever it is now. */
  ledger: readonly ListRecord[] = [];
  /** First indices of neighbours whose extends overtook one another. */
  #swaps: readonly number[] = [];
  /** What the agent keeps of records that the kernel no longer has. */
  #archive = new Map<ListRecord, SegmentKind>();
  #files = 0;
  #firmware = 'A';

  constructor(options: HostOptions = {}) {
    const { identity = 'host', machine = 'machine', banks = ['sha256'], kernel = {} } = options;
    this.#machine = machine;
    this.#settings = { ...PLAIN_KERNEL, ...kernel };
    this.tpm = new SimulatedTpm({ banks, identity });
    this.kernel = this.#boot();
  }

  /** A file is used; its name and content may be known already. */
  measureFile(path: string, content: string, signed = false): void {
    this.kernel.measureFile(path, content, signed);
  }

  /** So many files that were never used before. */
  measureFiles(count: number, folder = '/usr/bin', signed = false): void {
    for (const { path, content } of this.#newFiles(count, folder)) {
      this.kernel.measureFile(path, content, signed);
    }
  }

  violation(path: string): void {
    this.kernel.violation(path);
  }

  stage(): void {
    this.kernel.stage();
  }

  /** The agent reads what is staged, then deletes it. */
  deleteStaged(): void {
    this.#keep(this.kernel.deleteStaged(), 'staged');
  }

  /** The agent reads the list, then deletes its first `count` records. */
  trim(count: number): void {
    this.#keep(this.kernel.trim(count), 'trimmed');
  }

  snapshot(purge = true, withCounter = false): void {
    this.#keep(this.kernel.snapshot(purge, withCounter), 'snapshot');
  }

  /** A `tpm-info` record, where the kernel writes them; `slipped` files overtake it. */
  counterRecord(slipped = 0): void {
    this.kernel.counterRecord(this.#newDrafts(slipped));
  }

  batch(count: number): void {
    this.kernel.batch(this.#newDrafts(count));
  }

  /** Two files are measured and their extends overtake one another. */
  swapExtends(): void {
    const [first, second] = this.#newDrafts(2);
    if (first === undefined || second === undefined) return;
    const at = this.ledger.length;
    if (this.kernel.measureSwapped(first, second)) this.#swaps = [...this.#swaps, at];
  }

  /** The next kernel takes over. The agent has read the list at the end, but for the last `lose`
   *  records: where the list is not carried over, nobody has those. */
  kexec(
    how: { readonly slipped?: number; readonly between?: number; readonly lose?: number } = {},
  ) {
    const old = this.kernel;
    old.kexecLoad(this.#newDrafts(how.slipped ?? 0));
    const atLoad = old.carried;
    this.measureFiles(how.between ?? 0);
    old.kexecExecute();
    const restored = {
      carried: () => old.carried,
      'copied-at-load': () => atLoad,
      'left-behind': () => [],
    }[old.settings.kexec]();
    const kept = new Set(restored);
    const gone = old.carried.filter((record) => !kept.has(record));
    this.#keep(gone.slice(0, Math.max(0, gone.length - (how.lose ?? 0))), 'archived');
    this.kernel = this.#newKernel(restored);
    this.kernel.start();
  }

  /** A TPM Reset and a new boot; `firmware` measures other firmware. */
  reboot(how: { readonly isOrderly?: boolean; readonly firmware?: string } = {}): void {
    const isUpdate = how.firmware !== undefined && how.firmware !== this.#firmware;
    this.#firmware = how.firmware ?? this.#firmware;
    const { firmwareVersion } = this.tpm;
    this.tpm.reset({
      isOrderly: how.isOrderly ?? true,
      firmwareVersion: isUpdate ? firmwareVersion + 1n : firmwareVersion,
    });
    this.kernel = this.#boot();
  }

  /** A TPM Restart: PCRs are cleared under the same resetCount, and a kernel boots. */
  restart(): void {
    this.tpm.restart();
    this.kernel = this.#boot();
  }

  suspendResume(): void {
    this.tpm.resume();
  }

  /** Quotes `selection` now. */
  quote(nonce: Uint8Array, selection: Selection): TpmQuote {
    this.tpm.clockMs += 1000n;
    return this.tpm.quote(nonce, selection);
  }

  /** Answers a challenge: quotes first, then reads the list. */
  evidence(request: RoundRequest): Round {
    const { nonce, selection, fromIndex } = request;
    const quote = this.quote(nonce, selection);
    const values = this.#values(selection);
    const pcrUpdateCounter = this.tpm.updateCounter;
    const quotedCount = this.ledger.length;
    this.measureFiles(request.pending ?? 0);
    const held = this.held().slice(fromIndex);
    const { claims, segments } = cutList(held, request.cuts);
    const extendOrder = this.#extendOrder(fromIndex);
    return {
      evidence: {
        ak: { bytes: this.tpm.akPublic, encoding: 'tpmt-public' },
        nonce,
        quote: {
          attest: quote.attest,
          signature: { encoding: 'tpmt', bytes: quote.signature },
        },
        ...(request.suppliesValues === false ? {} : { pcrValues: values }),
        ima: { segments: claims, fromIndex, ...(extendOrder ? { extendOrder } : {}) },
        pcrUpdateCounter,
      },
      segments,
      held,
      provenCount: this.#shownCount(quotedCount, selection),
      ledger: this.ledger,
      quotedCount,
    };
  }

  /** Every record of this boot that the agent can send, oldest first. */
  held(): readonly HeldRecord[] {
    const staged = new Set(this.kernel.staged);
    const current = new Set(this.kernel.current);
    return this.ledger.flatMap((record) => {
      const archived = this.#archive.get(record);
      if (staged.has(record)) return [{ record, kind: 'staged' }] as const;
      if (current.has(record)) return [{ record, kind: 'current' }] as const;
      return archived === undefined ? [] : [{ record, kind: archived }];
    });
  }

  #boot(): SimulatedKernel {
    for (let pcr = 0; pcr <= 9; pcr += 1) {
      const event = ascii(`${this.#machine}, firmware ${this.#firmware}, PCR ${pcr}`);
      this.tpm.extend(pcr, (bank) => hash(bank, event));
    }
    this.ledger = [];
    this.#swaps = [];
    this.#archive = new Map();
    this.kernel = this.#newKernel();
    this.kernel.start();
    return this.kernel;
  }

  #newKernel(restored: readonly ListRecord[] = []): SimulatedKernel {
    return new SimulatedKernel({
      settings: this.#settings,
      tpm: this.tpm,
      restored,
      sink: (record) => {
        this.ledger = [...this.ledger, record];
      },
    });
  }

  #keep(records: readonly ListRecord[], kind: SegmentKind): void {
    for (const record of records) this.#archive.set(record, kind);
  }

  #newFiles(count: number, folder = '/usr/bin') {
    return Array.from({ length: count }, () => {
      this.#files += 1;
      return { path: `${folder}/file-${this.#files}`, content: `content ${this.#files}` };
    });
  }

  #newDrafts(count: number): readonly DraftRecord[] {
    return this.#newFiles(count).map((file) => fileDraft({ ...file, pcr: IMA_PCR, signed: false }));
  }

  #values(selection: Selection) {
    return new Map(
      selection.map(({ bank, pcrs }) => [
        bank,
        new Map(pcrs.map((pcr) => [pcr, this.tpm.value(bank, pcr)] as const)),
      ]),
    );
  }

  #shownCount(quotedCount: number, selection: Selection): number {
    const quoted = new Set(selection.flatMap(({ pcrs }) => pcrs));
    return (
      this.ledger.findLastIndex(
        ({ draft }, index) => index < quotedCount && quoted.has(draft.pcr),
      ) + 1
    );
  }

  /** Absolute indices in the order of their extends, from the first swap to the last. */
  #extendOrder(fromIndex: number): readonly number[] | undefined {
    const swaps = this.#swaps.filter((index) => index >= fromIndex);
    const [first] = swaps;
    const last = swaps.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const swapped = new Set(swaps);
    return Array.from({ length: last + 2 - first }, (_, offset) => first + offset).map((index) => {
      if (swapped.has(index)) return index + 1;
      return swapped.has(index - 1) ? index - 1 : index;
    });
  }
}

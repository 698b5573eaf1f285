// Epochs: the records between two aggregate records inside one boot. Each kexec opens one.
// FORMATS 7.2; every fact here is about authenticated records.

import { fromHex, toHex } from '../bytes/encoding.ts';
import { aggregateName } from '../ima/boot-aggregate.ts';
import { BUFFER_TEMPLATE, bindBuffer, readKexecEvent } from '../ima/buffer-events.ts';
import type { ImaRecord } from '../ima/record.ts';
import type { FileDigest, TemplateFields } from '../ima/template-fields.ts';
import type { Template } from '../ima/templates.ts';

/** A record that carries an aggregate name in a template that files use. */
export interface AggregateRecord {
  readonly index: number;
  readonly segment: number;
  readonly offsetBytes: number;
  readonly name: NonNullable<ReturnType<typeof aggregateName>>;
  readonly digest: FileDigest;
  /** Whether a `kexec_execute` event stands directly before it. */
  readonly afterExecute: boolean;
}

/** Records from one aggregate to the next. */
export interface Epoch {
  readonly fromIndex: number;
  readonly openedBy: string;
  readonly closedBy?: string;
}

/** What of the kernel that a kexec would start was measured and accepted in this epoch. */
export interface NextKernel {
  readonly image: boolean;
  readonly commandLine: boolean;
}

/** A tracker as plain data, to be kept from round to round. */
export interface SavedEpochs {
  readonly epochs: readonly Epoch[];
  readonly lastKexec: 'kexec_load' | 'kexec_execute' | null;
  readonly nextKernel: NextKernel;
  /** The first aggregate, its digest as `algorithm:hex`. */
  readonly first: (Omit<AggregateRecord, 'digest'> & { readonly digest: string }) | null;
}

/** Follows the epochs of one boot. Bounded: of very many epochs it keeps the first and the last. */
export class EpochTracker {
  #epochs: readonly Epoch[] = [];
  #lastKexec: 'kexec_load' | 'kexec_execute' | undefined;
  #first: AggregateRecord | undefined;
  #nextKernel: NextKernel = NO_KERNEL;

  /** The aggregate that opened the boot, if record 0 was one. */
  get first(): AggregateRecord | undefined {
    return this.#first;
  }

  get epochs(): readonly Epoch[] {
    return this.#epochs;
  }

  /** Takes the next authenticated, non-violation record. Gives the aggregate it is, `kexec` for a
   *  bound kexec event, or undefined for any other record. */
  observe(
    record: ImaRecord,
    template: Template,
    fields: TemplateFields,
  ): AggregateRecord | 'kexec' | undefined {
    const previous = this.#lastKexec;
    this.#lastKexec = undefined;
    if (template.name === BUFFER_TEMPLATE) {
      this.#lastKexec =
        bindBuffer(fields).outcome === 'bound' ? readKexecEvent(fields)?.name : undefined;
      return this.#lastKexec === undefined ? undefined : 'kexec';
    }
    const name = aggregateName(fields.name ?? new Uint8Array());
    if (name === undefined || fields.fileDigest === undefined) return undefined;
    const { index, segment, offsetBytes } = record;
    const afterExecute = previous === 'kexec_execute';
    return { index, segment, offsetBytes, name, digest: fields.fileDigest, afterExecute };
  }

  /** Notes a violation: nothing in it is authenticated, so it only breaks `directly before`. */
  observeViolation(): void {
    this.#lastKexec = undefined;
  }

  /** Notes that a part of the next kernel was measured and accepted. */
  noteNextKernel(part: keyof NextKernel): void {
    this.#nextKernel = { ...this.#nextKernel, [part]: true };
  }

  /** Whether the kernel of an epoch that would open now is known: image and command line. */
  get isNextKernelKnown(): boolean {
    return this.#nextKernel.image && this.#nextKernel.commandLine;
  }

  /** Opens an epoch with an aggregate that the caller takes for genuine. */
  open(aggregate: AggregateRecord): void {
    if (aggregate.index === 0) this.#first = aggregate;
    this.#nextKernel = NO_KERNEL;
    const opened: Epoch = { fromIndex: aggregate.index, openedBy: aggregate.name };
    const last = this.#epochs.at(-1);
    if (last === undefined) {
      this.#epochs = [opened];
      return;
    }
    const closedBy = aggregate.afterExecute ? 'kexec_execute' : 'unmarked';
    const kept = this.#epochs.length < EPOCHS_KEPT ? this.#epochs : this.#epochs.toSpliced(-2, 1);
    this.#epochs = [...kept.toSpliced(-1, 1, { ...last, closedBy }), opened];
  }

  /** Absolute index of the record that opened the running epoch. */
  get fromIndex(): number {
    return this.#epochs.at(-1)?.fromIndex ?? 0;
  }

  /** Whether both boots were opened by the same aggregate value. */
  opensLike(other: SavedEpochs | undefined): boolean {
    const own = this.save().first?.digest;
    return own !== undefined && own === other?.first?.digest;
  }

  /** The tracker as plain data. */
  save(): SavedEpochs {
    const first = this.#first;
    const digest = first && `${first.digest.algorithm}:${toHex(first.digest.bytes)}`;
    return {
      epochs: this.#epochs,
      lastKexec: this.#lastKexec ?? null,
      nextKernel: this.#nextKernel,
      first: first === undefined || digest === undefined ? null : { ...first, digest },
    };
  }

  /** The tracker that was saved. Throws when the saved data are not ours: a fault. */
  static restore(saved: SavedEpochs): EpochTracker {
    const tracker = new EpochTracker();
    tracker.#epochs = saved.epochs;
    tracker.#lastKexec = saved.lastKexec ?? undefined;
    tracker.#nextKernel = saved.nextKernel;
    if (saved.first !== null) {
      const [algorithm, hex] = saved.first.digest.split(':');
      const bytes = hex === undefined ? undefined : fromHex(hex);
      if (algorithm === undefined || bytes === undefined)
        throw new Error('saved epochs are broken');
      const digest = { algorithm, bytes, of: 'untold', offsetBytes: 0 } as const;
      tracker.#first = { ...saved.first, digest };
    }
    return tracker;
  }

  /** An independent copy. */
  copy(): EpochTracker {
    const copy = new EpochTracker();
    copy.#epochs = this.#epochs;
    copy.#lastKexec = this.#lastKexec;
    copy.#nextKernel = this.#nextKernel;
    copy.#first = this.#first;
    return copy;
  }
}

const NO_KERNEL: NextKernel = { image: false, commandLine: false };
const EPOCHS_KEPT = 256;

// The records that a simulated kernel writes, and the texts of its buffer events.
// FORMATS 2, 4, 7.1, 9.3, 10, 12.2.

import {
  ascii,
  type DraftRecord,
  digestField,
  hash,
  hex,
  join,
  nameField,
  type Order,
  templateData,
  word,
  writeRecord,
} from '../property/list-writer.ts';
import { type Bank, DIGEST_BYTES, type SimulatedTpm } from './tpm.ts';

/** How a kernel feeds a bank. `padded-mapped`: SHA-1 and zeros, but violations as ones throughout
 *  (its crypto is missing); `padded-unmapped`: ones of SHA-1 size as well (FORMATS 4.2, 4.4). */
export type Feeding = 'own-hash' | 'padded-mapped' | 'padded-unmapped';

/** One record as it stands in a list; its encodings are computed once. */
export class ListRecord {
  readonly draft: DraftRecord;
  readonly order: Order;
  readonly #data: Uint8Array;
  readonly #digests = new Map<string, Uint8Array>();
  readonly #encodings = new Map<string, Uint8Array>();

  constructor(draft: DraftRecord, order: Order) {
    this.draft = draft;
    this.order = order;
    this.#data = templateData(draft, order);
  }

  get isViolation(): boolean {
    return this.draft.violation === true;
  }

  /** Bytes in the list file whose digest column is `column`. */
  bytes(column: Bank): Uint8Array {
    return kept(this.#encodings, column, () =>
      writeRecord(this.draft, { column, order: this.order }),
    );
  }

  /** Template digest under `bank`. */
  digest(bank: Bank): Uint8Array {
    return kept(this.#digests, bank, () => hash(bank, this.#data));
  }

  /** What a bank is extended with for this record. */
  extended(bank: Bank, feeding: Feeding): Uint8Array {
    const value = new Uint8Array(DIGEST_BYTES[bank]);
    if (this.isViolation) {
      return value.fill(0xff, 0, feeding === 'padded-unmapped' ? 20 : value.byteLength);
    }
    value.set(this.digest(feeding === 'own-hash' ? bank : 'sha1'));
    return value;
  }

  /** Its share of `ima_binary_runtime_size` (FORMATS 7.1). */
  get runtimeBytes(): number {
    return 4 + 20 + 4 + this.draft.template.length + 4 + this.#data.byteLength;
  }
}

function kept<K, V>(cache: Map<K, V>, key: K, make: () => V): V {
  const value = cache.get(key) ?? make();
  cache.set(key, value);
  return value;
}

/** An ordinary file. `signed` adds a signature of the usual shape (FORMATS 13.2). */
export function fileDraft(file: {
  readonly path: string;
  readonly content: string;
  readonly pcr: number;
  readonly signed: boolean;
}): DraftRecord {
  const digest = hash('sha256', ascii(file.content));
  const fields = [digestField('sha256', digest), nameField(ascii(file.path))];
  if (!file.signed) return { pcr: file.pcr, template: 'ima-ng', fields };
  const signature = join(Uint8Array.of(3, 2, 4, 1, 2, 3, 4, 0, 64), digest, digest);
  return { pcr: file.pcr, template: 'ima-sig', fields: [...fields, signature] };
}

/** A violation: its name is claimed, its digest zeros. */
export function violationDraft(path: string, pcr: number): DraftRecord {
  const fields = [digestField('sha256', new Uint8Array(32)), nameField(ascii(path))];
  return { pcr, template: 'ima-ng', fields, violation: true };
}

/** The record that opens an epoch. */
export function aggregateDraft(aggregate: {
  readonly name: string;
  readonly algorithm: Bank;
  readonly digest: Uint8Array;
  readonly pcr: number;
}): DraftRecord {
  const { name, algorithm, digest, pcr } = aggregate;
  const fields = [digestField(algorithm, digest), nameField(ascii(name))];
  return { pcr, template: 'ima-ng', fields };
}

/** A buffer event. */
export function eventDraft(name: string, text: string, pcr: number): DraftRecord {
  const buffer = ascii(text);
  const fields = [digestField('sha256', hash('sha256', buffer)), nameField(ascii(name)), buffer];
  return { pcr, template: 'ima-buf', fields };
}

/** Buffer of `kexec_load` and `kexec_execute`. */
export function kexecText(known: readonly ListRecord[], count = known.length): string {
  const sizeBytes = known.reduce((sum, record) => sum + record.runtimeBytes, 24);
  return (
    `kexec_segment_size=${Math.ceil((sizeBytes + 1) / 4096) * 4096};` +
    `ima_binary_runtime_size=${sizeBytes};ima_runtime_measurements_count=${count};`
  );
}

/** Buffer of `tpm-info`. */
export function tpmInfoText(info: {
  readonly banks: number;
  readonly counter: number;
  readonly measurements: number;
}): string {
  return (
    `version=1;num_enabled_pcr_banks=${info.banks};` +
    `pcrUpdateCounter=${info.counter};num_ima_measurements=${info.measurements};`
  );
}

/** Buffer of `snapshot_aggregate`: every PCR of every bank, as `valueOf` reads it. */
export function snapshotText(
  tpm: SimulatedTpm,
  head: { readonly attempt: number; readonly counter?: number },
  read = (bank: Bank, pcr: number): Uint8Array => tpm.value(bank, pcr),
): string {
  const banks = tpm.banks.map((bank) => {
    const entries = PCRS.map((pcr) => `${bank}:PCR${pcr}:0x${hex(read(bank, pcr))}`);
    return `${entries.join(',')};`;
  });
  const counter = head.counter === undefined ? '' : `PCR_Counter=${head.counter};`;
  return `${counter}Snapshot_Attempt_Count=${head.attempt};${banks.join('')}`;
}

/** What a bank is extended with for a whole batch: start, members and stop in order. */
export function batchDigest(batch: readonly ListRecord[], bank: Bank, feeding: Feeding) {
  const members = batch.map((record) => record.extended(bank, feeding));
  const count = word(batch.length - 2, 'little');
  return hash(bank, join(ascii('IMA-BATCH-V1\0'), count, ...members));
}

const PCRS = Array.from({ length: 24 }, (_, pcr) => pcr);

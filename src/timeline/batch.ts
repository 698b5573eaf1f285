// Batches: a kernel that extends once for a group of records, between a start and a stop event.
// Only behind a policy switch, because measured-before-use does not hold inside a batch. FORMATS
// 12.2.

import { latinText } from '../bytes/encoding.ts';
import { TIMELINE_LIMITS } from '../bytes/limits.ts';
import { BUFFER_TEMPLATE, bindBuffer } from '../ima/buffer-events.ts';
import { type ImaRecord, readRecordFields, templateOf } from '../ima/record.ts';
import type { RecordDigests } from '../ima/registers.ts';

/** What a record does to its PCR. */
export type BatchAction =
  /** It extends on its own: there is no batch. */
  | { readonly kind: 'extend' }
  /** It is part of an open batch: nothing is extended yet. */
  | { readonly kind: 'hold' }
  /** It closes the batch: one extend over all of these, start and stop included. */
  | { readonly kind: 'extend-batch'; readonly members: readonly RecordDigests[] }
  /** It breaks the grammar of batches: what the kernel extended is unknown. */
  | { readonly kind: 'broken'; readonly expected: string; readonly actual: string };

/** Follows the batches of one list. */
export class BatchTracker {
  #lastId: bigint;
  #epochFromIndex: number;
  #open: { readonly id: bigint; readonly pcr: number; members: RecordDigests[] } | undefined;

  /** `lastId`: id of the newest batch of the epoch, decimal; empty for none. */
  constructor(lastId: string, epochFromIndex: number) {
    this.#lastId = lastId === '' ? NO_BATCH : BigInt(lastId);
    this.#epochFromIndex = epochFromIndex;
  }

  /** Id of the newest batch, decimal; empty before the first. */
  get lastId(): string {
    return this.#lastId < 0n ? '' : `${this.#lastId}`;
  }

  /** Takes the next record, which stands in the epoch from `epochFromIndex` on. */
  observe(record: ImaRecord, digests: RecordDigests, epochFromIndex: number): BatchAction {
    if (epochFromIndex !== this.#epochFromIndex) this.#lastId = NO_BATCH;
    this.#epochFromIndex = epochFromIndex;
    const mark = readBatchMark(record);
    const open = this.#open;
    if (open === undefined) return mark === undefined ? EXTEND : this.#begin(mark, record, digests);
    if (record.pcr !== open.pcr) return broken('records of one PCR', `PCR ${record.pcr}`);
    if (mark?.count === undefined && mark !== undefined) return broken('no nesting', 'a start');
    if (mark?.count !== undefined) return this.#end(mark.id, mark.count, digests);
    if (open.members.length > TIMELINE_LIMITS.batchRecords) {
      return broken(`at most ${TIMELINE_LIMITS.batchRecords} records`, 'more');
    }
    open.members.push(digests);
    return { kind: 'hold' };
  }

  /** An independent copy. */
  copy(): BatchTracker {
    const copy = new BatchTracker(this.lastId, this.#epochFromIndex);
    copy.#open = this.#open && { ...this.#open, members: [...this.#open.members] };
    return copy;
  }

  #begin(mark: BatchMark, record: ImaRecord, digests: RecordDigests): BatchAction {
    if (mark.count !== undefined) return broken('a start before the stop', 'a stop');
    if (mark.id <= this.#lastId) return broken(`an id above ${this.#lastId}`, `${mark.id}`);
    this.#lastId = mark.id;
    this.#open = { id: mark.id, pcr: record.pcr, members: [digests] };
    return { kind: 'hold' };
  }

  #end(id: bigint, count: number, digests: RecordDigests): BatchAction {
    const open = this.#open;
    this.#open = undefined;
    const held = (open?.members.length ?? 1) - 1;
    if (open === undefined || id !== open.id) return broken(`batch ${open?.id}`, `batch ${id}`);
    if (count !== held || held === 0) return broken(`a count of ${held}`, `${count}`);
    return { kind: 'extend-batch', members: [...open.members, digests] };
  }
}

interface BatchMark {
  readonly id: bigint;
  /** Members that a stop counts; absent on a start. */
  readonly count?: number;
}

/** A start or stop event by exact name, bound buffer and strict grammar. */
function readBatchMark(record: ImaRecord): BatchMark | undefined {
  const template = record.violation ? undefined : templateOf(record);
  if (template?.name !== BUFFER_TEMPLATE) return undefined;
  const fields = readRecordFields(record, template);
  if (!fields.ok || bindBuffer(fields.value).outcome !== 'bound') return undefined;
  const name = latinText(fields.value.name ?? new Uint8Array());
  const text = latinText(fields.value.buffer ?? new Uint8Array());
  const groups = GRAMMARS.get(name)?.exec(text)?.groups;
  if (groups?.['id'] === undefined) return undefined;
  const id = BigInt(groups['id']);
  const count = groups['count'];
  return count === undefined ? { id } : { id, count: Number(count) };
}

/** Whether an event name is one of the marks. */
export function isBatchMark(name: string): boolean {
  return GRAMMARS.has(name);
}

function broken(expected: string, actual: string): BatchAction {
  return { kind: 'broken', expected, actual };
}

const NO_BATCH = -1n;
const EXTEND: BatchAction = { kind: 'extend' };
const U64 = '(?:0|[1-9][0-9]{0,19})';
const U32 = '(?:0|[1-9][0-9]{0,9})';
const GRAMMARS: ReadonlyMap<string, RegExp> = new Map([
  ['ima_batch_start', new RegExp(`^version=1;batch=(?<id>${U64});$`)],
  ['ima_batch_stop', new RegExp(`^version=1;batch=(?<id>${U64});count=(?<count>${U32});$`)],
]);

// The face of the kernel: records are copied into its memory, its functions run over all of them,
// and what they found is copied out. docs/decisions/0021-replay-kernel.md

import { viewBytes } from '../../bytes/encoding.ts';
import { coveredData } from '../covered-data.ts';
import { RECORD_FLAGS, type RecordTable, type TableRows } from '../record-table.ts';
import { KERNEL_HASHES, type KernelHash } from './kernel-module.ts';
import { LAYOUT, MADE_BYTES, ROWS, SLOT_BYTES, WINDOW_BYTES } from './layout.ts';

/** What the module exports. */
export type KernelExports = {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly frame: (windowBytes: number, columnBytes: number, maxRows: number) => number;
  readonly check: (count: number, slots: number, digestBytes: number) => void;
} & Readonly<Record<`digest_${KernelHash}`, (...counts: readonly [number, number]) => void>> &
  Readonly<Record<`extend_${KernelHash}`, (...from: readonly [number, ...number[]]) => number>>;

/** Extends of one bank by loaded rows. */
export interface KernelExtends {
  readonly bank: KernelHash;
  /** Which digests extend it: its own, or those of another hash with zeros behind them. */
  readonly digests: KernelHash;
  /** Bytes of ones that a violation has in place of a digest. */
  readonly onesBytes: number;
  /** First row, counted from the first loaded one, and how many follow. */
  readonly from: number;
  readonly count: number;
  readonly value: Uint8Array;
  /** Quoted value, where the extends should stop when they may have reached it. */
  readonly sought: Uint8Array | undefined;
}

/** A compiled kernel and its memory. What is loaded stays until the next load. */
export class ReplayKernel {
  readonly #exports: KernelExports;
  readonly #memory: Uint8Array;
  readonly #areas: ReturnType<typeof rowAreas>;
  readonly #isViolation = new Uint8Array(ROWS);

  constructor(exports: KernelExports) {
    this.#exports = exports;
    this.#memory = new Uint8Array(exports.memory.buffer);
    this.#areas = rowAreas(exports.memory.buffer);
  }

  /** Frames ordinary records of a little-endian list that stand one behind the other from byte
   *  `fromByte` of the window, behind the rows that the table has. Gives the byte behind them. */
  frame(
    window: Uint8Array,
    fromByte: number,
    into: { readonly table: RecordTable; readonly columnBytes: number; readonly maxRows: number },
  ): number {
    const { table, columnBytes, maxRows } = into;
    const bytes = Math.min(window.byteLength - fromByte, WINDOW_BYTES);
    this.#memory.set(viewBytes(window, fromByte, fromByte + bytes), LAYOUT.window);
    const found = this.#exports.frame(bytes, columnBytes, Math.min(maxRows, ROWS));
    for (const name of FRAMED_PLACES) this.#copyColumn(name, { table, found, plus: fromByte });
    for (const name of FRAMED_FACTS) this.#copyColumn(name, { table, found, plus: 0 });
    table.count += found;
    return found === 0 ? fromByte : (table.end[table.count - 1] ?? fromByte);
  }

  #copyColumn(
    name: (typeof FRAMED_PLACES)[number] | (typeof FRAMED_FACTS)[number],
    { table, found, plus }: { readonly table: RecordTable; found: number; plus: number },
  ): void {
    const [from, to] = [this.#areas[name], table[name]];
    for (let row = 0; row < found; row += 1) to[table.count + row] = (from[row] ?? 0) + plus;
  }

  /** Copies rows into the kernel's memory, from the first on, as many as it has room for. Gives how
   *  many: none where not even one fits. */
  load({ window, table, from, to }: TableRows): number {
    const windowFrom = table.start[from] ?? 0;
    let count = 0;
    while (from + count < to && count < ROWS) {
      if ((table.end[from + count] ?? 0) - windowFrom > WINDOW_BYTES) break;
      count += 1;
    }
    if (count === 0) return 0;
    const windowEnd = table.end[from + count - 1] ?? 0;
    this.#memory.set(viewBytes(window, windowFrom, windowEnd), LAYOUT.window);
    const { columnAt, messageAt, messageBytes } = this.#areas;
    const shift = LAYOUT.window - windowFrom;
    for (let at = 0; at < count; at += 1) {
      const row = from + at;
      columnAt[at] = (table.columnAt[row] ?? 0) + shift;
      messageAt[at] = (table.dataAt[row] ?? 0) + shift;
      messageBytes[at] = table.dataBytes[row] ?? 0;
      this.#isViolation[at] = table.has(row, RECORD_FLAGS.violation) ? 1 : 0;
      if (table.has(row, RECORD_FLAGS.legacy)) this.#make(at, coveredData(window, table, row));
    }
    return count;
  }

  #make(at: number, message: Uint8Array): void {
    const madeAt = LAYOUT.made + at * MADE_BYTES;
    this.#memory.set(message, madeAt);
    this.#areas.messageAt[at] = madeAt;
    this.#areas.messageBytes[at] = message.byteLength;
  }

  /** Digests the template data of the first `count` loaded rows. */
  digest(hash: KernelHash, count: number): void {
    this.#exports[`digest_${hash}`](count, LAYOUT[hash]);
  }

  /** Flags the rows from `from` on whose column is not their digest, which is computed by now.
   *  Rows of violations have no digest. */
  check(hash: KernelHash, { table, from }: Pick<TableRows, 'table' | 'from'>, count: number): void {
    this.#exports.check(count, LAYOUT[hash], KERNEL_HASHES[hash].digestBytes);
    for (let at = 0; at < count; at += 1) {
      if (this.#areas.isDifferent[at] === 0 || this.#isViolation[at] === 1) continue;
      table.flags[from + at] = (table.flags[from + at] ?? 0) | RECORD_FLAGS.columnMismatch;
    }
  }

  /** Whether one of `count` loaded rows from `from` on is a violation. */
  hasViolation(from: number, count: number): boolean {
    for (let at = from; at < from + count; at += 1) if (this.#isViolation[at] === 1) return true;
    return false;
  }

  /** Extends a value by the digests of loaded rows; stops behind a row at which the value begins
   *  like the sought one. Gives the new value and how many rows it took. */
  extend(step: KernelExtends): { readonly value: Uint8Array; readonly taken: number } {
    const { bank, digests, from, count, value, sought } = step;
    this.#fillViolations(step);
    this.#memory.set(value, LAYOUT.value);
    const slots = LAYOUT[digests] + from * SLOT_BYTES;
    const isSought = sought === undefined ? 0 : 1;
    const taken = this.#exports[`extend_${bank}`](slots, count, isSought, firstWord(sought));
    const end = LAYOUT.value + value.byteLength;
    return { value: new Uint8Array(viewBytes(this.#memory, LAYOUT.value, end)), taken };
  }

  /** Ones in place of the digests that violations do not have. */
  #fillViolations({ digests, onesBytes, from, count }: KernelExtends): void {
    for (let at = from; at < from + count; at += 1) {
      if (this.#isViolation[at] === 0) continue;
      const slot = LAYOUT[digests] + at * SLOT_BYTES;
      this.#memory.fill(0xff, slot, slot + onesBytes);
      this.#memory.fill(0, slot + onesBytes, slot + SLOT_BYTES);
    }
  }
}

/** Views of the areas that have a number for each row. */
function rowAreas(memory: ArrayBuffer) {
  const area = (at: number) => new Int32Array(memory, at, ROWS);
  return {
    messageAt: area(LAYOUT.messageAt),
    messageBytes: area(LAYOUT.messageBytes),
    columnAt: area(LAYOUT.columnAt),
    isDifferent: area(LAYOUT.isDifferent),
    start: area(LAYOUT.start),
    end: area(LAYOUT.end),
    pcr: area(LAYOUT.pcr),
    nameAt: area(LAYOUT.nameAt),
    nameBytes: area(LAYOUT.nameBytes),
    dataAt: area(LAYOUT.dataAt),
    dataBytes: area(LAYOUT.dataBytes),
    flags: area(LAYOUT.flags),
  };
}

/** The first four bytes, as the machine's big-endian word. */
function firstWord(value: Uint8Array | undefined): number {
  const [a = 0, b = 0, c = 0, d = 0] = value ?? [];
  return (a << 24) | (b << 16) | (c << 8) | d;
}

/** Columns of a table that framing fills: places in the window, and facts. */
const FRAMED_PLACES = ['start', 'end', 'columnAt', 'nameAt', 'dataAt'] as const;
const FRAMED_FACTS = ['pcr', 'nameBytes', 'dataBytes', 'flags'] as const;

// The replay of rows by the kernel: all digests first, several records at once, then the chain of
// each register over runs of records of one PCR. FORMATS 4; docs/decisions/0021-replay-kernel.md

import { type HashName, hashByName } from '../../crypto/digest.ts';
import type { TableRows } from '../record-table.ts';
import type { ExtendMode, Register, Registers } from '../registers.ts';
import { KERNEL_HASHES, type KernelHash } from './kernel-module.ts';
import type { ReplayKernel } from './replay-kernel.ts';

/** Rows, and where they stand in the list. */
export interface KernelRows extends TableRows {
  /** Algorithm of the digest column. */
  readonly columnHash: HashName;
  /** Absolute index of row `from`. */
  readonly firstIndex: number;
}

/** Whether the kernel computes all that these rows need. A column that nobody can compute is not
 *  checked, here as elsewhere. */
export function canReplay(registers: Registers, columnHash: HashName): boolean {
  const isComputed = hashByName(columnHash)?.digest !== undefined;
  return registers.banks.every(isKernelHash) && (isKernelHash(columnHash) || !isComputed);
}

/** Checks the columns of as many rows as the kernel has room for and extends the registers by them,
 *  up to and with the first row at which the match changes. Gives the row behind the last that was
 *  taken: `rows.from` where not even one row fits. */
export function replayByKernel(
  kernel: ReplayKernel,
  registers: Registers,
  rows: KernelRows,
): number {
  const { table, from, columnHash, firstIndex } = rows;
  const loaded = kernel.load(rows);
  const isPadded = registers.banks.some((bank) => bank !== 'sha1');
  const wanted: readonly HashName[] = [columnHash, ...registers.banks, ...(isPadded ? PADDED : [])];
  for (const hash of new Set(wanted.filter(isKernelHash))) kernel.digest(hash, loaded);
  if (isKernelHash(columnHash)) kernel.check(columnHash, rows, loaded);
  const matchBefore = registers.match;
  let at = 0;
  while (at < loaded && registers.match === matchBefore) {
    const pcr = table.pcr[from + at] ?? 0;
    const first = at;
    let count = 1;
    while (at + count < loaded && table.pcr[from + at + count] === pcr) count += 1;
    at += registers.extendRun(pcr, {
      count,
      index: firstIndex + at,
      extendAll: (all, limits) => extendAll(kernel, all, { ...limits, from: first }),
    });
  }
  return from + at;
}

/** What of the loaded rows is to be taken. */
interface RunLimits {
  readonly from: number;
  readonly count: number;
  readonly isWatched: boolean;
}

/** Extends all registers by the same rows. Each stops where it may have reached its quoted value;
 *  then all are extended anew, up to the earliest of these rows. */
function extendAll(
  kernel: ReplayKernel,
  registers: readonly Register[],
  limits: RunLimits,
): number {
  const moved = registers.flatMap((register) => extendModes(kernel, register, limits));
  const taken = Math.min(limits.count, ...moved.map((one) => one.taken));
  if (taken < limits.count) return extendAll(kernel, registers, { ...limits, count: taken });
  for (const { register, mode, value } of moved) register.values.set(mode, value);
  return taken;
}

interface MovedValue {
  readonly register: Register;
  readonly mode: ExtendMode;
  readonly value: Uint8Array;
  readonly taken: number;
}

function extendModes(
  kernel: ReplayKernel,
  register: Register,
  { from, count, isWatched }: RunLimits,
): readonly MovedValue[] {
  const { bank, quoted } = register;
  if (!isKernelHash(bank)) return [];
  const { digestBytes } = KERNEL_HASHES[bank];
  return [...startsOf(register, kernel.hasViolation(from, count))].map(([mode, value]) => {
    const digests = mode === 'own-hash' ? bank : 'sha1';
    const onesBytes = mode === 'padded-sha1-and-violations' ? SHA1_BYTES : digestBytes;
    const sought = isWatched ? quoted : undefined;
    const step = { bank, digests, onesBytes, from, count, value, sought } as const;
    return { register, mode, ...kernel.extend(step) };
  });
}

/** Values that a run goes on from: its first violation tells the two ways of padding apart. */
function startsOf(
  { values }: Register,
  hasViolation: boolean,
): ReadonlyMap<ExtendMode, Uint8Array> {
  const padded = values.get('padded-sha1');
  if (!hasViolation || padded === undefined) return values;
  return new Map<ExtendMode, Uint8Array>([['padded-sha1-and-violations', padded], ...values]);
}

function isKernelHash(name: HashName): name is KernelHash {
  return name in KERNEL_HASHES;
}

const PADDED: readonly HashName[] = ['sha1'];
const SHA1_BYTES = 20;

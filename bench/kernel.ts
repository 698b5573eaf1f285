// `node dist/bench/bench/kernel.js`: what framing and replaying a record costs, by the kernel, by
// plain code, by digests alone, by a C program with the SHA instructions of the processor, and by
// `evmctl`, in one run. docs/performance.md

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@noble/hashes/sha2.js';
import { FILE_LIMITS } from '../src/bytes/limits.ts';
import { digest, type HashName } from '../src/crypto/digest.ts';
import { type KernelUse, kernelFor, useKernel } from '../src/ima/kernel/available-kernel.ts';
import { ListWalk } from '../src/ima/list-walk.ts';
import { Registers } from '../src/ima/registers.ts';
import { replayRows } from '../src/ima/replay.ts';
import { makeList } from './list-maker.ts';
import { machineLines } from './machine.ts';
import { figure, table } from './table.ts';

/** Banks of a row, and what the C program calls the same work: every bank but SHA-1 is followed in
 *  both ways in which kernels extend. */
const BANK_SETS: readonly { readonly banks: readonly HashName[]; readonly sameWork: string }[] = [
  { banks: ['sha1'], sameWork: 'sha1' },
  { banks: ['sha256'], sameWork: 'sha256,padded' },
  { banks: ['sha1', 'sha256'], sameWork: 'sha1,sha256,padded' },
];

const RECORDS = 200_000;
const SAMPLES = 9;

const folder = mkdtempSync(join(tmpdir(), 'plumbline-kernel-'));
try {
  report();
} finally {
  rmSync(folder, { recursive: true });
}

function report(): void {
  console.log(machineLines().join('\n'));
  const made = makeList(RECORDS);
  const list = made.records(0, RECORDS);
  const value = made.pcr10(RECORDS);
  const file = join(folder, 'list');
  writeFileSync(file, list);
  console.log(`\n${figure(RECORDS)} records, ${figure(list.byteLength / RECORDS)} bytes each\n`);
  console.log(`building the kernel: ${figure(nanosOf(() => kernelFor(RECORDS)) / 1e6)} ms\n`);
  const reference = compiledReference();
  const rows = BANK_SETS.map(({ banks, sameWork }) => {
    const kernel = replayNanos(list, banks, { use: 'always', samples: SAMPLES, value });
    const plain = replayNanos(list, banks, { use: 'never', samples: 2, value });
    const c = referenceNanos(reference, file, sameWork);
    const alone = referenceNanos(reference, file, banks.join());
    const ratio = c === undefined ? 'none' : (kernel / c).toFixed(1);
    const others = [c, alone, evmctlNanos(file, banks)].map((one) => (one ? figure(one) : 'none'));
    return [banks.join(', '), figure(kernel), figure(plain), ...others, ratio];
  });
  const heads = ['banks', 'kernel', 'plain', 'C', 'C, own hash only', 'evmctl', 'kernel : C'];
  console.log(table(heads, rows));
  const one = { noble: digestNanos(sha256), plain: digestNanos((data) => digest('sha256', data)) };
  console.log('\none SHA-256 digest of 100 bytes:');
  console.log(`${figure(one.noble)} ns by @noble/hashes, ${figure(one.plain)} ns in plain code`);
  const few = [8, 20, 64, 256].map((count) => fewRow(made.records(0, count), count));
  console.log(`\n${table(['records in a call', 'kernel', 'plain'], few)}`);
}

/** Best of some replays of the whole list, in nanoseconds of processor time a record. */
function replayNanos(
  list: Uint8Array,
  banks: readonly HashName[],
  how: { readonly use: KernelUse; readonly samples: number; readonly value?: Uint8Array },
): number {
  useKernel(how.use);
  let records = 1;
  const replay = () => {
    const quoted = new Map(banks.includes('sha256') && how.value ? goalOf(how.value) : []);
    const registers = new Registers({ banks, quoted });
    const segment = { kind: 'current', encoding: 'binary', digestColumn: 'sha1' } as const;
    const walk = new ListWalk({ segments: [segment], fromIndex: 0 }, (rows, origin) => {
      const { window, columnHash, firstIndex } = origin;
      const to = rows.count;
      for (let from = 0; from < to; ) {
        const index = firstIndex + from;
        const left = { window, table: rows, columnHash, from, to, firstIndex: index };
        from = replayRows(registers, left);
      }
    });
    for (let at = 0; at < list.byteLength; at += FILE_LIMITS.windowBytes) {
      walk.push(0, list.subarray(at, at + FILE_LIMITS.windowBytes));
    }
    walk.end();
    records = walk.nextIndex;
    const proven = registers.match?.recordCount;
    if (quoted.size > 0 && proven !== records) throw new Error('the list is not proven');
  };
  replay();
  const nanos = Array.from({ length: how.samples }, () => nanosOf(replay));
  return Math.min(...nanos) / records;
}

function goalOf(value: Uint8Array): readonly [HashName, ReadonlyMap<number, Uint8Array>][] {
  return [['sha256', new Map([[10, value]])]];
}

function fewRow(list: Uint8Array, count: number): readonly string[] {
  const nanos = (use: KernelUse) => replayNanos(list, ['sha256'], { use, samples: 500 }) * count;
  return [
    figure(count),
    `${figure(nanos('always') / 1e3)} µs`,
    `${figure(nanos('never') / 1e3)} µs`,
  ];
}

function digestNanos(take: (data: Uint8Array) => unknown): number {
  const data = new Uint8Array(100);
  const work = () => {
    for (let call = 0; call < 10_000; call += 1) take(data);
  };
  return Math.min(...Array.from({ length: 10 }, () => nanosOf(work))) / 10_000;
}

/** The C program, where there is a compiler and a processor for it. */
function compiledReference(): string | undefined {
  const source = fileURLToPath(new URL('../../../bench/reference.c', import.meta.url));
  const program = join(folder, 'reference');
  try {
    const options = ['-O3', '-march=native', '-msha', '-msse4.1', source, '-o', program];
    execFileSync('cc', options, { stdio: 'ignore' });
    return program;
  } catch {
    return undefined;
  }
}

function referenceNanos(
  program: string | undefined,
  file: string,
  banks: string,
): number | undefined {
  if (program === undefined) return undefined;
  const [nanos = ''] = execFileSync(program, [file, banks], { encoding: 'utf8' }).split(' ');
  return Number(nanos);
}

/** `evmctl ima_measurement` over the list, process and all; undefined where it is not installed. It
 *  compares with made-up values and says so: the work is the same. */
function evmctlNanos(file: string, banks: readonly HashName[]): number | undefined {
  const options = banks.flatMap((bank) => {
    const values = join(folder, bank);
    const bytes = bank === 'sha1' ? 20 : 32;
    writeFileSync(values, `PCR-10: ${Array.from({ length: bytes }, () => '00').join(' ')}\n`);
    return ['--pcrs', `${bank},${values}`];
  });
  const run = `evmctl ima_measurement ${options.join(' ')} ${file}`;
  const timed = ['-c', `time -p ${run} >/dev/null 2>&1`];
  const { stderr } = spawnSync('bash', timed, { encoding: 'utf8' });
  const seconds = [...stderr.matchAll(/^(?:user|sys) (.+)$/gm)].map(([, text]) => Number(text));
  const total = seconds.reduce((sum, one) => sum + one, 0);
  return total < 0.05 ? undefined : (total * 1e9) / RECORDS;
}

/** Processor time of this process during `work`. */
function nanosOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

// Random lives of honest hosts as plain data: what the host is, what happens to it, and when it is
// asked for evidence. fast-check makes and shrinks them; a seed gives the same lives again.

import fc from 'fast-check';
import type { Cut } from './agent.ts';
import { SimulatedHost } from './host.ts';
import { IMA_PCR, type KernelSettings, SECOND_PCR } from './kernel.ts';
import type { Feeding } from './records.ts';
import type { Bank, Selection } from './tpm.ts';

/** Something that happens to a host. */
export type Event =
  | { readonly event: 'files'; readonly count: number; readonly signed: boolean }
  | { readonly event: 'second-pcr-files'; readonly count: number }
  | { readonly event: 'known-file' }
  | { readonly event: 'violation' }
  | { readonly event: 'stage' }
  | { readonly event: 'delete-staged' }
  | { readonly event: 'trim'; readonly count: number }
  | { readonly event: 'snapshot'; readonly purge: boolean; readonly withCounter: boolean }
  | { readonly event: 'counter'; readonly slipped: number }
  | { readonly event: 'batch'; readonly count: number }
  | { readonly event: 'swap' }
  | { readonly event: 'kexec'; readonly slipped: number; readonly between: number }
  | { readonly event: 'reboot'; readonly isOrderly: boolean; readonly firmware: string }
  | { readonly event: 'restart' }
  | { readonly event: 'resume' };

/** A challenge and how the agent answers it. */
export interface Ask {
  readonly event: 'round';
  /** Whether PCR 0–9 are quoted too; without them values may be left out. */
  readonly quotes: 'boot' | 'ima' | 'ima-without-values';
  /** Where the agent starts its list: where it was told, at 0, or so many records earlier. */
  readonly start: 'asked' | 'zero' | number;
  readonly pending: number;
  readonly cuts: readonly Cut[];
}

/** One host and its life. */
export interface History {
  readonly banks: readonly Bank[];
  readonly quotedBanks: readonly Bank[];
  readonly quotesSecondPcr: boolean;
  readonly kernel: KernelSettings;
  readonly steps: readonly (Event | Ask)[];
}

/** What a verifier asks a host for in a round. */
export function selectionOf(history: History, ask: Pick<Ask, 'quotes'>): Selection {
  const boot = ask.quotes === 'boot' ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] : [];
  const second = history.quotesSecondPcr ? [SECOND_PCR] : [];
  return history.quotedBanks.map((bank) => ({ bank, pcrs: [...boot, IMA_PCR, ...second] }));
}

/** A host at the beginning of `history`. */
export function hostOf(history: History, identity = 'host', machine = 'machine'): SimulatedHost {
  return new SimulatedHost({ identity, machine, banks: history.banks, kernel: history.kernel });
}

/** Lets one event happen. An event that the host's state does not allow changes nothing, as the
 *  kernel refuses the request. */
export function happen(host: SimulatedHost, event: Event): void {
  switch (event.event) {
    case 'files':
      host.measureFiles(event.count, '/usr/bin', event.signed);
      break;
    case 'second-pcr-files':
      host.measureFiles(event.count, '/opt/second');
      break;
    case 'known-file':
      host.measureFile('/usr/bin/known', 'always the same');
      break;
    case 'violation':
      host.violation('/var/log/syslog');
      break;
    case 'stage':
      host.stage();
      break;
    case 'delete-staged':
      host.deleteStaged();
      break;
    case 'trim':
      host.trim(event.count);
      break;
    case 'snapshot':
      host.snapshot(event.purge, event.withCounter);
      break;
    case 'counter':
      host.counterRecord(event.slipped);
      break;
    case 'batch':
      host.batch(event.count);
      break;
    case 'swap':
      host.swapExtends();
      break;
    case 'kexec':
      host.kexec(event);
      break;
    case 'reboot':
      host.reboot(event);
      break;
    case 'restart':
      host.restart();
      break;
    case 'resume':
      host.suspendResume();
      break;
  }
}

const COUNT = fc.integer({ min: 1, max: 6 });

const ORDINARY_EVENTS: readonly fc.WeightedArbitrary<Event>[] = [
  { weight: 6, arbitrary: fc.record({ event: one('files'), count: COUNT, signed: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ event: one('second-pcr-files'), count: COUNT }) },
  { weight: 2, arbitrary: fc.record({ event: one('known-file') }) },
  { weight: 1, arbitrary: fc.record({ event: one('violation') }) },
  { weight: 3, arbitrary: fc.record({ event: one('stage') }) },
  { weight: 3, arbitrary: fc.record({ event: one('delete-staged') }) },
  { weight: 2, arbitrary: fc.record({ event: one('trim'), count: COUNT }) },
  {
    weight: 2,
    arbitrary: fc.record({
      event: one('snapshot'),
      purge: fc.boolean(),
      withCounter: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ event: one('counter'), slipped: fc.integer({ min: 0, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      event: one('kexec'),
      slipped: fc.integer({ min: 0, max: 2 }),
      between: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      event: one('reboot'),
      isOrderly: fc.boolean(),
      firmware: fc.constantFrom('A', 'A', 'B'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ event: one('restart') }) },
  { weight: 1, arbitrary: fc.record({ event: one('resume') }) },
];
const BATCH: fc.WeightedArbitrary<Event> = {
  weight: 4,
  arbitrary: fc.record({ event: one('batch'), count: COUNT }),
};
const SWAP: fc.WeightedArbitrary<Event> = {
  weight: 4,
  arbitrary: fc.record({ event: one('swap') }),
};

/** Cuts of a list. Overlaps only where a caller asks for them. */
export function cutsArbitrary(mostOverlap: number): fc.Arbitrary<readonly Cut[]> {
  return fc.array(
    fc.record({
      records: fc.integer({ min: 1, max: 12 }),
      column: fc.constantFrom('sha1', 'sha256'),
      isCounted: fc.boolean(),
      overlap: fc.integer({ min: 0, max: mostOverlap }),
    }),
    { maxLength: 3 },
  );
}

const ASK: fc.Arbitrary<Ask> = fc.record({
  event: one('round'),
  quotes: fc.constantFrom('boot', 'boot', 'ima', 'ima-without-values'),
  start: fc.oneof(fc.constantFrom('asked', 'asked', 'zero'), fc.integer({ min: 1, max: 9 })),
  pending: fc.constantFrom(0, 0, 1, 4),
  cuts: cutsArbitrary(0),
});

const PADDED: fc.Arbitrary<Feeding> = fc.constantFrom('padded-mapped', 'padded-unmapped');

const KERNEL: fc.Arbitrary<KernelSettings> = fc.record({
  order: fc.constantFrom('little', 'little', 'little', 'big'),
  padded: fc.oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.record({ sha256: PADDED }) },
    { weight: 1, arbitrary: fc.record({ sha384: PADDED }) },
  ),
  late: fc.constantFrom(false, false, true),
  criticalData: fc.boolean(),
  counters: fc.constantFrom('none', 'posted', 'tpm-info'),
  secondPcr: fc.boolean(),
  flushTable: fc.boolean(),
  kexec: fc.constantFrom('carried', 'carried', 'copied-at-load', 'left-behind'),
  flaw: one('none'),
});

/** Banks of a TPM and those of them that are quoted. */
const BANKS: fc.Arbitrary<readonly [readonly Bank[], readonly Bank[]]> = fc.constantFrom<
  readonly [readonly Bank[], readonly Bank[]]
>(
  [['sha256'], ['sha256']],
  [['sha1'], ['sha1']],
  [['sha384'], ['sha384']],
  [['sha1', 'sha256'], ['sha256']],
  [
    ['sha1', 'sha256'],
    ['sha256', 'sha1'],
  ],
  [['sha256', 'sha384'], ['sha384']],
  [
    ['sha1', 'sha256', 'sha384'],
    ['sha1', 'sha256', 'sha384'],
  ],
);

/** What a kernel of the list's proposals does beyond a stock one (FORMATS 12). */
export type Extension = 'none' | 'batches' | 'swaps';

/** Random lives; the last step is a round. A batch is one extend for many records, so a kernel that
 *  batches writes no counter records. */
export function historyArbitrary(extension: Extension = 'none'): fc.Arbitrary<History> {
  const more = { none: [], batches: [BATCH], swaps: [SWAP] }[extension];
  const step = fc.oneof(
    { weight: 9, arbitrary: ASK },
    { weight: 26, arbitrary: fc.oneof(...ORDINARY_EVENTS, ...more) },
  );
  const steps = fc.array(step, { minLength: 2, maxLength: 24 });
  return fc
    .record({ kernel: KERNEL, banks: BANKS, second: fc.boolean(), steps, last: ASK })
    .map(({ kernel, banks: [banks, quotedBanks], second, steps: life, last }) => ({
      banks,
      quotedBanks,
      quotesSecondPcr: second,
      kernel: extension === 'batches' ? { ...kernel, counters: 'none' } : kernel,
      steps: [...life, last],
    }));
}

/** fast-check settings of a suite: PLUMBLINE_SIM_RUNS histories of PLUMBLINE_SIM_SEED. */
export function suiteSize(share = 1) {
  const runs = Number(process.env['PLUMBLINE_SIM_RUNS'] ?? 300);
  const seed = Number(process.env['PLUMBLINE_SIM_SEED'] ?? 20_251_121);
  return { numRuns: Math.max(1, Math.ceil(runs * share)), seed, includeErrorInReport: true };
}

function one<const T>(value: T): fc.Arbitrary<T> {
  return fc.constant(value);
}

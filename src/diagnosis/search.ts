// Replays changed forms of a list towards the quoted values. One register that the list missed is
// tried first, from the changed record on; whatever reaches it has to reach all others too.
// docs/formats/diagnosis.md

import { equalBytes } from '../bytes/encoding.ts';
import type { HashName } from '../crypto/digest.ts';
import { Registers, type SavedRegister } from '../ima/registers.ts';
import { canExtend, resetValue } from '../pcr/extend.ts';
import { type PcrValues, pcrValue } from '../pcr/selection.ts';
import type { OpenTrail, TrailPoint, TrailRecord } from './trail.ts';
import type { Work } from './work.ts';

/** A changed form of the list: `put` stands in place of the records from position `from` up to, not
 *  with, position `then`. Positions count kept records from 0. */
export interface Change {
  readonly from: number;
  readonly put: readonly TrailRecord[];
  readonly then: number;
  /** Where the replay starts instead; only with `from` 0. */
  readonly start?: TrailPoint;
}

/** One PCR in one bank. */
interface Register {
  readonly bank: HashName;
  readonly pcr: number;
}

/** A register that the list as sent never led to its quoted value. */
interface Probe extends Register {
  readonly quoted: PcrValues;
  /** The register before each record, and behind the last. */
  readonly before: readonly (readonly SavedRegister[])[];
}

/** A search over one list: what it may spend, and the trials themselves. */
export class Search {
  readonly trail: OpenTrail;
  readonly work: Work;
  readonly quoted: PcrValues;
  /** Quoted banks that can be computed. */
  readonly banks: readonly HashName[];
  readonly #probe: Probe;

  private constructor(
    trail: OpenTrail,
    goal: Pick<Search, 'quoted' | 'banks' | 'work'> & { readonly probe: Probe },
  ) {
    this.trail = trail;
    this.work = goal.work;
    this.quoted = goal.quoted;
    this.banks = goal.banks;
    this.#probe = goal.probe;
  }

  /** Prepares a search; undefined when there is no register to probe: all that could be reached
   *  were, or the work did not suffice to tell. */
  static begin(trail: OpenTrail, quoted: PcrValues, work: Work): Search | undefined {
    // SHA-1 first: it is cheapest, and there is only one way of extending it.
    const byCost = (left: HashName, right: HashName) =>
      Number(right === 'sha1') - Number(left === 'sha1');
    const banks = [...quoted.keys()].filter(canExtend).sort(byCost);
    for (const register of soughtRegisters(trail, quoted, banks)) {
      const probe = replayProbe(register, trail, { quoted, work });
      if (probe === 'cut') return undefined;
      if (probe !== undefined) return new Search(trail, { quoted, banks, work, probe });
    }
    return undefined;
  }

  /** PCR that is tried first. */
  get pcr(): number {
    return this.#probe.pcr;
  }

  /** Whether the changed list leads every quoted PCR to its quoted value, at one record. */
  reaches(change: Change): boolean {
    if (!this.#probeReaches(change)) return false;
    const { records, start } = this.trail;
    const changed = [
      ...records.filter((_, position) => position < change.from),
      ...change.put,
      ...records.filter((_, position) => position >= change.then),
    ];
    return this.replays(changed, { start: change.start ?? start, banks: this.banks });
  }

  /** Whether `records` lead from `start` to the quoted values of `banks`. */
  replays(
    records: readonly TrailRecord[],
    from: { readonly start: TrailPoint; readonly banks: readonly HashName[] },
  ): boolean {
    const { banks } = from;
    const saved = from.start.registers.filter(({ bank }) => banks.includes(bank));
    const registers = new Registers({
      banks,
      quoted: quotedOf(this.quoted, banks),
      start: { index: from.start.index, registers: saved },
    });
    for (const { pcr, digests, index } of records) {
      if (!this.work.spend(banks.length * MOST_MODES, 'all')) return false;
      registers.extend(pcr, digests, index);
    }
    return registers.match !== undefined;
  }

  /** Whether the list as sent passes `point`, as far as the probed register tells. */
  passes(point: TrailPoint): boolean {
    const { bank, pcr, before } = this.#probe;
    const known = point.registers.filter((one) => one.bank === bank && one.pcr === pcr);
    const registers = before[point.index - this.trail.start.index];
    if (known.length === 0 || registers === undefined) return false;
    const start = { index: point.index, registers };
    return new Registers({ banks: [bank], quoted: new Map(), start }).standAt(known);
  }

  #probeReaches({ from, put, then, start }: Change): boolean {
    const { bank, pcr, quoted, before } = this.#probe;
    const point = start ?? { index: from, registers: before[from] ?? [] };
    const saved = point.registers.filter((one) => one.bank === bank && one.pcr === pcr);
    const registers = new Registers({
      banks: [bank],
      quoted,
      start: { index: point.index, registers: saved },
    });
    if (registers.match !== undefined) return false;
    const { records } = this.trail;
    const end = put.length + records.length - then;
    for (let at = 0; at < end; at += 1) {
      const record = at < put.length ? put[at] : records[then + at - put.length];
      if (record === undefined || record.pcr !== pcr) continue;
      if (!this.work.spend(modeCount(registers, bank, record))) return false;
      registers.extend(pcr, record.digests, at);
      if (registers.match !== undefined) return true;
    }
    return false;
  }
}

/** Quoted registers that the list extends, those with most records first. One that stands at its
 *  reset value is not sought: no extend leads there. */
function soughtRegisters(
  { records }: OpenTrail,
  quoted: PcrValues,
  banks: readonly HashName[],
): readonly Register[] {
  const counts = new Map<number, number>();
  for (const { pcr } of records) counts.set(pcr, (counts.get(pcr) ?? 0) + 1);
  const pcrs = [...counts].sort(([, left], [, right]) => right - left).map(([pcr]) => pcr);
  return pcrs.flatMap((pcr) =>
    banks.flatMap((bank) => {
      const value = pcrValue(quoted, bank, pcr);
      const isExtended = value !== undefined && !equalBytes(value, resetValue(bank, pcr));
      return isExtended ? [{ bank, pcr }] : [];
    }),
  );
}

/** Replays one register as the list was sent; undefined when it passes its quoted value. */
function replayProbe(
  { bank, pcr }: Register,
  { start, records }: OpenTrail,
  goal: { readonly quoted: PcrValues; readonly work: Work },
): Probe | 'cut' | undefined {
  const value = pcrValue(goal.quoted, bank, pcr);
  if (value === undefined) return undefined;
  const quoted: PcrValues = new Map([[bank, new Map([[pcr, value]])]]);
  const saved = start.registers.filter((one) => one.bank === bank && one.pcr === pcr);
  const from = { index: start.index, registers: saved };
  const registers = new Registers({ banks: [bank], quoted, start: from });
  const before: (readonly SavedRegister[])[] = [registers.save()];
  for (const record of records) {
    const isProbed = record.pcr === pcr;
    if (isProbed && !goal.work.spend(modeCount(registers, bank, record))) return 'cut';
    if (isProbed) registers.extend(pcr, record.digests, record.index);
    const last = before.at(-1);
    before.push(isProbed || last === undefined ? registers.save() : last);
  }
  return registers.match === undefined ? { bank, pcr, quoted, before } : undefined;
}

function quotedOf(quoted: PcrValues, banks: readonly HashName[]): PcrValues {
  return new Map([...quoted].filter(([bank]) => banks.includes(bank)));
}

/** Running values that a record moves on, at most. */
function modeCount(registers: Registers, bank: HashName, { digests, pcr }: TrailRecord): number {
  if (bank === 'sha1') return 1;
  return digests.violation ? MOST_MODES : Math.max(2, registers.values(bank, pcr).length);
}

/** A bank has at most so many running values (src/ima/registers.ts: ExtendMode). */
const MOST_MODES = 3;

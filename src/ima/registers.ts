// Running PCR values of a list, per PCR and bank, in every way in which kernels have extended them,
// and the question whether they have reached the quoted ones.
// kernel drivers/char/tpm/tpm2-cmd.c: tpm2_pcr_extend; ima_crypto.c, ima_init_digests; FORMATS 4.2.

import { asciiBytes, concatBytes, equalBytes, u32Bytes } from '../bytes/encoding.ts';
import { digest, type HashName, hashByName } from '../crypto/digest.ts';
import { canExtend, extend, resetValue } from '../pcr/extend.ts';
import { type PcrValues, pcrValue } from '../pcr/selection.ts';

/** How a kernel feeds a bank: with the bank's own hash of the template data, or with the SHA-1 one
 *  padded with zeros. Kernels before 5.8 and banks unknown to the kernel also pad the ones of a
 *  violation, others do not: two ways of padding, told apart by the first violation. */
export type ExtendMode = 'own-hash' | 'padded-sha1' | 'padded-sha1-and-violations';

const MODES: readonly ExtendMode[] = ['own-hash', 'padded-sha1', 'padded-sha1-and-violations'];

/** Digests of one record's template data, each computed once. */
export interface RecordDigests {
  /** Undefined for a violation, which has no digest but ones. */
  of(hash: HashName): Uint8Array | undefined;
  readonly violation: boolean;
}

/** One PCR in one bank, with a running value for each mode. */
export interface Register {
  readonly pcr: number;
  readonly bank: HashName;
  readonly values: Map<ExtendMode, Uint8Array>;
  readonly quoted: Uint8Array | undefined;
  /** Absolute index of the first record that extended it. */
  readonly firstIndex: number;
}

/** Records of one PCR, one after the other, whose digests a kernel has. */
export interface ExtendRun {
  readonly count: number;
  /** Absolute index of the first. */
  readonly index: number;
  /** Extends all `registers` by `count` records or, where they are watched, by fewer: it stops
   *  behind one at which a register may have reached its quoted value. Gives how many it took. */
  readonly extendAll: (
    registers: readonly Register[],
    limits: { readonly count: number; readonly isWatched: boolean },
  ) => number;
}

/** The point at which every quoted PCR that has records stood at its quoted value. */
export interface PrefixMatch {
  /** Absolute: so many records of the boot are proven. */
  readonly recordCount: number;
  readonly modes: ReadonlyMap<HashName, ExtendMode>;
}

/** A register as it is kept from round to round. */
export interface SavedRegister {
  readonly pcr: number;
  readonly bank: HashName;
  readonly firstIndex: number;
  readonly values: readonly (readonly [ExtendMode, Uint8Array])[];
}

/** What the registers are held against. */
export interface RegisterGoal {
  /** Banks to keep, in any order; banks that cannot be computed are left out. */
  readonly banks: readonly HashName[];
  /** Quoted values, where they are known. */
  readonly quoted: PcrValues;
  /** Where the replay goes on from; absent: every PCR at its reset value, before record 0. */
  readonly start?: RegisterStart;
}

/** A proven point to go on from. */
export interface RegisterStart {
  readonly index: number;
  readonly registers: readonly SavedRegister[];
  /** Whether at least one record has to follow before a quoted value counts as reached: a list that
   *  a kexec began anew holds its own aggregate at least. */
  readonly needsRecord?: boolean;
}

/** Highest PCR index that a TPM has. */
const LAST_PCR = 23;

/** All running values of one list. */
export class Registers {
  readonly #banks: readonly HashName[];
  readonly #goal: RegisterGoal;
  readonly #registers = new Map<number, Register[]>();
  /** Registers that have a quoted value to reach, by bank. */
  readonly #sought = new Map<HashName, Register[]>();
  #match: PrefixMatch | undefined;
  /** Set while what was extended is not a prefix of the list: then no match can be one. */
  isHeld = false;

  constructor(goal: RegisterGoal) {
    this.#goal = goal;
    const { start } = goal;
    const banks = [...goal.banks, ...(start?.registers ?? []).map(({ bank }) => bank)];
    this.#banks = [...new Set(banks)].filter(canExtend);
    if (start === undefined) return;
    for (const saved of start.registers) this.#restore(saved);
    // From a proven value on, nothing new is proof enough: the quote may stand where it stood.
    if (start.needsRecord !== true) this.#match = this.#matchNow(start.index);
  }

  /** The smallest prefix that reaches all quoted values, once there is one. */
  get match(): PrefixMatch | undefined {
    return this.#match;
  }

  /** Banks that are followed. */
  get banks(): readonly HashName[] {
    return this.#banks;
  }

  /** Whether any record, of this round or an earlier one, extended them. */
  get hasRecords(): boolean {
    return this.#registers.size > 0;
  }

  /** PCRs that have records, ascending. */
  get pcrs(): readonly number[] {
    return [...this.#registers.keys()].sort((a, b) => a - b);
  }

  /** Absolute index of the first record of a PCR. */
  firstIndex(pcr: number): number | undefined {
    return this.#registers.get(pcr)?.[0]?.firstIndex;
  }

  /** Running value of a PCR in one mode; its start value when it has no records; undefined for a
   *  bank that is not kept or a mode that the bank does not have. */
  value(bank: HashName, pcr: number, mode: ExtendMode): Uint8Array | undefined {
    const register = this.#registers.get(pcr)?.find((candidate) => candidate.bank === bank);
    if (register === undefined) return resetValue(bank, pcr);
    return register.values.get(mode) ?? register.values.get('padded-sha1');
  }

  /** Running values of a PCR in every mode of a bank; none for a PCR without records. */
  values(bank: HashName, pcr: number): readonly Uint8Array[] {
    const register = this.#registers.get(pcr)?.find((candidate) => candidate.bank === bank);
    return register === undefined ? [] : [...register.values.values()];
  }

  /** Every register as it stands now. */
  save(): readonly SavedRegister[] {
    return [...this.#registers.values()].flat().map(({ pcr, bank, firstIndex, values }) => {
      return { pcr, bank, firstIndex, values: [...values] };
    });
  }

  /** Whether the registers stand at saved ones: in each, one way of extending leads there. */
  standAt(saved: readonly SavedRegister[]): boolean {
    return saved.every(({ pcr, bank, values }) =>
      this.values(bank, pcr).some((running) =>
        values.some(([, value]) => equalBytes(running, value)),
      ),
    );
  }

  /** Independent registers that stand where these stand and seek the same values. */
  copy(): Registers {
    const copy = new Registers({ banks: this.#banks, quoted: this.#goal.quoted });
    for (const saved of this.save()) copy.#restore(saved);
    copy.#match = this.#match;
    return copy;
  }

  /** Sets the match that only the caller could find (a composite digest over running values). */
  settle(match: PrefixMatch): void {
    this.#match ??= match;
  }

  /** Modes in which a bank is followed. */
  modes(bank: HashName): readonly ExtendMode[] {
    const modes = new Set<ExtendMode>(['own-hash']);
    for (const register of [...this.#registers.values()].flat()) {
      if (register.bank === bank) for (const mode of register.values.keys()) modes.add(mode);
    }
    return [...modes];
  }

  /** Extends `pcr` with the record at absolute index `index` and looks for a match. Records of
   *  PCRs that no TPM has extend nothing. */
  extend(pcr: number, digests: RecordDigests, index: number): void {
    if (pcr > LAST_PCR) return;
    for (const register of this.#open(pcr, index)) {
      extendRegister(register, digests);
    }
    this.#match ??= this.#matchNow(index + 1);
  }

  /** Extends `pcr` with a run of records, up to and with the first at which the match changes.
   *  Gives how many it took. */
  extendRun(pcr: number, { count, index, extendAll }: ExtendRun): number {
    if (pcr > LAST_PCR) return count;
    const matchBefore = this.#match;
    const opened = this.#open(pcr, index);
    // Where only one more record was wanting, the first may be the one.
    const isAtEdge = matchBefore !== this.#match || this.#matchNow(index) !== undefined;
    const isWatched = this.#match === undefined;
    const limits = { count: isWatched && isAtEdge ? 1 : count, isWatched };
    const taken = extendAll(opened, limits);
    this.#match ??= this.#matchNow(index + taken);
    return taken;
  }

  /** Extends `pcr` once for a whole batch, closed by the record at absolute index `index`
   *  (FORMATS 12.2). */
  extendBatch(pcr: number, members: readonly RecordDigests[], index: number): void {
    if (pcr > LAST_PCR) return;
    for (const register of this.#open(pcr, index)) {
      for (const member of members) if (member.violation) splitPadding(register);
      for (const [mode, old] of register.values) {
        const parts = members.map((member) => extendedValue(register.bank, mode, member));
        if (parts.some((part) => part === undefined)) continue;
        const whole = concatBytes(
          BATCH_PREFIX,
          u32Bytes(members.length - 2, 'little'),
          ...parts.filter((part) => part !== undefined),
        );
        const batch = digest(register.bank, whole);
        if (batch !== undefined) register.values.set(mode, extend(register.bank, old, batch));
      }
    }
    this.#match ??= this.#matchNow(index + 1);
  }

  /** Registers of a PCR; opened with its first record. A match that was found before stands only
   *  if the quote has this PCR still at its start: then its records are not covered yet. */
  #open(pcr: number, index: number): readonly Register[] {
    const known = this.#registers.get(pcr);
    if (known !== undefined) return known;
    const opened = this.#banks.map((bank) => this.#newRegister(bank, pcr, index));
    this.#registers.set(pcr, opened);
    for (const register of opened) this.#seek(register);
    if (this.#match !== undefined && !opened.every(isAtQuoted)) this.#match = undefined;
    return opened;
  }

  #seek(register: Register): void {
    if (register.quoted === undefined) return;
    this.#sought.set(register.bank, [...(this.#sought.get(register.bank) ?? []), register]);
  }

  #restore({ pcr, bank, firstIndex, values }: SavedRegister): void {
    const quoted = pcrValue(this.#goal.quoted, bank, pcr);
    const register = { pcr, bank, firstIndex, quoted, values: new Map(values) };
    this.#registers.set(pcr, [...(this.#registers.get(pcr) ?? []), register]);
    this.#seek(register);
  }

  #newRegister(bank: HashName, pcr: number, firstIndex: number): Register {
    const start = resetValue(bank, pcr);
    const values = new Map<ExtendMode, Uint8Array>([['own-hash', start]]);
    if (bank !== 'sha1') values.set('padded-sha1', start);
    return { pcr, bank, values, quoted: pcrValue(this.#goal.quoted, bank, pcr), firstIndex };
  }

  #matchNow(recordCount: number): PrefixMatch | undefined {
    if (this.isHeld) return undefined;
    const modes = new Map<HashName, ExtendMode>();
    for (const [bank, quoted] of this.#sought) {
      const mode = MODES.find((candidate) => quoted.every((one) => reaches(one, candidate)));
      if (mode === undefined) return undefined;
      modes.set(bank, mode);
    }
    return modes.size === 0 ? undefined : { recordCount, modes };
  }
}

function extendRegister(register: Register, digests: RecordDigests): void {
  const { values, bank } = register;
  if (digests.violation) splitPadding(register);
  for (const [mode, old] of values) {
    const extended = extendedValue(bank, mode, digests);
    if (extended !== undefined) values.set(mode, extend(bank, old, extended));
  }
}

/** The first violation tells the two ways of padding apart. */
function splitPadding({ values }: Register): void {
  const padded = values.get('padded-sha1-and-violations') ?? values.get('padded-sha1');
  if (padded !== undefined) values.set('padded-sha1-and-violations', padded);
}

function extendedValue(
  bank: HashName,
  mode: ExtendMode,
  digests: RecordDigests,
): Uint8Array | undefined {
  const sizeBytes = hashByName(bank)?.sizeBytes ?? 0;
  if (digests.violation) {
    const onesBytes = mode === 'padded-sha1-and-violations' ? SHA1_BYTES : sizeBytes;
    return new Uint8Array(sizeBytes).fill(0xff, 0, onesBytes);
  }
  if (mode === 'own-hash') return digests.of(bank);
  const padded = new Uint8Array(sizeBytes);
  padded.set(digests.of('sha1') ?? []);
  return padded;
}

function reaches(register: Register, mode: ExtendMode): boolean {
  // A PCR that never saw a violation stands where plain padding leads.
  const isSplit = register.values.has(mode) || mode !== 'padded-sha1-and-violations';
  const value = register.values.get(isSplit ? mode : 'padded-sha1');
  return value !== undefined && register.quoted !== undefined && equalBytes(value, register.quoted);
}

function isAtQuoted(register: Register): boolean {
  return register.quoted === undefined || reaches(register, 'own-hash');
}

const SHA1_BYTES = 20;
/** Cannot begin template data: as a first field length it would be far above every cap. */
const BATCH_PREFIX = asciiBytes('IMA-BATCH-V1\0');
